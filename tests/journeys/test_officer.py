"""An officer of a UN agency prepares a mission to Moldova, in English or French."""

import io
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from python_calamine import load_workbook

from registry import codelists
from registry.demo import DEMO_PASSWORD
from tests.journeys.conftest import NARROW, WIDE, Served, check_accessibility, check_width
from tests.journeys.hands import Hand, Keyboard, Pointer
from tests.journeys.untranslated import english_left_on
from web import i18n

FOLLOWED = "mécanisme national d'orientation"
"""What the officer looks for in French, whatever the language of the pages."""
MISTYPED = {"en": ("refferal", "referral"), "fr": ("orientasion", "orientation")}
YEAR = 2025
AFRICA, TUNISIA = "002", "TN"


@dataclass
class Officer:
    """Somebody at a page, in a language, with a hand that uses it."""

    page: Page
    language: str
    hand: Hand

    def words(self, english: str, **places: object) -> str:
        """Return a sentence of the interface as the officer reads it."""
        with i18n.speaking(self.language):
            sentence = i18n.gettext(english)
        return sentence % places if places else sentence

    def country(self, code: str) -> str:
        """Return the name of a country as the officer reads it."""
        return codelists.country_name(code, self.language)

    def link(self, name: str) -> Locator:
        """Return the first link of this name in the page's content."""
        return self.page.get_by_role("main").get_by_role("link", name=name, exact=True).first

    def total(self) -> int:
        """Return how many projects the search has found."""
        return number_in(self.page.locator(".result-count strong").inner_text())

    def look(self, heading: str | re.Pattern[str] | None = None) -> None:
        """See that the page is whole: its heading, no barrier, and no English left."""
        title = self.page.get_by_role("heading", level=1)
        expect(title).to_have_count(1)
        if heading:
            expect(title).to_have_text(heading)
        if isinstance(self.hand, Keyboard):
            check_width(self.page)  # with the pointer the same pages are examined whole
        else:
            check_accessibility(self.page)
        assert self.page.locator("html").get_attribute("lang") == self.language
        if self.language != "en":
            assert english_left_on(self.page, self.language) == [], self.page.url


def number_in(text: str) -> int:
    """Return the first number in a text, whatever stands between its thousands."""
    found = re.search(r"\d[\d\s,.]*", text)
    assert found, text
    return int(re.sub(r"\D", "", found[0]))


def parameters_of(address: str) -> list[tuple[str, str]]:
    """Return what an address asks for, in an order of its own."""
    return sorted(parse_qsl(urlsplit(address).query))


@pytest.fixture
def officer(page: Page, language: str, hand: Hand) -> Officer:
    """An officer who has just opened the registry and chosen a language."""
    page.goto("/")
    chosen = page.get_by_role("navigation").get_by_role("link", name=i18n.LANGUAGES[language])
    hand.press(chosen)
    expect(page.locator("html")).to_have_attribute("lang", language)
    return Officer(page, language, hand)


@pytest.mark.parametrize(
    ("context", "language", "hand"),
    [
        pytest.param(WIDE, "en", Pointer(), id="english"),
        pytest.param(NARROW, "fr", Pointer(), id="french-on-a-phone"),
        pytest.param(WIDE, "fr", Keyboard(), id="french-by-keyboard"),
    ],
    indirect=["context"],
)
def test_before_a_mission(officer: Officer, served: Served, browser: Browser) -> None:
    sign_in(officer)
    start_from_the_map(officer)
    read_who_does_what(officer)
    be_understood_though_mistyped(officer)
    narrow_the_search(officer)
    share_the_address(officer, browser, served)
    save_the_search(officer)
    take_it_along(officer)
    look_around(officer)
    delete_the_search(officer)


def sign_in(officer: Officer) -> None:
    """Sign in, and come back to the start page."""
    page, hand = officer.page, officer.hand
    hand.press(page.get_by_role("banner").get_by_role("link", name=officer.words("Sign in")))
    hand.write(page.get_by_label(officer.words("E-mail")), "officer@example.org")
    hand.write(page.get_by_label(officer.words("Password")), DEMO_PASSWORD)
    officer.look(officer.words("Sign in"))
    hand.press(page.get_by_role("main").get_by_role("button", name=officer.words("Sign in")))
    page.wait_for_url(lambda url: "/sign-in" not in url)
    hand.press(page.get_by_role("banner").get_by_role("link", name="Convene", exact=True))
    officer.look(officer.words("Who does what against trafficking in persons, and where"))


