"""Words that contradict one another: the stronger wins, of equals the later, and the loser is told."""

from avila.drafts.words.grammar import Mention
from avila.drafts.words.naming import name
from avila.i18n import _

# What a name says already: "rain" beside "storm" is no contradiction, nor is "sea" beside "beach".
INCLUDES = {
    "beach": ("sea",), "cliff": ("sea", "beach"), "island": ("sea", "beach"), "harbour": ("sea", "village"),
    "waterfall": ("river",), "lake": ("meadow",), "river": ("meadow",), "street": ("village",),
    "table": ("room",), "village": ("meadow",), "snowfield": ("meadow",), "portrait": ("room",),
    "storm": ("rain", "cloudy", "overcast"), "rain": ("cloudy", "overcast"), "overcast": ("cloudy",),
    "snowfall": ("cloudy", "overcast"), "fog": ("mist", "cloudy", "overcast"), "mist": ("cloudy",),
    "morning": ("day",), "noon": ("day",), "dawn": ("morning", "day"), "golden": ("day",), "sunset": ("day",),
}  # fmt: skip
# Styles that cannot both be had; of several passes the picture gets one.
RIVALS = (
    ("watercolour", "oil", "ink", "pixel", "lowpoly", "line"),
    ("dark", "bright"),
    ("warm", "cold"),
    ("pastel", "vivid"),
    ("sepia", "monochrome", "vaporwave", "neon"),
)


def overruled(loser: Mention, winner: Mention) -> None:
    """Tell a word which other one it lost against."""
    shown = name(winner.name, winner.kind)
    if winner.denied:
        shown = _("no {thing}").format(thing=shown)
    if winner.weight > loser.weight:
        loser.note = _("“{winner}” is stronger").format(winner=shown)
    else:
        loser.note = _("“{winner}” comes later").format(winner=shown)


def winner_of(rivals: list[Mention]) -> Mention | None:
    """The strongest, or the last of those as strong; the losers that it does not include get a note."""
    names = {mention.name for mention in rivals}
    included = {part for name in names for part in INCLUDES.get(name, ())}
    strongest = max((mention.weight for mention in rivals), default=0.0)
    contest = [mention for mention in rivals if mention.weight == strongest]
    contest = [mention for mention in contest if mention.name not in included] or contest
    if not contest:
        return None
    winner = contest[-1]
    for mention in rivals:
        if mention.name != winner.name and mention.name not in INCLUDES.get(winner.name, ()):
            overruled(mention, winner)
    return winner


def denied_by(found: list[Mention]) -> frozenset[str]:
    """What a prompt denies; where it also asks for the same, the later or the stronger of the two wins."""
    last: dict[str, Mention] = {}
    for mention in found:
        rival = last.get(mention.name)
        if rival is not None and rival.denied != mention.denied:
            wins = mention.weight >= rival.weight
            overruled(*((rival, mention) if wins else (mention, rival)))
            if not wins:
                continue
        last[mention.name] = mention
    denied = {mention.name for mention in last.values() if mention.denied}
    return frozenset(
        denied | {"moon" for mention in last.values() if mention.denied and mention.kind == "moon"}
    )
