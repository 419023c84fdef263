"""Reading prompts: which words are known, what belongs to what, and what scene they make."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from avila import i18n
from avila.drafts import Scene, Thing, Word, read, vary
from avila.drafts.words.inflection import lookup
from avila.drafts.words.placing import CLOSING
from avila.drafts.words.spelling import COMMON, corrected
from avila.drafts.words.vocabulary import FORMS, FUNCTION_FORMS, KIND_OF, NAMES, TABLE, fold

SCENE_FIELDS = ("place", "time", "weather", "clouds", "season", "moon")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    before = i18n.language()
    i18n.use("en")
    yield
    i18n.use(before)


def known(prompt: str) -> list[str]:
    return [word.text for word in read(prompt).words if word.known]


def unknown(prompt: str) -> list[str]:
    return [word.text for word in read(prompt).words if not word.known]


def word(scene: Scene, text: str) -> Word:
    return next(word for word in scene.words if text in word.text)


def thing(prompt: str, kind: str) -> Thing:
    return next(thing for thing in read(prompt).things if thing.kind == kind)


# The vocabulary


def test_words_come_without_numpy() -> None:
    code = "import sys, avila.drafts; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_concepts_bring_along_exists() -> None:
    for concepts in FORMS.values():
        for concept in concepts:
            assert set(concept.brings) <= KIND_OF.keys()


def test_forms_have_one_meaning_but_for_the_known_few() -> None:
    several = {form for form, concepts in FORMS.items() if len(concepts) > 1}
    assert several == {"orange", "laranja", "rosa", "velas", "no"}


def test_no_form_is_only_a_function_word() -> None:
    assert not {form for form in FUNCTION_FORMS & FORMS.keys() if FORMS[form][0].kind in SCENE_FIELDS}


def spellings() -> list[tuple[str, str, str]]:
    return [
        (kind, concept, form)
        for (kind, concept), names in NAMES.items()
        for form in names
        if kind in (*SCENE_FIELDS, "thing", "style")
    ]


@pytest.mark.parametrize(("kind", "concept", "form"), spellings())
def test_every_concept_is_reached_in_both_languages(kind: str, concept: str, form: str) -> None:
    scene = read(form)
    assert scene.salt == 0
    assert all(word.known and not word.note for word in scene.words)
    if kind == "thing":
        assert scene.has(concept)
    elif kind == "style":
        assert scene.styles == (concept,)
    else:
        assert getattr(scene, kind) == concept


def test_every_form_of_the_table_is_known() -> None:
    for line in filter(None, TABLE.splitlines()):
        kind = line.split()[0]
        if kind not in (*SCENE_FIELDS, "thing", "style", "part", "colour"):
            continue
        for form in line.partition(": ")[2].replace("|", "").split():
            text = form.rstrip("+").replace("_", " ")
            assert known(text), text
            assert unknown(text) == [], text


# Inflection


@pytest.mark.parametrize(
    ("form", "concept"),
    [
        ("boats", "boat"), ("churches", "church"), ("bushes", "bush"), ("berries", ""),
        ("cherries", "cherry"),
        ("cities", "city"), ("volcanoes", "volcano"), ("foxes", "dog"), ("wolves", "dog"), ("men", "person"),
        ("raining", "rain"), ("snowing", "snowfall"), ("clouded", ""), ("glowing", ""), ("barcos", "boat"),
        ("luzes", ""), ("cruzes", ""), ("flores", "flowers"), ("nuvens", "clouds"), ("balões", "balloon"),
        ("cães", "dog"), ("trens", "train"), ("faróis", "lighthouse"), ("canais", "river"), ("papéis", ""),
        ("vermelhas", "red"), ("amarela", "yellow"), ("azuis", "blue"), ("nevadas", "snow"),
        ("barquinho", "boat"), ("casinhas", "house"), ("florzinha", "flowers"), ("solzinho", "sun"),
        ("arvorezinha", "tree"), ("casarão", "house"), ("gatão", "cat"), ("vizinha", ""), ("cozinha", "room"),
        ("portão", ""), ("fogões", ""), ("caos", ""), ("galinha", ""), ("farinha", ""),
    ],
)  # fmt: skip
def test_inflected_words(form: str, concept: str) -> None:
    found = lookup(fold(form))
    assert (found[0].name if found else "") == concept


def test_diminutives_are_small_and_augmentatives_big() -> None:
    assert read("casinha") == read("small house") == read("casa pequena")
    assert read("casarão") == read("big house") == read("casa grande")
    assert thing("barquinhos", "boat") == Thing("boat", 3, size="small")


# Typing mistakes

TARGETS = sorted(
    form
    for form, concepts in FORMS.items()
    if len(form) >= 7 and form.isalpha() and concepts[0].kind in ("place", "thing", "time", "season")
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("montain", "mountain"), ("montains", "mountains"), ("lightouse", "lighthouse"),
        ("forrest", "forest"),
        ("castel", "castle"), ("sunste", "sunset"), ("dessert", "desert"), ("beahc", "beach"),
        ("rivre", "river"),
        ("montahna", "montanha"), ("floresa", "floresta"), ("cachoeria", "cachoeira"),
        ("vermelhp", "vermelho"),
    ],
)  # fmt: skip
def test_a_typing_mistake_is_mended_and_told(typed: str, meant: str) -> None:
    scene = read(typed)
    assert scene == read(meant)
    assert word(scene, typed).known
    assert meant in word(scene, typed).note
    assert meant in scene.explain()


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_one_mistake_inside_a_long_word_is_mended(data: st.DataObject) -> None:
    meant = data.draw(st.sampled_from(TARGETS))
    at = data.draw(st.integers(1, len(meant) - 2))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    typed = data.draw(
        st.sampled_from(
            [
                meant[:at] + letter + meant[at:],
                meant[:at] + meant[at + 1 :],
                meant[:at] + letter + meant[at + 1 :],
                meant[:at] + meant[at + 1] + meant[at] + meant[at + 2 :],
            ]
        )
    )
    common = typed in COMMON or (typed[-1] == "s" and typed[:-1] in COMMON)
    assume(not common and typed not in FUNCTION_FORMS)
    scene = read(typed)
    assert scene.words[0].known, f"{typed} for {meant}"


ORDINARY = """
    goat brooding lady time great style best quality masterpiece beautiful detailed fountain place start story
    money branch steam string winner florida porta galinha madeira banco tempo passado planta qualidade lindo
