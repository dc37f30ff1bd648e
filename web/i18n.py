"""Languages of the interface: which one a request wants, and the translated sentences.

English is the source. The other languages are gettext files, `web/locales/<language>/convene.po`,
read at start; a sentence without a translation is shown in English. Templates say `_('...')` and
`ngettext('%(num)s project', '%(num)s projects', n)`; sentences of the domain are `Message`s, shown
with the filter `say`.
"""

import gettext as gnu_gettext
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from litestar.connection import ASGIConnection

from registry import wording
from registry.messages import Message

LANGUAGES = {"en": "English", "fr": "Français", "es": "Español"}
SOURCE_LANGUAGE = "en"
LANGUAGE_COOKIE = "convene_language"
LOCALES = Path(__file__).parent / "locales"

_current: ContextVar[str] = ContextVar("language", default=SOURCE_LANGUAGE)


def sentence(english: str) -> str:
    """Mark a sentence that reaches a template as a variable, so that Babel finds it here."""
    return english


def language() -> str:
    """Return the language in which the present page is written."""
    return _current.get()


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Write in this language within the block."""
    token = _current.set(code)
    try:
        yield
    finally:
        _current.reset(token)


def language_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the language that a request wants: by ?lang=, else cookie, else Accept-Language."""
    for wanted in (
        connection.query_params.get("lang"),
        connection.cookies.get(LANGUAGE_COOKIE),
        *_accepted(connection.headers.get("accept-language", "")),
    ):
        if wanted in LANGUAGES:
            return str(wanted)
    return SOURCE_LANGUAGE


def _accepted(header: str) -> list[str]:
    """Return the primary languages of an Accept-Language header, the most wanted first."""
    weighed: list[tuple[float, str]] = []
    for part in header.split(",")[:20]:
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        weighed.append((weight, tag.split("-")[0].lower()))
    weighed.sort(key=lambda pair: -pair[0])
    return [tag for weight, tag in weighed if weight > 0]


@cache
def catalogue(code: str) -> Catalog:
    """Return the translations into a language; an empty catalogue where there is no file."""
    path = LOCALES / code / "convene.po"
    if not path.exists():
        return Catalog(locale=code)
    with path.open("rb") as file:
        return read_po(file, locale=code, domain="convene")


@cache
def _sentences(code: str) -> Mapping[str, str | tuple[str, ...]]:
    """Return what is translated: the English sentence (singular) -> translation or plural forms."""
    found: dict[str, str | tuple[str, ...]] = {}
    for entry in catalogue(code):
        if not entry.id or entry.fuzzy:
            continue
        if isinstance(entry.id, tuple | list):
            forms = tuple(entry.string or ())
            if forms and all(forms):
                found[entry.id[0]] = forms
        elif entry.string:
            found[entry.id] = str(entry.string)
    return found


@cache
def _plural_form(code: str) -> Any:
    return gnu_gettext.c2py(catalogue(code).plural_expr)


def gettext(text: str) -> str:
    """Return the sentence in the present language, else as it is."""
    found = _sentences(language()).get(text, text)
    return found if isinstance(found, str) else found[0]


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the sentence for so many in the present language, else in English."""
    forms = _sentences(language()).get(singular)
    if isinstance(forms, tuple):
        return forms[min(int(_plural_form(language())(number)), len(forms) - 1)]
    return singular if number == 1 else plural


def say(sentence: Message | Mapping[str, Any] | str | None) -> str:
    """Return a sentence of the domain in the present language.

    Takes a Message, the JSON form in which one is stored, or plain text, which is looked up too.
    """
    if sentence is None:
        return ""
    if isinstance(sentence, Message):
        template, params = sentence.template, sentence.params
    elif isinstance(sentence, Mapping):
        template, params = str(sentence["template"]), sentence.get("params", {})
    else:
        return gettext(sentence)
    return gettext(template).format(**{name: _spoken(value) for name, value in params.items()})


def _spoken(value: Any) -> Any:
    if isinstance(value, Message):
        return say(value)
    if isinstance(value, Mapping):
        return say(value) if "template" in value else wording.in_language(value, language())
    if isinstance(value, list | tuple):
        return ", ".join(str(_spoken(part)) for part in value)
    return value
