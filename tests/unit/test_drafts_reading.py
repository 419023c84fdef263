"""Reading prompts: which words are known, where they stand, and what scene they make."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avila.drafts import Scene, read
from avila.drafts.scene import Thing


def known(prompt: str) -> list[str]:
    return [word.text for word in read(prompt).words if word.known]


def unknown(prompt: str) -> list[str]:
    return [word.text for word in read(prompt).words if not word.known]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("mountains at sunset", {"backdrop": "mountains", "time": "sunset"}),
        ("montanhas ao pôr do sol", {"backdrop": "mountains", "time": "sunset"}),
        ("MONTANHAS AO POR DO SOL", {"backdrop": "mountains", "time": "sunset"}),
        ("lake in the mountains", {"place": "lake", "backdrop": "mountains"}),
        ("um lago nas montanhas", {"place": "lake", "backdrop": "mountains"}),
        ("forest in fog", {"place": "forest", "weather": "fog"}),
        ("floresta com neblina", {"place": "forest", "weather": "fog"}),
        ("lighthouse", {"place": "cliff"}),
        ("farol no penhasco, tempestade", {"place": "cliff", "weather": "storm"}),
        ("storm clouds over the sea", {"place": "sea", "weather": "storm"}),
        ("autumn trees", {"season": "autumn", "place": "meadow"}),
        ("snowfall in the city", {"weather": "snowfall", "season": "winter", "place": "city"}),
        ("city by the sea", {"place": "sea", "backdrop": "city"}),
        ("golden hour, wheat field", {"time": "golden", "place": "meadow"}),
        ("two apples", {"place": "table", "things": (Thing("apple", 2),)}),
        ("flowers in a vase", {"place": "table"}),
        ("três barcos no mar", {"place": "sea", "things": (Thing("boat", 3),)}),
        ("barquinhos", {"things": (Thing("boat", 3),)}),
        ("camping under the stars", {"time": "night"}),
        ("Saturn", {"place": "space"}),
        ("castle on a hill", {"place": "meadow", "backdrop": "hills"}),
        ("castle", {"place": "meadow", "backdrop": "hills"}),
    ],
)
def test_scenes(prompt: str, expected: dict[str, object]) -> None:
    scene = read(prompt)
    assert {name: getattr(scene, name) for name in expected} == expected


def test_words_come_in_order_with_their_places() -> None:
    prompt = "lighthouse on a cliff at (sunset:1.2), storm clouds, brooding, <style:painterly>"
    words = read(prompt).words
    assert [(word.text, word.known) for word in words] == [
        ("lighthouse", True),
        ("cliff", True),
        ("sunset", True),
        ("storm clouds", True),
        ("brooding", False),
    ]
    assert all(prompt[word.start : word.end] == word.text for word in words)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("((sunset:1.35)) <lora:sea:0.8> [lake]", ["sunset", "lake"]),
        (r"boat \(sail\)", ["boat", "sail"]),
        ("(beach), [forest:0.5], {meadow}", ["beach", "forest", "meadow"]),
        ("golden hour", ["golden hour"]),
        ("pôr do sol", ["pôr do sol"]),
        ("po\u0302r do sol", ["po\u0302r do sol"]),
        ("sea < lake", ["sea", "lake"]),
    ],
)
def test_prompt_syntax_does_not_confuse(prompt: str, words: list[str]) -> None:
    assert known(prompt) == words
    assert unknown(prompt) == []


def test_function_words_are_not_listed() -> None:
    assert known("a castle on the hill in the fog") == ["castle", "hill", "fog"]
    assert known("um castelo no alto da colina com névoa") == ["castelo", "colina", "névoa"]
    assert unknown("um castelo na colina com a névoa") == []


@pytest.mark.parametrize(
    ("prompt", "colours"),
    [
        ("red house", (("house", "red"),)),
        ("casa vermelha", (("house", "red"),)),
        ("casas vermelhas e céu roxo", (("house", "red"), ("sky", "purple"))),
        ("purple sky over a green sea", (("sky", "purple"), ("sea", "green"))),
        ("blue", (("", "blue"),)),
        ("an orange", ()),
        ("orange cat", (("cat", "orange"),)),
        ("gato laranja", (("cat", "orange"),)),
    ],
)
def test_colours_find_their_noun(prompt: str, colours: object) -> None:
    assert read(prompt).colours == colours


def test_without_and_negative_prompt_take_away() -> None:
    assert read("sea without clouds").weather == "clear"
    assert "cloudy" in read("mar sem nuvem").without
    assert read("a house, boat", "boats").things == (Thing("house"),)
    assert "birds" in read("sea", "birds, blurry").without
    assert read("no clouds over the lake").without == ("cloudy",)
    assert read("barco no mar").place == "sea", "the Portuguese 'no' denies nothing"


def test_the_empty_prompt_is_a_scene() -> None:
    scene = read("")
    assert scene.words == ()
    assert scene == read("   \n")
    assert scene.place


def test_unknown_words_alone_choose_a_scene_of_their_own() -> None:
    places = {
        (read(word).place, read(word).time) for word in ("qwz", "brrt", "ploof", "zanzibar", "xu", "ommm")
    }
    assert len(places) > 2


def test_known_words_do_not_salt() -> None:
    assert read("boat on the sea").salt == read("boat on the sea, birds, moon").salt == 0


@pytest.mark.parametrize(
    "prompt",
    [
        "x" * 10_000,
        "lake " * 2_000,
        "🏔️🌅🌲 lake 🌲",
        "قلعة على تلة عند الغروب",
        "טירה על גבעה, lake",
        "湖のある山",
        "पहाड़ों में झील",
        "((((((((((",
        "<<<<>>>> <a <b> lake",
        "\x00\ud800 lake",
    ],
)
def test_strange_text_is_read(prompt: str) -> None:
    scene = read(prompt, prompt)
    assert all(prompt[word.start : word.end] == word.text for word in scene.words)
    if "lake" in prompt:
        assert "lake" in known(prompt)


@given(st.text(max_size=200), st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_the_same_twice(prompt: str, negative: str) -> None:
    scene = read(prompt, negative)
    assert scene == read(prompt, negative)
    assert isinstance(scene, Scene)
    ends = [0, *(position for word in scene.words for position in (word.start, word.end))]
    assert ends == sorted(ends)
    assert all(prompt[word.start : word.end] == word.text for word in scene.words)


def test_a_scene_is_printable_and_hashable() -> None:
    scene = read("lake at dusk")
    assert "lake" in repr(scene)
    assert len({scene, read("lake at dusk")}) == 1
