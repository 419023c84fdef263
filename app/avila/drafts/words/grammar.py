"""From tokens to mentions: which adjective, number, side and relation belongs to which noun, what is denied.

The grammar is shallow and the same for both languages, but for the order: an English adjective stands before
its noun, a Portuguese one after it. Adjectives never reach across a comma.
"""

from dataclasses import dataclass, field

from avila.drafts.words.tokens import Token
from avila.drafts.words.vocabulary import Concept

NOUNS = frozenset(("place", "time", "weather", "clouds", "season", "moon", "thing", "part"))
_SOLID = frozenset(("place", "thing", "part"))  # what can stand in a relation
_QUALIFIERS = frozenset(("colour", "size", "number", "depth", "shade"))
_BETWEEN = 2  # unknown words that may stand between an adjective and its noun
_LIST = 16  # words in which a list after "without" has to end with "or"


@dataclass(slots=True, eq=False)
class Mention:
    """One noun, or a lone adjective, of the prompt with what belongs to it."""

    concept: Concept
    index: int  # of its token
    weight: float = 0.0
    count: int = 0  # 0: no number was named
    colour: str = ""
    size: str = ""
    side: str = ""
    depth: str = ""
    relation: str = ""
    to: "Mention | None" = None
    denied: bool = False
    note: str = ""
    tokens: list[int] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.concept.kind

    @property
    def name(self) -> str:
        return self.concept.name


def mentions(tokens: list[Token]) -> list[Mention]:
    """What a prompt names, in its order."""
    return _Parser(tokens).run()


