"""What `avila bench engines` found, for people: a table of text, and a plot as SVG or PNG."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from avila.assets import resource
from avila.errors import AvilaError
from avila.i18n import _
from avila.paths import whole_file

Figures = dict[str, Any]
FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
WIDTH, ROW, TOP, FOOT = 920, 34, 92, 46  # pixels of the plot
NAMES, BARS, VALUES = 196, 230, 84  # pixels: the column of names, a bar at most, its number


def title(figures: Figures) -> str:
    """What was measured, in a line."""
    runs = _("median of {n} runs").format(n=figures["runs"]) if figures["runs"] > 1 else _("one run")
    return _("{model} · {size} · {steps} steps · CFG {cfg} · {sampler} · {runs}").format(
        **{name: figures[name] for name in ("model", "size", "steps", "sampler")},
        cfg=f"{figures['cfg_scale']:g}",
        runs=runs,
    )


def computer(figures: Figures) -> str:
    """On what it was measured, in a line."""
    hardware = figures["machine"]
    return _("{cpu} · {n} cores · {memory} of memory").format(
        cpu=hardware["cpu"], n=hardware["cores"], memory=_gigabytes(hardware["memory"])
    )


def line(row: Figures) -> str:
    """One way, as soon as it is known."""
    if "seconds" not in row:
        return f"{row['name']}: {row['failed']}"
    return f"{row['name']}: {_seconds(row['seconds'])} · {_gigabytes(row['peak_memory'])}"


def table(figures: Figures) -> str:
    """The figures in aligned columns, then what was aimed at."""
    head = [
        "",
        _("picture"),
        _("a step"),
        _("processor"),
        _("start"),
        _("peak memory"),
        _("on disk"),
        _("difference"),
        "PSNR",
    ]
    rows = [head, *(_cells(row) for row in figures["ways"] if "seconds" in row)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    lines = [title(figures), computer(figures), ""]
    for row in rows:
        cells = [f"{row[0]:<{widths[0]}}"] + [
            f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    failed = [row for row in figures["ways"] if "failed" in row]
    if failed:
        lines += [
            "",
            *(
                _("{name} made no picture: {reason}").format(name=row["name"], reason=row["failed"])
                for row in failed
            ),
        ]
    compared = next((row["compared_with"] for row in figures["ways"] if "compared_with" in row), "")
    notes = [
        _("start: from the start of the process to a first small picture; processor: seconds of all cores"),
        _("difference: the mean one of 255, from {name}").format(name=compared) if compared else "",
    ]
    lines += ["", *(note for note in notes if note)]
    if figures.get("aims"):
        lines.append("")
    for aim in figures.get("aims", ()):
        sign = "≤" if aim["most"] else "≥"
        mark = _("met") if aim["met"] else _("not met")
        lines.append(f"{aim['aim']}: {aim['got']:.2f} ({sign} {aim['wanted']:g}, {mark})")
    if figures.get("interrupted"):
        lines += ["", _("Stopped before the end.")]
    return "\n".join(lines)


def _cells(row: Figures) -> list[str]:
    ratio = row.get("psnr")
    same = "compared_with" in row and ratio is None
    return [
        row["name"],
        _seconds(row["seconds"]),
        _seconds(row["step_seconds"]) if row["step_seconds"] else "–",
        _seconds(row["cpu_seconds"]),
        _seconds(row["start_seconds"]),
        _gigabytes(row["peak_memory"]),
        _gigabytes(row["size_on_disk"]),
        f"{row['mean_difference']:.2f}" if "mean_difference" in row else "–",
        "=" if same else f"{ratio:.1f} dB" if ratio is not None else "–",
    ]


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"


def _gigabytes(value: float) -> str:
    return f"{value / 1e9:.2f} GB" if value >= 1e8 else f"{value / 1e6:.0f} MB"


def plot(figures: Figures) -> str:
    """Two columns of bars, time and memory, a row for each way that made a picture, as SVG."""
    colours = tomllib.loads(resource("themes/tokens.toml").read_text("utf-8"))["light"]
    rows = [row for row in figures["ways"] if "seconds" in row]
    height = TOP + ROW * len(rows) + FOOT
    left = (24 + NAMES, 24 + NAMES + BARS + VALUES + 24)
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="{FONT}">',
        f'<rect width="{WIDTH}" height="{height}" fill="{colours["popover"]}"/>',
        _text(24, 34, title(figures), colours["text"], 15, 600),
        _text(left[0], 74, _("Seconds for a picture"), colours["text-2"], 12, 500),
        _text(left[1], 74, _("Most memory, GB"), colours["text-2"], 12, 500),
    ]
    for column, (start, name) in enumerate(zip(left, ("seconds", "peak_memory"), strict=True)):
        values = [float(row[name]) for row in rows]
        for number, value in enumerate(values):
            middle = TOP + ROW * number + ROW // 2
            if column == 0:
                drawn.append(_text(24, middle + 4, rows[number]["name"], colours["text"], 13, 400))
            length = max(2.0, BARS * value / max(values))
            fill = colours["accent" if value == min(values) else "slider"]
            drawn.append(
                f'<rect x="{start}" y="{middle - 9}" width="{length:.1f}" height="18" rx="3" fill="{fill}"/>'
            )
            said = f"{value:.1f}" if column == 0 else f"{value / 1e9:.2f}"
            drawn.append(_text(start + length + 8, middle + 4, said, colours["text-2"], 12, 500))
    drawn.append(_text(24, height - 18, computer(figures), colours["text-3"], 12, 400))
    return "\n".join([*drawn, "</svg>", ""])


def _text(left: float, base: float, text: str, colour: str, size: int, weight: int) -> str:
    return (
        f'<text x="{left:.1f}" y="{base}" font-size="{size}" font-weight="{weight}" '
        f'fill="{colour}">{escape(text)}</text>'
    )


def save_plot(figures: Figures, path: Path) -> None:
    """Write the plot, as PNG through Qt in another process or else as SVG. Raises AvilaError."""
    drawing = plot(figures).encode()
    if path.suffix.lower() == ".png":
        # The window's library draws it; nothing else here knows Qt, and a screen is not needed.
        code = "import sys; from avila.ui.vector import png; png(sys.argv[1])"
        done = subprocess.run(
            [sys.executable, "-P", "-c", code, str(path)],
            input=drawing,
            capture_output=True,
            timeout=60,
            check=False,
        )
        if not done.returncode:
            return
        reason = (done.stderr.decode("utf-8", "replace").strip().splitlines() or [""])[-1]
        raise AvilaError(_("The plot could not be saved"), reason, _("Save it as .svg."))
    try:
        with whole_file(path) as file:
            file.write(drawing)
    except OSError as error:
        raise AvilaError(
            _("The plot could not be saved"),
            _("{path} cannot be written: {reason}.").format(path=path, reason=error.strerror or error),
        ) from error
