"""What the training pictures show: random scenes, their attributes, and captions in two languages.

A `Spec` is what somebody might ask for. Its plain English sentence goes through `avila.drafts.read`, so that
the painter decides what was left unsaid just as it does for a person, and its captions say the same in
other words. Combinations of attributes in `HELD_OUT` never occur in the training pictures: they show
whether the model has learnt the parts or only the wholes.
"""

import random
from dataclasses import dataclass

from avila.drafts.light import light_of
from avila.drafts.scene import Scene
from avila.drafts.words.reading import read
from avila.drafts.words.vocabulary import TABLE

# Attributes that the evaluation reads back from pictures, with the values it tells apart.
PLACES = (
    "mountains", "hills", "forest", "desert", "sea", "beach", "cliff", "lake", "river", "waterfall",
    "island", "snowfield", "meadow", "canyon", "volcano", "city", "village", "street", "harbour", "space",
    "underwater", "room", "table", "portrait", "abstract", "sky",
)  # fmt: skip
TIMES = ("dawn", "morning", "day", "noon", "golden", "sunset", "dusk", "night")
WEATHERS = ("clear", "fair", "overcast", "rain", "storm", "snowfall", "fog")
SEASONS = ("spring", "summer", "autumn", "winter")
BODIES = ("none", "sun", "moon")
SHAPES = ("sphere", "cube", "cone", "cylinder")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white")

# Where a thing usually is; "" is the painter's choice. The first dictionary is what the model is measured on.
OBJECTS: dict[str, tuple[str, ...]] = {
    "boat": ("", "sea", "lake", "harbour", "river"), "ship": ("", "sea", "harbour"),
    "lighthouse": ("", "cliff", "island", "beach"),
    "house": ("", "meadow", "hills", "snowfield", "lake", "forest"),
    "castle": ("", "hills", "mountains", "lake", "cliff"), "church": ("", "village", "meadow", "hills"),
    "windmill": ("", "meadow", "hills"), "tower": ("", "hills", "river", "cliff"),
    "tent": ("", "meadow", "forest", "snowfield", "desert"), "pyramid": ("", "desert"),
    "tree": ("", "meadow", "hills", "lake", "desert"), "conifer": ("", "meadow", "snowfield", "mountains"),
    "palm": ("", "beach", "island", "desert"), "cactus": ("", "desert", "canyon"),
    "flowers": ("", "meadow", "hills"), "person": ("", "meadow", "beach", "street", "snowfield", "desert"),
    "horse": ("", "meadow", "hills", "beach"), "cat": ("", "meadow", "street"),
    "car": ("", "street", "city", "meadow", "desert"),
    "balloon": ("", "meadow", "hills", "mountains", "desert", "sea"), "rocket": ("", "desert", "space"),
    "campfire": ("", "meadow", "forest", "beach"), "vase": ("", "table"), "bottle": ("", "table"),
    "apple": ("", "table"),
}  # fmt: skip
OTHERS: dict[str, tuple[str, ...]] = {
    "aurora": ("", "lake", "snowfield"), "rainbow": ("", "meadow", "hills", "sea"),
    "lightning": ("", "sea", "city"), "planet": ("", "space"), "birds": ("", "sea", "hills", "lake"),
    "airplane": ("", "hills", "sky", "sea"), "rowboat": ("", "lake", "river"),
    "cabin": ("", "forest", "snowfield", "lake"), "bridge": ("", "river"), "birch": ("", "meadow"),
    "willow": ("", "lake", "river"), "blossom": ("", "meadow"), "bush": ("", "meadow"),
    "mushrooms": ("", "forest"), "rocks": ("", "beach", "meadow"), "road": ("", "meadow", "hills"),
    "fence": ("", "meadow"), "lamp": ("", "street", "table", "room"), "fish": ("", "underwater"),
    "dog": ("", "meadow", "beach"), "deer": ("", "forest", "meadow"), "cow": ("", "meadow"),
    "sheep": ("", "hills", "meadow"), "train": ("", "hills", "meadow"), "orange": ("", "table"),
    "lemon": ("", "table"), "pear": ("", "table"), "cherry": ("", "table"), "banana": ("", "table"),
    "grapes": ("", "table"), "cup": ("", "table"), "bowl": ("", "table"), "book": ("", "table"),
    "candle": ("", "table"), "chair": ("", "room"),
}  # fmt: skip
SHAPE_PLACES = ("", "", "table", "beach", "meadow", "desert", "snowfield")
COLOURED = frozenset(
    ("boat", "ship", "house", "balloon", "car", "vase", "bottle", "rocket", "tent", "flowers", *SHAPES)
)
STYLES = ("watercolour", "oil", "line", "monochrome", "sepia", "vivid", "dark", "dreamy", "pixel", "lowpoly")
UNDER_THE_SKY = frozenset(PLACES) - {"space", "underwater", "room", "table", "portrait", "abstract", "sky"}
BARE = frozenset(
    ("desert", "sea", "canyon", "volcano", "city", "street", "harbour", "beach", "island")
)  # no seasons to see


