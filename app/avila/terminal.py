"""What all commands of the terminal share."""

import argparse
import sys
from typing import Any

from avila.i18n import _


def text(argument: str) -> str:
    """An argument as proper text: bytes that are no UTF-8 come from the system as half surrogates."""
    return argument.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def say(said: str) -> None:
    """A line to stderr, at once: stdout is for what was asked for."""
    print(said, file=sys.stderr, flush=True)


def json_option(**options: Any) -> argparse.ArgumentParser:
    """A parent with `--json` alone; `options` are ArgumentParser's."""
    parent = argparse.ArgumentParser(add_help=False, **options)
    parent.add_argument("--json", action="store_true", help=_("print JSON, for programs"))
    return parent
