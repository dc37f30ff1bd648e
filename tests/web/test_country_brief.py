"""The country brief: one A4 page, whatever a country's projects are, and all letters are there."""

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from itertools import cycle
from pathlib import Path
from zipfile import ZipFile

import pytest
from python_calamine import load_workbook

from registry.codelists import LANGUAGES, RATES_DATE, pillar_of, scheme
from registry.coordination.totals import Total
from registry.country_figures import Crowding
from registry.country_overview import CountryOverlap, CountryOverview, CountryProject, MatrixRow
from registry.models import AssistanceRequest, ContactPoint, Organisation
from registry.settings import Settings
from tests.builders import a_project, an_organisation
from tests.web.conftest import Browser
from web import i18n
from web.country_brief import _fonts, brief_values, typeset, typst

TODAY = date(2026, 6, 1)
MEASURES = list(scheme("measures"))
LONG = (
    "Strengthening the capacity of prosecutors, judges and inspectors to find and help victims " * 3
)
HOSTILE = '#panic("run") $ * _ ` \\ "quoted" #import "x" <label> @ref // /* #{1+1} [x] ]'


def a_crowded_country(projects: int = 200, title: str = LONG) -> CountryOverview:
    """A country in which every measure has projects, with overlaps and contacts without end."""
    organisations = [(f"organisation-{n}", f"Organisation {n}", 9) for n in range(40)]
    pillars = cycle(scheme("pillars"))
    timeline = [
        CountryProject(
            id=n, identifier=f"P-{n}", title=f"{n} {title}", language="en",
            organisation=f"organisation-{n % 40}", organisation_name=f"Organisation {n % 40}",
            status="implementation", measures=[], pillars=[next(pillars)],
            start=TODAY - timedelta(days=20 * n + 1),
            end=TODAY + timedelta(days=9 * n) if n % 7 else None, usd=Decimal(1000),
            phase="running" if n < 60 else "coming",
        )
        for n in range(80)
    ]  # fmt: skip
    counts = {slug: 3 for slug, _, _ in organisations}
    matrix = []
    for pillar in scheme("pillars"):
        matrix.append(MatrixRow(pillar, "pillars", counts))
        matrix += [
            MatrixRow(measure, "measures", counts, Crowding(12, 36))
            for measure in MEASURES
            if pillar_of(measure) == pillar
        ]
    overlap = CountryOverlap(
        timeline[0], timeline[1], 1, "open", None, "duplicated-assistance", 0.97, 36,
        Decimal(12_345_678), None,
    )  # fmt: skip
    decided = replace(overlap, state="decided", outcome="complementary-no-action")
    point = ContactPoint(
        organisation_id=1, country="MD", name=title, email="a" * 60 + "@example.org"
    )
    return CountryOverview(
        code="MD", projects=500, active=projects, organisations=organisations,
        budget=Total(Decimal(987_654_321)), merged={}, matrix=matrix, timeline=timeline,
        open=[overlap] * 20, decided=[decided] * 20, overlaps=4321, open_overlaps=1234,
        contact_points=[(point, Organisation(slug="o", name=title))] * 40,
        requests=[AssistanceRequest(country="MD", title=title, text=title, urgency="soon",
                                    measures=MEASURES)] * 30,
    )  # fmt: skip


def nothing_known() -> CountryOverview:
    """A country without any project: 28 gaps."""
    rows = [replace(row, counts={}, crowding=None) for row in a_crowded_country().matrix]
    return CountryOverview(
        code="BQ", projects=0, active=0, organisations=[], budget=Total(Decimal(0)), merged={},
        matrix=rows, timeline=[], open=[], decided=[], overlaps=0, open_overlaps=0,
        contact_points=[], requests=[],
    )  # fmt: skip


def half_of_the_measures() -> CountryOverview:
    """A country in which gaps and crowded measures take turns."""
    whole = a_crowded_country()
    rows = [
        replace(row, counts={}, crowding=None) if row.scheme == "measures" and n % 2 else row
        for n, row in enumerate(whole.matrix)
    ]
    return replace(whole, matrix=rows, decided=[], overlaps=0)


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("country", [a_crowded_country, nothing_known, half_of_the_measures])
def test_a_brief_is_one_page(country, language) -> None:
    with i18n.speaking(language):
        values = brief_values(country(), TODAY, "https://convene.example.org/countries/MD")
    pdf = typeset(values)
    assert pdf.startswith(b"%PDF-")
    assert pages_of(pdf) == 1


def test_a_page_more_would_be_noticed() -> None:
    values = brief_values(a_crowded_country(), TODAY, "")
    assert pages_of(typeset(values | {"line_height": 5})) > 1


def test_what_is_left_out_is_counted() -> None:
    values = brief_values(a_crowded_country(), TODAY, "")
    bars = len(values["timeline"]["bars"])
    assert bars >= 12
    assert values["timeline"]["more"] == f"… and {220 - bars} more"
    assert {bar["phase"] for bar in values["timeline"]["bars"]} == {"running", "coming"}
    overlaps, decided = values["left"]
    assert overlaps["lines"][-1] == ("… and 1233 more", None)
    assert decided["lines"][-1][0].startswith("… and ")
    requests, contacts = values["right"]
    assert requests["lines"][-1] == (f"… and {31 - len(requests['lines'])} more", None)
    assert contacts["lines"][-1] == (f"… and {41 - len(contacts['lines'])} more", None)
    assert values["matrix"]["columns"][-2:] == ["28 others", "All"]


