"""What a person means by a name, an id or an address, and which files that is."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avila.errors import AvilaError
from avila.library.hub import Plan, SeveralFiles, checked_name, checked_part, plan
from avila.library.web import Network
from tests.helpers.hub import COMMIT, Hosted, Hub, blob_id, hub, weights

MODEL = weights(1000)


@pytest.fixture(scope="module")
def server() -> Iterator[Hub]:
    with hub() as made:
        made.publish("org/one", {"model.safetensors": MODEL, "README.md": b"#"})
        made.publish("org/named", {"sub/real_name.safetensors": MODEL})
        made.publish("org/several", {"a.safetensors": MODEL, "b.gguf": MODEL, "c.bin": b""})
        made.publish("org/pickles", {"model.ckpt": b"", "config.json": b"{}"})
        made.publish("org/nothing", {"README.md": b"#"})
        yield made


def planned(server: Hub, text: str) -> Plan:
    return plan(text, Network(offline=False, hub=server.url))


def refused(server: Hub, text: str) -> AvilaError:
    with pytest.raises(AvilaError) as caught:
        planned(server, text)
    assert caught.value.explanation
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "org/one",
        " org/one\n",
        "huggingface.co/org/one",
        "https://huggingface.co/org/one",
        "https://hf.co/org/one/",
        "https://huggingface.co/org/one/tree/main?library=diffusers#files",
        "org/one/model.safetensors",
        "https://huggingface.co/org/one/blob/main/model.safetensors",
        "https://huggingface.co/org/one/resolve/main/model.safetensors?download=true",
    ],
)
def test_the_ways_to_name_a_model_on_the_hub(server: Hub, text: str) -> None:
    [file] = planned(server, text).files
    assert file.url == f"{server.url}/org/one/resolve/{COMMIT}/model.safetensors"
    assert file.name == "one.safetensors"  # "model" says nothing in a folder of models
    assert file.size == len(MODEL)
    assert len(file.digest) == 64


def test_a_file_with_a_name_of_its_own_keeps_it(server: Hub) -> None:
    [file] = planned(server, "org/named").files
    assert file.name == "real_name.safetensors"
    assert file.url.endswith("/sub/real_name.safetensors")


def test_a_revision_is_honoured(server: Hub) -> None:
    planned(server, "https://huggingface.co/org/one/blob/refs%2Fpr%2F1/model.safetensors")
    assert server.asked[-1].path == "/api/models/org/one/revision/refs/pr/1"


def test_several_models_are_told_with_their_sizes(server: Hub) -> None:
    error = refused(server, "org/several")
    assert "org/several/a.safetensors (0 MB)" in error.advice
    assert "org/several/b.gguf" in error.advice
    assert planned(server, "org/several/b.gguf").files[0].name == "b.gguf"


@pytest.mark.parametrize("text", ["org/pickles", "org/pickles/model.ckpt", "org/several/c.bin"])
def test_pickles_are_refused_with_the_reason(server: Hub, text: str) -> None:
    assert "can run any program" in refused(server, text).explanation


@pytest.mark.parametrize("name", ["a.ckpt", "a.PT", "a.pth", "a.bin", "a.pkl"])
def test_pickles_are_refused_before_anything_is_asked(server: Hub, name: str) -> None:
    server.asked.clear()
    assert "pickle" in refused(server, f"https://example.com/{name}?x=1").title
    assert server.asked == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sd-15", "sd15"),
        ("", "catalogue"),
        ("what is this", "catalogue"),
        ("org/", "ORG/NAME"),
        ("org/na me", "ORG/NAME"),
        ("../../etc/passwd", "ORG/NAME"),
        ("https://huggingface.co/org", "ORG/NAME"),
        ("https://huggingface.co/datasets/org/one", "ORG/NAME"),
        ("org/nothing", "no file"),
        ("org/several/a.safetensor", "org/several/a.safetensors"),
        ("org/none", "no such model"),
    ],
)
def test_what_is_no_model_is_told(server: Hub, text: str, words: str) -> None:
    assert words in str(refused(server, text))


@pytest.mark.parametrize(
    "text",
    ["http://example.com/m.safetensors", "https://", "https:///m.safetensors", "https://a:b:c/m.safetensors",
     "https://example.com:99999/m.safetensors", "HTTP://example.com/m.safetensors"],
)  # fmt: skip
def test_addresses_that_are_not_asked(server: Hub, text: str, tmp_path: Path) -> None:
    from avila.library.downloads import get

    with pytest.raises(AvilaError) as caught:
        get(text, tmp_path, Network(offline=False, hub=server.url), lambda _: None)
    assert "https" in caught.value.advice
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"[]", b"{}", b'{"sha": 3, "siblings": []}', b'{"sha": "main", "siblings": []}',
     json.dumps({"sha": COMMIT, "siblings": {"a": 1}}).encode(),
     json.dumps({"sha": COMMIT, "siblings": [{"name": "a"}]}).encode(), b"[" * 100_000],
)  # fmt: skip
def test_a_hub_that_answers_nonsense(server: Hub, answer: bytes) -> None:
    server.files["/api/models/org/odd/revision/main"] = Hosted(answer)
    assert "unexpected" in refused(server, "org/odd").title


def test_a_listing_without_sizes_and_hashes_still_serves(server: Hub) -> None:
    siblings = [{"rfilename": "x.safetensors"}]
    listing = json.dumps({"sha": COMMIT, "siblings": siblings}).encode()
    server.files["/api/models/org/bare/revision/main"] = Hosted(listing)
    [file] = planned(server, "org/bare").files
    assert (file.name, file.size, file.digest) == ("x.safetensors", 0, "")


@pytest.mark.parametrize(
    ("said", "licence", "gated"),
    [
        ({}, "", False),
        ({"gated": False, "cardData": {"license": "mit"}}, "mit", False),
        (
            {"gated": "auto", "cardData": {"license": "other", "license_name": "of-its-own"}},
            "of-its-own",
            True,
        ),
        ({"gated": "manual", "cardData": {"license": ["mit", "apache-2.0"]}}, "", True),
        ({"gated": 3, "cardData": "mit"}, "", False),
        ({"cardData": {"license": "a\nb"}}, "", False),
    ],
)
def test_licence_and_terms_are_known_before_anything_is_fetched(
    server: Hub, said: dict[str, object], licence: str, gated: bool
) -> None:
    server.publish("org/terms", {"terms.safetensors": MODEL}, **said)
    server.asked.clear()
    found = planned(server, "org/terms")
    assert (found.licence, found.gated) == (licence, gated)
    assert (found.name, found.hashed, found.page) == ("terms.safetensors", True, f"{server.url}/org/terms")
    assert [asked.path for asked in server.asked] == ["/api/models/org/terms/revision/main"]


def test_several_models_can_be_chosen_from(server: Hub) -> None:
    error = refused(server, "org/several")
    assert isinstance(error, SeveralFiles)
    assert error.choices == (
        ("org/several/a.safetensors", len(MODEL)),
        ("org/several/b.gguf", len(MODEL)),
    )
    for source, _size in error.choices:
        assert planned(server, source).name == source.rpartition("/")[2]


# diffusers folders


def chosen(server: Hub, *names: str) -> dict[str, str]:
    """What is fetched of a diffusers repository with these files: the name there and here."""
    common = {"model_index.json": b"{}", "scheduler/scheduler_config.json": b"{}"}
    server.publish("org/folder", common | {name: name.encode() for name in names})
    found = planned(server, "org/folder")
    assert found.folder == "folder"
    for file in found.files:
        content = common.get(file.name)
        assert content is None or file.digest == blob_id(content)
    start = f"{server.url}/org/folder/resolve/{COMMIT}/"
    pairs = {file.url.removeprefix(start): file.name for file in found.files}
    return {there: here for there, here in pairs.items() if there not in common}


def test_only_what_is_needed(server: Hub) -> None:
    needed = [
        "unet/config.json", "unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors",
        "tokenizer/vocab.json", "tokenizer/merges.txt", "tokenizer_2/spiece.model", "avila.json",
    ]  # fmt: skip
    needless = [
        "README.md", "v1-5-pruned.safetensors", "unet/diffusion_pytorch_model.bin", "unet/flax_model.msgpack",
        "safety_checker/model.safetensors", "feature_extractor/preprocessor_config.json", "unet/model.onnx",
        "unet/deep/diffusion_pytorch_model.safetensors", "vae_1_0/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.non_ema.safetensors",
    ]  # fmt: skip
    assert chosen(server, *needed, *needless) == {name: name for name in needed}


def test_half_precision_is_chosen_and_takes_the_plain_name(server: Hub) -> None:
    found = chosen(
        server,
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "text_encoder/model.fp16.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    )
    assert found == {
        "unet/diffusion_pytorch_model.fp16.safetensors": "unet/diffusion_pytorch_model.safetensors",
        "text_encoder/model.fp16.safetensors": "text_encoder/model.safetensors",
        "vae/diffusion_pytorch_model.safetensors": "vae/diffusion_pytorch_model.safetensors",
    }


def test_weights_in_several_files_come_with_their_index(server: Hub) -> None:
    names = [
        "transformer/diffusion_pytorch_model-00001-of-00002.safetensors",
        "transformer/diffusion_pytorch_model-00002-of-00002.safetensors",
        "transformer/diffusion_pytorch_model.safetensors.index.json",
    ]
    more = ["transformer/diffusion_pytorch_model.fp16-00001-of-00001.safetensors"]
    assert chosen(server, *names, *more) == {name: name for name in names}


def test_a_folder_with_pickles_only(server: Hub) -> None:
    server.publish("org/folder", {"model_index.json": b"{}", "unet/diffusion_pytorch_model.bin": b""})
    assert "pickle" in refused(server, "org/folder").title
    server.publish("org/folder", {"model_index.json": b"{}"})
    assert "no model" in refused(server, "org/folder").title


def test_a_hub_cannot_choose_a_harmful_name(server: Hub) -> None:
    for name in ("unet/..safetensors", "tokenizer/CON.json", "tokenizer/a:b.json", "tokenizer/..\\x.json"):
        server.publish("org/folder", {"model_index.json": b"{}", "vae/model.safetensors": b"", name: b""})
        try:
            names = [file.name for file in planned(server, "org/folder").files]
        except AvilaError:
            continue  # refused as a whole
        assert name not in names


# names


@given(st.text(max_size=260) | st.from_regex(r"[ .A-Za-z0-9:/\\]{1,20}\.safetensors", fullmatch=True))
def test_a_name_that_passes_stays_in_its_folder(name: str) -> None:
    folder = Path("/models").resolve()
    for check in (checked_part, checked_name):
        try:
            passed = check(name)
        except AvilaError:
            continue
        assert passed == name
        assert (folder / passed).resolve().parent == folder
        assert len(passed.encode()) <= 200
        assert passed == passed.strip(" .")


@pytest.mark.parametrize(
    "name", ["modelo ção.safetensors", "Flux.1-dev_Q4.gguf", "console.safetensors", "模型.GGUF"]
)
def test_usual_names_pass(name: str) -> None:
    assert checked_name(name) == name
