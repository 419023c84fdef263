"""`avila models get` and `avila models catalog`: models from elsewhere, in the terminal."""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from avila import startup
from avila.errors import AvilaError
from avila.i18n import _, ngettext
from avila.library import catalog, downloads, hub
from avila.library.downloads import Progress
from avila.terminal import json_option, say

ACTIONS = ("get", "catalog")
PAUSED = 130  # the exit status after Ctrl+C
_BAR = 24  # characters
_PATIENCE = 5.0  # seconds between two lines of a log
_FRAME = 0.1  # seconds between two bars


def add_commands(actions: Any) -> None:
    """Add both to the actions of `avila models` (what `add_subparsers` gives)."""
    as_json = json_option(argument_default=argparse.SUPPRESS)
    get = actions.add_parser("get", parents=[as_json], help=_("download a model; Ctrl+C pauses"))
    get.add_argument(
        "source",
        metavar=_("NAME_OR_ADDRESS"),
        help=_("from the catalogue, ORG/NAME or ORG/NAME/FILE on huggingface.co, or an https address"),
    )
    get.add_argument(
        "--discard", action="store_true", help=_("remove what came of this download instead of going on")
    )
    get.add_argument("--online", action="store_true", help=_("open the offline lock for this download"))
    actions.add_parser("catalog", parents=[as_json], help=_("list well-known models to download"))


def run(options: argparse.Namespace) -> int:
    """Run one of ACTIONS; returns the exit status, raises AvilaError."""
    if options.action == "catalog":
        return _catalog(options)
    return _discard(options) if options.discard else _get(options)


def _get(options: argparse.Namespace) -> int:
    avila = startup.start()
    avila.close()
    network = startup.network(avila.folders, avila.settings, options.online)
    bar = _Bar()
    try:
        plan = hub.plan(options.source, network)
        say(_told(plan))
        path = downloads.fetch(plan, avila.folders.models, network, bar.show)
    except KeyboardInterrupt:
        bar.end()
        say(
            _("Paused at {size}. The same command goes on from there.").format(size=_size(bar.done))
            if bar.done
            else _("Stopped.")
        )
        return PAUSED
    finally:
        bar.end()
    if options.json:
        print(json.dumps({"path": str(path), "source": plan.source, "size": _size_of(path)}))
    else:
        print(path)
    return 0


def _discard(options: argparse.Namespace) -> int:
    """Remove a paused download, named by what was asked for or by its file; nothing is asked of anybody."""
    avila = startup.start()
    avila.close()
    given = options.source.strip()
    left = downloads.unfinished(avila.folders.models)
    meant = [each for each in left if given in (each.source, each.name)]
    if not meant:
        names = ", ".join(each.name for each in left)
        raise AvilaError(
            _("There is no such paused download"),
            _("“{text}” is none of the paused downloads.").format(text=given.partition("?")[0][:200]),
            _("These are: {names}.").format(names=names) if left else _("There is none at all."),
        )
    for each in meant:
        downloads.discard(each)
    if options.json:
        print(json.dumps([{"source": each.source, "name": each.name, "size": each.done} for each in meant]))
    for each in meant:
        say(_("Discarded: {name}, {size}").format(name=each.name, size=_size(each.done)))
    return 0


def _told(plan: hub.Plan) -> str:
    """A line on what is about to come."""
    entry = catalog.find(plan.source)
    if entry:
        return _("{name}: {size}, licence {licence}").format(
            name=entry.name, size=_size(entry.size), licence=entry.licence
        )
    files = ngettext("{n} file", "{n} files", len(plan.files)).format(n=len(plan.files))
    # What follows a question mark may be a secret of the person's.
    source = plan.source.partition("?")[0]
    told = [files, _size(plan.size)] if plan.size else [files]
    if plan.licence:
        told.append(_("licence {licence}").format(licence=plan.licence))
    line = f"{source}: {', '.join(told)}"
    if plan.gated:
        line += "\n" + _("For people who have agreed to its terms at {page}; it needs a token.").format(
            page=plan.page
        )
    return line


def _catalog(options: argparse.Namespace) -> int:
    avila = startup.start()
    avila.close()
    folder = avila.folders.models
    entries = catalog.entries()
    here = [(folder / entry.file).is_file() for entry in entries]
    left = downloads.unfinished(folder)
    if options.json:
        told = []
        for entry, is_here in zip(entries, here, strict=True):
            values = asdict(entry) | {"good_at": entry.good_at, "here": is_here}
            del values["good_at_by_language"]
            told.append(values)
        print(json.dumps(told, indent=2))
        return 0
    width = max((len(entry.key) for entry in entries), default=0)
    for entry, is_here in zip(entries, here, strict=True):
        note = " · " + _("here") if is_here else ""
        print(f"{entry.key:<{width}}  {_size(entry.size):>8}  {entry.name} · {entry.licence}{note}")
        print(f"{'':<{width}}  {'':>8}  {entry.good_at}")
    for each in left:
        of = f" / {_size(each.total)}" if each.total else ""
        say(_("Paused: {name}, {size}").format(name=each.name, size=_size(each.done) + of))
    say(_("`avila models get NAME --online` downloads one."))
    return 0


class _Bar:
    """Progress on stderr: a bar in a terminal, now and then a line in a log."""

    def __init__(self) -> None:
        self.done = 0
        self._drawn = 0.0
        self._open = False  # a bar stands in the present line
        self._terminal = sys.stderr.isatty()

    def show(self, progress: Progress) -> None:
        if not progress.done:  # nothing to tell yet
            return
        arrived = progress.done == progress.total != self.done  # told once, however soon after the last
        self.done = progress.done
        now = time.monotonic()
        if now - self._drawn < (_FRAME if self._terminal else _PATIENCE) and not arrived:
            return
        self._drawn = now
        if self._terminal:
            print(f"\r{_line(progress):<78}", end="", file=sys.stderr, flush=True)
            self._open = True
        else:
            say(_line(progress))

    def end(self) -> None:
        """Leave the bar's line."""
        if self._open:
            print(file=sys.stderr)
        self._open = False


def _line(progress: Progress) -> str:
    """Progress in one line: share, sizes, speed, time left, as far as they are known."""
    speed = _("{megabytes} MB/s").format(megabytes=f"{progress.speed / 1e6:.1f}") if progress.speed else ""
    if not progress.total:
        return f"{_size(progress.done)}  {speed}".rstrip()
    filled = _BAR * progress.done // progress.total
    left = int((progress.total - progress.done) / progress.speed) if progress.speed else 0
    clock = f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02}" if left else ""
    bar = f"[{'#' * filled}{'.' * (_BAR - filled)}]"
    return f"{bar} {_size(progress.done)} / {_size(progress.total)}  {speed}  {clock}".rstrip()


def _size(size: int) -> str:
    """Bytes as people read them."""
    if size >= 1_000_000_000:
        return _("{size} GB").format(size=f"{size / 1e9:.2f}")
    return _("{size} MB").format(size=f"{size / 1e6:.1f}")


def _size_of(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)
