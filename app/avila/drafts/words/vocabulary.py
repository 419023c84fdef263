"""The painter's words: concepts with their English and Portuguese names.

A line is `kind concept @brings: english | portuguese`. Underscores join the words of a phrase, and a plus
marks a form that is a plural though it does not look like one; accents and regular inflections need no
entry (`inflection.lookup` undoes them). What follows an @ comes along when the prompt names nothing of
its kind: a boat brings the sea, the moon the night, a car a road. The first names of a concept are those
shown to people. Every concept here has an effect: a word without one does not belong in it.
"""

import unicodedata
from typing import NamedTuple

TABLE = """
place mountains: mountains+ mountain peak summit alps+ ridge mountainous mountainside mountain_range mountain_top mountaintop andes+ himalayas+ rockies+ sierra highlands+ | montanhas+ montanha pico serra cordilheira cume montanhoso alpes+ andes+ himalaia maciço rochoso
place hills: hills+ hill hillside hilltop rolling_hills+ knoll hilly downs+ foothills+ tuscany | colinas+ colina morro outeiro coxilha encosta toscana
place forest: forest wood woods+ woodland forested wooded jungle grove rainforest redwoods+ thicket taiga | floresta bosque mata selva arvoredo mata_atlântica amazônia floresta_tropical
place desert: desert dune sand_dune sahara gobi arid wasteland | deserto duna duna_de_areia saara desértico árido
place sea: sea ocean seascape wave open_sea high_seas+ marine pacific atlantic mediterranean | mar oceano onda marinha alto_mar mares+ marítimo pacífico atlântico mediterrâneo
place beach: beach shore seaside coast coastline coastal sand seashore sandy_beach tropics+ tropical | praia costa litoral orla areia beira_mar costeiro tropical praiano trópicos+
place cliff: cliff headland bluff sea_cliff crag promontory | penhasco falésia precipício despenhadeiro promontório rochedo_à_beira_mar
place lake: lake pond lagoon tarn loch reservoir lakeside lakeshore fjord | lago lagoa laguna açude represa beira_do_lago fiorde
place river: river stream creek brook riverside riverbank rivulet canal | rio riacho córrego ribeirão ribeira beira_do_rio margem_do_rio igarapé canal
place waterfall: waterfall falls+ cascade cataract niagara | cachoeira cascata queda_d'água catarata cataratas+ salto_d'água
place island: island isle islet atoll archipelago | ilha ilhota atol arquipélago
place snowfield @winter: snowfield snow_field tundra glacier arctic antarctica antarctic polar ice_field icy_plain | campo_nevado campo_de_neve tundra geleira ártico antártida antártico polar glaciar
place meadow: meadow field grassland pasture prairie plains+ countryside valley landscape farm farmland steppe rural scenery wheat_field cornfield | prado campo pasto planície gramado relva pradaria vale paisagem fazenda campina rural várzea sítio campo_de_trigo pampa
place meadow @flowers: garden flower_garden flower_field field_of_flowers | jardim campo_de_flores campo_florido
place meadow @tree: park savanna savannah orchard | parque savana pomar cerrado
place canyon: canyon butte gorge ravine badlands+ grand_canyon monument_valley | cânion desfiladeiro chapada ravina garganta grande_cânion
place volcano: volcano eruption lava volcanic erupting_volcano magma vesuvius | vulcão erupção lava vulcânico magma vulcão_em_erupção vesúvio
place city: city skyline town downtown metropolis skyscraper cityscape urban building manhattan new_york tokyo megacity | cidade metrópole arranha-céu urbano prédio edifício centro_da_cidade no_centro_da_cidade horizonte_urbano nova_york tóquio são_paulo
place village: village hamlet small_town townlet | vila aldeia vilarejo povoado cidadezinha lugarejo
place street: street alley avenue boulevard alleyway sidewalk crosswalk | rua beco avenida ruela viela alameda ladeira calçada
place harbour: harbour harbor port marina dock pier wharf quay jetty bay | porto baía marina cais doca píer ancoradouro enseada
place space: space outer_space galaxy cosmos universe nebula orbit interstellar cosmic deep_space milky_way_galaxy sci-fi_space | espaço espaço_sideral galáxia cosmo cosmos universo nebulosa órbita sideral interestelar cósmico espaço_profundo
place space @rocket: astronaut spacewalk | astronauta cosmonauta
place underwater: underwater undersea coral reef coral_reef seabed deep_sea under_the_sea beneath_the_sea under_water seafloor sea_floor below_the_sea aquarium kelp | debaixo_d'água submarino subaquático coral recife recife_de_coral fundo_do_mar no_fundo_do_mar embaixo_d'água aquário
place room: room interior indoors living_room bedroom kitchen library study hallway indoor parlor parlour attic inside_a_house | quarto sala cômodo aposento sala_de_estar cozinha biblioteca interior_de_uma_casa interior_da_casa sótão dormitório
place table: table still_life still-life tabletop desk | mesa natureza_morta escrivaninha tampo_de_mesa
place portrait: portrait face head bust headshot selfie profile_picture self_portrait self-portrait | retrato rosto cabeça busto autorretrato semblante
place abstract: abstract abstraction pattern geometric abstract_art kaleidoscope fractal mandala | abstrato abstração padrão geométrico arte_abstrata caleidoscópio mandala padronagem
place sky: above_the_clouds over_the_clouds sea_of_clouds cloudscape skyscape between_clouds in_the_clouds among_the_clouds | acima_das_nuvens mar_de_nuvens sobre_as_nuvens por_cima_das_nuvens entre_as_nuvens entre_nuvens nas_nuvens

time dawn: dawn sunrise daybreak first_light break_of_day rising_sun | amanhecer alvorada aurora_matinal nascer_do_sol alvorecer madrugada raiar_do_dia sol_nascente nascente_do_sol
time morning: morning early_morning forenoon | manhã matinal de_manhã
time day: day daytime daylight afternoon early_afternoon | dia diurno luz_do_dia tarde de_dia de_tarde à_tarde
time noon: noon midday noontime noonday high_noon | meio-dia meio_dia sol_a_pino
time golden: golden_hour evening_light late_afternoon golden_light | hora_dourada fim_de_tarde tardinha fim_da_tarde final_de_tarde luz_dourada
time sunset: sunset sundown evening setting_sun | pôr_do_sol por-do-sol poente entardecer ocaso sol_poente sol_se_pondo
time dusk: dusk twilight nightfall blue_hour gloaming | crepúsculo anoitecer lusco-fusco hora_azul anoitecendo crepuscular
time night: night midnight nighttime night_time nocturnal nocturne | noite meia-noite meia_noite noturno de_noite à_noite

weather clear: clear cloudless sunny clear_sky sunlit sunlight sunshine clear_weather sunbeam | ensolarado céu_limpo limpo luz_do_sol desanuviado céu_aberto
weather fair: fair_weather partly_cloudy few_clouds+ some_clouds+ scattered_clouds+ nice_weather good_weather | bom_tempo tempo_bom parcialmente_nublado algumas_nuvens+ poucas_nuvens+ nuvens_esparsas+
weather cloudy: cloudy | nublado nuviado
weather overcast: overcast dark_clouds+ heavy_clouds+ leaden_sky dull_sky | encoberto nuvens_escuras+ nuvens_negras+ nuvens_pesadas+ céu_fechado céu_carregado
weather rain: rain rainy raining rainfall drizzle shower wet rainstorm downpour raindrop heavy_rain | chuva chuvoso chovendo garoa molhado aguaceiro chuvisco chuviscando gota_de_chuva chuvarada
weather storm: storm stormy thunderstorm tempest storm_cloud thunder hurricane tornado cyclone typhoon | tempestade tormenta tempestuoso trovoada trovão nuvem_de_tempestade furacão temporal ciclone tufão
weather snowfall @winter: snowfall snowing falling_snow snow_falling snowstorm blizzard snowflake snow_storm | nevando nevasca floco_de_neve neve_caindo queda_de_neve tempestade_de_neve
weather fog: fog foggy brume | nevoeiro enevoado neblina cerração nebuloso
weather mist: mist misty haze hazy | névoa bruma brumoso

clouds cumulus @fair: cumulus fluffy_clouds+ puffy_clouds+ cotton_clouds+ cumulus_cloud white_clouds+ fluffy_cloud | cúmulo cúmulos+ nuvens_fofas+ nuvens_de_algodão+ nuvens_brancas+ cumulus
clouds cirrus @fair: cirrus wispy_clouds+ feathery_clouds+ thin_clouds+ cirrus_cloud mares_tails+ | cirro cirros+ nuvens_finas+ nuvens_ralas+ cirrus nuvens_altas+
clouds stratus @overcast: stratus layered_clouds+ low_clouds+ stratus_cloud stratocumulus | estrato estratos+ nuvens_baixas+ nuvens_em_camadas+ stratus
clouds mackerel @fair: mackerel_sky altocumulus cirrocumulus mackerel_clouds+ | altocúmulo céu_pedrento cirrocúmulo altocumulus céu_encarneirado
clouds thunder @storm: thundercloud thunder_cloud cumulonimbus thunderhead towering_clouds+ | cúmulo-nimbo cumulonimbus nuvem_de_trovoada nuvens_imponentes+

season spring: spring springtime blooming vernal | primavera primaveril florescendo florido
season summer: summer summertime summery | verão veranico estival
season autumn: autumn fall autumnal fall_colors autumn_leaves+ fall_foliage falling_leaves+ fall_colours october november | outono outonal folhas_de_outono+ folhas_secas+ folhas_caindo+
season winter: winter wintry frozen ice icy frost frosty wintertime christmas freezing december | inverno invernal gelo congelado geada natal gélido natalino

moon full @moon @night: full_moon full moonrise | lua_cheia plenilúnio
moon gibbous @moon @night: gibbous gibbous_moon waxing_gibbous waning_gibbous | lua_gibosa gibosa
moon half @moon @night: half_moon half-moon quarter_moon first_quarter last_quarter | meia-lua meia_lua quarto_crescente quarto_minguante
moon crescent @moon @night: crescent crescent_moon sickle_moon waxing_moon waning_moon | lua_crescente lua_minguante lua_nova_fina
moon new @moon @night: new_moon moonless moonless_night dark_moon | lua_nova noite_sem_lua

thing sun @day: sun | sol
thing moon @night: moon moonlit moonlight | lua luar enluarado lunar
thing stars @night: star stars+ starry starlit milky_way starlight starry_sky starry_night night_sky constellation comet meteor shooting_star | estrela estrelas+ estrelado via_láctea céu_estrelado noite_estrelada constelação cometa estrela_cadente meteoro céu_noturno
thing aurora @night @lake @mountains: aurora aurora_borealis northern_lights+ polar_lights+ southern_lights+ | aurora aurora_boreal luzes_do_norte+ aurora_austral aurora_polar
thing rainbow @meadow @hills: rainbow | arco-íris arco_íris
thing lightning @storm: lightning lightning_bolt thunderbolt bolt_of_lightning | relâmpago raio
thing planet @space: planet saturn mars jupiter gas_giant earth venus neptune exoplanet uranus | planeta saturno marte júpiter planeta_terra vênus netuno urano exoplaneta
thing birds: bird birds+ seagull gull eagle crow raven swallow pigeon dove heron crane goose geese+ duck swan stork hawk falcon owl pelican parrot | pássaro pássaros+ ave gaivota águia corvo andorinha pombo pomba garça ganso pato cisne falcão coruja passarinho tucano arara papagaio urubu
thing balloon @meadow @hills: balloon hot-air_balloon hot_air_balloon airship zeppelin | balão balão_de_ar_quente dirigível zepelim
thing rocket @desert @dusk: rocket rocket_launch space_shuttle missile launchpad | foguete lançamento_de_foguete ônibus_espacial
thing rocket @space: spaceship spacecraft starship rocket_ship space_ship | nave_espacial espaçonave nave astronave
thing airplane @hills: airplane aeroplane airliner aircraft jet biplane plane seaplane | avião aeronave jato teco-teco aeroplano
thing boat @sea: boat sailboat sailing sailing_boat yacht sailing_ship schooner fishing_boat sailing_yacht catamaran galleon pirate_ship regatta | barco veleiro barco_a_vela iate saveiro jangada caravela barco_de_pesca escuna galeão navio_pirata barquinho_de_papel
thing rowboat @lake: rowboat canoe rowing_boat dinghy kayak gondola row_boat raft punt | barco_a_remo canoa bote caiaque gôndola balsa
thing ship @sea: ship steamship steamer cargo_ship freighter ferry ocean_liner tanker cruise_ship vessel battleship | navio vapor barco_a_vapor cargueiro navio_cargueiro navio_de_carga transatlântico petroleiro cruzeiro embarcação navio_a_vapor
thing lighthouse @cliff: lighthouse beacon light_house pharos | farol
thing house @meadow: house home farmhouse villa mansion bungalow manor | casa lar sobrado mansão casebre chácara palacete
thing cabin @meadow: cabin cottage hut lodge log_cabin chalet barn shack shed cabin_in_the_woods | cabana chalé choupana celeiro choça barracão cabana_de_madeira
thing castle @hills: castle fortress citadel palace fort stronghold chateau | castelo fortaleza palácio cidadela forte
thing church @meadow: church chapel cathedral steeple abbey monastery temple | igreja capela catedral mosteiro templo campanário
thing windmill @meadow: windmill mill wind_mill | moinho moinho_de_vento
thing tower @hills: tower watchtower bell_tower turret | torre torreão torre_de_vigia
thing tent @meadow: tent camp camping campsite teepee yurt | barraca tenda acampamento acampando
thing bridge @river: bridge footbridge viaduct aqueduct stone_bridge | ponte viaduto aqueduto passarela
thing pyramid @desert: pyramid giza | pirâmide gizé
thing tree @meadow: tree oak maple apple_tree elm oak_tree lone_tree deciduous_tree maple_tree orange_tree lemon_tree pear_tree | árvore carvalho bordo ipê mangueira laranjeira macieira limoeiro jabuticabeira pereira figueira
thing conifer @meadow: pine fir spruce conifer evergreen cedar pine_tree fir_tree christmas_tree larch cypress | pinheiro conífera cedro araucária abeto cipreste árvore_de_natal
thing conifer @forest: pine_forest pinewood coniferous pines+ | pinhal pinheiral floresta_de_pinheiros pinheiros+
thing palm @beach: palm palm_tree coconut_tree coconut_palm date_palm | palmeira coqueiro tamareira açaizeiro
thing birch @meadow: birch birch_tree aspen | bétula vidoeiro álamo
thing willow @lake: willow willow_tree weeping_willow | salgueiro chorão salgueiro-chorão
thing blossom @meadow @spring: cherry_blossom sakura cherry_tree blossom blossoming_tree cherry_blossom_tree blossom_tree almond_tree | cerejeira cerejeira_em_flor árvore_florida flor_de_cerejeira cerejeira_florida amendoeira florada
thing cactus @desert: cactus cacti+ saguaro cactuses+ | cacto mandacaru
thing bush @meadow: bush shrub hedge shrubbery | arbusto moita sebe
thing flowers @meadow: flower flowers+ wildflower tulip poppy poppies+ daisy daisies+ lavender sunflower rose lily lilies+ floral dandelion peony orchid | flor flores+ tulipa papoula margarida lavanda girassol rosa lírio flor_do_campo flor_silvestre floral orquídea hortênsia dente-de-leão
thing mushrooms @forest: mushroom mushrooms+ toadstool fungi+ fungus | cogumelo cogumelos+ fungo
thing rocks: rock rocks+ boulder stone rocky stony pebble | rocha rochas+ pedra rochedo pedregoso seixo pedregulho
thing road @meadow: road path trail pathway lane highway dirt_road footpath country_road track | estrada caminho trilha rodovia vereda estrada_de_terra picada
thing fence @meadow: fence picket_fence wooden_fence railing | cerca cercado cerca_de_madeira mourão
thing lamp @table: lamp table_lamp desk_lamp bedside_lamp lampshade | abajur luminária lâmpada lamparina candeeiro
thing lamp @street @dusk: street_lamp streetlight lantern lamppost street_light lamp_post streetlamp gas_lamp | poste lampião lanterna poste_de_luz poste_de_rua lâmpada_de_rua luz_de_rua
thing fish @underwater: fish shoal goldfish fishes+ school_of_fish salmon clownfish shark whale dolphin | peixe cardume peixe-palhaço tubarão baleia golfinho
thing cat @meadow: cat kitten kitty feline tomcat | gato gata gatinho gatinha felino bichano
thing dog @meadow: dog puppy doggy hound puppies+ labrador wolf wolves+ fox | cachorro cachorra cão cãozinho cadela cães+ cachorrinho lobo raposa
thing horse @meadow: horse stallion pony mare foal ponies+ mustang | cavalo égua potro pônei corcel
thing deer @forest: deer stag fawn reindeer elk moose | veado cervo alce rena corça
thing cow @meadow: cow cattle+ bull calf ox oxen+ bison | vaca boi gado touro bezerro novilho
thing sheep @meadow: sheep lamb ewe flock_of_sheep | ovelha carneiro cordeiro
thing person @meadow: person man woman girl boy figure traveler traveller hiker wanderer people+ men+ women+ child children+ human knight lady_in_a_dress pedestrian fisherman cowboy silhouette_of_a_man stranger | pessoa homem mulher menina menino figura viajante gente+ criança caminhante andarilho moça moço homens+ cavaleiro rapaz pescador humano pedestre garoto garota
thing car @meadow @road: car automobile taxi jeep sports_car truck van vehicle convertible | carro automóvel táxi jipe fusca caminhão veículo
thing train @meadow @hills: train locomotive steam_train railway steam_locomotive railroad tram | trem locomotiva maria-fumaça maria_fumaça trem_a_vapor ferrovia bonde
thing campfire @meadow @night: campfire bonfire fire camp_fire | fogueira fogo lareira
thing apple @table: apple | maçã
thing orange @table: orange tangerine mandarin | laranja tangerina mexerica bergamota
thing lemon @table: lemon lime | limão
thing pear @table: pear | pera
thing cherry @table: cherry cherries+ | cereja
thing banana @table: banana bananas+ | banana
thing grapes @table: grapes+ grape bunch_of_grapes | uvas+ uva cacho_de_uvas
thing cup @table: cup mug teacup coffee tea coffee_cup cup_of_coffee cup_of_tea cappuccino espresso | xícara caneca café chá xícara_de_café xícara_de_chá
thing bottle @table: bottle wine wine_bottle flask bottle_of_wine | garrafa vinho frasco garrafa_de_vinho
thing vase @table: vase jar pitcher jug bouquet amphora | vaso jarro buquê ânfora moringa ramalhete
thing bowl @table: bowl basin fruit_bowl | tigela cuia fruteira bacia
thing apple @table @pear @bowl: fruit basket_of_fruit | fruta cesta_de_frutas
thing book @table: book tome novel notebook | livro caderno tomo
thing candle @table: candle candlelight candlestick candlelit | vela castiçal velas+ à_luz_de_velas
thing sphere @table: sphere ball orb globe spherical | esfera bola orbe esférico
thing cube @table: cube box block dice crate cubic | cubo caixa bloco caixote
thing cone @table: cone conical | cone cônico
thing cylinder @table: cylinder cylindrical tin_can | cilindro cilíndrico
thing chair @room: chair armchair stool rocking_chair sofa couch | cadeira poltrona banquinho cadeira_de_balanço sofá

part sky: sky skies+ heavens+ heaven | céu céus+ firmamento
part clouds @cloudy: clouds+ cloud | nuvens+ nuvem
part water @lake: water | água águas+
part ground: ground soil floor | chão solo piso
part grass @meadow: grass grassy lawn | grama capim gramíneo
part snow @winter: snow snowy snow-covered snowcapped snow-capped snow_covered snow_capped snowbound | neve nevado nevada coberto_de_neve
part leaves @tree: leaves+ leaf foliage | folhas+ folha folhagem
part roof @house: roof rooftop | telhado teto
part sails @boat: sails+ sail | velas+ velame
part walls @room: walls+ wall | paredes+ parede

colour red: red crimson scarlet ruby reddish | vermelho escarlate carmesim rubro encarnado avermelhado rubi
colour orange: orange amber | laranja alaranjado âmbar
colour yellow: yellow yellowish | amarelo amarelado
colour gold: gold golden gilded | dourado ouro áureo
colour green: green emerald greenish | verde esmeralda esverdeado
colour teal: teal turquoise cyan aqua aquamarine | turquesa ciano água-marinha
colour blue: blue azure navy cobalt indigo bluish ultramarine | azul anil azulado índigo
colour purple: purple violet magenta mauve lilac | roxo violeta púrpura lilás arroxeado
colour pink: pink pinkish rosy | rosa cor-de-rosa cor_de_rosa rosado
colour brown: brown wooden brownish | marrom castanho
colour black: black jet_black | preto negro
colour white: white ivory snow_white | branco alvo marfim
colour grey: grey gray silver greyish grayish silvery | cinza cinzento prateado prata acinzentado

style watercolour: watercolour watercolor aquarelle gouache | aquarela guache aquarelado
style oil: oil_painting oil painting impressionist impressionism painterly van_gogh monet oil_paint oil_on_canvas expressionist | pintura_a_óleo óleo pintura impressionista impressionismo pictórico óleo_sobre_tela
style ink: ink ink_wash sumi-e ink_drawing woodcut ink_painting sumi_e engraving | nanquim tinta gravura xilogravura aguada sumi-e bico_de_pena
style pixel: pixel_art pixel pixelated 8-bit 8bit 16-bit 16bit retro_game pixelart | arte_pixel pixel pixelado pixel_art 8_bits 16_bits arte_em_pixel
style lowpoly: low_poly low-poly lowpoly polygonal polygon_art faceted | low_poly baixo_poli poligonal poucos_polígonos facetado
style line: line_drawing line_art drawing sketch pencil lineart pencil_drawing pencil_sketch line-art etching outline charcoal | desenho desenho_a_lápis traço esboço rascunho lápis arte_linear desenho_de_linha contorno carvão
style monochrome: monochrome black_and_white black-and-white b&w bw noir monochromatic greyscale grayscale | monocromático preto_e_branco preto-e-branco escala_de_cinza
style vaporwave: vaporwave synthwave retrowave outrun vapourwave | vaporwave synthwave retrowave
style sepia: sepia vintage old_photo antique | sépia vintage foto_antiga envelhecido
style pastel: pastel soft delicate pastel_colors+ pastel_colours+ | pastel suave delicado tons_pastéis+ tons_pastel cores_pastel
style vivid: vivid vibrant colorful colourful saturated psychedelic | vívido vibrante colorido saturado psicodélico
style dark: dark gloomy moody ominous spooky haunted dim somber sombre darkness | escuro sombrio tenebroso assombrado escuridão lúgubre
style bright: bright radiant luminous | claro brilhante radiante luminoso
style dreamy: dreamy dream ethereal magical magic fantasy fairytale enchanted fairy_tale surreal dreamlike mystical | onírico mágico fantasia encantado sonho etéreo surreal místico sonhador conto_de_fadas
style neon @night: neon cyberpunk neon_lights+ neon_light blade_runner | neon néon ciberpunk cyberpunk luzes_de_neon+ luz_de_neon
style warm: warm cozy cosy warm_colors+ warm_colours+ warm_light | quente aconchegante cores_quentes+ luz_quente
style cold: cold chilly cool_colors+ cold_colors+ cold_colours+ | frio gelado cores_frias+ luz_fria

number 1: one single lone lonely solitary a_single only_one | um_só único solitário sozinho um_único uma_única uma_só
number 2: two couple pair couple_of pair_of | dois duas par casal um_par_de um_casal_de
number 3: three few some several trio group group_of handful | três alguns algumas uns umas uns_poucos grupo um_grupo_de
number 4: four | quatro
number 5: five | cinco
number 6: six many lots_of lots a_lot_of numerous half_a_dozen plenty_of full_of | seis muitos muitas vários várias meia_dúzia meia_dúzia_de cheio_de um_monte_de diversos diversas inúmeros inúmeras
number 7: seven | sete
number 8: eight | oito
number 9: nine dozen dozens dozens_of hundreds hundreds_of thousands thousands_of ten eleven twelve twenty crowd_of flock_of herd_of flock herd swarm_of | nove dúzia dúzias dúzia_de dezenas dezenas_de centenas centenas_de milhares milhares_de dez onze doze vinte bando bando_de rebanho rebanho_de multidão_de revoada_de

size big: big large huge giant gigantic enormous tall massive immense colossal towering oversized | grande enorme gigante gigantesco imenso alto colossal grandão grandioso
size small: small tiny little miniature mini petite wee | pequeno minúsculo pequenino miniatura mini pequenininho miúdo

shade light: light deep pale medium | profundo pálido médio

side left: on_the_left left at_the_left to_the_left on_the_left_side left_side at_left in_the_left_corner to_the_left_of | à_esquerda esquerda do_lado_esquerdo no_lado_esquerdo na_esquerda
side right: on_the_right at_the_right to_the_right on_the_right_side right_side at_right in_the_right_corner to_the_right_of right | à_direita direita do_lado_direito no_lado_direito na_direita
side middle: in_the_middle in_the_center in_the_centre at_the_center at_the_centre center centre centered centred middle in_the_middle_of in_the_center_of in_the_centre_of | no_meio no_centro ao_centro centralizado no_meio_de

depth near: in_the_foreground foreground close near close-up close_up closeup up_close nearby | em_primeiro_plano primeiro_plano perto próximo de_perto à_frente
depth far: in_the_distance in_the_background background distant far faraway far_away far_off remote distance on_the_horizon | ao_longe ao_fundo no_fundo distante longe longínquo no_horizonte à_distância ao_horizonte em_segundo_plano

relation over: over above hovering_over flying_over | acima acima_de por_cima_de
relation under: under below beneath underneath | sob debaixo debaixo_de embaixo embaixo_de abaixo abaixo_de por_baixo_de
relation beside: beside next_to by near_to close_to alongside near_the near_a near_an by_the_side_of next | ao_lado ao_lado_de perto_de junto_a junto_de próximo_a próximo_de à_beira_de na_beira_de à_margem_de às_margens_de
relation front: in_front_of in_front before | em_frente em_frente_a em_frente_de na_frente na_frente_de diante_de defronte
relation behind: behind in_back_of at_the_back_of | atrás atrás_de por_trás_de detrás_de
relation on: on upon on_top_of atop onto sitting_on | sobre em_cima em_cima_de no_topo_de no_alto_de
relation in: in inside within into at | em no na nos nas num numa nuns numas dentro_de dentro
relation reflected: reflected_in reflected_on reflecting_in mirrored_in reflected reflecting_on | refletido_em refletido_no refletido_na refletido_sobre espelhado_em espelhado_no espelhado_na refletido refletindo_em refletindo_no refletindo_na refletido_nos refletido_nas

negation no: no without not never none zero neither nor isn_t aren_t doesn_t don_t no_more excluding free_of absence_of lacking except minus without_any not_any | sem não nenhum nenhuma nem nunca jamais sem_nenhum sem_nenhuma sem_qualquer exceto ausência_de

join or: or | ou
join and: and plus | e mais

article a: a an the | um uma o os as a
"""  # noqa: E501 - one concept, one line

