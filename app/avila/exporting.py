"""`avila models export`: a model for the ONNX engine, in the terminal."""

import argparse
import json
import sys
from typing import Any

from avila import startup
from avila.errors import AvilaError
from avila.i18n import _
from avila.library.card import SIDE_STEP
from avila.library.export import Result, export
from avila.library.models import Model
from avila.library.wishes import Wish, usual_target
from avila.paths import expanded
from avila.terminal import json_option, say, size, text, weighted

ACTIONS = ("export",)
STOPPED = 130  # the exit status after Ctrl+C
_BAR = 24  # characters


def add_commands(actions: Any) -> None:
    """Add it to the actions of `avila models` (what `add_subparsers` gives)."""
    made = actions.add_parser(
        "export",
        parents=[json_option(argument_default=argparse.SUPPRESS)],
        help=_("make a copy of a model for the ONNX engine; Ctrl+C stops, the same command goes on"),
    )
    made.add_argument("name", type=text, metavar=_("NAME_OR_PATH"), help=_("Stable Diffusion 1, 2 or XL"))
    made.add_argument("--to", choices=["onnx"], default="onnx", help=_("default: %(default)s"))
    made.add_argument(
        "--int8",
        action="store_true",
        help=_("the UNet's linear layers in 8 bits: smaller and faster, slightly other pictures"),
    )
    made.add_argument(
        "--size",
        type=size,
        metavar=_("WxH"),
        help=_(
            "the size that it is checked at and recommends, in pixels; it makes pictures of any size; "
            "default: what suits the model"
        ),
    )
    made.add_argument(
        "--lora",
        action="append",
        type=weighted,
        default=[],
        metavar=_("NAME[:WEIGHT]"),
        help=_("merge a LoRA into it for good, may be given several times"),
    )
    made.add_argument("--vae", default="", metavar=_("NAME"), help=_("put this VAE in the place of its own"))
    made.add_argument(
        "--output",
        type=text,
        metavar=_("FOLDER"),
        help=_("a new folder; default: NAME-onnx beside the model or in the models folder"),
    )


def run(options: argparse.Namespace) -> int:
    """Run one of ACTIONS; returns the exit status, raises AvilaError."""
    avila = startup.start()
    avila.close()
    library = avila.library
    wish = Wish(
        library.find(options.name),
        options.int8,
        _checked(options.size),
        _once([(library.find(name, "lora"), weight) for name, weight in options.lora]),
        library.find(options.vae, "vae") if options.vae else None,
    )
    folders = [folder for folder in library.folders if folder != library.own]
    usual = usual_target(wish.model, wish.int8, folders, avila.folders.models)
    target = expanded(options.output).absolute() if options.output else usual
    exact = usual_target(wish.model, False, folders, avila.folders.models)
    bar = _Bar()
    try:
        made = export(wish, target, bar.show, exact=exact, language=avila.settings.language)
    except KeyboardInterrupt:
        bar.end()
        say(_("Stopped. What is done is kept: the same command goes on from there."))
        return STOPPED
    finally:
        bar.end()
    if not made.new:
        say(_("It is there already."))
    _tell(made, options.json)
    return 0


def _tell(made: Result, as_json: bool) -> None:
    found = made.export
    if as_json:
        told = {
            "path": str(made.path),
            "bytes": sum(found.files.values()),
            "differences": found.differences,
            "quantised": found.quantised,
            "seconds": round(made.seconds, 1),
            "new": made.new,
        }
        print(json.dumps(told, indent=2))
        return
    print(made.path)
    if made.new:
        for part, difference in found.differences.items():
            say(
                _("{part}: at most {difference} from PyTorch").format(
                    part=part, difference=f"{difference:.1e}"
                )
            )
        for part, error in found.quantised.items():
            say(_("{part} in int8: differs by {error} %").format(part=part, error=f"{100 * error:.2f}"))


def _once(loras: list[tuple[Model, float]]) -> tuple[tuple[Model, float], ...]:
    """Raise AvilaError when a LoRA is named twice, in whatever way."""
    paths = [lora.path for lora, _weight in loras]
    twice = next((lora.name for lora, _weight in loras if paths.count(lora.path) > 1), "")
    if twice:
        raise AvilaError(
            _("“{name}” is given twice").format(name=twice),
            _("A LoRA is merged once, with one weight."),
            _("Leave one of them out."),
        )
    return tuple(loras)


def _checked(sides: tuple[int, int] | None) -> tuple[int, int] | None:
    """A size that the card can recommend and the ONNX engine makes. Raises AvilaError."""
    can = startup.abilities()[startup.ONNX]
    for side in sides or ():
        if not can.smallest_size <= side <= can.largest_size or side % SIDE_STEP:
            raise AvilaError(
                _("The size cannot be recommended"),
                _("A side of {side} pixels is no multiple of {step} from {smallest} to {largest}.").format(
                    side=side, step=SIDE_STEP, smallest=can.smallest_size, largest=can.largest_size
                ),
                _("Give --size as 512x512, say."),
            )
    return sides


class _Bar:
    """Progress on stderr: a bar in a terminal, a line for each part in a log."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._open = False  # a bar stands in the present line

    def show(self, part: str, share: float) -> None:
        name = part or (_("done") if share >= 1 else _("reading the model"))
        percent = _("{n} %").format(n=round(100 * share))
        if not self._terminal:
            say(f"{percent:>5}  {name}")
            return
        filled = round(_BAR * share)
        line = f"[{'#' * filled}{'.' * (_BAR - filled)}] {percent:>5}  {name}"
        print(f"\r{line:<78}", end="", file=sys.stderr, flush=True)
        self._open = True

    def end(self) -> None:
        """Leave the bar's line."""
        if self._open:
            print(file=sys.stderr)
        self._open = False
