"""What pictures say of their making: A1111 text, our JSON, PNG, JPEG and WebP."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from avila.gallery import metadata
from avila.gallery.metadata import parameters_text, parse_parameters, read, save_picture
from avila.generation import LARGEST_SEED, GenerationRequest, Lora

CREATED = datetime(2026, 11, 23, 18, 42, 5, 123456, tzinfo=UTC)
REQUEST = GenerationRequest(
    prompt="a lighthouse at dusk",
    negative_prompt="blurry",
    backend="diffusers",
    model="sd1/dream.v8.safetensors",
    width=512,
    height=768,
    steps=25,
    cfg_scale=7.5,
    sampler="DPM++ 2M Karras",
    seed=1234,
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
REQUESTS = st.builds(
    GenerationRequest,
    prompt=TEXTS,
    negative_prompt=TEXTS,
    backend=st.sampled_from(["procedural", "diffusers"]),
    model=st.sampled_from(["", "a.safetensors", "familia/ação, 2: b", "~/models/x"]),
    width=st.integers(1, 8192),
    height=st.integers(1, 8192),
    steps=st.integers(1, 1000),
    cfg_scale=st.floats(0, 100),
    sampler=st.sampled_from(["Euler a", "DPM++ 2M", "DPM++ 2M Karras", "LCM"]),
    seed=st.integers(0, LARGEST_SEED),
    follow_draft=st.integers(0, 100),
    vae_tiling=st.booleans(),
    precision=st.sampled_from(["", "float32", "bfloat16", "float16"]),
    refiner=st.sampled_from(["", "sd_xl_refiner_1.0", "refiner, two: b"]),
    refiner_start=st.floats(0, 1),
    ema=st.booleans(),
)


def picture() -> Image.Image:
    return Image.new("RGB", (16, 24), (200, 120, 40))


def write_png(path: Path, **texts: str) -> Path:
    chunks = PngInfo()
    for key, value in texts.items():
        chunks.add_text(key, value)
    picture().save(path, pnginfo=chunks)
    return path


def test_the_text_is_as_other_programs_write_it() -> None:
    assert parameters_text(REQUEST) == (
        "a lighthouse at dusk\n"
        "Negative prompt: blurry\n"
        "Steps: 25, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 1234, Size: 512x768, "
        "Model: dream.v8, Backend: diffusers, Version: Avila 0.1.0"
    )


def test_without_model_and_negative_there_are_still_enough_pairs() -> None:
    text = parameters_text(GenerationRequest(prompt="", seed=3))
    assert text == (
        "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 3, Size: 512x512, Backend: procedural, "
        "Version: Avila 0.1.0"
    )
    assert parse_parameters(text) == GenerationRequest(prompt="", seed=3)


def test_following_the_draft_is_told_in_our_words_and_theirs() -> None:
    text = parameters_text(replace(REQUEST, follow_draft=45))
    assert "Model: dream.v8, Follow draft: 45, Denoising strength: 0.55, Backend: diffusers" in text
    back = parse_parameters(text)
    assert back is not None
    assert back.follow_draft == 45


def test_how_memory_was_saved_is_told_and_read_back() -> None:
    text = parameters_text(replace(REQUEST, vae_tiling=True, precision="bfloat16"))
    assert "VAE tiling: True, Precision: bfloat16, Backend: diffusers" in text
    back = parse_parameters(text)
    assert back is not None
    assert (back.vae_tiling, back.precision) == (True, "bfloat16")
    foreign = parse_parameters(text.replace("Precision: bfloat16", "Precision: fp8"))
    assert foreign is not None
    assert foreign.precision == ""


def test_a_refiner_is_told_as_the_web_ui_does() -> None:
    refined = replace(REQUEST, refiner="xl/sd_xl_refiner_1.0.safetensors", refiner_start=0.75, ema=True)
    text = parameters_text(refined)
    assert "Refiner: sd_xl_refiner_1.0, Refiner switch at: 0.75, EMA: True, Backend" in text
    assert parse_parameters(text) == replace(refined, model="dream.v8", refiner="sd_xl_refiner_1.0")
    theirs = text.replace("refiner_1.0,", "refiner_1.0 [7440042bbd],")
    assert parse_parameters(theirs) == parse_parameters(text)
    for said, share in (("2", 0.8), ("nan", 0.8), ("x", 0.8), ("0", 0.0)):
        back = parse_parameters(text.replace("at: 0.75", f"at: {said}"))
        assert back is not None
        assert back.refiner_start == share


@given(REQUESTS)
def test_the_text_never_loses_its_parameter_line(request: GenerationRequest) -> None:
    back = parse_parameters(parameters_text(request))
    assert back is not None
    plain = ("backend", "width", "height", "steps", "cfg_scale", "sampler", "seed", "follow_draft")
    plain += ("vae_tiling", "precision")
    plain = ("backend", "width", "height", "steps", "cfg_scale", "sampler", "seed", "follow_draft", "refiner",
             "ema", *(["refiner_start"] if request.refiner else []))  # fmt: skip
    assert [getattr(back, name) for name in plain] == [getattr(request, name) for name in plain]


@given(st.text(st.characters(categories=["L", "N", "S", "P"]), min_size=1).filter(lambda t: ":" not in t))
def test_prompts_of_one_line_come_back(prompt: str) -> None:
    back = parse_parameters(parameters_text(replace(REQUEST, prompt=prompt)))
    assert back == replace(REQUEST, prompt=prompt, model="dream.v8")


@given(st.text(max_size=300))
def test_any_text_can_be_tried(text: str) -> None:
    parse_parameters(text)


def test_a_long_line_without_a_colon_takes_no_time() -> None:
    assert parse_parameters("word " * 20_000) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "masterpiece, (castle:1.2)\nsecond line\nNegative prompt: bad\nworse\n"
            "Steps: 30, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 640x448, Model hash: abc, "
            'Model: "odd, name", Lora hashes: "a: 123, b: 456", Version: v1.10.1',
            GenerationRequest(
                "masterpiece, (castle:1.2)\nsecond line",
                "bad\nworse",
                "diffusers",
                "odd, name",
                640,
                448,
                30,
                7.0,
                "Euler a",
                42,
            ),
            id="a1111",
        ),
        pytest.param(
            "x\nSteps: 8, Sampler: DPM++ 2M Karras, Seed: 1",
            GenerationRequest("x", backend="diffusers", steps=8, sampler="DPM++ 2M Karras", seed=1),
            id="old joint sampler name",
        ),
        pytest.param(
            "x\nSteps: 8, Sampler: Euler a, Schedule type: Automatic, Seed: 1",
            GenerationRequest("x", backend="diffusers", steps=8, seed=1),
            id="automatic schedule",
        ),
        pytest.param(
            "x\r\nSteps: many, Seed: 99999999999999999999999, Size: big, CFG scale: high",
            GenerationRequest("x", backend="diffusers"),
            id="unreadable values",
        ),
        pytest.param(
            "x\nSteps: 8, Sampler: Euler a, Denoising strength: 0.4, Seed: 1",
            GenerationRequest("x", backend="diffusers", steps=8, seed=1),
            id="made from a picture that is not our draft",
        ),
        pytest.param(
            "x\nSteps: 8, Sampler: Euler a, Follow draft: 101, Seed: 1",
            GenerationRequest("x", backend="diffusers", steps=8, seed=1),
            id="more than all of the draft",
        ),
        pytest.param("x\nSteps: 8, Seed: 1", None, id="two pairs"),
        pytest.param("", None, id="empty"),
        pytest.param('{"sui_image_params": {"prompt": "x", "seed": 1, "steps": 3}}', None, id="SwarmUI"),
    ],
)
def test_the_text_of_other_programs(text: str, expected: GenerationRequest | None) -> None:
    assert parse_parameters(text) == expected


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.JPEG", "a.webp"])
def test_every_format_gives_back_the_whole_request(tmp_path: Path, name: str) -> None:
    request = replace(REQUEST, prompt="coração 🌅 עברית\n\n(céu:1.2)", seed=LARGEST_SEED)
    save_picture(picture(), tmp_path / name, request, 12.3456, CREATED)
    assert read(tmp_path / name) == metadata.Metadata(request, 12.346, CREATED)
    with Image.open(tmp_path / name) as image:
        assert image.size == (16, 24)
        assert b"trainedAlgorithmicMedia" in image.info["xmp"]


@given(request=REQUESTS)
def test_any_request_comes_back_from_a_png(
    tmp_path_factory: pytest.TempPathFactory, request: GenerationRequest
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.png"
    save_picture(picture(), path, request, 1.0, CREATED)
    known = read(path)
    assert known is not None
    assert known.request == request


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_other_programs_find_the_text_in_jpeg_and_webp(tmp_path: Path, name: str) -> None:
    request = replace(REQUEST, prompt="coração")
    save_picture(picture(), tmp_path / name, request, 1.0, CREATED)
    with Image.open(tmp_path / name) as image:
        comment = image.getexif().get_ifd(0x8769)[0x9286]
    assert comment.startswith(b"UNICODE\0")
    assert comment[8:].decode("utf-16-be") == parameters_text(request)


def test_png_text_is_utf8_where_it_is_not_ascii(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    save_picture(picture(), path, replace(REQUEST, prompt="coração"), 1.0, CREATED)
    content = path.read_bytes()
    assert b"iTXtparameters\0\0\0\0\0" + "coração".encode() in content
    save_picture(picture(), path, REQUEST, 1.0, CREATED)
    assert b"tEXtparameters\0a lighthouse" in path.read_bytes()


def test_a_painted_picture_is_not_called_a_trained_models(tmp_path: Path) -> None:
    save_picture(picture(), tmp_path / "a.png", GenerationRequest("hills"), 1.0, CREATED)
    content = (tmp_path / "a.png").read_bytes()
    assert b"digitalsourcetype/algorithmicMedia" in content


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_half_surrogates_and_zero_bytes_do_no_harm(tmp_path: Path, name: str) -> None:
    save_picture(picture(), tmp_path / name, replace(REQUEST, prompt="a\ud800b\0c"), 1.0, CREATED)
    known = read(tmp_path / name)
    assert known is not None
    assert known.request.prompt == "a?b\0c"


@pytest.mark.parametrize("length", [10_000, 20_000])
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_very_long_prompts_fit(tmp_path: Path, name: str, length: int) -> None:
    request = replace(REQUEST, prompt="ção " * (length // 4), negative_prompt="n" * length)
    save_picture(picture(), tmp_path / name, request, 1.0, CREATED)
    known = read(tmp_path / name)
    assert known is not None
    assert known.request == request


def test_more_than_a_jpeg_can_hold_is_left_out_rather_than_failing(tmp_path: Path) -> None:
    save_picture(picture(), tmp_path / "a.jpg", replace(REQUEST, prompt="🌅" * 20_000), 1.0, CREATED)
    assert read(tmp_path / "a.jpg") is None


def test_pictures_of_other_programs_are_read(tmp_path: Path) -> None:
    text = "x\nSteps: 8, Sampler: LCM, Seed: 1"
    expected = GenerationRequest("x", backend="diffusers", steps=8, sampler="LCM", seed=1)
    known = read(write_png(tmp_path / "a.png", parameters=text))
    assert known == metadata.Metadata(expected)
    for number, comment in enumerate(
        (
            b"UNICODE\0" + text.encode("utf-16-le"),
            b"UNICODE\0" + b"\xff\xfe" + text.encode("utf-16-le"),
            b"ASCII\0\0\0" + text.encode(),
            text.encode(),
        )
    ):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = comment
        path = tmp_path / f"{number}.jpg"
        picture().save(path, exif=exif)
        known = read(path)
        assert known == metadata.Metadata(expected), comment


@pytest.mark.parametrize(
    "ours",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "{}",
        '{"request": []}',
        '{"request": {"prompt": 1}}',
        '{"request": {"prompt": "x"}, "seconds": "long"}',
        '{"request": {"prompt": "x"}, "created": "yesterday"}',
        "[" * 10_000,
    ],
)
def test_a_broken_record_of_ours_falls_back_to_the_text(tmp_path: Path, ours: str) -> None:
    path = write_png(tmp_path / "a.png", avila=ours, parameters="y\nSteps: 8, Sampler: LCM, Seed: 1")
    known = read(path)
    assert known is not None
    assert known.request.prompt == "y"


def test_a_newer_avilas_record_is_understood(tmp_path: Path) -> None:
    record = {"version": 2, "request": REQUEST.to_json() | {"strength": 0.5}, "new": 1}
    known = read(write_png(tmp_path / "a.png", avila=json.dumps(record)))
    assert known == metadata.Metadata(REQUEST)


def test_a_picture_that_says_nothing(tmp_path: Path) -> None:
    assert read(write_png(tmp_path / "a.png", Comment="hello")) is None


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n\x1a\n", b"not a picture", b"\xff\xd8\xff\xe1\xff\xff"]
)
def test_what_is_no_picture_is_an_os_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(OSError, match=r"."):
        read(tmp_path / "a.png")


def test_an_unknown_extension_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="gif"):
        save_picture(picture(), tmp_path / "a.gif", REQUEST, 1.0, CREATED)
    assert list(tmp_path.iterdir()) == []


def test_loras_and_the_vae_travel_in_both_records() -> None:
    request = GenerationRequest(
        "a cat",
        model="m.safetensors",
        vae="vae/x.safetensors",
        loras=(Lora("l/style.safetensors", 0.75), Lora("b")),
    )
    assert GenerationRequest.from_json(json.loads(json.dumps(request.to_json()))) == request
    text = metadata.parameters_text(request)
    assert text.startswith("a cat <lora:style:0.75> <lora:b:1>\n")
    read = metadata.parse_parameters(text)
    assert read is not None
    assert (read.prompt, read.vae) == ("a cat", "x")
    assert read.loras == (Lora("style", 0.75), Lora("b", 1.0))


def test_loras_in_a_prompt_of_others() -> None:
    text = "<lora:my style:nan>a <lora:x> dog<lora:y:0.5:lbw=MIDD>\nSteps: 5, Seed: 1, VAE: None"
    read = metadata.parse_parameters(text)
    assert read is not None
    assert read.prompt == "a dog"
    assert read.loras == (Lora("my style", 1.0), Lora("x", 1.0), Lora("y", 0.5))
    assert read.vae == ""


@pytest.mark.parametrize("loras", ["x", [1], [{"model": 1}], [{"model": "x", "weight": float("nan")}]])
def test_loras_that_are_none(loras: object) -> None:
    with pytest.raises(ValueError, match="loras"):
        GenerationRequest.from_json({"prompt": "", "loras": loras})


@pytest.mark.parametrize(
    ("said", "scale"), [("1, Distilled CFG Scale: 3.5", 3.5), ("7, Distilled CFG Scale: 3.5", 7)]
)
def test_forges_guidance_for_flux_is_the_one_there_is(said: str, scale: float) -> None:
    back = parse_parameters(f"a cat\nSteps: 20, Sampler: Euler, CFG scale: {said}, Seed: 1, Size: 64x64")
    assert back is not None
    assert back.cfg_scale == scale
