"""Stage 7: measure the model in `models/starter`, and paint its contact sheets.

    python models/training/evaluate.py [--work build/starter] [--model models/starter] [--count 500] [--sweep]

The probe reads the attributes that a caption asked for off the picture made from it. What counts is its
accuracy there as a share of its accuracy on painted pictures of the same scenes. The captions are of scenes
that were not trained on, of seen and of held-out combinations, in both languages. Two controls show that the
measure can fail: the same pictures against another caption's attributes, and pictures without classifier-free
guidance.
"""

import argparse
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionPipeline
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from tqdm import tqdm

import probe
import render
from avila.assets import resource
from avila.drafts import read
from avila.drafts.painting import paint
from machine import device, parallel
from recipe import PIXELS, Recipe, Run
from render import load

BATCH = 20
BEGIN, END = "<!-- figures of evaluate.py -->", "<!-- end of figures -->"  # in the model card
Rows = list[dict[str, Any]]
AIMS = {  # share of the probe's accuracy on painted pictures that a good model reaches
    "place": 0.95, "time": 0.95, "weather": 0.9, "season": 0.9, "body": 0.85, "object": 0.85, "shape": 0.85,
    "colour": 0.95,
}  # fmt: skip

PROMPTS = """
a lighthouse on a cliff at sunset
a red boat on a lake
a blue sphere on a table
a castle on a hill at dusk
snowy mountains, clear sky
autumn forest, fog
a cactus in the desert at noon
a beach with a palm tree
city at night, rain
a full moon over the sea
a house in a meadow, spring
a green cube in the snow
a windmill at golden hour
a volcano at night
a red balloon over the hills
a car on a street
a rocket in space
coral reef
a vase on a table
a waterfall in the jungle
um barco no mar ao pôr do sol
uma floresta nevada à noite
uma igreja na vila, outono
um cone amarelo na praia
""".strip().splitlines()


