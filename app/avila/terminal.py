"""What all commands of the terminal share."""

import argparse
import re
import sys
from typing import Any

from avila.i18n import _


def text(argument: str) -> str:
    """An argument as proper text: bytes that are no UTF-8 come from the system as half surrogates."""
    return argument.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def size(argument: str) -> tuple[int, int]:
    """WxH: width and height in pixels."""
    match = re.fullmatch(r"(\d{1,6})[xX×](\d{1,6})", argument, re.ASCII)
    if not match:
        raise argparse.ArgumentTypeError(_("“{text}” is not a size like 512x512").format(text=argument))
    return int(match[1]), int(match[2])


def weighted(argument: str) -> tuple[str, float]:
    """NAME or NAME:WEIGHT of a LoRA; a colon may be part of the name, as in C:\\loras."""
    name, colon, weight = argument.rpartition(":")
    if colon and re.fullmatch(r"[+-]?(\d{1,4}(\.\d{0,9})?|\.\d{1,9})", weight, re.ASCII):
        argument = name
    else:
        weight = "1"
    if not argument.strip():
        raise argparse.ArgumentTypeError(_("a LoRA needs a name, as in ink or ink:0.8"))
    return argument, float(weight)


def say(said: str) -> None:
    """A line to stderr, at once: stdout is for what was asked for."""
    print(said, file=sys.stderr, flush=True)


def json_option(**options: Any) -> argparse.ArgumentParser:
    """A parent with `--json` alone; `options` are ArgumentParser's."""
    parent = argparse.ArgumentParser(add_help=False, **options)
    parent.add_argument("--json", action="store_true", help=_("print JSON, for programs"))
    return parent
