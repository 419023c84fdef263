"""Checkpoints that were distilled to a few steps, told by the words of their title or their name.

Nothing in the weights says it. Makers name them so: "sd_xl_turbo_1.0", "dreamshaperXL_lightningDPMSDE",
"sdxl_lightning_4step", "juggernautXL_v9Hyper", "LCM_Dreamshaper_v7".
"""

import re

VARIANTS = ("turbo", "lightning", "lcm", "hyper")
MOST_STEPS = 8
_WORDS = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])|[^A-Za-z0-9]+"
)  # also where camelCase begins a word
_STEPS = re.compile(r"(\d)[ _-]?steps?(?![a-z])", re.IGNORECASE)


def distilled(text: str) -> str:
    """The one of VARIANTS that a title or a name tells; "" for the usual kind of model."""
    words = [word.lower() for word in _WORDS.split(text)]
    for place, word in enumerate(words):
        realistic = word == "hyper" and "".join(words[place + 1 : place + 2]).startswith("real")
        if word in VARIANTS and not realistic:
            return word
    return ""


def steps(text: str, usual: int) -> int:
    """How many steps a name asks for ("4step", "8-steps"), 1 to MOST_STEPS; `usual` when it does not say."""
    told = _STEPS.search(text)
    return int(told[1]) if told and 1 <= int(told[1]) <= MOST_STEPS else usual
