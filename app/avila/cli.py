"""The command `avila`: the window, or one of its subcommands in the terminal.

What was asked for goes to stdout, everything else to stderr. Exit status: 0 done, 1 something the
person can mend, 2 wrong usage, 130 stopped with Ctrl+C.
"""

import argparse
import io
import json
import os
import re
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from types import FrameType

from avila import __version__, engines, exporting, getting, i18n, listing, startup
from avila.backends.runtimes import NAMES
from avila.engine import Engine, Job, Keeper, State
from avila.errors import AvilaError, NotEnoughMemoryError
from avila.gallery.metadata import FORMATS
from avila.gallery.output import Output
from avila.generation import PRECISIONS, RANDOM_SEED, GenerationRequest, Lora, Step
from avila.i18n import _, ngettext
from avila.library.additions import with_additions
from avila.library.card import SD1
from avila.library.models import Model
from avila.paths import expanded
from avila.settings import LARGEST_COUNT
from avila.terminal import json_option, say, size, text, weighted

INTERRUPTED = 130
_BAR = 30  # characters
_PATIENCE = 5.0  # seconds between two lines of a log
_DEFAULT = GenerationRequest(prompt="")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (`sys.argv` by default); returns the exit status, or raises SystemExit(2)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console without the letters must not end the program
            stream.reconfigure(errors="backslashreplace")
    i18n.use()
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        match options.command:
            case None:
                return _window()
            case "generate":
                return _generate(options, parser)
            case "compare":
                return _compare(options, parser)
            case "models":
                if options.action in getting.ACTIONS:
                    return getting.run(options)
                if options.action in exporting.ACTIONS:
                    return exporting.run(options)
                return listing.run(options)
            case "gallery":
                return _rebuild()
            case "doctor":
                return _doctor(options)
            case _:
                return _bench(options, parser)
    except AvilaError as error:
        _complain(error)
        return 1
    except KeyboardInterrupt:
        say(_("Stopped."))
        return INTERRUPTED
    except BrokenPipeError:  # `avila models | head`: who read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="avila",
        description=_("Words into pictures on your own computer. Without a command: the window."),
    )
    parser.add_argument("--version", action="version", version=f"Avila {__version__}")
    commands = parser.add_subparsers(dest="command", metavar=_("COMMAND"))
    as_json = json_option()

    generate = commands.add_parser("generate", parents=[as_json], help=_("make a picture from a prompt"))
    generate.add_argument("prompt", type=text, metavar=_("PROMPT"), help=_("what the picture shows"))
    generate.add_argument(
        "--backend",
        choices=[*startup.LIBRARIES, "hybrid"],
        help=_("the engine; without it, the best that is here (hybrid is diffusers)"),
    )
    generate.add_argument("--model", default="", metavar=_("NAME_OR_PATH"), help=_("see `avila models`"))
    generate.add_argument(
        "--lora",
        action="append",
        type=weighted,
        default=[],
        metavar=_("NAME[:WEIGHT]"),
        help=_("add a LoRA, may be given several times; <lora:NAME:WEIGHT> in the prompt does the same"),
    )
    generate.add_argument("--vae", default="", metavar=_("NAME"), help=_("decode with another VAE"))
    generate.add_argument("--negative", type=text, default="", help=_("what the picture should not show"))
    generate.add_argument("--steps", type=int, help=_("default: what suits the model"))
    generate.add_argument(
        "--cfg",
        type=float,
        help=_("CFG scale: how closely to follow the prompt; default: what suits the model"),
    )
    generate.add_argument("--sampler", help=_("default: what suits the model"))
    generate.add_argument(
        "--follow-draft",
        type=_percent,
        metavar=_("PERCENT"),
        help=_("how much of the painted draft is kept: 0 ignores it, 100 only repaints it"),
    )
    generate.add_argument(
        "--seed", type=int, default=RANDOM_SEED, help=_("the same seed makes the same picture; -1 draws one")
    )
    generate.add_argument(
        "--size",
        type=size,
        metavar=_("WxH"),
        help=_("in pixels; default: what suits the model"),
    )
    generate.add_argument(
        "--refiner", default="", metavar=_("NAME_OR_PATH"), help=_("an SDXL refiner, for the last steps")
    )
    generate.add_argument(
        "--refiner-start",
        type=_share,
        default=_DEFAULT.refiner_start,
        metavar=_("SHARE"),
        help=_("of the steps, after which the refiner takes over: 0 to 1; default: %(default)s"),
    )
    generate.add_argument(
        "--ema", action="store_true", help=_("the training averages of a model that holds them")
    )
    generate.add_argument(
        "--count", type=_count, default=1, help=_("pictures, with seeds one apart; default: %(default)s")
    )
    generate.add_argument(
        "--output",
        metavar=_("FILE_OR_DIR"),
        help=_("where to save (.png, .jpg or .webp, or a folder); without it, the gallery"),
    )

    generate.add_argument(
        "--vae-tiling",
        action="store_true",
        help=_("decode in tiles: less memory, in large pictures slightly other pixels"),
    )
    generate.add_argument(
        "--precision",
        choices=list(PRECISIONS),
        default="",
        help=_("of the weights; default: by the hardware"),
    )
    generate.add_argument(
        "--runtime",
        choices=NAMES,
        default="",
        help=_("what calculates an exported model; default: the best that is here, as `avila doctor` lists"),
    )

    compare = commands.add_parser(
        "compare", parents=[as_json], help=_("make one picture with every engine, side by side")
    )
    compare.add_argument("prompt", type=text, metavar=_("PROMPT"), help=_("what the picture shows"))
    compare.add_argument("--model", default="", metavar=_("NAME_OR_PATH"), help=_("see `avila models`"))
    compare.add_argument("--negative", type=text, default="", help=_("what the picture should not show"))
    compare.add_argument("--steps", type=int, help=_("default: what suits the model"))
    compare.add_argument("--cfg", type=float, help=_("CFG scale; default: what suits the model"))
    compare.add_argument("--sampler", help=_("default: what suits the model, or what is near and all have"))
    compare.add_argument("--seed", type=int, default=RANDOM_SEED, help=_("-1 draws one"))
    compare.add_argument("--size", type=size, metavar=_("WxH"), help=_("in pixels"))
    compare.add_argument(
        "--output", type=text, metavar=_("FILE"), help=_("a sheet of all pictures (.png, .jpg or .webp)")
    )
    compare.set_defaults(follow_draft=None)
    actions = listing.add_commands(commands)
    getting.add_commands(actions)
    exporting.add_commands(actions)
    commands.add_parser(
        "doctor", parents=[as_json], help=_("say what is here, what is missing, what mends it")
    )
    gallery = commands.add_parser("gallery", help=_("look after the gallery"))
    gallery.add_subparsers(dest="action", required=True, metavar=_("ACTION")).add_parser(
        "rebuild", help=_("make the gallery's index anew from the picture files")
    )
    bench = commands.add_parser("bench", parents=[as_json], help=_("measure this computer and this program"))
    bench.add_argument(
        "name",
        choices=[
            "additions",
            "draft",
            "engines",
            "library",
            "load",
            "overhead",
            "picker",
            "stall",
            "starter",
            "startup",
        ],
        help=_("what to measure"),
    )
    bench.add_argument(
        "--model", default="", metavar=_("NAME_OR_PATH"), help=_("for engines, load, overhead and stall")
    )
    sized = _("for engines and overhead")
    bench.add_argument("--size", type=size, default=(512, 512), metavar=_("WxH"), help=sized)
    bench.add_argument("--steps", type=int, default=_DEFAULT.steps, help=sized)
    bench.add_argument("--runs", type=_count, help=_("default: 5, and for engines 1"))
    bench.add_argument(
        "--cfg",
        type=float,
        default=1.0,
        help=_("for engines; default: 1, more than that takes twice as long"),
    )
    bench.add_argument("--sampler", default="Euler", help=_("for engines; default: %(default)s"))
    bench.add_argument(
        "--plot", type=text, metavar=_("FILE"), help=_("for engines: draw the figures (.svg or .png)")
    )
    bench.add_argument(
        "--full",
        action="store_true",
        help=_("for engines: of a random model of SD 1.5's size, made, exported and quantised for it"),
    )
    return parser


