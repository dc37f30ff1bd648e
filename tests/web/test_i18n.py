"""The interface in other languages."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from registry.messages import message
from tests.builders import a_project
from tests.web.conftest import Browser, text_of
from web import formats, i18n
from web.rendering import environment

ROOT = Path(__file__).resolve().parents[2]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "message": None, "sentence": None}


def sentences(folder: str | None = None, methods: dict[str, str] | None = None) -> Iterator[str]:
    """Every sentence that pages and domain can show (a singular for both), as Babel finds it."""
    methods = methods or {"**.py": "python", "**/templates/**.html": "jinja2"}
    for part in [folder] if folder else ["web", "registry", "search"]:
        for found in extract_from_dir(ROOT / part, list(methods.items()), keywords=KEYWORDS):
            yield found[2] if isinstance(found[2], str) else found[2][0]


def test_sentences_are_extracted_from_pages_and_domain() -> None:
    found = set(sentences())
    assert "Search projects" in found
    assert "%(num)s project" in found
    assert "Give the organisation's name." in found


@pytest.mark.parametrize("language", ["fr", "es"])
def test_translations_belong_to_sentences_and_keep_their_places(language: str) -> None:
    translated = i18n._sentences(language)
    strangers = set(translated) - set(sentences())
    assert not strangers, f"no page says this any more: {sorted(strangers)}"
    for english, forms in translated.items():
        for text in (forms,) if isinstance(forms, str) else forms:
            assert places(text) <= places(english) | {"num"}, english


@pytest.mark.parametrize("language", ["fr", "es"])
def test_what_every_visitor_reads_is_translated(language: str) -> None:
    translated = i18n._sentences(language)
    for area in ("home", "countries", "organisations", "sign_in", "errors", "macros", "help"):
        for sentence in sentences(f"web/templates/{area}", {"**.html": "jinja2"}):
            assert sentence in translated, f"{area}: {sentence!r} is not translated yet"


@pytest.mark.parametrize("language", ["fr", "es"])
def test_the_reasons_of_an_overlap_are_translated(language: str) -> None:
    translated = i18n._sentences(language)
    missing = [text for text in sentences("registry/overlap") if text not in translated]
    assert not missing


def test_how_much_is_translated(capsys: pytest.CaptureFixture[str]) -> None:
    known = set(sentences())
    with capsys.disabled():
        for language in ("fr", "es"):
            share = len(known & set(i18n._sentences(language))) / len(known)
            print(f"\n{language}: {share:.0%} of {len(known)} sentences are translated", end=" ")


def places(text: str) -> set[str]:
    """The named places of a template, %(name)s or {name}."""
    return {a or b for a, b in re.findall(r"%\((\w+)\)s|\{(\w+)", text)}


async def test_the_language_is_chosen_by_link_and_remembered(browser: Browser) -> None:
    assert '<html lang="en">' in (await browser.get("/")).text
    french = await browser.get("/?lang=fr")
    assert '<html lang="fr">' in french.text
    assert (
        "Projets" in text_of(await browser.get("/countries"))
        or "Pays" in (await browser.get("/countries")).text
    )
    assert '<html lang="fr">' in (await browser.get("/countries")).text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("ru, fr;q=0.5, en;q=0.1", "fr"),
        ("de", "en"),
        ("en;q=0, fr;q=0.2", "fr"),
        ("*;;q=x", "en"),
    ],
)
async def test_the_browser_says_which_language(
    browser: Browser, header: str, language: str
) -> None:
    answer = await browser.get("/", headers={"Accept-Language": header})
    assert f'<html lang="{language}">' in answer.text


async def test_codes_countries_and_money_follow_the_language(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, country="DE", budget=Decimal(1_500_000), title="Cours")
    page = text_of(await browser.get("/countries/DE?lang=fr")).replace("\xa0", " ")
    assert "Allemagne" in page
    assert "1,5 M USD" in page


def test_a_constant_is_written_in_the_language_of_each_reader() -> None:
    template = environment().from_string("{{ 0.99|number(2) }}")
    with i18n.speaking("fr"):
        assert template.render() == "0,99"
    assert template.render() == "0.99"


def test_a_message_is_translated_when_it_is_read() -> None:
    said = message("Search projects")
    assert i18n.say(said) == "Search projects"
    with i18n.speaking("fr"):
        assert i18n.say(said) == "Chercher des projets"
        assert i18n.say(said.as_json()) == "Chercher des projets"
        assert i18n.ngettext("%(num)s project", "%(num)s projects", 1) == "%(num)s projet"
        assert i18n.ngettext("%(num)s project", "%(num)s projects", 0) == "%(num)s projet"
        assert i18n.ngettext("%(num)s project", "%(num)s projects", 2) == "%(num)s projets"


def test_messages_inside_messages_are_translated_too() -> None:
    outer = message("{what}: {names}", what=message("Search projects"), names=["a", "b"])
    with i18n.speaking("es"):
        assert i18n.say(outer) == "Buscar proyectos: a, b"


def test_money_dates_and_periods() -> None:
    plain = lambda text: text.replace("\xa0", " ").replace("\u202f", " ")  # noqa: E731
    assert plain(formats.short_amount(Decimal(1_250_000), "USD")) == "USD 1.2 m"
    assert plain(formats.short_amount(Decimal(12_500), "EUR")) == "EUR 12,500"
    assert formats.period(date(2025, 2, 1), date(2027, 1, 31)) == "Feb 2025 – Jan 2027"
    assert formats.period(None, None) == "dates not known"
    with i18n.speaking("fr"):
        assert plain(formats.amount(Decimal(12_500), "EUR")) == "12 500 EUR"
        assert formats.day(date(2025, 2, 3)) == "3 févr. 2025"
