"""LoRAs named in a prompt as in AUTOMATIC1111's web UI: "a castle <lora:ink:0.8>"."""

import math
import re
from dataclasses import dataclass

from avila.generation import Lora

# A second weight (for the text encoder) and what extensions write behind it are passed over.
# Looking behind keeps a long run of blanks from being tried from each of them.
_TAG = re.compile(
    r"(?<![ \t])[ \t]*<lora:([^:<>\n]{1,200})(?::([^:<>\n]{0,20}))?[^<>\n]{0,100}>", re.IGNORECASE
)

_COMMA = re.compile(r"[ \t]*,")


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag: the LoRA it names (as written), and where it stands with what only it needs around it."""

    lora: Lora
    start: int  # characters of the prompt, from the blanks before it
    end: int  # behind the comma after it, where another comma or nothing is before it


def tags(prompt: str) -> list[Tag]:
    """All tags, from the first; a weight that is absent or no number is 1."""
    found: list[Tag] = []
    last, end = "", 0  # the last character kept that is no blank
    for match in _TAG.finditer(prompt):
        last = prompt[end : match.start()].rstrip()[-1:] or last
        end = match.end()
        comma = _COMMA.match(prompt, end)
        if comma and last in ("", ","):
            end = comma.end()
        found.append(Tag(Lora(match[1].strip(), _weight(match[2])), match.start(), end))
    return found


def without_tags(prompt: str) -> tuple[str, tuple[Lora, ...]]:
    """The prompt without its tags, and the LoRAs they name."""
    found = tags(prompt)
    if not found:
        return prompt, ()
    ends = [0, *(tag.end for tag in found)]
    starts = [*(tag.start for tag in found), len(prompt)]
    kept = "".join(prompt[end:start] for end, start in zip(ends, starts, strict=True))
    return kept.strip(), tuple(tag.lora for tag in found)


def _weight(text: str | None) -> float:
    try:
        weight = float(text or 1)
    except ValueError:
        return 1.0
    return weight if math.isfinite(weight) else 1.0
