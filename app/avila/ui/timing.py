"""How long pictures take, in words: what is left, what is to be expected, what it took."""

from collections import deque

from PySide6.QtCore import QLocale

from avila.engines import made_by as made
from avila.fits import Need
from avila.gallery.store import GalleryEntry
from avila.i18n import _
from avila.ui.model_rows import size_text


class Pace:
    """How long the steps of one job take, to tell the time left."""

    def __init__(self) -> None:
        self._times: deque[tuple[int, float]] = deque(maxlen=8)

    def step(self, number: int, now: float) -> None:
        """Step `number` is done at `now`, in seconds of a steady clock; a job may begin anew."""
        if self._times and number <= self._times[-1][0]:
            self._times.clear()
        self._times.append((number, now))

    def left(self, total: int) -> float | None:
        """Seconds until step `total`; None before two steps were seen."""
        if len(self._times) < 2 or self._times[-1][0] == self._times[0][0]:
            return None
        (first, begin), (last, end) = self._times[0], self._times[-1]
        return (total - last) * (end - begin) / (last - first)


def cost(need: Need) -> str:
    """A line on what a picture takes: time, or that the memory does not suffice; "" when nothing tells."""
    if need.memory is not None and not need.fits:
        if need.at_least:
            text = _("Needs at least {need}, and {free} of memory are free. Close programs, or choose:")
        else:
            text = _("Needs about {need}, and {free} of memory are free. Close programs, or choose:")
        return text.format(need=size_text(need.memory), free=size_text(need.free))
    told = [time_here(need.seconds)] if need.seconds is not None else []
    if need.memory is not None and not need.at_least:
        told.append(_("{size} of memory").format(size=size_text(need.memory)))
    return " · ".join(told)


def short_cost(need: Need) -> str:
    """ "12 s, 3.1 GB"; "" when nothing tells."""
    told = [time_text(need.seconds)] if need.seconds is not None else []
    if need.memory is not None and not need.at_least:
        told.append(size_text(need.memory))
    return ", ".join(told)


def time_text(seconds: float) -> str:
    """ "0.4 s", "12 s" or "3 min"."""
    if seconds >= 90:
        return _("{n} min").format(n=round(seconds / 60))
    return _("{n} s").format(n=QLocale().toString(seconds, "f", 0 if seconds >= 10 else 1))


def time_left(seconds: float) -> str:
    """ "about 4 s left" or "about 3 min left"."""
    if seconds >= 90:
        return _("about {n} min left").format(n=round(seconds / 60))
    return _("about {n} s left").format(n=max(1, round(seconds)))


def time_here(seconds: float) -> str:
    """ "About 4 s on this computer" or "About 3 min on this computer"."""
    if seconds >= 90:
        return _("About {n} min on this computer").format(n=round(seconds / 60))
    return _("About {n} s on this computer").format(n=max(1, round(seconds)))


def how_made(entry: GalleryEntry, name: str) -> str:
    """The caption of a kept picture: time, the model's name and its engine, or the painter, seed."""
    seconds = QLocale().toString(entry.seconds, "f", 1)
    made_by = " · ".join([name, *([made(entry.request)] if entry.request.model else [])])
    return _("{seconds} s · {name} · seed {seed}").format(
        seconds=seconds, name=made_by, seed=entry.request.seed
    )
