"""From text to tokens: words and phrases with their places, their weight, and what the table says of them."""

import math
import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate, islice, pairwise

from avila.drafts.words.inflection import lookup, phrase, stem
from avila.drafts.words.spelling import corrected
from avila.drafts.words.vocabulary import FORMS, FUNCTION_FORMS, Concept, fold

# Letters and digits with the marks that belong to them: accents typed apart, vowel points, joiners.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0dff\u0e31\u0e34-\u0e4e\u200c\u200d"
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}])*")
_TAG = re.compile(r"<[^<>]*>")
_BRACKET = re.compile(r"\\.|[()\[\]]|:\s*[+-]?(?:\d{1,3}(?:\.\d{0,6})?|\.\d{1,6})(?=\s*[)\]])", re.DOTALL)
_BREAK = re.compile(r"[,.;:!?|/\n\r\u3001\u3002]|\s-\s|--|[\u2013\u2014]")
EMPHASIS = 1.1  # of one pair of brackets without a number, as all prompt languages have it
MOST_WORDS = 1_500  # 10,000 characters of prose; what comes after them is not read
MOST_DIGITS = 2  # "1920" is no count


@dataclass(slots=True)
class Token:
    """A word or phrase of the prompt."""

    form: str  # folded
    start: int
    end: int
    clause: int  # how many commas and the like stand before it
    weight: float  # as a logarithm, 0 where none is given
    concepts: tuple[Concept, ...]  # none for unknown words and for those that only hold others together
    function: bool = False
    meant: str = ""  # the correct spelling of a mistyped word

    kind: str = field(init=False)  # of the likeliest concept, "" without one

    def __post_init__(self) -> None:
        self.kind = self.concepts[0].kind if self.concepts else ""

    @property
    def concept(self) -> Concept:
        """The likeliest one."""
        return self.concepts[0]

    def prefer(self, portuguese: bool) -> None:
        """Put the meanings of one language first."""
        wanted = 4 if portuguese else 3  # the fields of `Concept`
        self.concepts = tuple(sorted(self.concepts, key=lambda concept: not concept[wanted]))
        self.kind = self.concepts[0].kind


def tokens(prompt: str) -> list[Token]:
    """All words and phrases of a prompt in order, without <tags> and weights."""
    text, weight_at = _weighed(_TAG.sub(_blank, prompt))
    matches = list(islice(_WORD.finditer(text), MOST_WORDS))
    forms = [fold(match[0]) for match in matches]
    stems = [stem(form) for form in forms]
    clauses = [0, *accumulate(_breaks(text, one.end(), other.start()) for one, other in pairwise(matches))]
    found: list[Token] = []
    at = 0
    while at < len(matches):
        length, concepts = phrase(forms, stems, at)
        if not length or clauses[at] != clauses[at + length - 1]:  # no phrase crosses a comma
            length, concepts = 1, ()
        form = " ".join(forms[at : at + length])
        function, meant = False, ""
        if not concepts:
            concepts, function, meant = _looked_up(form)
        start, end = matches[at].start(), matches[at + length - 1].end()
        found.append(Token(form, start, end, clauses[at], weight_at(start), concepts, function, meant))
        at += length
    _settle_language(found)
    return found


def _breaks(text: str, start: int, end: int) -> bool:
    """Whether a comma or the like stands between two words."""
    return (end - start > 1 or text[start:end] != " ") and _BREAK.search(text, start, end) is not None


def _looked_up(form: str) -> tuple[tuple[Concept, ...], bool, str]:
    """A single word: its concepts, whether it is a function word, and its spelling where that was mended."""
    if form in FORMS:
        return FORMS[form], False, ""
    if form in FUNCTION_FORMS:
        return (), True, ""
    if form.isdigit():
        count = min(int(form), 9) if form.isdecimal() and len(form) <= MOST_DIGITS else 0
        return ((Concept("number", str(count), (), True, True),) if count else ()), False, ""
    concepts = lookup(form)
    if concepts:
        return concepts, False, ""
    meant = corrected(form)
    return (lookup(meant) if meant else ()), False, meant


def _settle_language(found: list[Token]) -> None:
    """Settle words that mean different things in the two languages: "mesa", and "no" above all.

    The "no" of Portuguese stands before a Portuguese noun and means "in the"; before words of both
    languages the rest of the prompt decides.
    """
    words = [concept for token in found for concept in token.concepts[:1] if concept.kind != "article"]
    english = sum(word.english and not word.portuguese for word in words if word.kind != "negation")
    portuguese = sum(word.portuguese and not word.english for word in words if word.name not in ("in", "no"))
    for index, token in enumerate(found):
        if len(token.concepts) < 2:
            continue
        favoured = portuguese > english
        if token.form == "no":
            for other in found[index + 1 : index + 5]:
                if other.kind not in ("", "article"):
                    if other.concept.english != other.concept.portuguese:
                        favoured = other.concept.portuguese
                    break
        token.prefer(favoured)


def _weighed(text: str) -> tuple[str, Callable[[int], float]]:
    """The text without its weights, and the weight at each place: "(word:1.3)", "((word))", "[word]"."""
    steps: list[tuple[int, float]] = []  # logarithms: what changes from here on
    opened: list[int] = []
    number = ""
    for match in _BRACKET.finditer(text):
        sign = match[0]
        if sign in "([":
            opened.append(match.start())
        elif sign[0] == ":":
            number = sign[1:]
        elif sign in ")]" and opened:
            factor = float(number) if number else EMPHASIS if sign == ")" else 1 / EMPHASIS
            step = math.log(min(max(factor, 0.01), 100.0))
            steps += ((opened.pop(), step), (match.start(), -step))
            number = ""
    if not steps:
        return text, lambda _place: 0.0
    steps.sort()
    places = [place for place, _ in steps]
    sums = [0.0, *accumulate(step for _, step in steps)]

    def weight_at(place: int) -> float:
        return round(sums[bisect_right(places, place)], 6)

    return _BRACKET.sub(lambda match: match[0] if match[0][0] != ":" else _blank(match), text), weight_at


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])