def _make(
    rank: int, processes: int, jobs: list[dict[str, Any]], model: Path, folder: Path, options: dict[str, Any]
) -> None:
    """This process's share of the pictures, to a file."""
    mine = jobs[rank::processes]
    capable = device() == "cuda" or torch.cpu.get_capabilities().get("avx512_bf16")
    pipeline = StableDiffusionPipeline.from_pretrained(
        model, dtype=torch.bfloat16 if capable else torch.float32, local_files_only=True
    ).to(device())
    pipeline.set_progress_bar_config(disable=True)
    follow = options.pop("follow_draft", 0)
    if follow:
        pipeline = StableDiffusionImg2ImgPipeline(**pipeline.components, requires_safety_checker=False)
        pipeline.set_progress_bar_config(disable=True)
        # As many steps as the program does (GenerationRequest.steps_run); diffusers rounds down.
        steps = options["num_inference_steps"]
        options["strength"] = max(1, steps * (100 - follow) // 100) / steps + 1e-6
    else:
        options |= {"width": PIXELS, "height": PIXELS}
    made = []
    for at in tqdm(range(0, len(mine), BATCH), desc="generate", disable=rank > 0, mininterval=10):
        part = mine[at : at + BATCH]
        if follow:
            options["image"] = [
                Image.fromarray(paint(read(job["prompt"], ""), PIXELS, PIXELS, job["seed"], fine=True))
                for job in part
            ]
        pictures = pipeline(
            prompt=[job["prompt"] for job in part],
            generator=[torch.Generator("cpu").manual_seed(job["seed"]) for job in part],
            output_type="np",
            **options,
        ).images
        made.append((pictures * 255).round().astype(np.uint8))
    np.save(folder / f"made-{rank}.npy", np.concatenate(made))


def generate(run: Run, model: Path, jobs: list[dict[str, Any]], **options: Any) -> NDArray[np.uint8]:
    """Pictures (n, 256, 256, 3) of jobs {"prompt", "seed"}; options are the pipeline's, or `follow_draft`."""
    folder = run.path("made/x").parent
    for old in folder.glob("made-*.npy"):
        old.unlink()
    parallel(_make, jobs, model, folder, options)
    parts = [np.load(folder / f"made-{rank}.npy") for rank in range(len(list(folder.glob("made-*.npy"))))]
    pictures = np.empty((len(jobs), *parts[0].shape[1:]), np.uint8)
    for rank, part in enumerate(parts):
        pictures[rank :: len(parts)] = part
    return pictures


def jobs_of(rows: Rows) -> list[dict[str, Any]]:
    """One picture of each row's first caption, each with its own seed."""
    return [{"prompt": row["captions"][0], "seed": seed} for seed, row in enumerate(rows)]


def accuracy(judge: probe.Probe, pictures: NDArray[np.uint8], rows: Rows) -> dict[str, tuple[float, int]]:
    """For each attribute the share of pictures that show it as their row says, and how many rows say it."""
    found, _features = probe.read(judge, pictures)
    shares = {}
    for name, wanted in probe.answers(rows).items():
        asked = wanted >= 0
        shares[name] = float((found[name][asked] == wanted[asked]).float().mean()), int(asked.sum())
    return shares


def frechet(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Frechet distance of two clouds of features taken as normal distributions (Heusel and others, 2017)."""
    first, second = np.cov(one.T), np.cov(other.T)
    roots = np.sqrt(np.maximum(np.linalg.eigvals(first @ second).real, 0)).sum()
    return float(((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(first) + np.trace(second) - 2 * roots)


def measure(run: Run, model: Path, count: int, options: dict[str, Any]) -> dict[str, Any]:
    """All figures of the card, for `count` seen and `count` held-out combinations."""
    judge = probe.train(run)
    results: dict[str, Any] = {"options": dict(options), "count": count}
    for split in ("test", "held"):
        shards, rows = load(run, split)
        first = round(len(rows) * probe.TRAINED_ON_HELD) if split == "held" else 0
        painted, rows = np.concatenate(shards)[first : first + count], rows[first : first + count]
        jobs = jobs_of(rows)
        follow = options["follow_draft"]
        plain = {key: value for key, value in options.items() if key != "follow_draft"}
        noise = generate(run, model, jobs, **plain)
        sets = {
            "painted": painted,
            "from noise": noise,
            f"following the draft {follow} %": generate(run, model, jobs, **options),
            "without guidance": generate(run, model, jobs, **(plain | {"guidance_scale": 1.0})),
        }
        others = rows[:]
        random.Random(0).shuffle(others)
        shares = {name: accuracy(judge, pictures, rows) for name, pictures in sets.items()}
        shares["shuffled prompts"] = accuracy(judge, noise, others)
        features = {name: probe.read(judge, pictures)[1] for name, pictures in sets.items()}
        more = probe.read(judge, np.concatenate(shards)[-count:])[1]
        distances = {name: frechet(each, more) for name, each in features.items()}
        results["seen" if split == "test" else "held out"] = {"accuracy": shares, "distance": distances}
    return results


def table(results: dict[str, Any]) -> str:
    """The figures as Markdown."""
    lines = []
    for split in ("seen", "held out"):
        shares = results[split]["accuracy"]
        names = [name for name in shares if name != "painted"]
        lines += [
            f"**{split.capitalize()} combinations**",
            "",
            "| attribute | aim | n | painted | " + " | ".join(names) + " |",
        ]
        lines.append("| --- " * (len(names) + 4) + "|")
        for attribute, (ceiling, count) in shares["painted"].items():
            figures = [_share(shares[name][attribute][0], ceiling) for name in names]
            lines.append(
                f"| {attribute} | {AIMS[attribute]:.2f} | {count} | {ceiling:.2f} | "
                + " | ".join(figures)
                + " |"
            )
        distances = ", ".join(f"{name} {value:.2f}" for name, value in results[split]["distance"].items())
        lines += ["", f"Frechet distance to other painted pictures: {distances}.", ""]
    return "\n".join(lines)


def _share(found: float, ceiling: float) -> str:
    return f"{found:.2f} (**{found / ceiling:.2f}**)" if ceiling else f"{found:.2f}"


def sheet(run: Run, model: Path, options: dict[str, Any], path: Path, thumbnail: int = 128) -> None:
    """24 prompts with seeds 0, 1, 2, unpicked, four prompts a row."""
    jobs = [{"prompt": prompt, "seed": seed} for prompt in PROMPTS for seed in range(3)]
    pictures = generate(run, model, jobs, **options)
    across, line = 12, 18
    page = Image.new("RGB", (across * (thumbnail + 2), len(PROMPTS) // 4 * (thumbnail + line)), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.truetype(resource("fonts/Inter-Regular.otf"), 11)
    for number, (job, picture) in enumerate(zip(jobs, pictures, strict=True)):
        x, y = number % across * (thumbnail + 2), number // across * (thumbnail + line)
        page.paste(
            Image.fromarray(picture).resize((thumbnail, thumbnail), Image.Resampling.LANCZOS),
            (x, y + line - 2),
        )
        if job["seed"] == 0:
            pen.text((x + 2, y + 2), job["prompt"], "black", font)
    page.save(path, quality=88)


def sweep(run: Run, model: Path, count: int, settings: dict[str, Any]) -> None:
    """Mean ratio over the attributes, and Frechet distance, for one setting changed at a time."""
    judge = probe.train(run)
    shards, rows = load(run, "test")
    painted, rows = np.concatenate(shards)[:count], rows[:count]
    more = probe.read(judge, np.concatenate(shards)[-1000:])[1]
    ceiling = accuracy(judge, painted, rows)
    noise = settings | {"follow_draft": 0}
    trials = [noise | {"guidance_scale": scale} for scale in (1.0, 2.0, 3.5, 5.0)]
    trials += [noise | {"num_inference_steps": steps} for steps in (6, 10)]
    trials += [settings | {"follow_draft": share} for share in (50, 65, 80)]
    for trial in trials:
        pictures = generate(run, model, jobs_of(rows), **trial)
        shares = accuracy(judge, pictures, rows)
        mean = np.mean([shares[name][0] / max(ceiling[name][0], 1e-9) for name in shares])
        distance = frechet(probe.read(judge, pictures)[1], more)
        each = " ".join(f"{name} {share:.2f}" for name, (share, _n) in shares.items())
        print(f"{trial}: mean ratio {mean:.3f}, distance {distance:.2f}; {each}", flush=True)


def measure_and_tell(run: Run, model: Path, count: int) -> None:
    """Measure with the recommended values, write the figures into the model card, paint contact sheets."""
    card = json.loads((model / "avila.json").read_text("utf-8"))["recommended"]
    settings = _settings(card)
    results = measure(run, model, count, settings)
    run.path("evaluation.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(table(results))
    readme = model / "README.md"
    if readme.is_file():
        before, begin, rest = readme.read_text("utf-8").partition(BEGIN)
        _old, end, after = rest.partition(END)
        readme.write_text(f"{before}{begin}\n\n{table(results)}\n{end}{after}", encoding="utf-8")
    sheet(run, model, settings | {"follow_draft": 0}, run.path("sheet-noise.jpg"))
    sheet(run, model, settings, run.path("sheet-draft.jpg"))


def _settings(card: dict[str, Any]) -> dict[str, Any]:
    return {
        "num_inference_steps": card["steps"],
        "guidance_scale": card["cfg_scale"],
        "follow_draft": card["follow_draft"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("build/starter"))
    parser.add_argument("--model", type=Path, default=Path("models/starter"))
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument(
        "--sweep", action="store_true", help="instead: CFG scales, steps and shares of the draft"
    )
    options = parser.parse_args()
    run = Run(Recipe(), options.work)
    with render.painted(run):  # unless it has painted already
        pass
    options.count = min(options.count, run.recipe.test // 2, run.recipe.held // 2)
    if options.sweep:
        card = json.loads((options.model / "avila.json").read_text("utf-8"))["recommended"]
        sweep(run, options.model, options.count, _settings(card))
    else:
        measure_and_tell(run, options.model, options.count)


if __name__ == "__main__":
    main()