def test_everything_is_shown_where_there_is_room() -> None:
    whole = a_crowded_country()
    few = replace(
        whole, active=2, timeline=whole.timeline[:2], open=whole.open[:1], decided=[],
        overlaps=1, open_overlaps=1, contact_points=whole.contact_points[:1],
        requests=[],
    )  # fmt: skip
    values = brief_values(few, TODAY, "")
    assert "… and" not in str(values)
    assert len(values["timeline"]["bars"]) == 2


@pytest.mark.parametrize("text", [HOSTILE, "\\u{0} \\n", "\u202eleft", "a\u0000b\nc", ""])
def test_text_from_outside_is_text(text: str) -> None:
    assert pages_of(typeset(brief_values(a_crowded_country(title=text), TODAY, text))) == 1


def glyphs_of(text: str) -> set[str]:
    """The different glyphs that a text is set in, with the fonts of the brief."""
    source = b'#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"))\n#sys.inputs.data'
    fonts = typst.Fonts(include_system_fonts=False)
    svg = typst.compile(source, format="svg", font_paths=fonts, sys_inputs={"data": text})
    return set(re.findall(r'xlink:href="#(g[0-9A-F]+)"', svg.decode()))


@pytest.mark.parametrize("text", ["áèñçøşţăßŁžđ€œ’–…·×", "ЖизньЁїґєңқ", "مكافحةالاتجار", "Ωραία"])
def test_letters_are_in_typst_s_own_fonts(text: str) -> None:
    nothing = glyphs_of("漢字")
    assert len(nothing) == 1, "letters that no font has all look the same"
    for letter in set(text):
        assert glyphs_of(letter).isdisjoint(nothing), letter
    assert _fonts().families()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_brief_is_sent_in_the_readers_language(browser: Browser, language: str) -> None:
    async with browser.database.session() as session:
        await an_organisation(session, "IOM")
        await a_project(session, reporting_org="IOM", title="Помощь жертвам")
        await a_project(
            session, reporting_org="IOM", title="مكافحة الاتجار بالأشخاص", language="ar"
        )
    answer = await browser.get(f"/countries/MD/brief.pdf?lang={language}")
    assert answer.headers["content-type"] == "application/pdf"
    assert 'filename="convene-MD.pdf"' in answer.headers["content-disposition"]
    assert pages_of(answer.content) == 1
    assert f"/Lang({language})".encode() in answer.content
    assert (await browser.get("/countries/XX/brief.pdf")).status_code == 404


async def test_the_workbook_has_typed_cells_and_no_formulas(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, title="=1+1", reporting_org="IOM", start_date=TODAY)
        await a_project(session, identifier="@SUM(A1)", start_date=date(2020, 1, 1))
        await a_project(session, title="Hidden", visibility="members")
    answer = await browser.get("/countries/MD/brief.xlsx")
    assert 'filename="convene-MD.xlsx"' in answer.headers["content-disposition"]
    book = load_workbook(BytesIO(answer.content))
    assert book.sheet_names == [
        "Overview",
        "Projects",
        "Who does what",
        "Fragmentation",
        "Overlaps",
        "Requests",
        "Contact points",
    ]
    figures = {row[0]: row[1] for row in book.get_sheet_by_name("Overview").to_python()}
    assert figures["Projects, past ones too"] == 2
    assert figures["Rates of"] == date.fromisoformat(RATES_DATE)
    header, first, second = book.get_sheet_by_name("Projects").to_python()
    rows = [dict(zip(header, row, strict=True)) for row in (first, second)]
    assert rows[0]["Title"] == "'=1+1"
    assert rows[0]["Start"] == TODAY
    assert rows[0]["Share of this country in USD"] == 100_000
    assert rows[1]["Identifier"] == "'@SUM(A1)"
    assert rows[0]["Address"].startswith("http://convene.test/projects/T-")
    assert figures["Address"] == "http://convene.test/countries/MD"
    matrix = book.get_sheet_by_name("Who does what").to_python()
    assert len(matrix) == 1 + 5 + len(MEASURES)
    with ZipFile(BytesIO(answer.content)) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if "worksheets/" in name]
    assert not any(b"<f>" in sheet for sheet in sheets)
    assert sum(b'state="frozen"' in sheet for sheet in sheets) == 6


async def test_addresses_are_those_that_the_operator_set(browser: Browser) -> None:
    home: Path = browser.app.state.settings.home
    browser.app.state.settings = Settings(home=home, public_url="https://registry.example.org")
    async with browser.database.session() as session:
        await a_project(session, identifier="A-1")
    answer = await browser.get("/countries/MD/brief.xlsx", headers={"Host": "elsewhere.example"})
    book = load_workbook(BytesIO(answer.content))
    figures = {row[0]: row[1] for row in book.get_sheet_by_name("Overview").to_python()}
    assert figures["Address"] == "https://registry.example.org/countries/MD"
    _, project = book.get_sheet_by_name("Projects").to_python()
    assert project[-1] == "https://registry.example.org/projects/A-1"
