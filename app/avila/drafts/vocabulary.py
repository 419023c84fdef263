"""The painter's words: concepts with their English and Portuguese names.

A line is `kind concept @home: english | portuguese`. Underscores join the words of a phrase; accents
and plurals need no entry of their own (`lookup` folds them). `@home` is where a thing is put when the
prompt names no place. Every concept here is painted: a word without an effect does not belong in it.
"""

import unicodedata
from dataclasses import dataclass

TABLE = """
place sea: sea ocean seascape wave waves open_sea tide harbour harbor bay | mar oceano onda marinha baía porto alto_mar maré
place beach: beach shore seaside coast coastline sand seashore | praia costa litoral orla areia beira_mar
place cliff: cliff cliffs headland bluff | penhasco falésia precipício despenhadeiro
place island: island isle islet atoll | ilha ilhota atol
place lake: lake pond lagoon tarn loch reservoir | lago lagoa laguna açude represa
place river: river stream creek brook riverside | rio riacho córrego ribeirão ribeira
place waterfall: waterfall falls cascade cataract | cachoeira cascata queda_d'água catarata
place meadow: meadow field grassland pasture prairie plain grass countryside valley landscape farm farmland savanna garden park | campo prado pasto planície gramado relva vale paisagem fazenda campina savana interior jardim parque
place forest: forest wood woods woodland jungle grove rainforest | floresta bosque mata selva arvoredo
place desert: desert dune dunes sahara sand_dunes | deserto duna saara
place city: city skyline town downtown metropolis skyscraper cityscape urban building manhattan | cidade metrópole arranha-céu urbano prédio edifício centro_da_cidade
place street: street alley avenue boulevard alleyway | rua beco avenida ruela viela alameda
place village: village hamlet | vila aldeia vilarejo povoado
place space: space outer_space galaxy cosmos universe nebula orbit interstellar | espaço espaço_sideral galáxia cosmo cosmos universo nebulosa órbita sideral
place underwater: underwater undersea coral reef coral_reef seabed deep_sea | submarino subaquático coral recife fundo_do_mar debaixo_d'água
place table: table still_life tabletop desk | mesa natureza_morta escrivaninha
place sky: sky_only above_the_clouds sea_of_clouds | acima_das_nuvens mar_de_nuvens
backdrop mountains: mountain mountains peak summit alps ridge mountainous mountainside andes himalaya | montanha pico serra cordilheira cume montanhoso alpes andes
backdrop hills: hill hills hillside rolling_hills knoll | colina morro outeiro coxilha
backdrop volcano: volcano eruption lava volcanic | vulcão erupção lava vulcânico
backdrop canyon: canyon mesa butte gorge | cânion desfiladeiro chapada cañon

time dawn: dawn sunrise daybreak | amanhecer alvorada aurora_matinal nascer_do_sol alvorecer madrugada
time morning: morning | manhã
time day: day noon midday afternoon daytime daylight | dia meio-dia tarde
time golden: golden_hour evening_light late_afternoon | hora_dourada fim_de_tarde tardinha
time sunset: sunset sundown evening setting_sun | pôr_do_sol por-do-sol poente entardecer ocaso
time dusk: dusk twilight nightfall blue_hour gloaming | crepúsculo anoitecer lusco-fusco hora_azul
time night: night midnight nighttime nocturnal nocturne moonlit moonlight | noite meia-noite noturno luar enluarado

weather clear: clear cloudless sunny clear_sky sunlit | ensolarado céu_limpo limpo sem_nuvens
weather cloudy: cloudy overcast cloud clouds | nublado nuvem encoberto
weather storm: storm stormy thunderstorm tempest storm_clouds storm_cloud thunder hurricane | tempestade tormenta tempestuoso trovoada trovão nuvens_de_tempestade furacão
weather rain: rain rainy raining rainfall drizzle shower wet | chuva chuvoso chovendo garoa molhado
weather snowfall: snowing snowfall snowstorm blizzard snowflake | nevando nevasca floco_de_neve
weather fog: fog foggy mist misty haze hazy | névoa neblina nevoeiro bruma nebuloso enevoado

season spring: spring springtime blossom cherry_blossom sakura blooming | primavera florido florescendo cerejeira florada
season summer: summer summertime | verão
season autumn: autumn fall autumnal fall_colors | outono outonal
season winter: winter wintry snow snowy frozen ice icy frost snow-covered snowcapped snow-capped | inverno invernal neve nevado gelo congelado geada

thing sun: sun | sol
thing moon: moon full_moon | lua lua_cheia
thing crescent: crescent crescent_moon | lua_crescente lua_minguante
thing stars: star stars starry starlit milky_way starlight | estrela estrelado via_láctea
thing aurora: aurora aurora_borealis northern_lights polar_lights | aurora_boreal luzes_do_norte
thing rainbow: rainbow | arco-íris
thing lightning: lightning lightning_bolt thunderbolt | relâmpago raio
thing planet @space: planet saturn mars jupiter gas_giant earth | planeta saturno marte júpiter terra
thing birds: bird birds seagull gull flock eagle crow raven swallow | pássaro ave gaivota bando águia corvo andorinha
thing balloon @meadow: balloon hot-air_balloon hot_air_balloon | balão balão_de_ar_quente
thing boat @sea: boat sailboat sailing sailing_boat yacht sail sailing_ship ship schooner | barco veleiro barco_a_vela navio iate embarcação saveiro jangada caravela
thing rowboat @lake: rowboat canoe rowing_boat dinghy kayak gondola | canoa bote barco_a_remo caiaque
thing lighthouse @cliff: lighthouse beacon | farol
thing house @meadow: house home farmhouse villa mansion | casa lar sobrado mansão
thing cabin @meadow: cabin cottage hut lodge log_cabin chalet barn | cabana chalé choupana casebre celeiro
thing castle @hill: castle fortress citadel palace | castelo fortaleza palácio
thing church @meadow: church chapel cathedral | igreja capela catedral
thing windmill @meadow: windmill mill | moinho moinho_de_vento
thing tent @meadow: tent camp camping campsite | barraca tenda acampamento
thing bridge @river: bridge | ponte
thing pyramid @desert: pyramid | pirâmide
thing tree @meadow: tree oak maple | árvore carvalho ipê mangueira
thing conifer @forest: pine fir spruce conifer evergreen cedar pine_tree fir_tree christmas_tree | pinheiro conífera cedro araucária abeto
thing palm @beach: tropical tropics palm palm_tree coconut_tree | palmeira coqueiro tropical trópico
thing cactus @desert: cactus cacti saguaro | cacto mandacaru
thing flowers @meadow: flower wildflower tulip poppy daisy lavender sunflower rose lily | flor tulipa papoula margarida lavanda girassol lírio flor_do_campo
thing rocks: rock boulder stone | rocha pedra rochedo
thing road @meadow: road path trail pathway lane | estrada caminho trilha
thing fence @meadow: fence | cerca
thing lamp @street: lamp street_lamp streetlight lantern lamppost | lampião poste lanterna luminária
thing fish @underwater: fish shoal | peixe cardume
thing cat @meadow: cat kitten kitty feline | gato gatinho felino
thing dog @meadow: dog puppy doggy | cachorro cão cãozinho cadela
thing deer @forest: deer stag | veado cervo alce
thing horse @meadow: horse stallion pony | cavalo égua potro
thing person: person man woman girl boy figure traveler traveller hiker wanderer people | pessoa homem mulher menina menino figura viajante gente
thing campfire @meadow: campfire bonfire fire | fogueira fogo
thing apple @table: apple | maçã
thing orange @table: orange tangerine | laranja tangerina mexerica
thing lemon @table: lemon lime | limão
thing pear @table: pear | pera
thing cherry @table: cherry cherries | cereja
thing cup @table: cup mug teacup coffee tea coffee_cup | xícara caneca café chá
thing bottle @table: bottle wine | garrafa vinho
thing vase @table: vase jar pot pitcher jug bouquet | vaso jarro buquê
thing bowl @table: bowl | tigela
thing book @table: book | livro
thing candle @table: candle candlelight | vela castiçal
thing sphere @table: sphere ball orb globe marble | esfera bola orbe
thing cube @table: cube box block dice | cubo caixa dado
thing cone @table: cone | cone

part sky: sky skies | céu
part water: water | água
part ground: ground soil floor | chão solo
part leaves: leaf leaves foliage | folha folhagem
part roof: roof | telhado
part sails: sails | velas

colour red: red crimson scarlet ruby | vermelho escarlate carmesim rubro encarnado
colour orange: orange amber | laranja alaranjado âmbar
colour yellow: yellow | amarelo
colour gold: gold golden | dourado ouro
colour green: green emerald | verde esmeralda
colour teal: teal turquoise cyan aqua | turquesa ciano
colour blue: blue azure navy cobalt indigo | azul anil
colour purple: purple violet magenta | roxo violeta púrpura lilás
colour pink: pink | rosa cor-de-rosa
colour brown: brown wooden | marrom castanho
colour black: black | preto negro
colour white: white | branco
colour grey: grey gray silver | cinza cinzento prateado prata

style monochrome: monochrome black_and_white black-and-white b&w noir | monocromático preto_e_branco
style sepia: sepia vintage retro | sépia antigo
style pastel: pastel soft delicate | pastel suave delicado
style vivid: vivid vibrant colorful colourful saturated psychedelic | vívido vibrante colorido saturado psicodélico
style dark: dark gloomy moody ominous spooky haunted dim | escuro sombrio tenebroso assombrado
style bright: bright radiant luminous | claro brilhante radiante luminoso
style dreamy: dreamy ethereal magical magic fantasy fairytale enchanted | onírico mágico fantasia encantado sonho etéreo
style neon: neon cyberpunk synthwave vaporwave | neon néon ciberpunk cyberpunk
style warm: warm cozy cosy | quente aconchegante
style cold: cold cool chilly | frio gelado
style pixel: pixel_art pixelated 8-bit 8bit | arte_pixel pixelado
style painterly: painterly oil_painting painting impressionist | pictórico pintura_a_óleo pintura impressionista
style watercolour: watercolour watercolor | aquarela

number 1: one single lone lonely solitary 1 | um_só solitário único
number 2: two couple pair 2 | dois duas casal par
number 3: three few some several 3 | três alguns algumas
number 4: four 4 | quatro
number 5: five many 5 | cinco muitos muitas vários várias
number 6: six 6 | seis
number 7: seven 7 | sete
number 8: eight 8 | oito
number 9: nine 9 | nove

negation not: without | sem
negation no: no | não
"""  # noqa: E501 - one concept, one line

