"""Where a scene is: the place among those that are named, brought along by things, or simply fitting."""

from avila.drafts.scene import Scene
from avila.drafts.words.grammar import Mention
from avila.drafts.words.naming import name
from avila.drafts.words.rivalry import winner_of
from avila.i18n import _

# Landscapes that can close the view behind another place; the first is the farthest.
CLOSING = ("mountains", "volcano", "canyon", "hills", "forest", "city")
# Foreground first, for a prompt of closing places only and for the homes of things.
_NEAREST = (
    "table", "room", "portrait", "abstract", "underwater", "space", "sky", "street", "cliff", "waterfall",
    "harbour", "island", "river", "beach", "sea", "lake", "desert", "village", "snowfield", "city", "forest",
    "canyon", "hills", "volcano", "mountains", "meadow",
)  # fmt: skip
_WATERSIDE = frozenset(("sea", "lake", "river", "cliff", "harbour"))  # homes that a backdrop does not replace
_CLOSED = frozenset(
    ("table", "street", "room", "underwater", "space")
)  # homes for a scene of such things only
STILL = frozenset(
    ("apple", "orange", "lemon", "pear", "cherry", "banana", "grapes", "cup", "bottle", "vase", "bowl",
     "book", "candle", "sphere", "cube", "cone", "cylinder")
)  # fmt: skip
_ANIMALS = frozenset(("cat", "dog", "horse", "deer", "cow", "sheep"))
FLYING = frozenset(
    (
        "sun",
        "moon",
        "stars",
        "aurora",
        "rainbow",
        "lightning",
        "planet",
        "birds",
        "balloon",
        "rocket",
        "airplane",
    )
)
_FITTING = {
    "sunset": ("sea", ""),
    "dawn": ("lake", "hills"),
    "night": ("lake", "mountains"),
    "dusk": ("lake", "hills"),
    "storm": ("sea", ""),
    "fog": ("forest", ""),
    "snowfall": ("forest", ""),
    "mist": ("lake", "forest"),
    "winter": ("meadow", "mountains"),
    "autumn": ("forest", ""),
    "spring": ("meadow", "hills"),
    "summer": ("meadow", "hills"),
}
# For prompts that say nothing of a place, and for those without a known word.
_CALM_PLACES = (
    ("lake", "mountains"),
    ("meadow", "hills"),
    ("sea", ""),
    ("hills", "mountains"),
    ("lake", "hills"),
)
_CALM_TIMES = ("golden", "day", "sunset", "morning", "dusk", "dawn")


def default_scene(refused: frozenset[str] = frozenset()) -> Scene:
    """The scene of an empty prompt, or of one that only says what it does not want."""
    place, backdrop = _allowed(refused, *_CALM_PLACES)
    time = next((time for time in _CALM_TIMES if time not in refused), "day")
    return Scene(place, backdrop, time, clouds="cumulus")


def aimless_scene(salt: int) -> Scene:
    """A calm scene for words that say nothing to us: the same words get the same one."""
    place, backdrop = _CALM_PLACES[salt % len(_CALM_PLACES)]
    return Scene(place, backdrop, _CALM_TIMES[salt // 8 % len(_CALM_TIMES)], clouds="cumulus", salt=salt)


def place_of(
    said: list[Mention], homes: list[str], kinds: set[str], mood: tuple[str, ...], refused: frozenset[str]
) -> tuple[str, str]:
    """What one stands in and what closes the view.

    `said` are the places of the prompt, `homes` those that its things bring along, `kinds` its things, and
    `mood` its time, weather and season where it says them.
    """
    winner = winner_of([m for m in said if m.name not in CLOSING])
    if winner is not None and winner.name == "portrait" and kinds & _ANIMALS:
        winner = None  # of an animal: it stands in its own place
    if winner is not None and winner.name == "table" and not kinds & STILL:
        winner = next((m for m in said if m.name == "room"), winner)  # a cat on the table of a room
    closing = [m for m in said if m.name in CLOSING]
    if winner is not None:
        place = winner.name
    elif closing:
        place = _home([h for h in homes if h in _WATERSIDE], kinds, closing) or _front(said, closing, homes)
    else:
        place = _home(homes, kinds, [])
    if not place:
        return _usual(kinds, mood, refused)
    behind = {m.name for m in closing} or set(homes if winner is None else ())
    backdrop = next((c for c in CLOSING if c in behind and c != place), "")
    if place == "street" and backdrop == "city":
        backdrop = ""  # it is the city
    for mention in closing:
        if mention.name not in (place, backdrop) and (place, mention.name) != ("street", "city"):
            mention.note = _("no room beside {place}").format(place=name(place, "place"))
    if place == "lake" and not backdrop and "winter" in mood and "mountains" not in refused:
        backdrop = "mountains"  # white upon white needs them
    return place, backdrop


def _front(said: list[Mention], closing: list[Mention], homes: list[str]) -> str:
    """The nearest of closing places; one that is said to be far or behind leaves the front to the others."""
    behind = {m.name for m in said if m.depth == "far" or m.relation == "behind"}
    behind |= {m.to.name for m in said if m.to is not None and m.relation == "front"}
    fronts = [m.name for m in closing if m.name not in behind]
    if not fronts and all(m.depth == "far" for m in closing):
        fronts = [home for home in homes if home not in _CLOSED] or ["meadow"]
    return min(fronts or [m.name for m in closing], key=_NEAREST.index)


def _home(homes: list[str], kinds: set[str], closing: list[Mention]) -> str:
    """The place that things bring along, if they do."""
    if kinds & STILL and not closing:
        return "room" if "chair" in kinds else "table"
    if "space" in homes and not set(homes) - {"space", "desert"}:
        return "space"
    place = min([h for h in homes if h not in _CLOSED] or homes, key=_NEAREST.index, default="")
    others = set(homes) - {"sea", "lake", "hills"} or {m.name for m in closing} - {"city", "volcano"}
    return "lake" if place == "sea" and others else place  # it has a shore for the rest, and mountains


def _usual(kinds: set[str], mood: tuple[str, ...], refused: frozenset[str]) -> tuple[str, str]:
    """The place for a prompt that names none: one where its time, weather or season looks best."""
    if kinds & FLYING and not kinds & {"moon", "sun", "lightning"}:
        wanted = ("meadow", "hills")
    else:
        wanted = next((_FITTING[word] for word in mood if word in _FITTING), _CALM_PLACES[0])
    return _allowed(refused, wanted, *_CALM_PLACES)


def _allowed(refused: frozenset[str], *choices: tuple[str, str]) -> tuple[str, str]:
    """The first place and backdrop of which nothing is refused."""
    return next((pair for pair in choices if not refused & set(pair)), ("meadow", ""))
