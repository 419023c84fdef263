"""What concepts are called in the window's language."""

from functools import cache

from avila.drafts.words.vocabulary import KIND_OF, NAMES
from avila.i18n import _, language

_FEMININE_ENDINGS = ("a", "ã", "ade", "agem", "ção")
_FEMININE = frozenset(("árvore", "ponte", "torre", "flor", "flores", "nuvens", "neve", "noite"))
_MASCULINE = frozenset(("planeta",))


def name(concept: str, kind: str = "") -> str:
    """The name of a concept of the vocabulary; `kind` where two kinds share it, as "orange" or "sky"."""
    kind = "place" if kind == "backdrop" else kind or KIND_OF.get(concept, "")
    shown = NAMES.get((kind, concept))
    return shown[_portuguese()] if shown else concept


def noun(concept: str, kind: str, count: int) -> str:
    """A thing's name in the singular or plural."""
    word = name(concept, kind)
    return _plural(word) if count > 1 else word


def agreed(concept: str, kind: str, of: str, of_kind: str, count: int) -> str:
    """A colour or size as it is said of a thing; in Portuguese it agrees with it."""
    word = name(concept, kind)
    if not _portuguese():
        return word
    first = name(of, of_kind).split()[0].rstrip("s")
    feminine = first in _FEMININE or name(of, of_kind) in _FEMININE
    feminine = feminine or (first.endswith(_FEMININE_ENDINGS) and first not in _MASCULINE)
    if feminine and word.endswith("o"):
        word = word[:-1] + "a"
    return _plural(word) if count > 1 and word not in ("laranja", "rosa", "turquesa", "cinza") else word


def titled(kind: str, shown: str) -> str:
    """A concept with what it is to the picture: "time: sunset"."""
    template = _titles(language()).get(kind)
    return template.format(name=shown) if template else shown


@cache
def _titles(_language: str) -> dict[str, str]:
    return {
        "place": _("place: {name}"),
        "backdrop": _("background: {name}"),
        "time": _("time: {name}"),
        "weather": _("weather: {name}"),
        "clouds": _("clouds: {name}"),
        "season": _("season: {name}"),
        "moon": _("moon: {name}"),
        "style": _("style: {name}"),
        "colour": _("colour: {name}"),
        "number": _("number: {name}"),
        "size": _("size: {name}"),
        "side": _("side: {name}"),
        "depth": _("distance: {name}"),
    }


def related(relation: str, shown: str, other: str) -> str:
    """A thing and where it is: "boat, on the sea" without the articles that not every language has."""
    return _relations(language())[relation].format(thing=shown, other=other)


@cache
def _relations(_language: str) -> dict[str, str]:
    return {
        "over": _("{thing}, over {other}"),
        "under": _("{thing}, under {other}"),
        "beside": _("{thing}, beside {other}"),
        "front": _("{thing}, in front of {other}"),
        "behind": _("{thing}, behind {other}"),
        "on": _("{thing}, on {other}"),
        "in": _("{thing}, in {other}"),
        "reflected": _("{thing}, reflected in {other}"),
    }


def placed(where: str, shown: str) -> str:
    """A thing with its side or depth."""
    return _places(language())[where].format(thing=shown)


@cache
def _places(_language: str) -> dict[str, str]:
    return {
        "left": _("{thing}, on the left"),
        "right": _("{thing}, on the right"),
        "middle": _("{thing}, in the middle"),
        "near": _("{thing}, near"),
        "far": _("{thing}, far away"),
    }


def listed(texts: list[str]) -> str:
    """Several short texts in one line."""
    return " · ".join(texts)


def _portuguese() -> bool:
    return language().startswith("pt")


def _plural(phrase: str) -> str:
    """The plural of a name of the vocabulary, by the regular rules of its language."""
    word, _space, rest = phrase.partition(" ")
    if not _portuguese():
        head, _space, word = phrase.rpartition(" ")
        return f"{head} {_english_plural(word)}".strip()
    return f"{_portuguese_plural(word)} {rest}".strip()


def _english_plural(word: str) -> str:
    if word in ("fish", "deer", "sheep", "grapes"):
        return word
    if word == "person":
        return "people"
    if word.endswith(("s", "sh", "ch", "x")):
        return word + "es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def _portuguese_plural(word: str) -> str:
    if word.endswith("s"):
        return word
    for ending, plural in (
        ("ão", "ões"),
        ("m", "ns"),
        ("r", "res"),
        ("z", "zes"),
        ("al", "ais"),
        ("el", "éis"),
        ("ol", "óis"),
        ("ul", "uis"),
    ):
        if word.endswith(ending):
            return word.removesuffix(ending) + plural
    return word + "s"
