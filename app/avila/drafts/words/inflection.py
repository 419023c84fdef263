"""From an inflected word or phrase to its concepts: plurals, gender, diminutives, augmentatives, -ing, -ed.

Rules undo an ending and ask the table again; the table's own forms always come first.
"""

from functools import lru_cache

from avila.drafts.words.vocabulary import FORMS, Concept

# ending: what stands in its place in the base form
_PLURALS = {
    "ies": ("y",), "ves": ("f", "fe"), "oes": ("ao", "o"), "aes": ("ao",), "ais": ("al",),
    "eis": ("el", "il"), "ois": ("ol",), "uis": ("ul",), "ns": ("m",), "ses": ("s",),
    "xes": ("x",), "zes": ("z",), "res": ("r",), "hes": ("h",), "s": ("",),
}  # fmt: skip
_SMALL = {
    "quinha": ("ca",), "quinho": ("co",), "guinha": ("ga",), "guinho": ("go",), "zinha": ("", "m"),
    "zinho": ("", "m"), "inha": ("a", "", "e"), "inho": ("o", "", "e"), "zito": ("",), "zita": ("",),
    "ozinho": ("ao",), "ezinha": ("e",), "ezinho": ("e",),
}  # fmt: skip
_BIG = {
    "zao": ("", "o", "a"),
    "arrao": ("ao",),
    "arao": ("a", "o"),
    "zarrao": ("",),
    "ao": ("o", "a"),
    "ona": ("o", "a", ""),
}
_GENDERS = {"a": ("o",), "ora": ("or",), "esa": ("es",)}
_VERBS = {"ing": ("", "e", "y"), "ning": ("n",), "ging": ("g",), "ed": ("", "e"), "ned": ("n",)}
_DEGREES = {"issimo": ("o", "e", ""), "er": ("", "e"), "est": ("", "e"), "ish": ("", "e")}

_ADJECTIVES = frozenset(("colour", "style", "size", "weather", "time", "season", "number", "depth"))
_VERBAL = frozenset(("weather", "style"))
_NOUNS = frozenset(("thing", "place", "part"))
_GRADED = frozenset(("colour", "size", "weather", "depth"))
_COUNTABLE = _ADJECTIVES | _NOUNS | {"clouds", "moon"}
Endings = dict[str, list[tuple[str, str, frozenset[str]]]]


def _endings() -> Endings:
    """Each ending with what stands in its place, the size it gives, and the kinds of concepts it suits."""
    endings: Endings = {}
    for table, size, kinds in (
        (_SMALL, "small", _NOUNS),
        (_BIG, "big", _NOUNS),
        (_SMALL, "", _ADJECTIVES),
        (_GENDERS, "", _ADJECTIVES),
        (_VERBS, "", _VERBAL),
        (_DEGREES, "", _GRADED),
    ):
        for ending, bases in table.items():
            endings.setdefault(ending, []).extend((base, size, kinds) for base in bases)
    return endings


_ENDINGS = _endings()
_LONGEST = max(map(len, _ENDINGS))
# Words whose ending only looks like an inflection of one of ours; their plurals follow.
_UNRELATED_WORDS = """
    aneis banda barao caixao calcao canelao carao carona cartao casao chaos caos colchao coracao corner
    costas cozinha dona espinho falcao farinha feijao florida flower fogao galinha golfinho joaninha
    latter lona lower matter montao number padrinho papelao pinhao poltrona portao rainha sabao salao
    sardinha tens torrao tower trans varao vilao violao vizinha vizinho wooded zona
"""
UNRELATED = frozenset(_UNRELATED_WORDS.split())


@lru_cache(maxsize=4096)
def lookup(form: str) -> tuple[Concept, ...]:
    """The concepts of one folded word, of an inflected one too; an unknown word has none."""
    known = FORMS.get(form)
    if known is not None:
        return known
    if len(form) < 3 or form in UNRELATED:
        return ()
    singulars = _singulars(form)
    if not UNRELATED.isdisjoint(singulars):
        return ()
    for base in singulars:
        if found := FORMS.get(base):
            return _plural(found) if found[0].kind in _COUNTABLE else ()
    if found := _derived(form):
        return found
    return next((_plural(found) for found in map(_derived, singulars) if found), ())


def _derived(form: str) -> tuple[Concept, ...]:
    """The concepts of a singular with an ending that changes more than its number."""
    for length in range(min(_LONGEST, len(form) - 2), 0, -1):
        for base, size, kinds in _ENDINGS.get(form[-length:], ()):
            found = FORMS.get(form[:-length] + base)
            if found and (fitting := [concept for concept in found if concept.kind in kinds]):
                if not size:
                    return tuple(fitting)
                if fitting[0].portuguese:
                    return tuple(concept._replace(size=size) for concept in fitting)
    return ()


def _singulars(form: str) -> list[str]:
    """What a plural may come from, by the shortest ending first; two letters of it always stay."""
    if form[-1] != "s":
        return []
    return [
        form[:-length] + base
        for length in range(1, min(4, len(form) - 1))
        for base in _PLURALS.get(form[-length:], ())
    ]


def _plural(concepts: tuple[Concept, ...]) -> tuple[Concept, ...]:
    return tuple(concept._replace(plural=True) for concept in concepts)


_CONTRACTED = {"do": "de", "da": "de", "dos": "de", "das": "de", "ao": "a", "aos": "a", "as": "a"}


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A crude root in which the numbers and genders of a word agree; good enough within a phrase."""
    if len(word) < 4 and word in _CONTRACTED:
        return _CONTRACTED[word]
    for ending, base in (("oes", "ao"), ("aes", "ao"), ("ns", "n"), ("ies", "y"), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            word = word[: len(word) - len(ending)] + base
            break
    if word[-1] == "m":
        return word[:-1] + "n"  # as the plural of Portuguese has it
    return word[:-1] if len(word) > 2 and word[-1] in "oae" else word


def _phrases() -> tuple[dict[str, tuple[bool, tuple[Concept, ...]]], dict[str, list[int]]]:
    """The phrases of the table by their stems, and the lengths of those that start with a pair of stems."""
    phrases: dict[str, tuple[bool, tuple[Concept, ...]]] = {}
    lengths: dict[str, list[int]] = {}
    for form, concepts in FORMS.items():
        if " " in form:
            stems = [stem(word) for word in form.split()]
            phrases[" ".join(stems)] = form.endswith("s"), concepts
            same = lengths.setdefault(f"{stems[0]} {stems[1]}", [])
            if len(stems) not in same:
                same.append(len(stems))
                same.sort(reverse=True)
    return phrases, lengths


_PHRASES, _LENGTHS = _phrases()


def phrase(words: list[str], stems: list[str], at: int) -> tuple[int, tuple[Concept, ...]]:
    """The longest phrase of the table that starts at `words[at]`: its length in words, and its concepts."""
    for length in _LENGTHS.get(" ".join(stems[at : at + 2]), ()):
        found = _PHRASES.get(" ".join(stems[at : at + length]))
        if found is not None and at + length <= len(words):
            ends_in_s, concepts = found
            head = words[at + length - 1 if concepts[0].english else at]
            return length, _plural(concepts) if head.endswith("s") and not ends_in_s else concepts
    return 0, ()