def start_from_the_map(officer: Officer) -> None:
    """Choose a pillar and a year on the map, and find its figure of Moldova in the search."""
    page, hand = officer.page, officer.hand
    hand.press(page.locator("#switch-protection"))
    expect(page.locator("#switch-protection")).to_have_attribute("aria-current", "true")
    hand.slide(page.get_by_role("slider"), YEAR)
    page.wait_for_url(lambda url: f"year={YEAR}" in url and "pillar=protection" in url)
    expect(page.locator("#year-shown")).to_have_text(str(YEAR))
    expect(page.locator("#map-part")).to_contain_text(str(YEAR))
    officer.look()
    tile = page.locator("a.tile[href$='country=MD']")
    there = number_in((tile.get_attribute("aria-label") or "").partition(":")[2])
    if page.viewport_size == NARROW:  # the tiles are small there; the list says the same
        hand.unfold(page.locator("#map-figures > summary"))
        tile = page.locator("#map-figures a[href$='country=MD']")
    hand.press(tile)
    page.wait_for_url("**/projects?**")
    assert officer.total() == there > 0


def read_who_does_what(officer: Officer) -> None:
    """Open the page of Moldova; a figure of its table leads to just so many projects."""
    page, hand = officer.page, officer.hand
    countries = page.get_by_role("banner").get_by_role("link", name=officer.words("Countries"))
    hand.press(countries)
    hand.write(page.get_by_label(officer.words("Name of a country")), officer.country("MD")[:5])
    expect(page.get_by_role("main").locator(".index li")).to_have_count(1)
    officer.look(officer.words("Countries"))
    hand.press(officer.link(officer.country("MD")))
    page.wait_for_url("**/countries/MD")
    officer.look(officer.country("MD"))
    row = page.locator(".matrix tr").filter(has_text=re.compile("PROT-4"))
    figures = row.locator("td[data-name] a")
    expect(figures).not_to_have_count(0)
    for figure in (figures.first, figures.last):
        counted = number_in(figure.inner_text())
        hand.press(figure)
        page.wait_for_url("**/projects?**measure=PROT-4**")
        assert officer.total() == counted > 0
        expect(page.get_by_role("article").or_(page.locator(".entry"))).to_have_count(counted)
        officer.look()
        page.go_back()
        page.wait_for_url("**/countries/MD")


def be_understood_though_mistyped(officer: Officer) -> None:
    """Mistype a word, see what was meant, and take it."""
    page, hand = officer.page, officer.hand
    wrong, right = MISTYPED[officer.language]
    search_in = officer.words("Search in %(country)s", country=officer.country("MD"))
    hand.write(page.get_by_label(search_in), wrong)
    page.keyboard.press("Enter")
    page.wait_for_url("**/projects?**")
    expect(page.locator(".suggestion")).to_contain_text(right)
    officer.look()
    hand.press(page.locator(".suggestion").get_by_role("link", name=right))
    expect(page.locator("#q")).to_have_value(right)
    expect(page.locator(".suggestion")).to_have_count(0)
    assert officer.total() > 0
    hand.press(officer.link(officer.words("Clear all")))
    expect(page.locator(".chip")).to_have_count(0)


def narrow_the_search(officer: Officer) -> None:
    """Search in French, and narrow the result by region, country and years."""
    page, hand = officer.page, officer.hand
    hand.write(page.locator("#q"), FOLLOWED)
    page.wait_for_url("**q=m%C3%A9canisme**orientation**")
    everywhere = officer.total()
    if not page.locator("#find-region").is_visible():
        hand.unfold(page.locator("#filters > summary"))
    in_africa = number_in(page.locator("label", has=page.locator(f"#region-{AFRICA}")).inner_text())
    hand.tick(page.locator(f"#region-{AFRICA}"))
    page.wait_for_url(f"**region={AFRICA}**")
    expect(page.locator(".result-count strong")).to_contain_text(str(in_africa))
    assert officer.total() == in_africa < everywhere

    hand.write(page.locator("#find-region"), officer.country(TUNISIA)[:4])
    hand.tick(page.locator(f"#country-{TUNISIA}"))
    page.wait_for_url(f"**country={TUNISIA}**")
    expect(page.locator(f"#region-{AFRICA}")).not_to_be_checked()
    assert 0 < officer.total() < in_africa

    hand.choose_years(page, 2025, 2026)
    page.wait_for_url("**year=2025-2026**")
    expect(page.locator(".chip")).to_have_count(2)
    assert officer.total() > 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")  # the address of what is there now
    expect(page.locator("#printed-address")).to_have_text(page.url)
    officer.look()


