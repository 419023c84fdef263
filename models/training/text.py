"""Stage 3: the tokenizer and the text encoder.

The tokenizer is CLIP's kind of byte-pair encoding with merges learnt on the captions: words of the painter's
vocabulary become one or two tokens, and any other text is spelt out in bytes. The text encoder is first
trained to tell from a caption what its picture shows; the denoiser then trains it further.
"""

import json
import random
from collections.abc import Iterable

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import nn
from torch.nn import functional
from tqdm import tqdm
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from machine import device
from recipe import TOKENS, Recipe, Run
from render import load

START, END = "<|startoftext|>", "<|endoftext|>"
# CLIP's pattern: endings, runs of letters, single digits, runs of anything else.
PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
BATCH = 128  # captions
ASKED = ("place", "time", "weather", "season", "body", "thing", "colour", "count", "size", "second", "style")


def train_tokenizer(run: Run) -> CLIPTokenizer:
    """The tokenizer, trained on the captions unless it is there."""
    folder = run.path("tokenizer/vocab.json").parent
    if not (folder / "vocab.json").is_file():
        _shards, rows = load(run, "train", pixels=False)
        merges = _merges((caption for row in rows for caption in row["captions"]), run.recipe.words)
        characters = _byte_characters()
        words = [*characters, *(f"{character}</w>" for character in characters)]
        words += [*dict.fromkeys("".join(merge) for merge in merges), START, END]
        vocabulary = {word: number for number, word in enumerate(words)}
        lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
        settings = {"model_max_length": TOKENS, "tokenizer_class": "CLIPTokenizer", "bos_token": START,
                    "eos_token": END, "unk_token": END, "pad_token": END}  # fmt: skip
        (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
        (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")
    return CLIPTokenizer.from_pretrained(folder)


def _merges(captions: Iterable[str], count: int) -> list[tuple[str, str]]:
    """The `count` best pairs to merge, in order."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    split = pre_tokenizers.Split(Regex(PATTERN), behavior="removed", invert=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=512 + count,
        end_of_word_suffix="</w>",
        initial_alphabet=_byte_characters(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(captions, trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [tuple(merge) for merge in merges][:count]


def _byte_characters() -> list[str]:
    """The 256 characters that stand for bytes, in GPT-2's order: printable bytes first, then the rest."""
    printable = [byte for first, last in ("!~", "¡¬", "®ÿ") for byte in range(ord(first), ord(last) + 1)]
    return [chr(byte) for byte in printable] + [chr(256 + n) for n in range(256 - len(printable))]


def tokens(tokenizer: CLIPTokenizer, captions: list[str]) -> torch.Tensor:
    """Captions as (n, TOKENS) numbers of words, cut or filled up with the end mark."""
    found = tokenizer(captions, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt")
    return found.input_ids


def build(recipe: Recipe, tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """The untrained text encoder."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=recipe.text_width,
            intermediate_size=4 * recipe.text_width,
            projection_dim=recipe.text_width,
            num_hidden_layers=recipe.text_layers,
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def train_encoder(run: Run) -> None:
    """Pretrain the text encoder unless it is, and say how often it reads each attribute rightly."""
    done = run.path("text.done")
    tokenizer = train_tokenizer(run)
    if not done.is_file():
        done.write_text(_pretrain(run, tokenizer) + "\n")
    print("text encoder:", done.read_text().strip())


def _pretrain(run: Run, tokenizer: CLIPTokenizer) -> str:
    torch.manual_seed(run.recipe.seed)
    rng = random.Random(run.recipe.seed)
    train, test = (load(run, split, pixels=False)[1] for split in ("train", "test"))
    values = {name: sorted({str(row["spec"][name]) for row in train + test}) for name in ASKED}

    def answers(rows: list[dict]) -> torch.Tensor:  # type: ignore[type-arg]
        return torch.tensor([[values[name].index(str(row["spec"][name])) for name in ASKED] for row in rows])

    encoder = build(run.recipe, tokenizer).to(device()).train()
    heads = nn.ModuleList(nn.Linear(run.recipe.text_width, len(values[name])) for name in ASKED).to(device())
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.01)
    steps = run.recipe.text_steps
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps, pct_start=0.1)

    def said(rows: list[dict]) -> list[torch.Tensor]:  # type: ignore[type-arg]
        captions = [rng.choice(row["captions"]) for row in rows]
        pooled = encoder(tokens(tokenizer, captions).to(device())).pooler_output
        return [head(pooled) for head in heads]

    for _ in tqdm(range(steps), desc="text encoder", unit="batch", mininterval=10):
        rows = rng.choices(train, k=BATCH)
        wanted = answers(rows).to(device())
        loss = sum(functional.cross_entropy(each, wanted[:, at]) for at, each in enumerate(said(rows)))
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
    encoder.eval()
    with torch.no_grad():
        rows = test[:1000]
        wanted = answers(rows)
        right = [
            float((each.argmax(1).cpu() == wanted[:, at]).float().mean())
            for at, each in enumerate(said(rows))
        ]
    encoder.save_pretrained(run.path("text_encoder"))
    return ", ".join(f"{name} {share:.2f}" for name, share in zip(ASKED, right, strict=True))
