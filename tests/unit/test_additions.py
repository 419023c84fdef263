"""LoRAs and VAEs by name and by tag, which of them fit a model, and what their makers advise."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avila.errors import AvilaError
from avila.generation import GenerationRequest, Lora
from avila.library.additions import Advice, advice, family_name, misfit, with_additions
from avila.library.models import Library
from avila.lora_tags import tags, without_tags
from tests.helpers.additions import write_embedding, write_lora, write_vae
from tests.helpers.checkpoints import write_tiny_checkpoint

ASKED = GenerationRequest("a hill", backend="diffusers", model="sd1.safetensors")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    write_tiny_checkpoint(tmp_path / "sd1.safetensors")
    write_lora(tmp_path / "Lora" / "Ink wash v1.5.safetensors")
    write_lora(tmp_path / "Lora" / "big.safetensors", "sdxl")
    write_lora(tmp_path / "Lora" / "odd.safetensors", "?")
    write_vae(tmp_path / "VAE" / "bright.safetensors")
    write_embedding(tmp_path / "embeddings" / "bad hands.safetensors")
    return Library([tmp_path])


INK = "Lora/Ink wash v1.5.safetensors"


def test_tags_are_taken_out_with_the_blanks_before_them() -> None:
    prompt = "a cat <lora:ink:0.8>, <LoRA:a b:-1.5:lbw=X> sitting\n<lora:c><lora::1> <lyco:d:1> 3 < 4"
    assert without_tags(prompt) == (
        "a cat, sitting\n<lora::1> <lyco:d:1> 3 < 4",
        (Lora("ink", 0.8), Lora("a b", -1.5), Lora("c")),
    )
    assert [prompt[tag.start : tag.end] for tag in tags(prompt)][:2] == [
        " <lora:ink:0.8>",
        " <LoRA:a b:-1.5:lbw=X>",
    ]
    assert without_tags("cat, <lora:a>, <lora:b> <lora:c>, dog")[0] == "cat, dog"
    assert without_tags("<lora:a>, dog <lora:b>, owl")[0] == "dog, owl"
    assert without_tags("  no tag ") == ("  no tag ", ())


@given(
    st.lists(st.sampled_from(["<lora:a:0.5>", "<lora:b>", "<lora:", ">", ",", " ", "\n", "cat", ":", "<"]))
)
def test_whatever_is_written_only_tags_go(parts: list[str]) -> None:
    prompt = "".join(parts)
    found = tags(prompt)
    places = [place for tag in found for place in (tag.start, tag.end)]
    assert places == sorted(places)
    kept, loras = without_tags(prompt)
    assert loras == tuple(tag.lora for tag in found)
    gone = "".join(prompt[tag.start : tag.end] for tag in found)
    assert kept.count("cat") + gone.count("cat") == prompt.count("cat")
    assert gone.count("<lora:") == len(found)


def test_a_million_blanks_or_tags_take_no_minutes() -> None:
    assert without_tags(" " * 1_000_000 + "x")[1] == ()
    kept, loras = without_tags("<lora:a>, " * 100_000)
    assert (kept, len(loras)) == ("", 100_000)


@pytest.mark.parametrize("weight", ["", "x", "nan", "inf", "1e999"])
def test_a_weight_that_is_none_is_one(weight: str) -> None:
    assert tags(f"<lora:a:{weight}>")[0].lora == Lora("a", 1.0)


def test_names_become_references(library: Library) -> None:
    asked = GenerationRequest(
        "a hill <lora:ink wash V1.5:0.7> at dawn", model="sd1", backend="diffusers", vae="bright"
    )
    found = with_additions(library, asked)
    assert (found.prompt, found.loras) == ("a hill at dawn", (Lora(INK, 0.7),))
    assert found.vae == "VAE/bright.safetensors"
    assert with_additions(library, found) == found


def test_the_name_it_was_trained_under_will_do(library: Library, tmp_path: Path) -> None:
    write_lora(tmp_path / "renamed.safetensors", ss_output_name="add_Detail")
    asked = replace(ASKED, prompt="x <lora:add_detail:0.5>")
    assert with_additions(library, asked).loras == (Lora("renamed.safetensors", 0.5),)
    write_lora(tmp_path / "add_detail.safetensors")
    assert with_additions(library, asked).loras == (Lora("add_detail.safetensors", 0.5),)


def test_a_tag_counts_more_than_the_same_lora_before(library: Library) -> None:
    asked = GenerationRequest(
        "x <lora:Ink wash v1.5:0.2>", model="sd1", loras=(Lora(INK, 1.0), Lora("odd", 0.5))
    )
    assert with_additions(library, asked).loras == (Lora("Lora/odd.safetensors", 0.5), Lora(INK, 0.2))
    twice = replace(ASKED, loras=(Lora(INK, 0.2), Lora(INK, 0.3)))
    assert with_additions(library, twice).loras == twice.loras


def test_the_painter_keeps_its_prompt(library: Library) -> None:
    asked = GenerationRequest("a hill <lora:nothing:1>")
    assert with_additions(library, asked) == asked


@pytest.mark.parametrize(
    ("prompt", "title", "said"),
    [
        ("<lora:ink wash>", "LoRA not found", "Did you mean “Ink wash v1.5”?"),
        ("<lora:INK WSH V1.5>", "LoRA not found", "Did you mean “Ink wash v1.5”?"),
        ("<lora:bid>", "LoRA not found", "Did you mean “big”?"),
        ("<lora:zzz>", "LoRA not found", "Choose one of: big, Ink wash v1.5, odd."),
        ("<lora:big:1>", "“big” does not fit this model", "Made for SDXL, and this model is SD 1.x."),
        ("<lora:bright>", "“bright” is not a LoRA", "It is a VAE"),
        ("<lora:sd1>", "“sd1” is not a LoRA", "a model of its own"),
    ],
)
def test_what_cannot_be_added_is_told(library: Library, prompt: str, title: str, said: str) -> None:
    with pytest.raises(AvilaError) as caught:
        with_additions(library, replace(ASKED, prompt=f"a hill {prompt}"))
    assert caught.value.title == title
    assert said in f"{caught.value.explanation} {caught.value.advice}"
    assert caught.value.advice


def test_a_damaged_file_is_told(library: Library, tmp_path: Path) -> None:
    path = tmp_path / INK
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(AvilaError) as caught:
        with_additions(library, replace(ASKED, loras=(Lora(INK),)))
    assert caught.value.title == f"“{INK}” cannot be used"
    assert "damaged" in caught.value.explanation


def test_several_near_names_and_none_at_all(library: Library, tmp_path: Path) -> None:
    write_lora(tmp_path / "bigger.safetensors")
    with pytest.raises(AvilaError) as caught:
        library.find("bigge", "lora")
    assert caught.value.advice == "Did you mean one of these: bigger, big?"
    with pytest.raises(AvilaError, match="VAE not found"):
        library.find("dark", "vae")
    alone = tmp_path / "alone"
    alone.mkdir()
    with pytest.raises(AvilaError) as caught:
        Library([alone]).find("ink", "lora")
    assert caught.value.advice == f"Put it (.safetensors) into {alone}."


def test_a_vae_that_is_a_lora_is_told(library: Library) -> None:
    with pytest.raises(AvilaError, match="not a VAE"):
        with_additions(library, GenerationRequest("x", model="sd1", vae="odd"))


def test_only_a_known_other_family_does_not_fit(library: Library) -> None:
    model = library.find("sd1")
    assert misfit(library.find("big", "lora"), model) == "Made for SDXL, and this model is SD 1.x."
    assert misfit(library.find("big", "lora"), None) == ""
    assert misfit(library.find("odd", "lora"), model) == ""
    assert misfit(library.find(INK, "lora"), model) == ""
    assert family_name("new") == "NEW"


def test_advice_comes_from_the_files_beside_it(library: Library, tmp_path: Path) -> None:
    lora = library.find("odd", "lora")
    assert advice(lora) == Advice()
    beside = lora.path.with_suffix(".civitai.info")
    beside.write_text(json.dumps({"trainedWords": ["ink wash, brush", 7, "ink wash, brush", "paper"]}))
    assert advice(lora).words == ("ink wash, brush", "paper")
    lora.path.with_suffix(".json").write_text(
        json.dumps({"preferred weight": 0.6, "activation text": "sumi, ink  wash , ", "notes": "x"})
    )
    assert advice(lora) == Advice(0.6, ("sumi", "ink wash"))


@pytest.mark.parametrize(
    "content",
    [b"", b"[1]", b"\xff", b"{" * 5000, b'{"preferred weight": 0}', b'{"preferred weight": true}',
     b'{"preferred weight": NaN}', b'{"preferred weight": 1e9, "activation text": 3}'],
)  # fmt: skip
def test_damaged_advice_is_none(library: Library, content: bytes) -> None:
    lora = library.find("odd", "lora")
    lora.path.with_suffix(".json").write_bytes(content)
    lora.path.with_suffix(".civitai.info").write_bytes(content)
    assert advice(lora) == Advice()


def test_the_header_tells_words_where_nothing_else_does(tmp_path: Path) -> None:
    write_lora(tmp_path / "a.safetensors", **{"modelspec.trigger_phrase": "ohwx man"})
    lora = Library([tmp_path]).find("a", "lora")
    assert advice(lora) == Advice(1.0, ("ohwx man",))
