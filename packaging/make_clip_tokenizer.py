"""Make resources/models/sd1/tokenizer/{vocab.json,merges.txt} from CLIP's published merges.

    python packaging/make_clip_tokenizer.py bpe_simple_vocab_16e6.txt.gz [FOLDER]

The input is the data file of OpenAI's CLIP (MIT licence); the open_clip_torch wheel carries it too, as
open_clip/bpe_simple_vocab_16e6.txt.gz. Its first line is a comment; CLIP uses the next 48,894 lines.
"""

import gzip
import json
import sys
from pathlib import Path

MERGES = 49152 - 256 - 2  # as in CLIP's simple_tokenizer.py
VOCABULARY = 49408


def byte_characters() -> list[str]:
    """The 256 characters that stand for bytes, in GPT-2's order: printable bytes first, then the rest."""
    ranges = ("!~", "¡¬", "®ÿ")
    printable = [byte for first, last in ranges for byte in range(ord(first), ord(last) + 1)]
    others = len(set(range(256)) - set(printable))
    return [chr(byte) for byte in printable] + [chr(256 + n) for n in range(others)]


def main(source: Path, folder: Path) -> None:
    lines = gzip.decompress(source.read_bytes()).decode("utf-8").split("\n")
    merges = lines[1 : MERGES + 1]
    characters = byte_characters()
    words = [*characters, *(character + "</w>" for character in characters)]
    words += ["".join(merge.split()) for merge in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    if len(vocabulary) != VOCABULARY:
        raise SystemExit(f"{source}: {len(vocabulary)} words instead of {VOCABULARY}")
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":"))
    (folder / "vocab.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    (folder / "merges.txt").write_text(
        "\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8", newline="\n"
    )


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    default = Path(__file__).parents[1] / "resources" / "models" / "sd1" / "tokenizer"
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else default)