FUNCTION_WORDS = """
    a an and are as at be behind below beneath beside between by during for from front has have he her his
    i in inside into is it its line my near next of off on onto or out outside over overlooking she that the
    their there these they this those through to top toward towards under up upon very was we were where
    which while who with within you your above across against along among around before after about break
    so too can will not but
    à às ao aos e é o os um uma uns umas de do da dos das em no na nos nas num numa por pelo pela pelos
    pelas para pra com entre sobre sob até que se ou mas como mais menos muito seu sua seus suas meu minha
    ele ela eles elas isto isso este esta esse essa aquele aquela perto longe lado cima baixo frente
    atrás dentro fora são está ser estar há d
"""


@dataclass(frozen=True, slots=True)
class Concept:
    """What a form of the table stands for."""

    kind: str
    name: str
    home: str
    portuguese: bool
    plural: bool = False


def fold(text: str) -> str:
    """Lower case without accents: the spelling that words are compared in."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _parse(table: str) -> dict[str, tuple[Concept, ...]]:
    forms: dict[str, tuple[Concept, ...]] = {}
    for line in table.strip().splitlines():
        if not line:
            continue
        head, _, names = line.partition(":")
        kind, name, *home = head.split()
        english, _, portuguese = names.partition("|")
        for is_portuguese, words in ((False, english), (True, portuguese)):
            for word in words.split():
                form = " ".join(fold(word).replace("-", " ").replace("_", " ").replace("'", " ").split())
                concept = Concept(kind, name, home[0][1:] if home else "", is_portuguese)
                if all((known.kind, known.name) != (kind, name) for known in forms.get(form, ())):
                    forms[form] = (*forms.get(form, ()), concept)
    return forms


FORMS = _parse(TABLE)
LONGEST_PHRASE = max(form.count(" ") + 1 for form in FORMS)  # in words
FUNCTION_FORMS = frozenset(map(fold, FUNCTION_WORDS.split()))

# Endings to undo, longest first: plurals of both languages, then the Portuguese feminine and diminutives.
_PLURALS = (
    ("ies", "y"), ("ves", "f"), ("oes", "ao"), ("aes", "ao"), ("ais", "al"), ("eis", "el"), ("ois", "ol"),
    ("uis", "ul"), ("ns", "m"), ("es", ""), ("s", ""),
)  # fmt: skip
_GENDERS = (
    ("quinhas", "ca"),
    ("quinhos", "co"),
    ("quinha", "ca"),
    ("quinho", "co"),
    ("inhas", "a"),
    ("inhos", "o"),
    ("inha", "a"),
    ("inho", "o"),
    ("as", "o"),
    ("a", "o"),
)


def lookup(form: str) -> tuple[Concept, ...]:
    """The concepts of a folded word or phrase; inflected words find their base form, unknown ones ()."""
    if form in FORMS:
        return FORMS[form]
    for endings, plural in ((_PLURALS, True), (_GENDERS, False)):
        for ending, base in endings:
            found = FORMS.get(form.removesuffix(ending) + base) if form.endswith(ending) else None
            if found and len(form) > len(ending) + 1:
                return tuple(
                    Concept(c.kind, c.name, c.home, c.portuguese, plural or ending.endswith("s"))
                    for c in found
                )
    return ()