@dataclass(frozen=True, slots=True)
class Spec:
    """What is asked for; "" is left to the painter."""

    place: str = ""
    time: str = ""
    weather: str = ""
    season: str = ""
    body: str = ""  # sun, moon, stars
    thing: str = ""
    colour: str = ""  # of the thing
    count: int = 1  # of the thing
    size: str = ""  # of the thing
    second: str = ""  # another thing beside it
    style: str = ""


# Attributes that never come together in training.
HELD_OUT: tuple[dict[str, str], ...] = (
    {"place": "desert", "time": "night"}, {"place": "city", "time": "dawn"},
    {"place": "lake", "season": "winter"}, {"place": "mountains", "time": "sunset"},
    {"place": "beach", "weather": "fog"}, {"place": "village", "weather": "rain"},
    {"place": "forest", "time": "dusk"}, {"place": "hills", "season": "autumn"},
    {"place": "sea", "body": "moon"}, {"thing": "cone", "colour": "purple"},
    {"thing": "sphere", "colour": "green"}, {"thing": "cube", "colour": "red"},
    {"thing": "cylinder", "colour": "blue"}, {"thing": "balloon", "colour": "yellow"},
    {"thing": "car", "colour": "blue"}, {"thing": "castle", "time": "night"},
    {"thing": "house", "place": "snowfield"}, {"thing": "boat", "time": "dawn"},
    {"thing": "horse", "place": "beach"}, {"thing": "lighthouse", "weather": "storm"},
    {"thing": "tree", "place": "lake"},
)  # fmt: skip


def held_out(spec: Spec) -> bool:
    """Whether the spec, or what the painter makes of it, is one of the combinations kept from training."""
    scene = scene_of(spec)
    said = {"thing": spec.thing, "colour": spec.colour, "body": spec.body}
    decided = said | {
        "place": scene.place,
        "time": scene.time,
        "weather": scene.weather,
        "season": scene.season,
    }
    return any(all(decided[key] == value for key, value in each.items()) for each in HELD_OUT)


def draw(rng: random.Random) -> Spec:
    """One random spec; about two thirds show a thing."""
    roll = rng.random()
    thing = colour = second = size = ""
    count = 1
    if roll < 0.12:
        thing, place = rng.choice(SHAPES), rng.choice(SHAPE_PLACES)
        colour = rng.choice(COLOURS)
    elif roll < 0.66:
        known = OBJECTS if roll < 0.52 else OTHERS
        thing = rng.choice(tuple(known))
        place = rng.choice(known[thing])
        if thing in COLOURED and rng.random() < 0.6:
            colour = rng.choice(COLOURS)
        if rng.random() < 0.12:
            count = rng.choice((2, 2, 3))
        if rng.random() < 0.15:
            size = rng.choice(("big", "big", "small"))
        partners = [
            name for name, places in (OBJECTS | OTHERS).items() if place in places and place and name != thing
        ]
        if partners and rng.random() < 0.12:
            second = rng.choice(partners)
    else:
        place = rng.choice(PLACES)
    where = place or scene_of(Spec(thing=thing)).place
    time = weather = season = body = ""
    if where in UNDER_THE_SKY:
        if rng.random() < 0.72:
            time = rng.choice(TIMES)
        if rng.random() < 0.42:
            weather = rng.choice(WEATHERS)
        if rng.random() < 0.4 and where not in BARE and weather != "snowfall":
            season = rng.choice(SEASONS)
        if weather in ("", "clear", "fair") and rng.random() < 0.3:
            body = (
                rng.choice(("moon", "moon", "stars"))
                if time in ("night", "dusk")
                else "sun"
                if time != "noon"
                else ""
            )
    style = rng.choice(STYLES) if rng.random() < 0.07 else ""
    return Spec(place, time, weather, season, body, thing, colour, count, size, second, style)


