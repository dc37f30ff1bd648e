"""Every page, at both widths: no serious accessibility violation, nothing wider than the screen."""

import re

import pytest
from litestar.routes import HTTPRoute
from playwright.sync_api import Page, expect

from tests.journeys.conftest import (
    ComeBack,
    check_accessibility,
    check_contrast_in_the_dark,
)
from web.app import create_app

PUBLIC = [
    "/",
    "/projects",
    "/projects?q=refferal&country=MD",
    "/projects?q=qqqqqqqqqqqq",
    "/projects?q=homes+where+survivors+recover",
    "/projects?page=999",
    "/projects?region=002&country=MD&measure=PROT-4&year=2023-2026&budget_from=100000",
    "/projects/DEMO-SIDA-MD-01",
    "/countries",
    "/countries/MD",
    "/countries/MD?organisations=all",
    "/countries/MD/fragmentation",
    "/countries/NZ/fragmentation?pillar=protection",
    "/countries/MD/division/PROT-4",
    "/countries/NZ/division/INTC-1",
    "/gaps",
    "/gaps?list=crowded&region=150",
    "/gaps?list=matrix",
    "/gaps?country=NZ",
    "/netted",
    "/netted?country=MD",
    "/netted?organisation=iom",
    "/countries/NZ",
    "/regions",
    "/regions/150",
    "/regions/054",
    "/countries/MD/paris-declaration",
    "/mechanisms",
    "/mechanisms/commit",
    "/mechanisms/osce",
    "/practices",
    "/practices?q=qqqqqqqqqqqq",
    "/practices/1",
    "/programmes",
    "/programmes/1",
    "/organisations",
    "/organisations/iom",
    "/organisations/sida",
    "/?pillar=protection&year=2027",
    "/overlaps",
    "/overlaps/1",
    "/annual-figures",
    "/requests",
    "/requests?country=FR",
    "/mechanisms/eu",
    "/requests/1",
    "/requests/3",
    "/help/requests",
    "/help/practices",
    "/help/paris-declaration",
    "/help/contacts",
    "/help",
    "/help/finding",
    "/help/countries",
    "/help/following",
    "/help/registering",
    "/help/bringing",
    "/help/importing",
    "/help/overlaps",
    "/help/reviewing",
    "/help/meetings",
    "/help/places",
    "/help/fragmentation",
    "/help/gaps",
    "/help/division",
    "/help/accessibility",
    "/sign-in",
    "/?lang=fr",
    "/projects?lang=es",
    "/regions/150?lang=fr",
    "/organisations/iom?lang=es",
]
NOWHERE = [
    "/no-such-page",
    "/projects/NO-SUCH-PROJECT",
    "/countries/XX",
    "/countries/MD/division/PROT-99",
    "/regions/999",
    "/mechanisms/none",
    "/organisations/none",
    "/requests/999999",
    "/overlaps/999999",
    "/help/none",
]
SIGNED_IN = {
    "donor@example.org": [
        "/projects/mine",
        "/projects/new",
        "/projects/import",
        "/projects/DEMO-SIDA-MD-01/edit",
        "/account",
        "/account/searches",
        "/account/searches/new?q=shelter&country=MD",
        "/account/messages",
        "/practices/new",
        "/contacts",
    ],
    "officer@example.org": [
        "/",
        "/projects?q=shelter&year=2025",
        "/countries/MD",
        "/regions/002",
        "/account/searches",
        "/account/searches/999999",
        "/admin",
    ],
    "admin@example.org": [
        "/account",
        "/organisations/sida/edit",
        "/organisations/sida/members",
        "/organisations/sida/members/1",
    ],
    "state@example.org": ["/requests", "/requests/new", "/requests/2", "/contacts/new"],
    "reviewer@example.org": ["/requests/board", "/requests/3/offer", "/overlaps", "/overlaps/1"],
    "secretariat@example.org": [
        "/meetings",
        "/meetings/new",
        "/meetings/1",
        "/meetings/1/items/1",
        "/meetings/2",
        "/meetings/2/edit",
        "/meetings/2/items/5",
        "/recommendations",
        "/recommendations/1",
        "/recommendations/3/edit",
        "/recommendations/new?meeting=1",
        "/work-plan",
        "/work-plan/1",
        "/work-plan/1/edit",
        "/work-plan/new?meeting=1",
        "/admin",
        "/admin/accounts",
        "/admin/accounts/1",
        "/admin/organisations/new",
        "/admin/quality/published-without-dates",
        "/admin/quorum",
        "/contacts",
        "/contacts/1/edit",
        "/practices/1/edit",
        "/admin/mechanisms",
        "/admin/needs",
        "/admin/lead-weights",
        "/countries/MD/division/PROT-4",
        "/admin/mechanisms/commit",
        "/admin/synonyms",
        "/admin/overlap-model",
        "/admin/quality",
        "/mechanisms/commit",
        "/requests",
        "/requests/board",
        "/requests/board?region=002",
        "/requests/new?country=MD",
        "/requests/1",
        "/requests/1/edit",
        "/requests/2/offers/1/edit",
    ],
}

