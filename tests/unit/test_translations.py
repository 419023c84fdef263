"""The Portuguese texts: all are there, fit their originals and are compiled; `_` is called as it must be."""

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

import avila
from avila.assets import resource

SOURCES = Path(avila.__file__).parent
MESSAGES = resource("locale") / "pt_BR" / "LC_MESSAGES"
ARGUMENTS = {"_": 1, "ngettext": 2}  # how many texts each function takes

Call = tuple[str, ast.Call]  # where it is, and the call


def name_of(node: ast.AST) -> str:
    """The name of the function that `node` calls, without its module; "" when it is no such call."""
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
    return ""


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCES.rglob("*.py")):
        yield path.relative_to(SOURCES).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def texts_of(call: ast.Call) -> tuple[str, ...] | None:
    """The texts a call translates; None when one of them is not a plain literal."""
    wanted = call.args[: ARGUMENTS[name_of(call)]]
    texts = [each.value for each in wanted if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return tuple(texts) if len(texts) == ARGUMENTS[name_of(call)] else None


def evaluated_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """`node` and what runs with it when its module is imported: all but the bodies of functions."""
    yield node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        parts: list[ast.AST] = [node.args]
        if not isinstance(node, ast.Lambda):
            parts += [*node.decorator_list, *([node.returns] if node.returns else [])]
    else:
        parts = list(ast.iter_child_nodes(node))
    for part in parts:
        yield from evaluated_at_import(part)


def placeholders(text: str) -> set[str]:
    """The names in {} and in %()s; a text that only looks like a format has none."""
    try:
        fields = {name for _text, name, _form, _turned in Formatter().parse(text) if name is not None}
    except ValueError:
        fields = set()
    return fields | set(re.findall(r"%\(\w+\)\w", text))


def forms(texts: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    """A message of Babel, which is a text or its singular and plural, as a tuple."""
    return (texts,) if isinstance(texts, str) else tuple(texts or ())


def compiled(catalog: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    """What a program finds in a compiled catalogue, by the original."""
    return {forms(message.id): forms(message.string) for message in catalog if message.id}


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    found = [
        (f"{path}:{node.lineno}", node)
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and name_of(node) in ARGUMENTS
    ]
    inside = [call for call in found if not call[0].startswith("i18n.py:")]  # it hands texts through
    assert len(inside) > 300, "the sources were not found"
    return inside


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with (MESSAGES / "avila.po").open("rb") as file:
        return read_po(file, abort_invalid=True)


def test_every_text_of_the_sources_is_translated(calls: list[Call], catalog: Catalog) -> None:
    translated = {
        forms(message.id): forms(message.string)
        for message in catalog
        if message.string and not message.fuzzy
    }
    missing = [
        f"{where}: {texts}"
        for where, call in calls
        if (texts := texts_of(call)) and not all(translated.get(texts) or [""])
    ]
    assert not missing, "run `make locale`, then fill in avila.po:\n" + "\n".join(missing)


def test_the_catalogue_says_language_plural_and_encoding(catalog: Catalog) -> None:
    assert str(catalog.locale) == "pt_BR"
    assert (catalog.num_plurals, catalog.plural_expr) == (2, "(n > 1)")
    assert catalog.charset == "utf-8"
    assert not any("@" in value for _name, value in catalog.mime_headers)


def test_translations_keep_the_placeholders(catalog: Catalog) -> None:
    wrong = [
        (original, text)
        for message in catalog
        if message.id
        for text in forms(message.string)
        for original in forms(message.id)
        if placeholders(text) != placeholders(original)
    ]
    assert not wrong


def test_translations_begin_and_end_as_their_originals(catalog: Catalog) -> None:
    """A lost ellipsis, colon, full stop or line end is seen at once beside its neighbours."""
    ends = re.compile(r"\A(\s*).*?([.…:?!\s]*)\Z", re.DOTALL)
    wrong = [
        (original, text)
        for message in catalog
        if message.id
        for original, text in zip(forms(message.id), forms(message.string), strict=True)
        if ends.findall(text) != ends.findall(original)
    ]
    assert not wrong


def test_the_compiled_file_is_that_of_the_texts(catalog: Catalog) -> None:
    fresh = io.BytesIO()
    write_mo(fresh, catalog)
    fresh.seek(0)
    with (MESSAGES / "avila.mo").open("rb") as file:
        shipped = read_mo(file)
    assert compiled(shipped) == compiled(read_mo(fresh)), "run `make locale`"
    assert str(shipped.locale) == "pt_BR"
    assert (shipped.num_plurals, shipped.plural_expr) == (2, "(n > 1)")


def test_no_text_is_translated_at_import() -> None:
    """The language is chosen later; what is translated at import stays English."""
    early = [
        f"{path}:{node.lineno}"
        for path, tree in trees()
        for node in evaluated_at_import(tree)
        if isinstance(node, ast.Call) and name_of(node) in ARGUMENTS
    ]
    assert not early


def test_only_literals_are_translated(calls: list[Call]) -> None:
    """An f-string or a sum is another text each time, which no catalogue can hold."""
    assert not [where for where, call in calls if texts_of(call) is None]
