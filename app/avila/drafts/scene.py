"""What a prompt means to the painter: a small frozen value, printable and comparable."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase of the prompt, and whether the painter follows it."""

    text: str  # as typed
    start: int  # index into the prompt
    end: int  # one past the last character
    known: bool


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to be put into the place: a boat, three trees, the moon."""

    kind: str  # a `thing` of vocabulary.py
    count: int = 1


@dataclass(frozen=True, slots=True)
class Scene:
    """A decided scene; every name is one of vocabulary.py's concepts."""

    place: str = "meadow"  # the ground that the picture shows
    backdrop: str = ""  # what closes the view: mountains, hills, volcano, canyon, city, trees or nothing
    time: str = "day"  # dawn morning day golden sunset dusk night
    weather: str = "fair"  # clear fair cloudy storm rain snowfall fog
    season: str = "summer"  # spring summer autumn winter
    things: tuple[Thing, ...] = ()
    colours: tuple[tuple[str, str], ...] = ()  # (concept, colour); the concept "" is the whole picture
    styles: tuple[str, ...] = ()
    without: tuple[str, ...] = ()  # concepts that were asked not to be there
    salt: int = 0  # 32 bits made of the unknown words: steers palette and composition
    words: tuple[Word, ...] = ()

    def has(self, kind: str) -> bool:
        """Whether such a thing is in the scene."""
        return any(thing.kind == kind for thing in self.things)

    def count(self, kind: str) -> int:
        """How many of them; 0 when there are none."""
        return sum(thing.count for thing in self.things if thing.kind == kind)

    def colour(self, *concepts: str) -> str:
        """The colour asked for the first of `concepts` that has one, or ""."""
        wanted = dict(self.colours)
        return next((wanted[concept] for concept in concepts if concept in wanted), "")
