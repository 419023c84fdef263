"""From words to a scene: find the known words, then decide what the picture shows."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from avila.drafts.scene import Scene, Thing, Word
from avila.drafts.vocabulary import FUNCTION_FORMS, LONGEST_PHRASE, Concept, fold, lookup

# Letters and digits with the marks that belong to them: accents typed apart, vowel points, joiners.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0dff\u0e31\u0e34-\u0e4e\u200c\u200d"
_TOKEN = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}])*")
_TAG = re.compile(r"<[^<>]*>")
_WEIGHT = re.compile(r":\s*[+-]?(?:\d+\.?\d*|\.\d+)(?=\s*[)\]])")

# Worst first: when a prompt names several, the first of these is the weather.
_WEATHERS = ("storm", "snowfall", "rain", "fog", "cloudy", "clear")
# What one stands on, before what is seen behind it.
_GROUNDS = (
    "table", "underwater", "space", "street", "cliff", "waterfall", "island", "beach", "sea", "lake", "river",
    "village", "forest", "desert", "meadow", "city", "sky",
)  # fmt: skip
_SKY_THINGS = frozenset(("sun", "moon", "crescent", "stars", "aurora", "rainbow", "lightning", "birds"))
_STILL = frozenset(
    ("apple", "orange", "lemon", "pear", "cherry", "cup", "bottle", "vase", "bowl", "book", "candle",
     "sphere", "cube", "cone")
)  # fmt: skip
# For a prompt without a known word; the empty one gets the first.
_AIMLESS_TIMES = ("golden", "day", "sunset", "morning", "dusk", "dawn")
_WATERS = ("sea", "lake", "river", "beach", "island", "waterfall")


@dataclass(frozen=True, slots=True)
class _Token:
    """A function word has no concept and is not listed; an unknown word has none and is."""

    word: Word
    form: str
    concepts: tuple[Concept, ...]


def read(prompt: str, negative_prompt: str = "") -> Scene:
    """Decide the scene of a prompt in English or Portuguese; any text will do, the empty one too."""
    tokens = list(_tokens(prompt))
    chosen, refused = _meanings(tokens)
    for token in _tokens(negative_prompt):
        refused |= {concept.name for concept in token.concepts}
    words = [token.word for token in tokens if not token.concepts or token.concepts[0].kind != "negation"]
    unknown = " ".join(token.form for token in tokens if not token.word.known)
    salt = zlib.crc32(unknown.encode("utf-8", "surrogatepass")) if unknown else 0
    kept = [meaning for meaning in chosen if meaning.concept.name not in refused]
    scene = _decide(kept, salt, refused)
    return replace(scene, without=tuple(sorted(refused)), words=tuple(words))


def _tokens(prompt: str) -> Iterator[_Token]:
    """The words and phrases of a prompt in order, without function words, weights and <tags>."""
    for pattern in (_TAG, _WEIGHT):
        prompt = pattern.sub(lambda match: " " * len(match[0]), prompt)
    found = [(match, fold(match[0])) for match in _TOKEN.finditer(prompt)]
    at = 0
    while at < len(found):
        for length in range(min(LONGEST_PHRASE, len(found) - at), 0, -1):
            part = found[at : at + length]
            form = " ".join(form for _, form in part)
            concepts = lookup(form)
            if concepts:
                break
        start, end = part[0][0].start(), part[-1][0].end()
        if concepts or form not in FUNCTION_FORMS:
            yield _Token(Word(prompt[start:end], start, end, bool(concepts)), form, concepts)
        at += length


@dataclass(frozen=True, slots=True)
class _Meaning:
    concept: Concept
    count: int = 1
    colour: str = ""


def _meanings(tokens: list[_Token]) -> tuple[list[_Meaning], set[str]]:
    """Give colours and numbers to their nouns; also the concepts that "without" takes away.

    An English colour goes to the noun after it, a Portuguese one to the noun before it; a colour with
    no such neighbour tints the whole picture. Words that are a colour and a thing ("orange", "rosa")
    are the thing when they stand alone.
    """
    meanings: list[_Meaning] = []
    refused: set[str] = set()
    colour, number, refusing = "", 0, ""
    for index, token in enumerate(tokens):
        if not token.concepts:
            continue
        concept = token.concepts[0]
        if concept.kind == "negation":
            refusing = concept.name
            continue
        following = tokens[index + 1].concepts if index + 1 < len(tokens) else ()
        hue = next((c for c in token.concepts if c.kind == "colour"), None)
        if hue is not None:
            noun_after = bool(following) and following[0].kind not in ("colour", "style", "number")
            noun_before = bool(meanings) and not meanings[-1].colour and _adjoins(tokens, index)
            if hue.portuguese and noun_before:
                meanings[-1] = replace(meanings[-1], colour=hue.name)
            elif noun_after and not (following[0].portuguese and noun_before):
                colour = hue.name
            elif noun_before and meanings[-1].concept.portuguese:
                meanings[-1] = replace(meanings[-1], colour=hue.name)
            elif len(token.concepts) > 1:
                meanings.append(_Meaning(next(c for c in token.concepts if c.kind != "colour"), 1, ""))
            else:
                meanings.append(_Meaning(replace(concept, kind="tint", name=""), 1, hue.name))
        elif concept.kind == "number":
            number = int(concept.name)
        elif refusing == "not" or (refusing == "no" and not concept.portuguese):
            refused.add(concept.name)
        else:
            count = number or (3 if concept.plural else 1)
            meanings.append(_Meaning(concept, count, colour))
            colour, number = "", 0
        refusing = ""
    return meanings, refused


def _adjoins(tokens: list[_Token], index: int) -> bool:
    """Whether the token stands right after a known word, with nothing but small words between them."""
    return bool(tokens[index - 1].concepts) and tokens[index - 1].concepts[0].kind not in ("colour", "number")


def _decide(meanings: list[_Meaning], salt: int, refused: set[str]) -> Scene:
    """Choose among what the words allow; where they say nothing, what goes well with the rest."""

    def named(kind: str) -> list[str]:
        return list(dict.fromkeys(m.concept.name for m in meanings if m.concept.kind == kind))

    things = _things(meanings)
    kinds = {thing.kind for thing in things}
    homes = [m.concept.home for m in meanings if m.concept.kind == "thing" and m.concept.home]
    places, backdrops = named("place"), named("backdrop")
    weathers, times, seasons = named("weather"), named("time"), named("season")
    styles = tuple(named("style"))
    weather = next((name for name in _WEATHERS if name in weathers), "fair")

    place = next((name for name in _GROUNDS if name in places), "")
    backdrop = next(iter(backdrops), "")
    if place and place != "city" and "city" in places and not backdrop:
        backdrop = "city"
    if place in _WATERS and "forest" in places and not backdrop:
        backdrop = "trees"
    if not place:
        place, backdrop = _home(homes, backdrop, kinds, salt if not meanings else 0)
    if place == "lake" and not backdrop and (not meanings or "winter" in seasons):
        backdrop = "mountains"
    if place == "hill":
        place, backdrop = "meadow", backdrop or "hills"
    if place == "table" and not kinds & _STILL:
        things = (*things, Thing("vase"), Thing("apple", 2))

    season = seasons[0] if seasons else ("winter" if weather == "snowfall" else "summer")
    time = (
        times[0]
        if times
        else _usual_time(kinds, place, weather)
        if meanings
        else _AIMLESS_TIMES[salt // 8 % 6]
    )
    if time == "day" and not times and "neon" in styles:
        time = "night"
    colours = tuple(dict.fromkeys((m.concept.name, m.colour) for m in meanings if m.colour))
    if "cloudy" in refused and weather == "fair":
        weather = "clear"
    return Scene(place, backdrop, time, weather, season, things, colours, styles, salt=salt)


def _things(meanings: list[_Meaning]) -> tuple[Thing, ...]:
    counts: dict[str, int] = {}
    for meaning in meanings:
        if meaning.concept.kind == "thing":
            kind = meaning.concept.name
            counts[kind] = min(9, max(counts.get(kind, 0), meaning.count))
    return tuple(Thing(kind, count) for kind, count in counts.items())


def _home(homes: list[str], backdrop: str, kinds: set[str], salt: int) -> tuple[str, str]:
    """The place for a prompt that names none."""
    if backdrop:
        outdoors = [home for home in homes if home not in ("table", "space", "underwater", "hill", "street")]
        return (outdoors[0] if outdoors else "desert" if backdrop == "canyon" else "meadow"), backdrop
    if kinds & _STILL and kinds <= _STILL | {"flowers"}:
        return "table", ""
    if homes:
        return homes[0], ""
    if "aurora" in kinds:
        return "lake", "mountains"
    if kinds & _SKY_THINGS:
        return "meadow", "hills"
    usual = (
        ("lake", "mountains"),
        ("meadow", "mountains"),
        ("sea", ""),
        ("meadow", "hills"),
        ("lake", "hills"),
    )
    return usual[salt % len(usual)]


def _usual_time(kinds: set[str], place: str, weather: str) -> str:
    if kinds & {"stars", "moon", "crescent", "aurora", "campfire"}:
        return "night"
    if kinds & {"lamp"}:
        return "dusk"
    return "morning" if weather == "fog" and place != "street" else "day"