# Words that only hold others together: they are not shown, understood or not.
FUNCTION_WORDS = """
    are be been being between during for from has have having he her his i is it its my of off our out
    outside over she that their there these they this those through to top toward towards up very was we
    were where which while who whose with you your across against along among around after about break as
    so too can will but just also then than s t d ll re ve m am any each every all both
    à às ao aos é de do da dos das pelo pela pelos pelas para pra por com entre até que se mas como menos
    muito seu sua seus suas meu minha ele ela eles elas isto isso este esta esse essa aquele aquela lado
    cima baixo frente fora são está estão ser estar há tem qualquer cada todo toda todos todas cor cujo
    cuja pro já
"""


class Concept(NamedTuple):
    """What a form of the table stands for."""

    kind: str
    name: str
    brings: tuple[str, ...] = ()  # concepts that come along
    english: bool = True
    portuguese: bool = False  # a form may belong to both languages
    plural: bool = False
    size: str = ""  # small for a diminutive, big for an augmentative


def fold(text: str) -> str:
    """Lower case without accents: the spelling that words are compared in."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


Forms = dict[str, tuple[Concept, ...]]


def _parse(table: str) -> tuple[Forms, dict[tuple[str, str], tuple[str, ...]]]:
    """The concepts of each folded form, and the English and the Portuguese name of each (kind, concept)."""
    forms: Forms = {}
    names: dict[tuple[str, str], tuple[str, ...]] = {}
    joints = str.maketrans("_-'&", "    ")
    plain = (
        unicodedata.normalize("NFKD", table.lower()).encode("ascii", "ignore").decode()
    )  # a quicker `fold`
    for line, folded in zip(table.splitlines(), plain.splitlines(), strict=True):
        if not line:
            continue
        kind, name, *brought = line.partition(":")[0].split()
        if (kind, name) not in names:
            shown = (side.split()[0] for side in line.partition(": ")[2].split("|"))
            names[kind, name] = tuple([form.rstrip("+").replace("_", " ") for form in shown])
        brings = tuple([concept[1:] for concept in brought])
        for portuguese, side in enumerate(folded.partition(": ")[2].split("|")):
            singular = Concept(kind, name, brings, not portuguese, bool(portuguese))
            plural = singular._replace(plural=True)
            for word in side.split():
                form = word if word.isalpha() else word.rstrip("+").translate(joints)
                concept = plural if word[-1] == "+" else singular
                forms[form] = _with(forms[form], concept) if form in forms else (concept,)
    return forms, names


def _with(known: tuple[Concept, ...], concept: Concept) -> tuple[Concept, ...]:
    """One more concept of a form; the same one from the other language makes it a form of both."""
    for index, other in enumerate(known):
        if (other.kind, other.name) == (concept.kind, concept.name):
            return (
                *known[:index],
                other._replace(portuguese=other.portuguese or concept.portuguese),
                *known[index + 1 :],
            )
    return (*known, concept)


FORMS, NAMES = _parse(TABLE)
KIND_OF = {name: kind for kind, name in reversed(NAMES)}  # where two have a name, the first in the table
FUNCTION_FORMS = frozenset(fold(FUNCTION_WORDS).split())
