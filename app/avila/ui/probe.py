"""Measures the window from inside, for `avila bench`; prints one JSON line.

    python -m avila.ui.probe startup
    python -m avila.ui.probe typing
    python -m avila.ui.probe stall MODEL
    python -m avila.ui.probe picker RUNS
    python -m avila.ui.probe additions RUNS

It runs in a process of its own, so that the benchmark itself needs no window and nothing is imported
beforehand.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from avila import paths, startup
from avila.engine import Job, State
from avila.errors import AvilaError
from avila.generation import GenerationRequest
from avila.ui import app
from avila.ui.drafting import Draft
from avila.ui.window import Window

TICK_MS = 1000 / 60
TYPED = "a lighthouse on a cliff at sunset, storm clouds"
SPAWNED_AT = "AVILA_SPAWNED_AT"  # time.time() of the parent, in the environment
_IMPORTED = "diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion"


class Ticks(QObject):
    """A 60 Hz tick in the window's thread; notes by how much each came late, under the phase it fell in."""

    def __init__(self, phase: Callable[[], str]) -> None:
        super().__init__()
        self.late_ms: dict[str, list[float]] = {}
        self._phase = phase
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(round(TICK_MS))
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def stop(self) -> None:
        """No more ticks."""
        self._timer.stop()

    def _tick(self) -> None:
        now = time.perf_counter()
        late = (now - self._last) * 1000 - self._timer.interval()
        self.late_ms.setdefault(self._phase(), []).append(max(0.0, late))
        self._last = now


def measure_startup() -> dict[str, object]:
    """Seconds from the parent's spawn (or this module's start) to the first painted window."""
    spawned = float(os.environ.get(SPAWNED_AT, time.time()))
    found: dict[str, object] = {}

    def painted(window: Window) -> None:
        found["seconds"] = time.time() - spawned
        found["torch_imported"] = "torch" in sys.modules
        window.close()

    app.run(painted)
    return found


def measure_typing() -> dict[str, object]:
    """From a key press to the draft of it on the screen, for every key of a prompt, at 512 x 512."""
    times: list[float] = []
    left = list(TYPED)
    begun = 0.0

    def painted(window: Window) -> None:
        page = window.create_page
        editor = page.panel.prompt.editor

        def press() -> None:
            nonlocal begun
            if not left:
                window.close()
                return
            begun = time.perf_counter()
            QTest.keyClicks(editor, left.pop(0))

        def shown(draft: Draft) -> None:
            if draft.fine or draft.request.prompt != editor.toPlainText().strip():
                return
            page.canvas.repaint()
            times.append(1000 * (time.perf_counter() - begun))
            QTimer.singleShot(0, press)

        window.drafts.painted.connect(shown)
        page.panel.set_request(GenerationRequest("", width=512, height=512, seed=1))
        editor.setFocus()
        press()

    app.run(painted)
    warm = times[1:] or times
    return {"keys": len(times), "key_to_draft_ms": statistics.median(warm), "slowest_key_ms": max(warm)}


def measure_stall(model: str) -> dict[str, object]:
    """How smooth the window stays while `model` is imported, loaded and generates."""
    steps_seen = 0
    ended: list[Job] = []

    def phase() -> str:
        if steps_seen:
            return "generate"
        module = sys.modules.get(_IMPORTED)
        return "load" if hasattr(module, "StableDiffusionPipeline") else "import"

    ticks: list[Ticks] = []

    def painted(window: Window) -> None:
        def stepped() -> None:
            nonlocal steps_seen
            steps_seen += 1

        def finish(job: Job) -> None:
            ended.append(job)
            ticks[0].stop()  # leaving waits for the engine; that is no stall of a window at work
            window.close()

        window.worker.stepped.connect(stepped)
        window.worker.job_ended.connect(finish)
        request = GenerationRequest(
            "a lighthouse", backend=startup.DIFFUSERS, model=model, width=256, height=256, steps=4, seed=1
        )
        panel = window.create_page.panel
        panel.set_request(request)
        ticks.append(Ticks(phase))
        window.create_page.generate()

    app.run(painted)
    if not ended or ended[0].state != State.DONE:
        error = ended[0].result.exception() if ended else None
        raise error if isinstance(error, AvilaError) else AvilaError("The picture was not made")
    late = ticks[0].late_ms
    every = [value for values in late.values() for value in values]
    return {"phases": {name: _summary(values) for name, values in late.items()}, "all": _summary(every)}


def measure_picker(runs: int, kind: str = "models", count: int = 500) -> dict[str, object]:
    """From the key that opens the list of models, or of LoRAs, to its first picture, `runs` times after one.

    `kind` is "models" or "additions". Every second one has a preview picture beside it. While the list
    opens, the folders are read again in a thread, as always.
    """
    folder = paths.folders().models
    folder.mkdir(parents=True)
    name = "double_blocks.0" if kind == "models" else "lora_unet_up_blocks_1.lora_down.weight"
    header = json.dumps({name: {"dtype": "F16", "shape": [8], "data_offsets": [0, 16]}}).encode()
    picture = QImage(384, 512, QImage.Format.Format_RGB32)
    for number in range(count):
        file = folder / f"model {number:03} of some family v1.5 pruned fp16.safetensors"
        file.write_bytes(len(header).to_bytes(8, "little") + header + bytes(16))
        if number % 2:
            picture.fill(QColor.fromHsv(number % 360, 200, 200))
            picture.save(str(file.with_suffix(".jpg")))
    times: list[float] = []

    def painted(window: Window) -> None:
        panel = window.create_page.panel
        picker = panel.model if kind == "models" else panel.additions
        opener = panel.model if kind == "models" else panel.additions.add_lora
        panel.model.set_reference(
            "" if kind == "models" else "any.safetensors"
        )  # the painter has no additions
        begun = 0.0

        def press() -> None:
            nonlocal begun
            begun = time.perf_counter()
            QTest.keyClick(opener, Qt.Key.Key_Space)

        def note() -> None:
            times.append(1000 * (time.perf_counter() - begun))

        def found() -> None:
            """The folders were read: the first time at the start, then once for every opening."""
            if picker.list:
                picker.list.close()
            if len(times) <= runs:
                QTimer.singleShot(0, press)
            else:
                window.close()

        picker.opened.connect(note)
        window.models_found.connect(found)

    app.run(painted)
    return {kind: count, "open_ms": statistics.median(times[1:]), "slowest_open_ms": max(times[1:])}


def _summary(late: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(late, n=100, method="inclusive") if len(late) > 1 else [*late] * 99
    return {"ticks": len(late), "p50_ms": cuts[49], "p99_ms": cuts[98], "max_ms": max(late)}


def main(arguments: list[str]) -> int:
    """Run one measurement; 1 with a sentence on stderr when it cannot be made."""
    try:
        match arguments:
            case ["startup"]:
                found = measure_startup()
            case ["typing"]:
                found = measure_typing()
            case ["picker", runs]:
                found = measure_picker(int(runs))
            case ["additions", runs]:
                found = measure_picker(int(runs), "additions")
            case ["stall", model]:
                found = measure_stall(model)
            case _:
                raise AvilaError(__doc__ or "")
    except AvilaError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
