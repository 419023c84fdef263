"""Translations: `_("text")` in the chosen language. Call it when the text is shown, never at import."""

import gettext
import locale
import os

from avila.assets import resource

LANGUAGES = {"en": "English", "pt_BR": "Português (Brasil)"}

_translations: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def use(language: str = "") -> None:
    """Switch to a key of LANGUAGES, or with "" to the system's language where we speak it."""
    global _translations, _language
    _language = language or system_language()
    _translations = gettext.translation("avila", resource("locale"), [_language], fallback=True)


def language() -> str:
    """The key of LANGUAGES in use."""
    return _language


def system_language() -> str:
    """The key of LANGUAGES nearest to the system's language; every Portuguese reads the Brazilian one."""
    names = [os.environ.get(variable, "") for variable in ("LC_ALL", "LC_MESSAGES", "LANG")]
    name = next((name for name in names if name), "") or (locale.getlocale()[0] or "")
    return "pt_BR" if name.lower().startswith(("pt", "portuguese")) else "en"


def _(text: str) -> str:
    """The translation of `text`, or `text` itself."""
    return _translations.gettext(text)


def ngettext(singular: str, plural: str, number: int) -> str:
    """The right form for `number`; fill the number in afterwards with `.format(n=…)`."""
    return _translations.ngettext(singular, plural, number)
