"""`avila models`, and its words `list`, `inspect`, `add`, `hash`, `convert` and `quantize`."""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from avila import settings, startup
from avila.engines import cost, engine_name, need
from avila.errors import AvilaError
from avila.generation import GenerationRequest
from avila.i18n import _
from avila.library.card import damage
from avila.library.convert import convert
from avila.library.exported import made_from
from avila.library.families import ADDITIONS
from avila.library.hashes import Hashes, short
from avila.library.models import Library, Model
from avila.library.quantize import TYPES, USUAL, quantize, target_of
from avila.paths import expanded
from avila.terminal import json_option, say, text

_PATIENCE = 2.0  # seconds between two lines on how far it is


def add_commands(commands: Any) -> Any:
    """Add `models` to the commands (what `add_subparsers` gives); its own actions, for others to add to."""
    here = _("list the models on this computer")
    models = commands.add_parser("models", parents=[json_option()], help=here)
    models.add_argument("--check", action="store_true", help=_("read every file whose checksum is recorded"))
    models.add_argument("--all", action="store_true", help=_("also LoRAs, VAEs and other additions"))
    # A default here would overwrite what stands before the word, as in `avila models --json list`.
    later = json_option(argument_default=argparse.SUPPRESS)
    actions = models.add_subparsers(dest="action", metavar=_("ACTION"))
    listed = actions.add_parser("list", parents=[later], help=here)
    for name, said in (
        ("--check", _("read every file whose checksum is recorded")),
        ("--all", _("also LoRAs, VAEs and other additions")),
    ):
        listed.add_argument(name, action="store_true", default=argparse.SUPPRESS, help=said)
    inspect = actions.add_parser("inspect", parents=[later], help=_("say what a file is, from its header"))
    inspect.add_argument("name", type=text, metavar=_("NAME_OR_PATH"))
    add = actions.add_parser("add", parents=[later], help=_("look for models in one more folder"))
    add.add_argument("folder", type=text, metavar=_("FOLDER"))
    remove = actions.add_parser("remove", parents=[later], help=_("look in an added folder no more"))
    remove.add_argument("folder", type=text, metavar=_("FOLDER"))
    hashes = actions.add_parser("hash", parents=[later], help=_("SHA-256 and A1111's short hash"))
    hashes.add_argument("names", type=text, nargs="+", metavar=_("NAME_OR_PATH"))
    converted = actions.add_parser(
        "convert", parents=[later], help=_("make a .safetensors file of a pickle (.ckpt, .pt, .bin), safely")
    )
    converted.add_argument("name", type=text, metavar=_("NAME_OR_PATH"))
    quantized = actions.add_parser(
        "quantize", parents=[later], help=_("make a smaller file of a model, for the native engine")
    )
    quantized.add_argument("name", type=text, metavar=_("NAME_OR_PATH"))
    quantized.add_argument(
        "--type",
        choices=list(TYPES),
        default=USUAL,
        help=_("of the weights, the finest and largest first; default: %(default)s"),
    )
    quantized.add_argument(
        "--output", type=text, metavar=_("FILE"), help=_("default: NAME-TYPE.gguf beside the model")
    )
    return actions


def run(options: argparse.Namespace) -> int:
    """Run one of the words, or the list without one; returns the exit status, raises AvilaError."""
    avila = startup.start()
    try:
        match options.action:
            case "inspect":
                return _inspect_model(avila, options)
            case "add":
                return _add_folder(avila, options)
            case "remove":
                return _remove_folder(avila, options)
            case "hash":
                return _hash_models(avila, options)
            case "convert":
                return _convert_model(avila, options)
            case "quantize":
                return _quantize_model(avila, options)
            case _:
                return _list_models(avila, options)
    finally:
        avila.close()


