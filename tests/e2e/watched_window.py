"""The real program, with a line of JSON on stdout for everything a person would see happen."""

import json
import sys

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication

from avila.engine import Job
from avila.ui import app
from avila.ui.drafting import Draft
from avila.ui.window import Window
from avila.ui.worker import Progress


def tell(event: str, **values: object) -> None:
    print(json.dumps({"event": event, **values}), flush=True)


def watch(window: Window) -> None:
    take = window.worker.take

    def taken() -> Progress | None:
        progress = take()
        if progress:
            image = progress.preview
            colours = {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}
            tell("step", number=progress.number, total=progress.total, colours=len(colours))
        return progress

    def painted(draft: Draft) -> None:
        tell(
            "draft",
            prompt=draft.request.prompt,
            known=[word.text for word in draft.scene.words if word.known],
        )

    def ended(job: Job) -> None:
        error = job.result.exception()
        tell("ended", state=job.state.value, error=str(error) if error else "")

    def closed() -> None:
        QGuiApplication.sync()  # the list lets go of the keyboard
        tell("closed")

    def opened() -> None:
        if picker.list:
            picker.list.closed.connect(lambda: QTimer.singleShot(0, closed))
        tell("list")

    window.worker.take = taken  # type: ignore[method-assign]
    window.drafts.painted.connect(painted)
    window.worker.job_ended.connect(ended)
    picker = window.create_page.panel.model
    picker.opened.connect(opened)
    picker.changed.connect(lambda: tell("model", name=picker.title()))
    window.models_found.connect(lambda models: tell("models", names=[model.name for model in models]))
    tell("painted", torch="torch" in sys.modules, focus=window.focusWidget().accessibleName())


if __name__ == "__main__":
    sys.exit(app.run(watch))
