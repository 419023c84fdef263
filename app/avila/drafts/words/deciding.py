"""From mentions to a scene: what wins where the words disagree, and what is chosen where they say nothing."""

from dataclasses import replace

from avila.drafts.scene import Scene, Thing
from avila.drafts.words.grammar import Mention
from avila.drafts.words.placing import FLYING, default_scene, place_of
from avila.drafts.words.rivalry import RIVALS, denied_by, winner_of
from avila.drafts.words.vocabulary import KIND_OF, NAMES
from avila.i18n import _

MOST = 9  # of one kind of thing
MANY = 3  # what a plural without a number stands for
MOST_THINGS = 12  # entries of `Scene.things`
MOST_TINTS = 3  # colours of the whole picture
SPREAD = frozenset(("stars", "aurora", "grapes", "rainbow"))  # their plural is no number

_CONTAINERS = frozenset(
    ("vase", "bowl", "cup", "bottle", "boat", "rowboat", "ship", "car", "house", "tree", "flowers")
)
_OPEN = frozenset(
    ("sea", "lake", "river", "beach", "cliff", "island", "hills", "table", "volcano", "water", "roof",
     "ground", "grass", "snow", "snowfield", "street")
)  # fmt: skip
_TINTED = {"time": "sky", "moon": "moon", "weather": "sky", "season": "leaves"}  # "red sunset": a red sky


def decide(found: list[Mention], negative: frozenset[str]) -> Scene:
    """The scene of some mentions without what they or the negative prompt deny; notes go to the losers."""
    refused = negative | denied_by(found)
    for mention in found:
        if not mention.denied and (
            mention.name in negative or (mention.kind == "moon" and "moon" in negative)
        ):
            mention.note = _("removed by the negative prompt")
    said = [mention for mention in found if not mention.denied and not mention.note]
    if not said:
        return _without(default_scene(refused), refused)

    brought: dict[str, list[str]] = {}
    for mention in said:
        for concept in mention.concept.brings:
            if concept not in refused:
                brought.setdefault(KIND_OF[concept], []).append(concept)

    def one(kind: str) -> str:
        """The one name of a kind that a scene has once: said, else brought along, else ""."""
        winner = winner_of([mention for mention in said if mention.kind == kind])
        return winner.name if winner is not None else next(reversed(brought.get(kind, [])), "")

    time, weather, season, clouds, moon = map(one, ("time", "weather", "season", "clouds", "moon"))
    things = _things([mention for mention in said if mention.kind == "thing"], brought.get("thing", []))
    places = [mention for mention in said if mention.kind == "place"]
    kinds = {thing.kind for thing in things}
    place, backdrop = place_of(places, brought.get("place", []), kinds, (time, weather, season), refused)
    if place in ("sea", "lake", "river") and kinds == {"fish"} and "underwater" not in refused:
        place, backdrop = "underwater", ""  # where they can be seen
    if not time:
        misty = weather in ("fog", "mist") and place not in ("street", "city")
        usual = "morning" if misty else "night" if place == "space" else "day"
        time = _first((usual, "day", "golden", "night"), refused)
    return _without(
        Scene(
            place=place,
            backdrop=backdrop,
            time=time,
            weather=weather or _first(("fair", "clear"), refused),
            clouds=clouds,
            season=season or _first(("summer", "spring"), refused),
            moon=moon or "full",
            things=things,
            colours=_colours(said),
            styles=_styles([mention for mention in said if mention.kind == "style"]),
        ),
        refused,
    )


def _first(names: tuple[str, ...], refused: frozenset[str]) -> str:
    """The first that is not refused, or the last."""
    return next((name for name in names if name not in refused), names[-1])


def _without(scene: Scene, refused: frozenset[str]) -> Scene:
    """The scene with what was refused; a sky without clouds is clear."""
    if refused & {"clouds", "cloudy"} and scene.weather in ("fair", "cloudy", "overcast"):
        scene = replace(scene, weather="clear")
    if refused & {"clouds", scene.clouds}:
        scene = replace(scene, clouds="")
    return replace(scene, without=tuple(sorted(refused)))


