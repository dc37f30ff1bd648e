"""The help pages: what they say, their pictures, and how one gets there."""

import re
from dataclasses import replace

import pytest

from tests.builders import an_account, an_organisation
from tests.web.conftest import Browser, text_of
from web.assets import STATIC, assets
from web.i18n import LANGUAGES
from web.pages.help import TOPICS

IMAGE = re.compile(r'<img src="(?P<src>[^"]+)" width="(\d+)" height="(\d+)"[^>]* alt="([^"]+)"')
LARGEST_PICTURE = 120_000
"""Bytes: a page of help is read on slow lines too."""
PICTURES = {"upload", "plan", "progress", "gone"}


async def test_every_topic_is_linked_and_served(browser: Browser) -> None:
    start = await browser.get("/help")
    for topic in TOPICS:
        assert f'href="/help/{topic}"' in start.text
        assert (await browser.get(f"/help/{topic}")).status_code == 200


async def test_whoever_may_import_is_led_to_the_help(browser: Browser) -> None:
    assert "/help/bringing" in (await browser.get("/countries/MD")).text
    async with browser.database.session() as session:
        own = await an_organisation(session, "UNODC")
        await an_account(session, organisation=own, email="member@example.org")
    await browser.come_in_as("member@example.org")
    for path in ("/projects/mine", "/projects/import", "/projects"):
        assert 'href="/help/bringing"' in (await browser.get(path)).text, path


@pytest.mark.parametrize("language", LANGUAGES)
async def test_its_pictures_are_those_of_the_language(browser: Browser, language: str) -> None:
    page = await browser.get(f"/help/bringing?lang={language}")
    shown = {found["src"]: found.groups()[1:] for found in IMAGE.finditer(page.text)}
    named = [re.fullmatch(rf"/static/help/(\w+)\.{language}\.\w+\.png", src) for src in shown]
    assert {match[1] for match in named if match} == PICTURES
    assert len(shown) == len(PICTURES)
    for src, (width, height, alternative) in shown.items():
        sent = await browser.get(src)
        assert sent.headers["content-type"] == "image/png"
        assert "immutable" in sent.headers["cache-control"]
        assert "content-encoding" not in sent.headers
        assert sent.content.startswith(b"\x89PNG")
        assert len(sent.content) < LARGEST_PICTURE
        at = int.from_bytes(sent.content[16:20]), int.from_bytes(sent.content[20:24])
        assert at == (2 * int(width), 2 * int(height))
        assert len(alternative) > 40


async def test_the_description_of_a_picture_names_the_buttons_as_they_are(browser: Browser) -> None:
    page = text_of(await browser.get("/help/bringing?lang=fr"))
    assert "« Montrer ce qui se passerait »" in page


def test_every_picture_is_shown_somewhere() -> None:
    expected = {
        f"help/{name}.{language}.png" for name in PICTURES for language in "en fr es".split()
    }
    assert {path.relative_to(STATIC).as_posix() for path in STATIC.glob("help/*")} == expected


async def test_the_columns_are_explained_in_the_language_of_the_page(browser: Browser) -> None:
    page = await browser.get("/help/importing?lang=fr")
    assert "État d’avancement" in page.text
    assert "<code>funding=Sida;implementing=UNODC</code>" in page.text


async def test_only_pictures_have_a_size() -> None:
    with pytest.raises(ValueError, match="not a PNG"):
        _ = assets()["convene.css"].size


@pytest.mark.parametrize("path", ["/static/help/plan.en.png", "/static/help/..%2fconvene.css"])
async def test_files_are_only_served_under_their_public_names(browser: Browser, path: str) -> None:
    assert (await browser.get(path)).status_code == 404


async def test_the_accessibility_statement_says_whom_to_tell(browser: Browser) -> None:
    nobody = text_of(await browser.get("/help/accessibility"))
    assert "This registry has named no address for it yet" in nobody
    browser.app.state.settings = replace(browser.app.state.settings, contact="help@example.org")
    named = await browser.get("/help/accessibility?lang=fr")
    assert 'href="mailto:help@example.org"' in named.text
    assert "26 nov. 2026" in text_of(named).replace("\xa0", " ")