ELSEWHERE = re.compile(
    r"/(api|static|feeds)/.*|.*\.(csv|xlsx|pdf|docx|xml|jsonl|atom)|/healthz|/readyz"  # no pages
    r"|/projects/import/.*|/unsubscribe/.*|/contacts/confirm/.*"  # their own tests look at them
)


def test_no_page_is_left_out() -> None:
    listed = [*PUBLIC, *(address for addresses in SIGNED_IN.values() for address in addresses)]
    paths = {address.split("?")[0] for address in listed}
    left_out = [
        route.path_format
        for route in create_app().routes
        if isinstance(route, HTTPRoute) and "GET" in route.methods
        if not ELSEWHERE.fullmatch(route.path_format)
        if not any(map(re.compile(_pattern(route.path_format)).fullmatch, paths))
    ]
    assert left_out == []


def _pattern(route: str) -> str:
    """Return what the addresses of a route look like."""
    parts = re.split(r"(\{\w+(?::\w+)?\})", route)
    return "".join(
        (".+" if part.endswith(":path}") else "[^/]+") if part.startswith("{") else re.escape(part)
        for part in parts
    )


@pytest.mark.parametrize("address", PUBLIC)
def test_public_pages(visitor: Page, address: str) -> None:
    look_at(visitor, address)


@pytest.mark.parametrize("address", NOWHERE)
def test_pages_that_do_not_exist(visitor: Page, address: str) -> None:
    answer = visitor.goto(address)
    assert answer is not None
    assert answer.status == 404
    expect(visitor.get_by_role("heading", level=1)).to_be_visible()
    check_accessibility(visitor)


@pytest.mark.parametrize(
    ("email", "address"),
    [(email, address) for email, addresses in SIGNED_IN.items() for address in addresses],
)
def test_pages_of_signed_in_people(
    visitor: Page, come_back: ComeBack, email: str, address: str
) -> None:
    come_back(visitor, email)
    look_at(visitor, address)
    expect(visitor.get_by_role("banner").get_by_role("link", name="Sign in")).to_have_count(0)


def look_at(page: Page, address: str) -> None:
    """Open a page and see that it is whole, in the light and in the dark."""
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    check_accessibility(page)
    check_contrast_in_the_dark(page)


def test_search_without_javascript(page: Page, browser, served) -> None:
    context = browser.new_context(
        base_url=served.url, viewport=page.viewport_size, java_script_enabled=False
    )
    bare = context.new_page()
    bare.goto("/")
    bare.get_by_label("Search projects").fill("shelter")
    bare.get_by_role("button", name="Search").click()
    expect(
        bare.get_by_role("main").get_by_role("article").or_(bare.locator("mark")).first
    ).to_be_visible()
    context.close()


def test_results_follow_the_typing_and_the_address_follows_the_results(page: Page) -> None:
    page.goto("/projects")
    box = page.locator("#q")
    box.press_sequentially("cobalt", delay=40)
    expect(page.locator("mark").first).to_be_visible()
    page.wait_for_url("**q=cobalt**")
    assert box.evaluate("box => box === document.activeElement")