def _window() -> int:
    try:
        from avila.ui.app import run
    except ImportError as error:
        raise AvilaError(
            _("The window cannot be opened"),
            _("A part of the system that it needs is missing: {reason}.").format(reason=error),
            _("`avila doctor` says what to install."),
        ) from error
    return run()


def _generate(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    backend = startup.DIFFUSERS if options.backend == "hybrid" else options.backend or ""
    if backend == startup.PROCEDURAL and options.model:
        parser.error(_("--model has no effect with --backend procedural"))
    if backend == startup.PROCEDURAL and (options.vae_tiling or options.precision):
        parser.error(_("--vae-tiling and --precision have no effect with --backend procedural"))
    if backend == startup.PROCEDURAL and (options.refiner or options.ema):
        parser.error(_("--refiner and --ema have no effect with --backend procedural"))
    if backend == startup.PROCEDURAL and options.follow_draft:
        parser.error(_("--follow-draft has no effect with --backend procedural"))
    if backend == startup.PROCEDURAL and (options.lora or options.vae):
        parser.error(_("--lora and --vae have no effect with --backend procedural"))
    request = GenerationRequest(
        prompt=options.prompt,
        negative_prompt=options.negative,
        backend=backend,
        model=options.model,
        seed=options.seed,
        vae_tiling=options.vae_tiling,
        precision=options.precision,
        vae=options.vae,
        loras=tuple(Lora(name, weight) for name, weight in options.lora),
        refiner=options.refiner,
        refiner_start=options.refiner_start,
        ema=options.ema,
        runtime=options.runtime,
    )
    output = _output(options.output, parser) if options.output else None
    avila = startup.start()
    try:
        if avila.note:
            say(avila.note)
        request = startup.complete(avila.library, request, avila.settings.request.model)
        if options.runtime:
            if request.backend != startup.ONNX:
                parser.error(_("--runtime has an effect with an exported model only"))
            startup.check_runtime(options.runtime)
        request = with_additions(avila.library, request)
        model = avila.library.find(request.model) if request.model else None
        request = _with_values(request, options, model)
        chosen = backend or options.runtime  # by the person
        if model and not chosen and (choice := startup.best(avila.library, request, avila.runs)):
            request = choice.way.into(request)
            say(f"{choice.way.name}: {engines.why(choice, engines.cost)}")
        elif model and options.model and model != (named := avila.library.find(options.model)):
            say(
                _("{engine} takes “{name}”, which was made of “{source}”").format(
                    engine=engines.engine_name(request.backend), name=model.name, source=named.name
                )
            )
        if not backend and not model and any(map(startup.installed, startup.MODEL_ENGINES)):
            say(_("No model can be used, so the painter makes the picture; `avila models --check` says why"))
        for note in (request.note(model.card.tokens), model.card.note(request)) if model else ():
            if note:
                say(note)
        request = _as_followed(request)
        keeper: Keeper = output or avila.gallery
        if output:
            output.check(request)
        engine = Engine(startup.backends(avila.library), keeper, avila.runs)
        return _Terminal(engine, request.batch(options.count), options.json).work()
    finally:
        avila.close()


def _as_followed(request: GenerationRequest) -> GenerationRequest:
    """The request without what its engine cannot follow, which is said; a sampler it lacks is an error."""
    can = startup.abilities()[request.backend]
    asked = replace(request, sampler=engines.nearest_sampler(request.sampler, can.samplers))
    lost = engines.unfollowed(asked, can) if request.model else []
    if not lost:
        return request
    name = engines.engine_name(request.backend)
    say(_("{engine} makes the picture without: {things}").format(engine=name, things=", ".join(lost)))
    return replace(engines.followed(request, can), sampler=request.sampler)


def _compare(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from avila import side_by_side

    sheet = expanded(options.output).absolute() if options.output else None
    if sheet and sheet.suffix.lower() not in FORMATS:
        parser.error(_("--output: “{name}” does not end in .png, .jpg or .webp").format(name=sheet.name))
    request = GenerationRequest(
        options.prompt, options.negative, backend="", model=options.model, seed=options.seed
    )
    avila = startup.start()
    try:
        request = startup.complete(avila.library, request, avila.settings.request.model)
        if not request.model:
            raise AvilaError(
                _("Nothing to compare"),
                _("There is no usable model on this computer."),
                _("Name one with --model."),
            )
        request = _with_values(request, options, avila.library.find(request.model))
        return side_by_side.run(avila, request, sheet, options.json)
    finally:
        avila.close()


def _with_values(
    request: GenerationRequest, options: argparse.Namespace, model: Model | None
) -> GenerationRequest:
    """The request with the values of the command line, and for those not given, what the model recommends."""
    values = (model.recommended if model else SD1).into(request)
    follow_draft = options.follow_draft if model else None  # the painter has nothing else to follow
    width, height = options.size or (values.width, values.height)
    sampler = values.sampler if options.sampler is None else startup.known_sampler(options.sampler)
    return replace(
        values,
        width=width,
        height=height,
        steps=values.steps if options.steps is None else options.steps,
        cfg_scale=values.cfg_scale if options.cfg is None else options.cfg,
        sampler=sampler,
        follow_draft=values.follow_draft if follow_draft is None else follow_draft,
    )


class _Terminal:
    """Works through some requests in this thread: progress to stderr, each picture's line to stdout."""

    def __init__(self, engine: Engine, requests: list[GenerationRequest], as_json: bool) -> None:
        self._engine = engine
        self._jobs = [engine.submit(request) for request in requests]
        self._as_json = as_json
        self._bar = sys.stderr.isatty()
        self._begin = 0.0  # when the picture was begun
        self._said = 0.0  # when the last line of a log was written
        self._interrupted = False

    def work(self) -> int:
        """Make all pictures, or stop at the first that fails; returns the exit status, raises AvilaError."""
        self._engine.listener = self
        before = signal.signal(signal.SIGINT, self._interrupt)
        try:
            self._engine.run()
        finally:
            signal.signal(signal.SIGINT, before)
        for job in self._jobs:
            if job.state is State.FAILED:
                job.result.result()  # raises its error
        return INTERRUPTED if self._interrupted else 0

    def started(self, job: Job) -> None:
        self._begin = time.monotonic()
        self._show(job, 0, 1)

    def stepped(self, job: Job, step: Step) -> None:
        self._show(job, step.number, step.total)

    def ended(self, job: Job) -> None:
        if self._bar:
            print(file=sys.stderr)
        if job.note:
            say(job.note)
        if job.state is State.DONE:
            self._tell(job)
        if job.state is State.FAILED or job is self._jobs[-1]:
            self._engine.stop()

    def _tell(self, job: Job) -> None:
        entry = job.result.result()
        if not self._as_json:
            print(entry.path, flush=True)
            return
        request = entry.request
        picture = {
            "path": str(entry.path),
            "seed": request.seed,
            "backend": request.backend,
            "model": request.model,
            "width": request.width,
            "height": request.height,
            "steps": request.steps,
            "sampler": request.sampler,
            "follow_draft": request.follow_draft,
            "vae_tiling": request.vae_tiling,
            "precision": request.precision,
            "loras": [asdict(lora) for lora in request.loras],
            "vae": request.vae,
            "refiner": request.refiner,
            "refiner_start": request.refiner_start,
            "ema": request.ema,
            "runtime": request.runtime,
            "seconds": round(entry.seconds, 3),
        }
        print(json.dumps(picture), flush=True)

    def _show(self, job: Job, number: int, total: int) -> None:
        """Draw the bar in a terminal; in a log, write a line now and then."""
        now = time.monotonic()
        count = _("Picture {number} of {total}").format(
            number=self._jobs.index(job) + 1, total=len(self._jobs)
        )
        if not number:
            steps = _("preparing…")
        else:
            steps = _("step {number} of {total}").format(number=number, total=total)
        if self._bar:
            filled = _BAR * number // total
            left = (now - self._begin) * (total - number) / max(number, 1)
            clock = f"{int(left) // 60}:{int(left) % 60:02}" if 0 < number < total else ""
            line = f"{count} [{'#' * filled}{'.' * (_BAR - filled)}] {steps} {clock}"
            print(f"\r{line:<78}", end="", file=sys.stderr, flush=True)
        elif number in (0, total) or now - self._said > _PATIENCE:
            self._said = now
            say(f"{count}: {steps}")

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        """Ctrl+C: stop at the next step, which leaves everything tidy; the second one does not wait."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._interrupted = True
        self._engine.stop()
        say(("\n" if self._bar else "") + _("Stopping… (Ctrl+C again stops at once)"))


def _rebuild() -> int:
    avila = startup.start()
    try:
        count = avila.gallery.rebuild()
    finally:
        avila.close()
    print(ngettext("{n} picture in the gallery", "{n} pictures in the gallery", count).format(n=count))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from avila import doctor

    report = doctor.examine()
    print(json.dumps(report.to_json(), indent=2) if options.json else doctor.table(report))
    return 0 if report.well else 1


def _bench(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from avila import bench

    if options.name == "engines":
        return _bench_engines(options, parser)
    result = bench.run(options.name, options.model, options.runs or 5, options.size, options.steps)
    print(json.dumps(result, indent=2) if options.json else bench.table(result))
    return 0


def _bench_engines(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Each way is told as soon as it is measured; what was finished outlives Ctrl+C."""
    from avila import bench_engines, bench_figures

    plot = expanded(options.plot).absolute() if options.plot else None
    if plot and plot.suffix.lower() not in (".svg", ".png"):
        parser.error(_("--plot: “{name}” does not end in .svg or .png").format(name=plot.name))
    width, height = options.size
    request = GenerationRequest(
        prompt=bench_engines.PROMPT,
        model=options.model,
        width=width,
        height=height,
        steps=options.steps,
        cfg_scale=options.cfg,
        sampler=startup.known_sampler(options.sampler),
        seed=1,
    )
    with bench_engines.full_model() if options.full else nullcontext(options.model) as model:
        request = replace(request, model=model)
        result = bench_engines.run(request, options.runs or 1, lambda row: say(bench_figures.line(row)))
    print(json.dumps(result, indent=2) if options.json else bench_figures.table(result))
    if plot:
        bench_figures.save_plot(result, plot)
    if result.get("interrupted"):
        return INTERRUPTED
    return 0 if any("seconds" in row for row in result["ways"]) else 1


def _percent(argument: str) -> int:
    if not re.fullmatch(r"\d{1,3}", argument, re.ASCII) or int(argument) > 100:
        raise argparse.ArgumentTypeError(_("“{text}” is not a number from 0 to 100").format(text=argument))
    return int(argument)


def _share(argument: str) -> float:
    if not re.fullmatch(r"[01]|[01]?\.\d{1,6}", argument, re.ASCII) or float(argument) > 1:
        raise argparse.ArgumentTypeError(_("“{text}” is not a number from 0 to 1").format(text=argument))
    return float(argument)


def _count(argument: str) -> int:
    if not re.fullmatch(r"\d{1,6}", argument, re.ASCII) or not 1 <= int(argument) <= LARGEST_COUNT:
        raise argparse.ArgumentTypeError(
            _("“{text}” is not a number from 1 to {largest}").format(text=argument, largest=LARGEST_COUNT)
        )
    return int(argument)


def _output(argument: str, parser: argparse.ArgumentParser) -> Output:
    """A folder when it is one, ends in a slash or has no extension; else a file of a kind we write."""
    target = expanded(argument).absolute()
    try:
        is_folder = target.is_dir()
    except OSError as error:  # a name longer than the system takes, say
        parser.error(f"--output: {error.strerror}")
    folder = is_folder or argument.endswith(("/", os.sep)) or not target.suffix
    if not folder and target.suffix.lower() not in FORMATS:
        parser.error(_("--output: “{name}” does not end in .png, .jpg or .webp").format(name=target.name))
    return Output(target, folder)


def _complain(error: AvilaError) -> None:
    lines = [line for line in (error.explanation, error.advice) if line]
    if isinstance(error, NotEnoughMemoryError):
        lines.append(_("What also helps: --vae-tiling, --precision bfloat16, --backend procedural."))
    say("\n  ".join([f"avila: {error.title}", *lines]))