def _list_models(avila: startup.Avila, options: argparse.Namespace) -> int:
    models = avila.library.everything() if options.all else avila.library.models()
    damaged = [damage(model.path, model.card.hashes) if options.check else "" for model in models]
    own = [model for model in models if model.builtin]
    amiss = any(damaged) or not own or any(model.problem for model in own)
    status = 1 if options.check and amiss else 0
    if options.json:
        told = [_told(model) | {"engines": startup.engines_for(model)} for model in models]
        if options.check:
            told = [model | {"damaged": file} for model, file in zip(told, damaged, strict=True)]
        print(json.dumps(told, indent=2))
        return status
    if options.check and not own:
        say(_("The model that comes with Avila is missing"))
    if not models:
        say(
            _("There are no models yet. Put one (.safetensors) into {folder}").format(
                folder=avila.folders.models
            )
        )
    width = max((len(model.name) for model in models), default=0)
    run_by = [", ".join(map(engine_name, startup.engines_for(model))) for model in models]
    engines_width = max(map(len, run_by), default=0)
    for model, file, named in zip(models, damaged, run_by, strict=True):
        notes = [
            _("built in") if model.builtin else "",
            _("{file} is missing or damaged").format(file=file) if file else "",
            model.problem,
        ]
        note = "; ".join(note for note in notes if note)
        kind = f"{model.kind if model.addition else ''} {model.family or '?'}".strip()
        columns = (
            f"{model.name:<{width}}",
            f"{kind:<{15 if options.all else 6}}",
            f"{_megabytes(model):>9}",
            f"{named:<{engines_width}}",
        )
        print("  ".join((*columns, note)).rstrip())
    return status


def _inspect_model(avila: startup.Avila, options: argparse.Namespace) -> int:
    model = avila.library.find(options.name)
    engines = startup.engines_for(model)
    if options.json:
        print(json.dumps(_told(model) | {"engines": engines}, indent=2))
    else:
        lines = (
            (_("name"), model.name),
            (_("path"), str(model.path)),
            (_("kind"), model.kind or "?"),
            (_("family"), model.family or "?"),
            (_("variant"), model.variant),
            (_("weights"), model.dtype),
            (_("size"), _megabytes(model)),
            (_("words"), ", ".join(model.words)),
            (_("engines"), ", ".join(map(engine_name, engines))),
            *_ways(avila, model),
            (_("exported from"), made_from(model.path) if model.look.exported else ""),
            (_("averages"), _("held beside the weights (EMA)") if model.look.ema else ""),
            (_("note") if model.addition or model.refiner else _("problem"), model.problem),
        )
        width = max(len(label) for label, _value in lines)
        for label, value in lines:
            if value:
                print(f"{label:<{width}}  {value}")
        if model.look.pickle:
            say(_("`avila models convert` makes a safe file of it."))
    return 1 if model.problem and model.kind not in ADDITIONS and not model.refiner else 0


def _ways(avila: startup.Avila, model: Model) -> list[tuple[str, str]]:
    """All ways to make its pictures, if there are several, and what its usual one would take each way."""
    possible = startup.ways(avila.library, model)
    if len(possible) < 2:
        return []
    request = model.recommended.into(GenerationRequest(prompt=""))
    able = startup.abilities()
    return [
        (
            _("ways") if place == 0 else " ",
            f"{way.name}: {cost(need(avila.runs, way, request, able[way.engine])) or _('not measured yet')}",
        )
        for place, way in enumerate(possible)
    ]


def _add_folder(avila: startup.Avila, options: argparse.Namespace) -> int:
    folder = expanded(options.folder).absolute()
    reason = ""
    if not options.folder.strip() or not folder.is_dir():
        reason = _("{folder} is not a folder.").format(folder=options.folder or "“”")
    elif folder == Path(folder.anchor):
        reason = _("{folder} is a whole disk, too much to search each time.").format(folder=folder)
    if reason:
        raise AvilaError(
            _("The folder was not added"),
            reason,
            _("Give the folder that holds the models, or another program's own folder."),
        )
    models = Library([folder]).everything()
    known = avila.settings.model_folders
    if str(folder) not in known:
        changed = replace(avila.settings, model_folders=(*known, str(folder)))
        settings.save(avila.folders.settings_file, changed)
    usable = sum(not model.problem for model in models)
    if options.json:
        print(json.dumps({"folder": str(folder), "found": len(models), "usable": usable}, indent=2))
    else:
        print(
            _("{folder}: {found} model files and folders, {usable} of them usable as a model").format(
                folder=folder, found=len(models), usable=usable
            )
        )
    return 0