def share_the_address(officer: Officer, browser: Browser, served: Served) -> None:
    """A colleague without an account opens the same address and reads the same."""
    titles = officer.page.locator(".entry h3").all_inner_texts()
    context = browser.new_context(base_url=served.url, locale="es-ES")
    colleague = context.new_page()
    colleague.goto(officer.page.url)
    expect(colleague.locator("html")).to_have_attribute("lang", "es")
    assert colleague.locator(".entry h3").all_inner_texts() == titles
    assert number_in(colleague.locator(".result-count strong").inner_text()) == officer.total()
    context.close()


def save_the_search(officer: Officer) -> None:
    """Save the search, and find it in the list with the same result."""
    page, hand = officer.page, officer.hand
    total, address = officer.total(), page.url
    name = "Tunis, 2025"
    hand.press(officer.link(officer.words("Save search")))
    expect(page.get_by_role("heading", level=1)).to_have_text(officer.words("Save this search"))
    hand.write(page.get_by_label(officer.words("Name"), exact=True), name)
    hand.tick(page.get_by_label(officer.words("Daily, when something is new")))
    officer.look()
    hand.press(page.get_by_role("button", name=officer.words("Save search")))
    saved = "The search is saved. You find it under your name, in “Saved searches”."
    expect(page.get_by_text(officer.words(saved))).to_be_visible()
    assert (officer.total(), parameters_of(page.url)) == (total, parameters_of(address))

    page.goto("/account")
    officer.look()
    hand.press(officer.link(officer.words("Saved searches")))
    page.wait_for_url("**/account/searches")
    officer.look(officer.words("Saved searches"))
    hand.press(officer.link(name))
    page.wait_for_url("**/projects?**")
    assert (officer.total(), parameters_of(page.url)) == (total, parameters_of(address))


def delete_the_search(officer: Officer) -> None:
    """Delete the search after the mission."""
    page, hand = officer.page, officer.hand
    page.goto("/account/searches")
    hand.press(officer.link(officer.words("Delete")))
    officer.look()
    hand.press(page.get_by_role("button", name=officer.words("Delete the search")))
    expect(page.get_by_text(officer.words("The search is deleted."))).to_be_visible()


def take_it_along(officer: Officer) -> None:
    """Take the result as a workbook, and the brief of Moldova as one page and as a workbook."""
    page, hand = officer.page, officer.hand
    with page.expect_download() as taken:
        hand.press(officer.link("XLSX"))
    rows = load_workbook(str(taken.value.path())).get_sheet_by_index(0).to_python()
    expect(page.locator(".entry")).to_have_count(len(rows) - 1)

    page.goto("/countries/MD")
    brief = officer.link(officer.words("Country brief (PDF, one page)"))
    sent = page.context.request.get(brief.get_attribute("href") or "")
    assert sent.headers["content-type"] == "application/pdf"
    assert len(re.findall(rb"/Type\s*/Page\b", sent.body())) == 1
    assert f"/Lang({officer.language})".encode() in sent.body()
    with page.expect_download() as taken:
        hand.press(officer.link("XLSX"))
    book = load_workbook(io.BytesIO(taken.value.path().read_bytes()))
    assert officer.words("Who does what") in book.sheet_names


def look_around(officer: Officer) -> None:
    """Look at similar countries, the region, a mechanism, an organisation and its partners."""
    page, hand = officer.page, officer.hand
    similar = page.locator("#similar ~ table tbody th a").first
    hand.press(similar)
    page.wait_for_url(re.compile(r"/countries/(?!MD)"))
    officer.look()
    page.goto("/countries/MD")
    hand.press(officer.link(codelists.region_name("151", officer.language)))
    page.wait_for_url("**/regions/151")
    officer.look(codelists.region_name("151", officer.language))
    page.goto("/regions")
    officer.look(officer.words("Regions and regional mechanisms"))
    hand.press(page.locator("a[href='/mechanisms/osce']"))
    page.wait_for_url("**/mechanisms/osce")
    officer.look()
    hand.press(page.locator("#busiest ~ table tbody th a").first)
    page.wait_for_url("**/organisations/*")
    officer.look()
    partner = page.locator("#partners ~ * tbody tr").first
    expect(partner).to_be_visible()
    assert number_in(partner.locator("td.number").inner_text()) > 0
    hand.press(partner.get_by_role("link").first)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    officer.look()
