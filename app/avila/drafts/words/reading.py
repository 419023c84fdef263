"""From words to a scene: find the known words, join them to phrases, decide what the picture shows."""

import zlib
from dataclasses import replace

from avila.drafts.scene import Scene, Word
from avila.drafts.words.deciding import decide
from avila.drafts.words.describing import described
from avila.drafts.words.grammar import Mention, mentions
from avila.drafts.words.placing import aimless_scene, default_scene
from avila.drafts.words.tokens import Token, tokens


def read(prompt: str, negative_prompt: str = "") -> Scene:
    """Decide the scene of a prompt in English or Portuguese; any text will do, the empty one too."""
    found = tokens(prompt)
    named = mentions(found)
    negative = frozenset(mention.name for mention in mentions(tokens(negative_prompt)))
    if not found and not negative:
        return default_scene()
    if found and not named:
        unknown = " ".join(token.form for token in found)
        scene = aimless_scene(zlib.crc32(unknown.encode("utf-8", "surrogatepass")))
        scene = replace(scene, without=tuple(sorted(negative)))
    else:
        scene = decide(named, negative)
    return replace(scene, words=_words(prompt, found, named, scene))


def _words(prompt: str, found: list[Token], named: list[Mention], scene: Scene) -> tuple[Word, ...]:
    """The words that are understood, a noun with its adjectives in one, and those that are not."""
    owners: dict[int, Mention] = {index: mention for mention in named for index in mention.tokens}
    words: list[Word] = []
    index = 0
    while index < len(found):
        token, owner = found[index], owners.get(index)
        if owner is None:
            if not token.concepts and not token.function:
                words.append(
                    Word(token.form and prompt[token.start : token.end], token.start, token.end, False)
                )
            index += 1
            continue
        last = index
        for at in range(index + 1, min(index + 9, len(found))):
            if not prompt[found[at - 1].end : found[at].start].isspace():
                break
            if owners.get(at) is owner:
                last = at
            elif at in owners or not (found[at].function or found[at].concepts):
                break
        meaning, note = described(owner, scene, found)
        words.append(
            Word(prompt[token.start : found[last].end], token.start, found[last].end, True, meaning, note)
        )
        index = last + 1
    return tuple(words)