"""


@pytest.mark.parametrize("typed", ORDINARY.split())
def test_common_words_stay_what_they_are(typed: str) -> None:
    assert unknown(typed) == [typed]
    assert corrected(typed) == ""


def test_exact_words_win_over_neighbours() -> None:
    kinds = [thing.kind for thing in read("house, horse, boat, goat").things]
    assert kinds == ["house", "horse", "boat"]
    assert read("light").words == ()


# Scenes


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("mountains at sunset", {"place": "mountains", "backdrop": "", "time": "sunset"}),
        ("MONTANHAS AO POR DO SOL", {"place": "mountains", "time": "sunset"}),
        ("lake in the mountains", {"place": "lake", "backdrop": "mountains"}),
        ("mountains behind a forest", {"place": "forest", "backdrop": "mountains"}),
        ("forest behind a city", {"place": "city", "backdrop": "forest"}),
        ("city in front of mountains", {"place": "city", "backdrop": "mountains"}),
        ("distant city, hills", {"place": "hills", "backdrop": "city"}),
        ("a red car, mountains in the background", {"place": "meadow", "backdrop": "mountains"}),
        ("forest in fog", {"place": "forest", "weather": "fog", "time": "morning"}),
        ("lighthouse", {"place": "cliff"}),
        ("lighthouse and mountains", {"place": "cliff", "backdrop": "mountains"}),
        ("boat, mountains", {"place": "lake", "backdrop": "mountains"}),
        ("boat", {"place": "sea"}),
        ("boat and a horse", {"place": "lake"}),
        ("house in the forest", {"place": "forest"}),
        ("castle in the mountains", {"place": "mountains", "backdrop": ""}),
        ("castle", {"place": "hills"}),
        ("storm clouds over the sea", {"place": "sea", "weather": "storm"}),
        ("snowfall in the city", {"weather": "snowfall", "season": "winter", "place": "city"}),
        ("city by the sea", {"place": "sea", "backdrop": "city"}),
        ("beach by the sea", {"place": "beach"}),
        ("two apples", {"place": "table", "things": (Thing("apple", 2),)}),
        ("flowers in a vase", {"place": "table"}),
        ("a cat on a table in a room", {"place": "room"}),
        ("a cup on a table in a room", {"place": "table"}),
        ("portrait of a woman", {"place": "portrait"}),
        ("portrait of a cat", {"place": "meadow"}),
        ("rocket", {"place": "desert", "time": "dusk"}),
        ("rocket in space", {"place": "space"}),
        ("spaceship", {"place": "space"}),
        ("car", {"place": "meadow", "things": (Thing("car"), Thing("road"))}),
        ("street lamp", {"place": "street", "time": "dusk"}),
        ("crescent moon", {"moon": "crescent", "time": "night", "things": (Thing("moon"),)}),
        ("moon at dawn", {"moon": "full", "time": "dawn"}),
        ("camping under the stars", {"time": "night"}),
        ("northern lights", {"time": "night", "place": "lake", "backdrop": "mountains"}),
        ("cumulus clouds", {"weather": "fair", "clouds": "cumulus"}),
        ("clouds", {"weather": "cloudy", "clouds": ""}),
        ("lightning", {"weather": "storm"}),
        ("snowy hills", {"season": "winter"}),
        ("8-bit forest", {"styles": ("pixel",)}),
        ("cyberpunk city", {"styles": ("neon",), "time": "night"}),
        ("synthwave sunset", {"styles": ("vaporwave",)}),
        ("pencil sketch of a house", {"styles": ("line",)}),
        ("dark watercolor", {"styles": ("watercolour", "dark")}),
    ],
)  # fmt: skip
def test_scenes(prompt: str, expected: dict[str, object]) -> None:
    scene = read(prompt)
    assert {name: getattr(scene, name) for name in expected} == expected


@pytest.mark.parametrize("place", CLOSING)
def test_closing_places_are_a_place_or_a_backdrop(place: str) -> None:
    assert (read(place).place, read(place).backdrop) == (place, "")
    assert read(f"a lake and {place}").backdrop == place


TWINS = [
    ("", " \n"),
    ("a red house under a green sky", "uma casa vermelha sob um céu verde"),
    ("three boats on the sea, no clouds", "três barcos no mar, sem nuvens"),
    ("a lake with mountains at sunset", "um lago com montanhas ao pôr do sol"),
    ("moon over the house reflected in the lake", "lua sobre a casa refletida no lago"),
    ("a couple of black cats beside a blue chair", "um par de gatos pretos ao lado de uma cadeira azul"),
    ("two red apples in a white bowl", "duas maçãs vermelhas em uma tigela branca"),
    ("a tree on the left, a house on the right", "uma árvore à esquerda, uma casa à direita"),
    ("on the left a tree, on the right a house", "à esquerda uma árvore, à direita uma casa"),
    ("distant mountains and a forest", "montanhas distantes e uma floresta"),
    ("a big black dog near the river", "um cachorro preto grande perto do rio"),
    ("boat with red sails", "barco com velas vermelhas"),
    ("three candles", "três velas"),
    ("bridge over a river in autumn", "ponte sobre o rio no outono"),
    ("a bird in a tree", "um pássaro na árvore"),
    ("a cat on the roof", "um gato no telhado"),
    ("pink clouds over a purple ocean", "nuvens rosas sobre um oceano roxo"),
    ("no trees or houses, a lake", "sem árvores ou casas, um lago"),
    ("it is not raining in the city", "não está chovendo na cidade"),
    ("cozy cabin in a winter forest at night, watercolor",
     "cabana aconchegante numa floresta de inverno à noite, aquarela"),
    ("many birds, a dozen boats", "muitos pássaros, uma dúzia de barcos"),
    ("hot air balloons over the canyon", "balões de ar quente sobre o cânion"),
    ("dark blue sky, light green grass", "céu azul escuro, grama verde clara"),
    ("an orange cat and an orange", "um gato laranja e uma laranja"),
    ("abstract pattern in blue and orange", "padrão abstrato em azul e laranja"),
    ("rocks in the foreground, waves", "pedras em primeiro plano, ondas"),
    ("a dog in front of the castle, a cow behind it",
     "um cachorro em frente ao castelo, uma vaca atrás dele"),
    ("stars, crescent moon, snowy mountains", "estrelas, lua crescente, montanhas nevadas"),
    ("oil painting of a windmill and tulips", "pintura a óleo de um moinho e tulipas"),
    ("steam train in the fog, monochrome", "trem a vapor no nevoeiro, preto e branco"),
]  # fmt: skip


@pytest.mark.parametrize(("english", "portuguese"), TWINS)
def test_twins_make_the_same_scene(english: str, portuguese: str) -> None:
    assert read(english) == read(portuguese)


def named_concepts() -> list[tuple[str, str]]:
    return [
        (names[0], names[1]) for (kind, _name), names in NAMES.items() if kind in ("thing", "place", "time")
    ]


@given(st.lists(st.sampled_from(named_concepts()), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_any_listing_has_a_twin(listed: list[tuple[str, str]]) -> None:
    assert read(", ".join(name for name, _ in listed)) == read(", ".join(name for _, name in listed))


# Numbers, colours, sizes


@pytest.mark.parametrize(
    ("prompt", "count"),
    [
        ("boat", 1), ("a boat", 1), ("one boat", 1), ("boats", 3), ("two boats", 2), ("a couple of boats", 2),
        ("several boats", 3), ("many boats", 6), ("a dozen boats", 9), ("dozens of boats", 9), ("4 boats", 4),
        ("42 boats", 9), ("1920 boat", 1), ("seven small red boats", 7), ("três barcos", 3), ("um barco", 1),
        ("muitos barcos", 6), ("uma dúzia de barcos", 9), ("dois pequenos barcos azuis", 2),
        ("boat, boats", 3),
        ("0 boat", 1),
    ],
)  # fmt: skip
def test_counts(prompt: str, count: int) -> None:
    assert read(prompt).count("boat") == count


@pytest.mark.parametrize(
    ("prompt", "colours"),
    [
        ("purple sky over a green sea", {"sky": "purple", "sea": "green"}),
        ("red house", {"house": "red"}),
        ("casa vermelha", {"house": "red"}),
        ("casas vermelhas e céu roxo", {"house": "red", "sky": "purple"}),
        ("big old red house", {"house": "red"}),
        ("a red and white lighthouse", {"lighthouse": "red"}),
        ("farol vermelho e branco", {"lighthouse": "red"}),
        ("the house is red", {"house": "red"}),
        ("a house, red", {"": "red"}),
        ("blue", {"": "blue"}),
        ("an orange", {}),
        ("orange cat", {"cat": "orange"}),
        ("gato laranja", {"cat": "orange"}),
        ("vaso rosa com rosas", {"vase": "pink"}),
        ("red sunset", {"sky": "red"}),
        ("dark red house", {"house": "red"}),
        ("casa vermelha escura", {"house": "red"}),
        ("house with a red roof", {"roof": "red"}),
        ("(red:1.2) house", {"house": "red"}),
    ],
)
def test_colours_find_their_noun(prompt: str, colours: dict[str, str]) -> None:
    scene = read(prompt)
    wanted = dict(scene.colours) | {thing.kind: thing.colour for thing in scene.things if thing.colour}
    assert wanted == colours
    assert "dark" not in scene.styles


def test_two_boats_of_two_colours_are_two_things() -> None:
    assert read("a red boat and a blue boat").things == (
        Thing("boat", colour="red"),
        Thing("boat", colour="blue"),
    )
    assert read("a red boat, the boat").things == (Thing("boat", colour="red"),)


@pytest.mark.parametrize(
    ("prompt", "size"),
    [
        ("huge moon", "big"), ("lua enorme", "big"), ("a giant red moon", "big"), ("tiny moon", "small"),
        ("uma pequena lua", "small"), ("moon", ""), ("big house, moon", ""), ("a great moon", ""),
    ],
)  # fmt: skip
def test_sizes(prompt: str, size: str) -> None:
    assert thing(prompt, "moon").size == size


# Relations


@pytest.mark.parametrize(
    ("prompt", "kind", "relation", "to"),
    [
        ("moon over the house", "moon", "over", "house"),
        ("lua acima da casa", "moon", "over", "house"),
        ("a cat under a big green tree", "cat", "under", "tree"),
        ("gato debaixo da árvore", "cat", "under", "tree"),
        ("a house next to a church", "house", "beside", "church"),
        ("casa ao lado da igreja", "house", "beside", "church"),
        ("a dog in front of the house", "dog", "front", "house"),
        ("cachorro na frente da casa", "dog", "front", "house"),
        ("sheep behind a fence", "sheep", "behind", "fence"),
        ("ovelha atrás da cerca", "sheep", "behind", "fence"),
        ("a cat on a chair", "cat", "on", "chair"),
        ("gato na cadeira", "cat", "on", "chair"),
        ("gato em cima da cadeira", "cat", "on", "chair"),
        ("flowers in a vase", "flowers", "in", "vase"),
        ("flores no vaso", "flowers", "in", "vase"),
        ("castle reflected in the lake", "castle", "reflected", "lake"),
        ("castelo refletido no lago", "castle", "reflected", "lake"),
        ("a boat on the sea under the moon", "boat", "under", "moon"),
        ("castle on a cliff", "castle", "on", "cliff"),
        ("boat at sunset", "boat", "", ""),
        ("a boat, under no moon", "boat", "", ""),
    ],
)
def test_relations(prompt: str, kind: str, relation: str, to: str) -> None:
    found = thing(prompt, kind)
    assert (found.relation, found.to) == (relation, to)


@pytest.mark.parametrize(
    ("prompt", "side", "depth"),
    [
        ("boat on the left", "left", ""), ("barco à direita", "right", ""),
        ("boat in the middle", "middle", ""),
        ("on the right, a boat", "right", ""), ("barco no meio do lago", "middle", ""),
        ("distant boat", "", "far"),
        ("boat in the background", "", "far"), ("barco ao longe", "", "far"), ("boat close up", "", "near"),
        ("em primeiro plano um barco", "", "near"), ("a boat far away on the left", "left", "far"),
    ],
)  # fmt: skip
def test_sides_and_depths(prompt: str, side: str, depth: str) -> None:
    boat = thing(prompt, "boat")
    assert (boat.side, boat.depth) == (side, depth)


# What is not wanted


@pytest.mark.parametrize(
    ("prompt", "without"),
    [
        ("sea without clouds", ("clouds",)),
        ("mar sem nuvens", ("clouds",)),
        ("no trees or houses", ("house", "tree")),
        ("sea without clouds, birds or boats", ("birds", "boat", "clouds")),
        ("mar sem nuvens, pássaros ou barcos", ("birds", "boat", "clouds")),
        ("neither birds nor boats", ("birds", "boat")),
        ("nem pássaros nem barcos", ("birds", "boat")),
        ("no clouds and a boat", ("clouds",)),
        ("no clouds, boats", ("clouds",)),
        ("no clouds, a lake at sunset, mountains or hills", ("clouds",)),
        ("no clouds over the lake", ("clouds",)),
        ("no big red houses", ("house",)),
        ("sem casas vermelhas", ("house",)),
        ("nenhuma árvore", ("tree",)),
        ("not raining", ("rain",)),
        ("it isn't raining", ("rain",)),
        ("no mar", ()),
        ("barco no mar", ()),
        ("boat, no sea", ("sea",)),
    ],
)
def test_denials(prompt: str, without: tuple[str, ...]) -> None:
    scene = read(prompt)
    assert scene.without == without
    assert not any(scene.has(concept) for concept in without)
    assert scene.place not in without


def test_what_is_denied_is_nowhere_in_the_scene() -> None:
    assert read("sea without clouds").weather == "clear"
    assert read("snowy mountains without snow").without == ("snow",)
    assert read("no mountains").backdrop != "mountains"
    assert read("winter lake, no mountains").backdrop == ""
    assert read("boat without sea").place != "sea"
    assert read("barco no mar").place == "sea", "the Portuguese 'no' denies nothing"


def test_the_negative_prompt_removes() -> None:
    scene = read("a red house, boats, mountains", "boats, blurry, mountain")
    assert scene.things == (Thing("house", colour="red"),)
    assert scene.without == ("boat", "mountains")
    assert "mountains" not in (scene.place, scene.backdrop)
    assert "negative" in word(scene, "boats").note
    assert read("", "mountains").backdrop != "mountains"
    assert read("qwz", "mountains").without == ("mountains",)


@given(st.sampled_from(sorted(concept for kind, concept in NAMES if kind == "thing")))
@settings(max_examples=60, deadline=None)
def test_any_thing_can_be_removed(concept: str) -> None:
    shown = NAMES["thing", concept][0]
    assert read(shown).has(concept)
    assert not read(shown, shown).has(concept)
    assert not read(f"no {shown}").has(concept)


# Words that disagree


@pytest.mark.parametrize(
    ("prompt", "field", "winner", "loser"),
    [
        ("day night", "time", "night", "day"),
        ("night day", "time", "day", "night"),
        ("(sunset:1.2) night", "time", "sunset", "night"),
        ("((sunset)) night", "time", "sunset", "night"),
        ("sunset [night]", "time", "sunset", "night"),
        ("summer winter", "season", "winter", "summer"),
        ("desert sea", "place", "sea", "desert"),
        ("(desert:1.3) sea", "place", "desert", "sea"),
    ],
)
def test_the_later_or_the_stronger_wins_and_the_other_is_told(
    prompt: str, field: str, winner: str, loser: str
) -> None:
    scene = read(prompt)
    assert getattr(scene, field) == winner
    assert winner in word(scene, loser).note
    assert word(scene, winner).note == ""
    assert word(scene, loser).note in scene.explain()


def test_words_that_include_one_another_do_not_disagree() -> None:
    for prompt in ("rain, storm", "storm, rain", "sunny day at noon", "beach, sea", "a street in a city"):
        assert all(not word.note for word in read(prompt).words), prompt


def test_styles_that_exclude_one_another() -> None:
    assert read("watercolour, oil painting").styles == ("oil",)
    assert read("(watercolour:1.3), oil painting").styles == ("watercolour",)
    assert read("watercolour, monochrome").styles == ("watercolour", "monochrome")


# Words, their places and what is said of them


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
        ("three red boats on the left", ["three red boats on the left"]),
        ("sea, no clouds", ["sea", "no clouds"]),
        ("(three:1.2) boats", ["three", "boats"]),
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
    ("prompt", "meaning"),
    [
        ("three red boats", "3 red boats"), ("no clouds", "no clouds"), ("sunset", "time: sunset"),
        ("no trees", "no trees"), ("big old church", "big church"), ("stars", "stars"),
        ("people", "3 people"),
        ("birds", "3 birds"), ("boat on the left", "boat, on the left"), ("blue", "colour: blue"),
        ("barcos vermelhos", "3 red boats"), ("watercolor", "style: watercolour"),
    ],
)  # fmt: skip
def test_meanings(prompt: str, meaning: str) -> None:
    assert read(prompt).words[0].meaning == meaning


def test_backdrops_are_called_so() -> None:
    scene = read("mountains, a lake")
    assert [word.meaning for word in scene.words] == ["background: mountains", "place: lake"]


@pytest.mark.parametrize(
    ("prompt", "meaning"),
    [
        ("three red boats", "barcos vermelhos"), ("two yellow flowers", "flores amarelas"),
        ("a white tower", "torre branca"), ("three balloons", "balões"), ("blue birds", "pássaros azuis"),
    ],
)  # fmt: skip
def test_meanings_in_portuguese_name_and_agree(prompt: str, meaning: str) -> None:
    i18n.use("pt_BR")
    said = read(prompt).words[0].meaning
    assert set(meaning.split()) <= set(said.split())


@pytest.mark.parametrize("text", sorted({text for twin in TWINS for text in twin}))
def test_explain_names_every_recognised_word(text: str) -> None:
    scene = read(text)
    explanation = scene.explain()
    for found in scene.words:
        assert found.text in explanation
        if found.known:
            assert found.meaning
            assert found.meaning in explanation
            assert found.note in explanation


def test_explain_reads_well() -> None:
    assert read("a red house, day, night, no clouds, brooding, montains").explain().splitlines() == [
        "Understood: “red house”: red house · “day”: time: day · “night”: time: night"
        " · “no clouds”: no clouds · “montains”: place: mountains",
        "Different: “day”: “night” comes later · “montains”: read as “mountains”",
        "Not understood: “brooding”",
        "Left out: clouds",
        "Picture: place: mountains · time: night · weather: clear · season: summer · house",
    ]


def test_explain_of_a_scene_that_nobody_wrote() -> None:
    assert "lake" in Scene(place="lake").explain()
    assert "mountain" in read("").explain()


# Prompts that say little


def test_the_empty_prompt_is_a_calm_scene() -> None:
    scene = read("")
    assert scene == Scene("lake", "mountains", "golden", clouds="cumulus")
    assert scene == read("   \n") == read(", ,, ((")
    assert scene.words == ()


def test_unknown_words_alone_choose_a_scene_of_their_own() -> None:
    prompts = ("qwz", "brrt", "ploof", "zanzibar", "xu", "ommm", "湖", "قلعة")
    assert len({(read(word).place, read(word).time) for word in prompts}) > 3
    assert all(read(word).salt for word in prompts)


def test_unknown_words_beside_known_ones_change_nothing() -> None:
    assert read("a boat on the sea").salt == 0
    assert (
        read("a boat on the sea, brood") == read("a boat on the sea, brooding") == read("a boat on the sea")
    )


def test_vary_moves_details_only() -> None:
    scene = read("a red boat on the sea")
    assert vary(scene, 0) == scene
    varied = vary(scene, 0.3, seed=1)
    assert (varied.vary, varied.things, varied.place) == (0.3, scene.things, scene.place)
    assert varied == vary(scene, 0.3, seed=1)
    assert varied != vary(scene, 0.3, seed=2)
    assert vary(scene, 7).vary == 1
    assert varied.words == scene.words


# Any text


@pytest.mark.parametrize(
    "prompt",
    [
        "x" * 10_000,
        "lake " * 2_000,
        "lake " + "a " * 5_000,
        "🏔️🌅🌲 lake 🌲",
        "قلعة على تلة عند الغروب",
        "טירה על גבעה, lake",
        "湖のある山",
        "पहाड़ों में झील",
        "((((((((((",
        "<<<<>>>> <a <b> lake",
        "\x00\ud800 lake",
        "lake :" + "1" * 9_000,
        "lake " + "(" * 4_000 + ")" * 4_000,
        "no " * 1_000 + "lake",
    ],
)
def test_strange_text_is_read(prompt: str) -> None:
    scene = read(prompt, prompt)
    assert all(prompt[word.start : word.end] == word.text for word in scene.words)
    assert scene.explain()
    if "lake" in prompt:
        assert any("lake" in text for text in known(prompt))


VOCABULARY = st.sampled_from([*FORMS, *FUNCTION_FORMS, ",", "(", ":1.2)", "[", "]", ".", "xyzzy", "montain"])


@given(st.text(max_size=200) | st.lists(VOCABULARY, max_size=25).map(" ".join), st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_makes_a_scene_of_known_names(prompt: str, negative: str) -> None:
    scene = read(prompt, negative)
    assert scene == read(prompt, negative)
    for field in SCENE_FIELDS:
        value = getattr(scene, field)
        assert (field, value) in NAMES or (field == "clouds" and value == "")
    assert scene.backdrop == "" or (scene.backdrop in CLOSING and scene.backdrop != scene.place)
    for found in scene.things:
        assert ("thing", found.kind) in NAMES
        assert 1 <= found.count <= 9
        assert found.colour == "" or ("colour", found.colour) in NAMES
        assert bool(found.relation) == bool(found.to)
        assert found.kind not in scene.without
    assert len(set(scene.styles)) == len(scene.styles)
    ends = [0, *(position for word in scene.words for position in (word.start, word.end))]
    assert ends == sorted(ends)
    assert all(prompt[word.start : word.end] == word.text for word in scene.words)
    explanation = scene.explain()
    assert all(word.text in explanation for word in scene.words)


def test_a_scene_is_printable_and_hashable() -> None:
    scene = read("lake at dusk")
    assert "lake" in repr(scene)
    assert len({scene, read("lake at dusk")}) == 1


def test_fish_are_looked_for_below_the_surface() -> None:
    assert read("three fish in the sea").place == "underwater"
    assert read("um peixe no lago").place == "underwater"
    assert read("fish and a boat on the sea").place == "sea"