def scene_of(spec: Spec) -> Scene:
    """What the painter makes of the spec's plain sentence."""
    return read(sentence(spec), "")


def sentence(spec: Spec) -> str:
    """The spec in the plainest English: "2 red boats, lake, sunset, fog"."""
    first = {(kind, name): _NAMES[kind, name][0][0] for kind, name in _NAMES}
    parts = []
    if spec.thing:
        number = {1: "a", 2: "two", 3: "three"}[spec.count]
        words = (number, spec.size, spec.colour, first["thing", spec.thing])
        parts.append(" ".join(word for word in words if word))
    if spec.second:
        parts.append(f"a {first['thing', spec.second]}")
    if spec.body:
        parts.append(first["thing", spec.body])
    for kind in ("place", "time", "weather", "season", "style"):
        said = getattr(spec, kind)
        parts += [first[kind, said]] if said else []
    return ", ".join(parts)


def labels(spec: Spec) -> dict[str, str]:
    """What can be read off a picture of the spec, for each attribute that applies to it."""
    scene = scene_of(spec)
    found = {"place": scene.place}
    if scene.place in UNDER_THE_SKY:
        found |= {"time": scene.time, "weather": scene.weather, "body": _body(scene)}
        if scene.place not in BARE:
            found["season"] = scene.season
    if spec.thing in SHAPES:
        found |= {"shape": spec.thing, "colour": spec.colour}
    if spec.thing in OBJECTS and not spec.second:
        found["object"] = spec.thing
        if spec.colour and spec.thing in ("balloon", "car", "vase"):
            found["colour"] = spec.colour
    if spec.style:  # a style changes colours and light
        found = {key: value for key, value in found.items() if key in ("place", "object", "shape")}
    return found


def _body(scene: Scene) -> str:
    """What stands in the sky: the painter shows a low sun and a night's moon also without being asked."""
    light = light_of(scene, 0)
    if scene.has("moon") or (light.night and light.visible and light.cover < 1 and not scene.has("stars")):
        return "moon"
    low = scene.time in ("dawn", "golden", "sunset")
    return "sun" if light.visible and not light.night and (low or scene.has("sun")) else "none"


def _forms() -> dict[tuple[str, str], tuple[list[str], list[str]]]:
    """English and Portuguese forms of each concept, from the painter's vocabulary, the usual ones first.

    Of a concept with several lines the first one counts: the others bring more with them (a garden
    brings flowers). Plurals of things are left out.
    """
    forms: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for line in filter(None, TABLE.splitlines()):
        head, _, names = line.partition(": ")
        kind, name = head.split()[:2]
        if (kind, name) in forms:
            continue
        english, _, portuguese = names.partition("|")
        keep_plurals = kind != "thing" or name in ("birds", "stars", "flowers", "mushrooms", "rocks")
        forms[kind, name] = tuple(  # type: ignore[assignment]
            [word.rstrip("+").replace("_", " ") for word in side.split() if keep_plurals or word[-1] != "+"]
            for side in (english, portuguese or english)
        )
    return forms


