"""Typing mistakes of one letter: one too many, one missing, one wrong, or two neighbours swapped.

Two words that far apart share what is left when at most one letter is taken out of each, so an index of
such remains finds the few candidates of a word in as many look-ups as it has letters, whatever the size of
the vocabulary (the symmetric deletion of Garbe's SymSpell, 2012).
"""

from functools import cache, lru_cache

from avila.drafts.words.inflection import lookup
from avila.drafts.words.vocabulary import FORMS

SHORTEST = 4  # letters; shorter words are too near to one another, and these are mended only when swapped
LONGEST = 24  # letters; there are no longer words of ours
TOO_MUCH = 9
SAFE = 6  # letters from which on any one mistake is mended; before, only the likely ones
# The keys beside and above or below each key.
NEIGHBOURS = {
    "q": "wa", "w": "qeas", "e": "wrsd", "r": "etdf", "t": "ryfg", "y": "tugh", "u": "yihj",
    "i": "uojk", "o": "ipkl", "p": "ol", "a": "qwsz", "s": "awedzx", "d": "serfxc", "f": "drtgcv",
    "g": "ftyhvb", "h": "gyujbn", "j": "huiknm", "k": "jiolm", "l": "kop", "z": "asx", "x": "zsdc",
    "c": "xdfv", "v": "cfgb", "b": "vghn", "n": "bhjm", "m": "njk",
}  # fmt: skip
_GUESSED = frozenset(
    ("place", "time", "weather", "clouds", "season", "thing", "part", "colour", "style", "size")
)
# Common words one letter away from one of ours; they, and their plurals with s, are never mended.
_COMMON_WORDS = """
    aberto acerca adiante agente agrada aguarda airline alec algo alot amanha apetite aponte applies apto
    artigo atenda aviso bacana bacon balas balcao banco battle beautiful berco best bitch blonde boast
    boato bolsa bonds bota braco branch breach bride bridget brinco brooding brooke broom busty butter
    butts cabine cacada cadeia caixao calada caminha caminhar cancoes caneta canhoes cannon canon caralho
    careca carinho carne carrot cartao carteiro case cavalheiro cerveja cesar chamada chapado chapeu
    charles chile chora chorar choro circus ciume clark clod clone colin colorado coluna comeca comer
    cometi comic comido conde congelando corda correio correto costas costs cozinhar create dedicado deram
    desenhou dishes dover drawn driver drove encantador encarando encostar encoste entrada errado escudo
    escuta escuto espera estraga estrago estreia eterno expresso faced failing falamos falhas fantasma
    fazendo felizes ferrado festival figured filed filha fired fisher flood florida folga forge forty
    fraco franco freio fresco fridge frita galinha garcia gary gasta gasto gatilho genre gentle george
    gloom glove goat graca grade grainy grams grana grand grandiose graphs gravado graves great greene
    groove haven heard highland holly holmes homer hughes humana indio inferior inferno internal interno
    lace ladrao lady largue lavando leave lighting lilly limpou linear livrou macaco macio madre maine
    major mancha manga marge maria maricas marido marie maritime marta masterpiece matte meter missil
    moises money mono montana monte morri morto mulder nail negado nerve nevada nivel novela oral orelha
    outro parade parado parece parto passado passagem passamos passar passara paste pastor patio patrao
    perda pesar pessoais pessoal piada pirata place plain planeja plans plant planta pointing pondo porque
    portao portoes posted poster posts praga premio printing prot quality quanto quarta raid raising
    recipe ricky roda rola rover rugby sacana saguao salao salon satanas sealed shallow shave showed
    showing slower sobrando sobrio sombra sonhou souber sower sprint stable stairs stark start stats
    status steam stereo story strain strange string stronger struck style submarine submit summary tablet
    tanner tela tempo tento terem term ticket time tonta topics tornamos tornando towers trade training
    trent trial trick trilhos trinta valer valor velhas venue verbal versao verse vilao violent violenta
    walks walter winner
"""
COMMON = frozenset(_COMMON_WORDS.split())


@lru_cache(maxsize=4096)
def corrected(form: str) -> str:
    """The word of the vocabulary that a folded, unknown word was meant to be, or ""."""
    if not SHORTEST <= len(form) <= LONGEST or not (form.isascii() and form.isalpha()):
        return ""
    if form in COMMON or (form[-1] == "s" and form[:-1] in COMMON):
        return ""
    if meant := _nearest(form):
        return meant
    singular = _nearest(form[:-1]) if form[-1] == "s" and len(form) > SHORTEST + 1 else ""
    return singular + "s" if singular and lookup(singular + "s") else ""


def _nearest(form: str) -> str:
    """The likeliest of the words one mistake away, or ""."""
    near = _near(form)
    if not near:
        return ""
    cost, meant = min((_cost(form, word), word) for word in near)
    return meant if cost < TOO_MUCH else ""


@cache
def _index() -> dict[str, list[str]]:
    """What remains of each word without one letter, and the words it may come from."""
    remains: dict[str, list[str]] = {}
    for word, concepts in FORMS.items():
        if len(word) >= SHORTEST and " " not in word and concepts[0].kind in _GUESSED:
            for part in {word[:at] + word[at + 1 :] for at in range(len(word))}:
                remains.setdefault(part, []).append(word)
    return remains


def _near(form: str) -> set[str]:
    """The words that share a remainder with `form`: all at one mistake, some at two."""
    index = _index()
    found = set(index.get(form, ()))  # a letter is missing
    for at in range(len(form)):
        part = form[:at] + form[at + 1 :]
        if part in FORMS:
            found.add(part)  # a letter too many
        found.update(index.get(part, ()))
    return found


def _cost(typed: str, meant: str) -> int:
    """How unlikely it is that `meant` was typed so; TOO_MUCH for more than one mistake."""
    if len(meant) < SHORTEST or FORMS[meant][0].kind not in _GUESSED:
        return TOO_MUCH
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    rest, wanted = typed[start:], meant[start:]
    if len(rest) == len(wanted) and rest[:2] == wanted[1::-1] and rest[2:] == wanted[2:]:
        return 0  # two swapped
    short = len(typed) < SAFE
    if len(typed) == SHORTEST or (short and start == 0):
        return TOO_MUCH
    if rest == wanted[1:]:
        return 1  # one missing
    if rest[1:] == wanted:
        likely = rest[0] in typed[start - 1] + NEIGHBOURS[typed[start - 1]] + NEIGHBOURS[wanted[:1] or "l"]
        return TOO_MUCH if short and not likely else 2  # one too many
    if rest[1:] != wanted[1:] or ((short or start == 0) and wanted[0] not in NEIGHBOURS[rest[0]]):
        return TOO_MUCH
    return 3  # one wrong