class _Parser:
    """One pass over the tokens, with what still waits for its noun."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.found: list[Mention] = []
        self.waiting: list[tuple[int, Concept]] = []  # adjectives that stand before their noun
        self.relation: tuple[int, str, Mention] | None = None
        # "next": the next noun is denied; "and": it is, unless it has an article; "list": the last one was
        self.denying = ""
        self.negation: int | None = None  # the token that denies

    def run(self) -> list[Mention]:
        clause = 0
        for index, token in enumerate(self.tokens):
            if token.clause != clause:
                clause = token.clause
                self._end_clause(index)
            if token.concepts:
                self._read(index, token)
            elif not token.function and self.denying == "list":
                self.denying = ""
        self._settle_waiting()
        return self.found

    def _end_clause(self, index: int) -> None:
        self._settle_waiting(self.tokens[index].clause)
        self.relation = None
        self.denying = "next" if self.denying == "list" and self._list_goes_on(index) else ""

    def _read(self, index: int, token: Token) -> None:
        concept = self._chosen(index, token)
        match concept.kind:
            case "article":
                if self.denying == "and":
                    self.denying = ""  # "no clouds and a boat"
            case "join":
                if self.denying == "list":
                    self.denying = "and" if concept.name == "and" else "next"
            case "negation":
                self.denying = "next"
                self.negation = index
            case "relation":
                self._relate(index, concept)
            case "side" | "depth":
                self._place(index, token, concept)
            case "colour" | "size" | "number":
                self._qualify(index, concept)
            case "shade":
                self._shade(index, concept)
            case "style" if concept.name in ("dark", "bright") and self._shade(index, concept):
                pass
            case _:
                self._name(index, token, concept)

    def _chosen(self, index: int, token: Token) -> Concept:
        """Among several meanings: a colour beside a noun that takes it, sails where there is a boat."""
        if len(token.concepts) == 1:
            return token.concept
        colour = next((concept for concept in token.concepts if concept.kind == "colour"), None)
        if colour is not None:
            before = self._before(index)
            if colour.portuguese and before is not None and before.index == index - 1 and not before.colour:
                return colour
            if self._noun_follows(index, unknown=0) or self._joined_to_colour(index):
                return colour
            return next(concept for concept in token.concepts if concept.kind != "colour")
        named = {mention.name for mention in self.found}
        return next((concept for concept in token.concepts if named & set(concept.brings)), token.concept)

    # Adjectives

    def _qualify(self, index: int, concept: Concept) -> None:
        before = self._before(index)
        follows = self._noun_follows(index)
        postponed = concept.portuguese and (
            not concept.english or before is None or before.concept.portuguese
        )
        if concept.kind != "number" and before is not None and (postponed or not follows):
            self._attach(before, index, concept)
        elif follows:
            self.waiting.append((index, concept))
        elif concept.kind == "colour" and self._copula(index):
            self._attach(self.found[-1], index, concept)
            self._take_shades(self.found[-1])
        else:
            self._lone(index, concept)
            self._take_shades(self.found[-1])

    def _take_shades(self, mention: Mention) -> None:
        """Give a colour that did not wait the "dark" that waited for it."""
        shades = [index for index, concept in self.waiting if concept.kind in ("style", "shade")]
        self.waiting = [(index, concept) for index, concept in self.waiting if index not in shades]
        mention.tokens = sorted(mention.tokens + shades)

    def _attach(self, mention: Mention, index: int, concept: Concept) -> None:
        mention.tokens.append(index)
        if concept.kind == "number":
            mention.count = mention.count or int(concept.name)
        elif not getattr(mention, concept.kind):
            setattr(mention, concept.kind, concept.name)

    def _lone(self, index: int, concept: Concept) -> None:
        """An adjective without a noun: a colour then is that of the whole picture, the rest has no effect."""
        self.found.append(Mention(concept, index, self.tokens[index].weight, tokens=[index]))
        if self.denying in ("next", "and"):
            self._deny(self.found[-1])

    def _shade(self, index: int, concept: Concept) -> bool:
        """Whether a word only shades a colour beside it, as in "dark red" and "verde claro"."""
        before = self._before(index)
        if before is not None and before.denied and concept.portuguese and before.concept.portuguese:
            before.tokens.append(index)  # "sem nuvens escuras" does not ask for a bright picture
            return True
        if index + 1 < len(self.tokens) and self._same_clause(index, index + 1):
            following = self.tokens[index + 1]
            if concept.english and any(other.kind == "colour" for other in following.concepts):
                self.waiting.append((index, concept))
                return True
        if not (concept.portuguese and index and self._same_clause(index - 1, index)):
            return False
        if not any(other.kind == "colour" for other in self.tokens[index - 1].concepts):
            return False
        owner = next((mention for mention in self.found if index - 1 in mention.tokens), None)
        if owner is not None:
            owner.tokens.append(index)
        return owner is not None

    def _settle_waiting(self, clause: int = -1) -> None:
        """What waited for a noun that did not come; a side may wait past one comma: "on the left, a tree"."""
        waiting, self.waiting = self.waiting, []
        for at, concept in waiting:
            if concept.kind in ("side", "depth") and clause - self.tokens[at].clause == 1:
                self.waiting.append((at, concept))
            else:
                self._lone(at, concept)

    # Where things are

    def _place(self, index: int, token: Token, concept: Concept) -> None:
        """A side or a depth: of the noun before it in its clause, or else of the one after it."""
        before = self._last(_SOLID)
        same = before is not None and self._same_clause(before.index, index)
        alone = " " not in token.form
        follows = self._noun_follows(index)
        if (
            concept.name == "near"
            and alone
            and same
            and before is not None
            and follows
            and self._before(index)
        ):
            self.relation = (index, "beside", before)
        elif concept.kind == "depth" and alone and follows and (concept.english or not self._before(index)):
            self.waiting.append((index, concept))
        elif before is not None and same and not getattr(before, concept.kind):
            self._attach(before, index, concept)
        elif self._noun_follows(index, far=True):
            self.waiting.append((index, concept))
        elif before is not None and not getattr(before, concept.kind):
            self._attach(before, index, concept)
        else:
            self._lone(index, concept)

    def _relate(self, index: int, concept: Concept) -> None:
        if self.denying == "list":
            self.denying = ""
        self._settle_waiting()
        thing = self._last(frozenset(("thing",)))
        subject = thing if thing is not None else self._last(_SOLID)
        self.relation = None if subject is None else (index, concept.name, subject)

    # Nouns

    def _name(self, index: int, token: Token, concept: Concept) -> None:
        mention = Mention(concept, index, token.weight, size=concept.size, tokens=[index])
        takes = concept.kind in NOUNS
        if takes:
            for at, adjective in self.waiting:
                if adjective.kind in ("style", "shade"):
                    mention.tokens.append(at)
                else:
                    self._attach(mention, at, adjective)
            self.waiting = []
        mention.tokens.sort()
        if self.denying in ("next", "and"):
            self._deny(mention)
            self.denying = "list" if takes or concept.kind == "style" else "next"
        else:
            self.denying = ""
            if takes:
                self._finish_relation(mention)
        self.found.append(mention)

    def _deny(self, mention: Mention) -> None:
        mention.denied = True
        if self.negation is not None:
            mention.tokens.insert(0, self.negation)
            self.negation = None

    def _finish_relation(self, mention: Mention) -> None:
        """Give a waiting relation its second noun, if it says more than the one its first noun has."""
        if self.relation is None or mention.kind not in _SOLID:
            return
        _, name, subject = self.relation
        self.relation = None
        if subject.denied or subject is mention:
            return
        if subject.to is None or _strength(name, mention) > _strength(subject.relation, subject.to):
            subject.relation, subject.to = name, mention

    # Looking around

    def _last(self, kinds: frozenset[str]) -> Mention | None:
        return next((m for m in reversed(self.found[-4:]) if m.kind in kinds and not m.denied), None)

    def _same_clause(self, first: int, second: int) -> bool:
        return self.tokens[first].clause == self.tokens[second].clause

    def _before(self, index: int) -> Mention | None:
        """The noun right before a token, with nothing but its own adjectives and "and" in between."""
        if not self.found or self.waiting:
            return None
        last = self.found[-1]
        if last.kind not in NOUNS or not self._same_clause(last.index, index):
            return None
        for at in range(last.index + 1, index):
            joins = self.tokens[at].kind == "join" and at - 1 in last.tokens and at - 1 != last.index
            if at not in last.tokens and not joins:
                return None
        return last

    def _copula(self, index: int) -> bool:
        """Whether only small words stand between the last noun and an adjective: "the house is red"."""
        if not self.found or self.found[-1].kind not in NOUNS:
            return False
        between = self.tokens[self.found[-1].index + 1 : index]
        return self._same_clause(self.found[-1].index, index) and all(token.function for token in between)

    def _noun_follows(self, index: int, unknown: int = _BETWEEN, far: bool = False) -> bool:
        """Whether an adjective's noun comes after it: past other adjectives, a few unknown words and "of"."""
        for at in range(index + 1, min(index + 7, len(self.tokens))):
            token = self.tokens[at]
            if not far and not self._same_clause(index, at):
                return False
            kinds = {concept.kind for concept in token.concepts}
            if kinds & NOUNS:
                return True
            if not kinds and not token.function:
                unknown -= 1
                if unknown < 0:
                    return False
            elif "join" in kinds:
                if not at + 1 < len(self.tokens) or self.tokens[at + 1].kind not in _QUALIFIERS:
                    return False
            elif not kinds & _QUALIFIERS and "style" not in kinds:
                of_number = token.form in ("of", "de") or (far and (token.function or "article" in kinds))
                if not of_number:
                    return False
        return False

    def _joined_to_colour(self, index: int) -> bool:
        """Whether a token is the second of two colours: "in blue and orange"."""
        if index < 2 or self.tokens[index - 1].kind != "join":
            return False
        return self.tokens[index - 2].kind == "colour" and self._same_clause(index - 2, index)

    def _list_goes_on(self, index: int) -> bool:
        """Whether a list after "without" goes on behind a comma: bare nouns up to a last one after "or"."""
        nouns, clause = 0, self.tokens[index].clause
        for token in self.tokens[index : index + _LIST]:
            if token.clause != clause:
                nouns, clause = 0, token.clause
            nouns += token.kind in NOUNS
            if token.kind == "join" and token.concept.name == "or":
                return nouns == 1
            if nouns > 1 or token.function or token.kind in ("relation", "negation", "article", "join"):
                return False
        return False


def _strength(relation: str, other: Mention) -> int:
    """Which of two relations of a thing says more: a reflection, then another thing, then a place."""
    return 3 if relation == "reflected" else 2 if other.kind == "thing" else 1
