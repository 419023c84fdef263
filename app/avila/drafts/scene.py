"""What a prompt means to the painter: a small frozen value that can be printed, compared and edited."""

import zlib
from dataclasses import dataclass, field, replace

from avila.drafts.words.naming import listed, name, titled
from avila.i18n import _


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase of the prompt and what the painter makes of it."""

    text: str  # as typed
    start: int  # index into the prompt
    end: int  # one past the last character
    known: bool
    meaning: str = ""  # what it was taken for, for people: "sea", "3 red boats", "no clouds"
    note: str = ""  # why it has no effect or another one: "misspelt", "sunset was stronger"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something put into the place: a red boat, three trees on the left, the moon over the house."""

    kind: str  # a `thing` of vocabulary.py
    count: int = 1  # 1 to 9
    colour: str = ""  # a `colour` of vocabulary.py
    size: str = ""  # big, small
    side: str = ""  # left, right, middle
    depth: str = ""  # near, far
    relation: str = ""  # on, over, under, beside, front, behind, in, reflected: of this thing to `to`
    to: str = ""  # the kind of another thing, or a place, backdrop or part


@dataclass(frozen=True, slots=True)
class Scene:
    """A decided scene; every name is one of vocabulary.py's concepts."""

    place: str = "meadow"  # what one stands in
    backdrop: str = ""  # another landscape that closes the view, or nothing
    time: str = "day"  # dawn morning day noon golden sunset dusk night
    weather: str = "fair"  # clear fair cloudy overcast rain storm snowfall fog mist
    clouds: str = ""  # cumulus cirrus stratus mackerel thunder; "" is the weather's own kind
    season: str = "summer"  # spring summer autumn winter
    moon: str = "full"  # full gibbous half crescent new: its phase where it is to be seen
    things: tuple[Thing, ...] = ()
    colours: tuple[tuple[str, str], ...] = ()  # (part or place, colour); "" is the whole picture
    styles: tuple[str, ...] = ()
    without: tuple[str, ...] = ()  # concepts that were asked not to be there
    salt: int = 0  # 32 bits; composition of a prompt without a known word, and `vary`'s mark
    vary: float = 0.0  # 0 to 1: how far `vary` has moved the details
    words: tuple[Word, ...] = field(default=(), compare=False)

    def has(self, kind: str) -> bool:
        """Whether such a thing is in the scene."""
        return any(thing.kind == kind for thing in self.things)

    def count(self, kind: str) -> int:
        """How many of them; 0 when there are none."""
        return sum(thing.count for thing in self.things if thing.kind == kind)

    def colour(self, *concepts: str) -> str:
        """The colour asked for the first of `concepts` (parts, places or kinds of things), or ""."""
        wanted = dict(self.colours) | {thing.kind: thing.colour for thing in self.things if thing.colour}
        return next((wanted[concept] for concept in concepts if concept in wanted), "")

    def explain(self) -> str:
        """A few lines for people: each word that was understood, what became of it, and the rest."""
        lines: list[tuple[str, list[str]]] = [
            (_("Understood"), [f"“{word.text}”: {word.meaning}" for word in self.words if word.known]),
            (_("Different"), [f"“{word.text}”: {word.note}" for word in self.words if word.note]),
            (_("Not understood"), [f"“{word.text}”" for word in self.words if not word.known]),
            (_("Left out"), [name(concept) for concept in self.without]),
            (_("Picture"), self._summary()),
        ]
        return "\n".join(f"{title}: {listed(texts)}" for title, texts in lines if texts)

    def _summary(self) -> list[str]:
        """What the scene is, said or not."""
        once = [
            ("place", self.place),
            ("backdrop", self.backdrop),
            ("time", self.time),
            ("weather", self.weather),
            ("clouds", self.clouds),
            ("season", self.season),
        ]
        once += [("style", style) for style in self.styles]
        texts = [titled(kind, name(concept, kind)) for kind, concept in once if concept]
        return texts + [name(kind, "thing") for kind in dict.fromkeys(thing.kind for thing in self.things)]


def vary(scene: Scene, amount: float, seed: int = 0) -> Scene:
    """The same meaning with its details moved: a little at amounts near 0, much at 1; not at all at 0."""
    amount = min(max(amount, 0.0), 1.0)
    if not amount:
        return scene
    return replace(scene, vary=amount, salt=zlib.crc32(f"{scene.salt} {seed}".encode()))
