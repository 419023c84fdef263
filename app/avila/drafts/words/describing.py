"""What a mention is taken for, said to people."""

from functools import lru_cache

from avila.drafts.scene import Scene
from avila.drafts.words.deciding import MANY, count_of
from avila.drafts.words.grammar import Mention
from avila.drafts.words.naming import agreed, name, noun, placed, related, titled
from avila.drafts.words.tokens import Token
from avila.i18n import _, language

_LONE = ("number", "size", "side", "depth")


def described(mention: Mention, scene: Scene, tokens: list[Token]) -> tuple[str, str]:
    """The meaning and the note of a mention's word: "3 red boats" and "", "time: day" and "“night” ..."."""
    notes = [mention.note] if mention.note else []
    if mention.kind in _LONE and not notes:
        notes.append(_("belongs to nothing"))
    notes += [
        _("read as “{word}”").format(word=tokens[index].meant)
        for index in mention.tokens
        if tokens[index].meant
    ]
    return _meaning(mention, scene), "; ".join(notes)


def _meaning(mention: Mention, scene: Scene) -> str:
    concept, kind = mention.name, mention.kind
    if kind == "number":
        return titled(kind, concept)
    if kind == "place" and concept == scene.backdrop != scene.place:
        kind = "backdrop"
    count = count_of(mention) if kind == "thing" else 1
    several = mention.concept.plural if kind == "thing" else False
    to = (mention.to.kind, mention.to.name) if mention.to is not None and kind == "thing" else None
    adjectives = (mention.colour, mention.size if kind == "thing" else "")
    where = (mention.side, mention.depth, mention.relation) if kind == "thing" else ("", "", "")
    return _said(kind, concept, count, several, mention.denied, adjectives, where, to, language())


@lru_cache(maxsize=1024)
def _said(
    kind: str,
    concept: str,
    count: int,
    several: bool,
    denied: bool,
    adjectives: tuple[str, str],
    where: tuple[str, str, str],
    to: tuple[str, str] | None,
    _language: str,
) -> str:
    """The words for a concept with all that is said of it; a function of its own to be remembered."""
    shown = noun(concept, kind, MANY if several or concept == "stars" else count)
    if denied:
        return _("no {thing}").format(thing=shown)
    for adjective, adjective_kind in zip(adjectives, ("colour", "size"), strict=True):
        if adjective:
            agreeing = agreed(adjective, adjective_kind, concept, kind, count)
            shown = _("{adjective} {thing}").format(adjective=agreeing, thing=shown)
    if count > 1:
        shown = _("{count} {things}").format(count=count, things=shown)
    side, depth, relation = where
    for place in filter(None, (side, depth)):
        shown = placed(place, shown)
    if to is not None:
        shown = related(relation, shown, name(to[1], to[0]))
    return titled(kind, shown)
