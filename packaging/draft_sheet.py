"""Paint a contact sheet of drafts: 60 prompts, two seeds each, to be looked at.

    python packaging/draft_sheet.py [--fast] [--no-words] [FOLDER]     # build/drafts by default

Writes sheet-1.jpg … of 24 pictures each and readme.jpg, the page that stands in the README. `--fast` paints
the pass that follows typing instead of the fine one. `--no-words` leaves the prompts out: can the pictures be
named by somebody who has not read them?
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from PIL import Image, ImageDraw

from avila.drafts import read
from avila.drafts.painting import paint

PROMPTS = """
a lighthouse on a cliff at sunset, storm clouds
a lake with mountains at dawn
snowy mountains under a clear sky
rolling hills in spring, morning
autumn forest, golden hour
pine forest in fog
desert dunes at sunset
a cactus in a canyon, noon
sea waves, storm with lightning
a tropical beach with palms
three boats on the sea
a river with a bridge, autumn
a waterfall in the jungle
an island at golden hour
a meadow with flowers
a volcano at night
city skyline at night
a village in winter
a street in the rain at night
a street with a red car, morning
a harbour with a ship, dusk
a castle on a hill, dusk
planets in space
a coral reef with fish
a cosy room with a chair and a lamp
still life with apples and a cup
a vase, two pears and a candle on a table
portrait of a person
abstract pattern in blue and gold
aurora over a frozen lake
a night with a crescent moon and stars over hills
a red house under a green sky
a cabin in the snow, night
a church in a village, overcast
a windmill and tulips
an old tower by the river, mist
a tent and a campfire under the stars
a hot-air balloon over mountains
a rocket in the desert
a steam train in the hills
a cat in a meadow
a brown dog on the beach
a horse in the hills at sunset
a stag in the forest, fog
cows and sheep in a meadow
a person walking in the snow
birds over the sea, rainbow
a cherry tree in spring
a willow by the lake
red mushrooms in the forest
a cube, a sphere, a cone and a cylinder
grapes, a banana and a bottle of wine
books and a candle on the table
pyramids in the desert, golden hour
mackerel sky over the sea, sunset
snow falling on a castle
a lake with mountains, watercolour
a lighthouse, ink drawing
city at sunset, vaporwave
a cottage by a lake, pixel art
""".strip().splitlines()
SEEDS = (1, 2)
PAGE = (0, 4, 7, 10, 15, 16, 23, 26, 18, 43, 33, 58)  # what stands in the README
SIZE = (768, 512)
SHOWN = (384, 256)
ROW = 4  # pictures side by side; two prompts


def painted(job: tuple[str, int, bool]) -> tuple[Image.Image, float]:
    """One picture and the seconds that it took."""
    prompt, seed, fast = job
    begin = time.perf_counter()
    picture = Image.fromarray(paint(read(prompt), *SIZE, seed, fine=not fast))
    return picture, time.perf_counter() - begin


def sheet(pictures: list[Image.Image], words: list[str], row: int = ROW) -> Image.Image:
    """The pictures in rows, each over its words."""
    wide, high = SHOWN
    strip = 18 if any(words) else 0
    made = Image.new("RGB", (row * wide, -(-len(pictures) // row) * (high + strip)), "white")
    pen = ImageDraw.Draw(made)
    for number, (picture, text) in enumerate(zip(pictures, words, strict=True)):
        x, y = number % row * wide, number // row * (high + strip)
        made.paste(picture.resize(SHOWN, Image.Resampling.LANCZOS), (x, y))
        pen.text((x + 4, y + high + 3), text, fill="black")
    return made


def main() -> None:
    """Paint and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", nargs="?", default="build/drafts", type=Path)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--no-words", action="store_true")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    jobs = [(prompt, seed, chosen.fast) for prompt in PROMPTS for seed in SEEDS]
    with ProcessPoolExecutor() as pool:
        done = list(pool.map(painted, jobs, chunksize=4))
    pictures = [picture for picture, _seconds in done]
    words = ["" if chosen.no_words else f"{prompt}  ({seed})" for prompt, seed, _fast in jobs]
    for page, first in enumerate(range(0, len(jobs), 24), start=1):
        part = slice(first, first + 24)
        sheet(pictures[part], words[part]).save(chosen.folder / f"sheet-{page}.jpg", quality=88)
    best = [pictures[number * len(SEEDS)] for number in PAGE]
    sheet(best, [PROMPTS[number] for number in PAGE], 3).save(chosen.folder / "readme.jpg", quality=84)
    seconds = sorted(second for _picture, second in done)
    print(f"{len(jobs)} pictures in {chosen.folder}; median {seconds[len(seconds) // 2]:.2f} s")  # noqa: T201


if __name__ == "__main__":
    main()