_NAMES = _forms()
for _language, _snow in enumerate((["snow", "snowy", "snow covered"], ["neve", "nevado", "coberto de neve"])):
    _NAMES["season", "winter"][_language].extend(_snow)  # to the painter a part, which brings the winter
_FILLERS = (
    "beautiful", "detailed", "highly detailed", "masterpiece", "4k", "8k", "best quality", "a picture of",
    "digital art", "trending", "artstation", "cinematic", "photo of", "a painting of", "uma imagem de",
    "uma foto de", "bonito", "lindo", "detalhado", "scene", "view", "amazing", "sharp", "award winning",
    "wallpaper", "hd",
)  # fmt: skip
_EN_NUMBERS, _PT_NUMBERS = {1: "a", 2: "two", 3: "three"}, {1: "um", 2: "dois", 3: "três"}


def caption(spec: Spec, rng: random.Random) -> str:
    """The spec in other words, English or Portuguese, a sentence or a list, at times with idle words."""
    language = int(rng.random() < 0.4)

    def word(kind: str, name: str) -> str:
        names = _NAMES[kind, name][language]
        return (
            names[min(int(rng.expovariate(0.5)), len(names) - 1)] if rng.random() < 0.7 else rng.choice(names)
        )

    thing = _thing(spec, word, language) if spec.thing else ""
    second = (
        (word("thing", spec.second) if language else f"a {word('thing', spec.second)}") if spec.second else ""
    )
    body = word("thing", spec.body) if spec.body else ""
    place, time, weather, season, style = (
        word(kind, getattr(spec, kind)) if getattr(spec, kind) else ""
        for kind in ("place", "time", "weather", "season", "style")
    )
    joint = " e " if language else " and "
    if rng.random() < 0.45:
        parts = [part for part in (thing, second, body, place, time, weather, season, style) if part]
        if rng.random() < 0.6:
            rng.shuffle(parts)
        text = ", ".join(parts)
    else:
        subject = joint.join(part for part in (thing, second) if part)
        if place:
            near = rng.choice(
                ("em", "no", "na", "num", "sobre")
                if language
                else ("in the", "on the", "by the", "on a", "in a", "at the")
            )
            text = (
                f"{subject} {near} {place}"
                if subject
                else (place if language or rng.random() < 0.5 else f"a {place}")
            )
        else:
            text = subject
        if body:
            text += f"{rng.choice((' com ', ', ') if language else (' with the ', ', ', ' and a '))}{body}"
        if time:
            text += f"{rng.choice((' ao ', ' no ', ', ') if language else (' at ', ' at ', ', '))}{time}"
        rest = [part for part in (weather, season, style) if part]
        rng.shuffle(rest)
        for part in rest:
            text += rng.choice((", ", " no ", " com ") if language else (", ", ", ", " in ")) + part
    text = text.strip(" ,")
    if language and rng.random() < 0.2:
        text = _without_accents(text)
    if rng.random() < 0.15:
        filler = rng.choice(_FILLERS) if rng.random() < 0.6 else _nonsense(rng)
        text = f"{filler} {text}" if rng.random() < 0.5 else f"{text}, {filler}"
    return text


def _thing(spec: Spec, word, language: int) -> str:  # type: ignore[no-untyped-def]
    name = word("thing", spec.thing)
    colour = word("colour", spec.colour) if spec.colour else ""
    size = word("size", spec.size) if spec.size else ""
    if language:
        plural = spec.count > 1 and name[-1] not in "sx"
        parts = (_PT_NUMBERS[spec.count], name + "s" * plural, size, colour)
    else:
        plural = spec.count > 1 and name[-1] != "s"
        parts = (_EN_NUMBERS[spec.count], size, colour, name + "s" * plural)
    text = " ".join(part for part in parts if part)
    return f"an{text[1:]}" if text.startswith("a ") and text[2] in "aeiou" else text


def _nonsense(rng: random.Random) -> str:
    return "".join(rng.choice("bcdfghjklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(1, 4)))


def _without_accents(text: str) -> str:
    import unicodedata

    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