def _remove_folder(avila: startup.Avila, options: argparse.Namespace) -> int:
    """As it was added, or as a path to the same place; its files stay."""
    known = avila.settings.model_folders
    wanted = expanded(options.folder).absolute()
    kept = tuple(name for name in known if name != options.folder and expanded(name).absolute() != wanted)
    if kept == known:
        raise AvilaError(
            _("The folder was not removed"),
            _("{folder} is none of those that were added.").format(folder=options.folder),
            _("These are: {names}.").format(names=", ".join(known) or "–"),
        )
    settings.save(avila.folders.settings_file, replace(avila.settings, model_folders=kept))
    if options.json:
        print(json.dumps({"folders": list(kept)}, indent=2))
    return 0


def _hash_models(avila: startup.Avila, options: argparse.Namespace) -> int:
    """A diffusers folder has no hash of its own: each of its weight files is told."""
    hashes = Hashes(avila.folders.hashes_file)
    told = []
    for name in options.names:
        path = avila.library.find(name).path
        for file in sorted(path.rglob("*.safetensors")) if path.is_dir() else [path]:
            sha256 = hashes.sha256(file)
            told.append({"path": str(file), "sha256": sha256, "short": short(sha256)})
            if not options.json:
                print(f"{sha256}  {short(sha256)}  {file}")
    if options.json:
        print(json.dumps(told, indent=2))
    return 0


def _convert_model(avila: startup.Avila, options: argparse.Namespace) -> int:
    given = expanded(options.name)
    source = given.absolute() if given.is_file() else avila.library.find(options.name).path
    begin = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal begin
        if time.monotonic() - begin > _PATIENCE or done == total:
            begin = time.monotonic()
            say(_("{done} of {total} MB").format(done=round(done / 1e6), total=round(total / 1e6)))

    model = avila.library.find(str(convert(source, show)))
    if options.json:
        print(json.dumps(_told(model) | {"source": str(source)}, indent=2))
    else:
        print(model.path)
        if model.problem:
            say(f"{model.name}: {model.problem}")
    return 0


def _quantize_model(avila: startup.Avila, options: argparse.Namespace) -> int:
    model = avila.library.find(options.name)
    if options.output:
        target = expanded(options.output).absolute()
        if target.suffix != ".gguf":
            target = target.with_name(f"{target.name}.gguf")
    else:
        target = target_of(model, options.type, avila.folders.models)
    begin = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal begin
        if time.monotonic() - begin > _PATIENCE:
            begin = time.monotonic()
            say(_("{n} %").format(n=round(100 * done / total)))

    made = avila.library.find(str(quantize(model, options.type, target, show)))
    if options.json:
        print(json.dumps(_told(made) | {"source": str(model.path)}, indent=2))
    else:
        print(made.path)
        say(_("{before}, now {after}").format(before=_megabytes(model), after=_megabytes(made)))
        if made.problem:
            say(f"{made.name}: {made.problem}")
    return 0


def _told(model: Model) -> dict[str, Any]:
    """A model as JSON."""
    keys = ("name", "reference", "kind", "family", "variant", "dtype", "words", "size", "problem", "builtin")
    told = {key: getattr(model, key) for key in keys}
    return told | {"ema": model.look.ema, "fits": model.look.fits, "path": str(model.path)}


def _megabytes(model: Model) -> str:
    return _("{size} MB").format(size=round(model.size / 1e6))
