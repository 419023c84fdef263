"""What the program remembers between two starts: one JSON file, written whole, read with patience."""

import json
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from avila.errors import AvilaError
from avila.generation import GenerationRequest
from avila.i18n import LANGUAGES, _
from avila.paths import whole_file

THEMES = ("system", "dark", "light")
LARGEST_COUNT = 100  # pictures of one batch
_LISTS = ("loras_off", "model_folders")  # the settings that are lists of texts


@dataclass(frozen=True, slots=True)
class Settings:
    """One frozen value; `dataclasses.replace` makes the next one."""

    language: str = ""  # a key of i18n.LANGUAGES; "" follows the system
    theme: str = "system"  # one of THEMES
    request: GenerationRequest = field(  # the controls as they were left
        default_factory=lambda: GenerationRequest(prompt="")
    )
    way: str = ""  # the key of the engine that the person chose (`engines.Way.key`); "": the best
    engine_chosen: bool = False  # by the person, or by a start that found the program's own model
    count: int = 1  # pictures of one batch
    new_seed: bool = True  # draw a new seed each time
    negative_open: bool = False  # the negative prompt is unfolded
    additions_open: bool = True  # LoRAs, VAE and embeddings are unfolded, once there are some
    loras_off: tuple[str, ...] = ()  # of the request's, those that are switched off
    page: str = "create"  # the page of the window last shown
    window: str = ""  # Qt's geometry, base64
    pictures: str = ""  # folder for the pictures; "" is the usual one
    model_folders: tuple[str, ...] = ()  # more folders to look for models in
    offline: bool = True  # the offline lock: nothing is asked of the network, not even a download

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every field."""
        values = {known.name: getattr(self, known.name) for known in fields(self)}
        return (
            values
            | {"request": self.request.to_json()}
            | {name: list(getattr(self, name)) for name in _LISTS}
        )

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Settings":
        """Read `to_json`'s object. A value that does not fit is its default; unknown keys are ignored."""
        # A file older than the program's own model is of somebody who chose without it.
        settings = cls(engine_chosen="request" in values)
        for name in (known.name for known in fields(cls)):
            if name in values and _fits(name, values[name]):
                settings = replace(settings, **{name: values[name]})
        for name in _LISTS:
            if isinstance(listed := values.get(name), list):
                texts: Any = tuple(text for text in listed if isinstance(text, str))
                settings = replace(settings, **{name: texts})
        return replace(settings, request=_request(values.get("request")))


def load(path: Path) -> tuple[Settings, str]:
    """The settings in `path`, and a sentence for the person when they could not be read ("" when well).

    An absent file gives the defaults. A broken one is moved aside to `settings.corrupt.json`, so that
    nothing typed into it by hand is lost.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("not a JSON object")
    except FileNotFoundError:
        return Settings(), ""
    except OSError as error:
        return Settings(), _("The settings could not be read and start afresh: {reason}").format(
            reason=error.strerror or error
        )
    except (ValueError, RecursionError):
        aside = path.with_name(f"{path.stem}.corrupt{path.suffix}")
        try:
            path.replace(aside)
        except OSError:
            return Settings(), _("The settings file is damaged; the settings start afresh.")
        return Settings(), _(
            "The settings file was damaged, so the settings start afresh. The old file is {path}."
        ).format(path=aside)
    return Settings.from_json(values), ""


def save(path: Path, settings: Settings) -> None:
    """Write `settings`, whole or not at all. Raises AvilaError when the file cannot be written."""
    try:
        with whole_file(path) as file:
            file.write(json.dumps(settings.to_json(), indent=2).encode())
    except OSError as error:
        raise AvilaError(
            _("The settings could not be saved"),
            _("{path} cannot be written: {reason}.").format(path=path, reason=error.strerror or error),
            _("Free some space or allow writing there; the pictures are not affected."),
            str(error),
        ) from error


def _fits(name: str, value: object) -> bool:
    """Whether `value` is one that field `name` can have; the compound fields are read apart."""
    match name:
        case "request" | "model_folders" | "loras_off":
            return False
        case "theme":
            return value in THEMES
        case "language":
            return isinstance(value, str) and (value == "" or value in LANGUAGES)
        case "count":
            return type(value) is int and 1 <= value <= LARGEST_COUNT
        case _:
            return type(value) is type(getattr(Settings(), name))


def _request(values: object) -> GenerationRequest:
    """The request with every value of `values` that has its right type, and the default for the others."""
    request = GenerationRequest(prompt="")
    if not isinstance(values, dict):
        return request
    for name, value in values.items():
        try:
            request = GenerationRequest.from_json(request.to_json() | {name: value})
        except ValueError:
            continue
    return request