def _styles(said: list[Mention]) -> tuple[str, ...]:
    """The styles in the order of the table, so that the order of the words does not matter."""
    lost: set[str] = set()
    for rivals in RIVALS:
        contest = [mention for mention in said if mention.name in rivals]
        winner = winner_of(contest)
        lost |= {mention.name for mention in contest if winner is not None and mention.name != winner.name}
    wanted = {mention.name for mention in said} - lost
    return tuple(style for kind, style in NAMES if kind == "style" and style in wanted)


def _things(said: list[Mention], brought: list[str]) -> tuple[Thing, ...]:
    """The things in the order of the prompt; a thing named again without a word about it is the same one."""
    things: list[Thing] = []
    for mention in said:
        thing = _thing(mention)
        plain = not (mention.count or mention.colour or mention.size or mention.side or mention.depth)
        at = next((at for at, known in enumerate(things) if _same(thing, known, plain)), len(things))
        if at < len(things):
            known = things[at]
            if thing.count > known.count:
                known = replace(known, count=thing.count)
            if thing.relation and not known.relation:
                known = replace(known, relation=thing.relation, to=thing.to)
            things[at] = known
        elif len(things) < MOST_THINGS:
            things.append(thing)
        else:
            mention.note = _("too many things")
    named = {thing.kind for thing in things}
    return (*things, *(Thing(kind) for kind in dict.fromkeys(brought) if kind not in named))


def _same(one: Thing, other: Thing, plain: bool) -> bool:
    """Whether two mentions are of one thing; a plain one has no word about it."""
    if one.kind != other.kind:
        return False
    return plain or (one.colour, one.size, one.side, one.depth) == (
        other.colour,
        other.size,
        other.side,
        other.depth,
    )


def _thing(mention: Mention) -> Thing:
    if mention.to is not None and (mention.to.denied or mention.to.note):
        mention.to, mention.relation = None, ""
    if mention.to is not None:
        mention.relation = _relation(mention, mention.to)
    return Thing(
        kind=mention.name,
        count=count_of(mention),
        colour=mention.colour,
        size=mention.size,
        side=mention.side,
        depth=mention.depth,
        relation=mention.relation,
        to=mention.to.name if mention.to is not None else "",
    )


def count_of(mention: Mention) -> int:
    """How many of a thing are painted."""
    return min(MOST, mention.count or (MANY if mention.concept.plural and mention.name not in SPREAD else 1))


def _relation(of: Mention, to: Mention) -> str:
    """One name for one meaning: languages divide "in", "on" and "over" differently."""
    if of.relation not in ("in", "on"):
        return of.relation
    flies = of.name in FLYING
    if to.kind == "thing":
        if of.relation == "on":
            return "over" if flies and of.name != "birds" else "on"
        return "in" if not of.concept.portuguese or to.name in _CONTAINERS else "on"
    if of.relation == "on" and (flies or of.name == "bridge"):
        return "over"
    return "on" if to.name in _OPEN else "in"


def _colours(said: list[Mention]) -> tuple[tuple[str, str], ...]:
    """The colours of places and parts, and under "" those of the whole picture; things have their own."""
    wanted: dict[str, Mention] = {}
    tints: dict[str, None] = {}
    for mention in said:
        if mention.kind == "colour":
            if len(tints) < MOST_TINTS:
                tints[mention.name] = None
        elif mention.colour and mention.kind != "thing":
            key = _TINTED.get(mention.kind, "clouds" if mention.kind == "clouds" else mention.name)
            if key not in wanted or mention.weight >= wanted[key].weight:
                wanted[key] = mention
    return (*(("", tint) for tint in tints), *sorted((key, m.colour) for key, m in wanted.items()))
