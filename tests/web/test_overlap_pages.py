"""The list of overlaps and the page of a case, as each kind of reader meets them."""

import re
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import OverlapCase, OverlapPair, Project
from registry.overlap.detector import examine
from registry.overlap.explaining import sentence_of
from registry.overlap.model import logistic
from tests.builders import a_project, an_account, an_organisation
from tests.web.conftest import Browser, text_of
from tests.web.test_projects_search import statements
from web import i18n

COURSE = (
    "Sixty prosecutors and thirty judges attend workshops on the trafficking act, on the "
    "protection of witnesses and on electronic evidence. A mock trial closes each course."
)


async def an_overlap(
    session: AsyncSession, a: Project, b: Project, *, state: str = "open", **values: Any
) -> int:
    """A flagged pair with its case, as the detector stores them."""
    case = OverlapCase(state=state, outcome="joint-programme" if state == "decided" else None)
    session.add(case)
    await session.flush()
    plausible = {
        "kind": "duplicated-assistance",
        "probability": 0.8,
        "flagged": True,
        "model_version": "test",
        "countries": ["MD"],
        "months": 12,
        "usd": Decimal(100_000),
        "evidence": [],
        "case_id": case.id,
    }
    session.add(OverlapPair(a_id=a.id, b_id=b.id, **(plausible | values)))
    await session.flush()
    assert case.id is not None
    return case.id


@pytest.fixture
async def case_id(browser: Browser) -> int:
    """A case of Sida and UNODC that the detector itself opened; reviewers of ILO, Sida, OHCHR."""
    async with browser.database.session() as session:
        a = await a_project(
            session, reporting_org="Sida", title="Better trials", description=COURSE,
            measures=["PROS-2", "PROS-4"],
        )  # fmt: skip
        b = await a_project(
            session, reporting_org="UNODC", title="Better trials in Moldova", description=COURSE
        )
        await examine(session, [a.id or 0, b.id or 0])
        (pair,) = (await session.exec(select(OverlapPair))).all()
        for role, organisation, email in (
            ("reviewer", "ILO", "ilo@example.org"),
            ("reviewer", "OHCHR", "ohchr@example.org"),
            ("reviewer", "UNICEF", "unicef@example.org"),
            ("reviewer", "Sida", "sida@example.org"),
            ("member", "Sida", "member@example.org"),
            ("member", "A21", "stranger@example.org"),
        ):
            await an_account(session, role, await an_organisation(session, organisation), email)
        await an_account(session, "secretariat", email="secretariat@example.org")
    assert pair.case_id is not None
    return pair.case_id


async def three_overlaps(browser: Browser) -> None:
    """Moldova 0.95 and little money, Kenya 0.7 and much, Moldova 0.6 decided."""
    async with browser.database.session() as session:
        projects = [
            await a_project(session, reporting_org=who, title=f"Project {name}")
            for who in ("Sida", "UNODC")
            for name in ("Alpha", "Beta", "Gamma")
        ]
        alpha, beta, gamma, alpha2, beta2, gamma2 = projects
        await an_overlap(session, alpha, alpha2, probability=0.95, usd=Decimal(10_000))
        await an_overlap(
            session, beta, beta2, probability=0.7, usd=Decimal(900_000), countries=["KE"],
            kind="double-registration", state="under-review",
        )  # fmt: skip
        await an_overlap(session, gamma, gamma2, probability=0.6, state="decided")


def order_of(page: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"Project (Alpha|Beta|Gamma)", page)))


async def test_the_list_begins_with_what_probably_costs_most(browser: Browser) -> None:
    await three_overlaps(browser)
    assert order_of((await browser.get("/overlaps")).text) == ["Beta", "Alpha", "Gamma"]
    probable = await browser.get("/overlaps?sort=probability")
    assert order_of(probable.text) == ["Alpha", "Beta", "Gamma"]
    assert "3 overlaps" in text_of(probable)
    assert "0.95" in text_of(probable)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("country=KE", ["Beta"]),
        ("country=MD", ["Alpha", "Gamma"]),
        ("kind=double-registration", ["Beta"]),
        ("state=open", ["Beta", "Alpha"]),
        ("state=under-review", ["Beta"]),
        ("state=decided", ["Gamma"]),
        ("country=MD&state=open", ["Alpha"]),
        ("country=XX&kind=nonsense&state=nonsense&sort=nonsense", ["Beta", "Alpha", "Gamma"]),
    ],
)
async def test_filters_are_in_the_address(
    browser: Browser, query: str, expected: list[str]
) -> None:
    await three_overlaps(browser)
    assert order_of((await browser.get(f"/overlaps?{query}")).text) == expected


async def test_htmx_gets_the_list_alone(browser: Browser) -> None:
    await three_overlaps(browser)
    fragment = (await browser.fragment("/overlaps?country=KE")).text
    assert fragment.lstrip().startswith('<div id="result"')
    assert order_of(fragment) == ["Beta"]


async def test_empty_lists_say_why_and_where_to_go(browser: Browser) -> None:
    assert "No overlap has been flagged" in text_of(await browser.get("/overlaps"))
    await three_overlaps(browser)
    page = await browser.get("/overlaps?country=FR")
    assert "No overlap is like this" in text_of(page)
    assert "Who does what in France" in text_of(page)
    assert "has only 1 pages" in text_of(await browser.get("/overlaps?page=9"))


async def test_pages_of_the_list(browser: Browser) -> None:
    async with browser.database.session() as session:
        a = [await a_project(session, reporting_org="Sida") for _ in range(5)]
        b = [await a_project(session, reporting_org="UNODC") for _ in range(5)]
        for one in a:
            for other in b:
                await an_overlap(session, one, other)
    first, second = await browser.get("/overlaps"), await browser.get("/overlaps?page=2")
    links = [set(re.findall(r'href="(/overlaps/\d+)"', page.text)) for page in (first, second)]
    assert [len(found) for found in links] == [20, 5]
    assert not links[0] & links[1]
    assert 'rel="next"' in first.text


async def test_a_pair_shows_only_to_whoever_may_read_both(browser: Browser) -> None:
    async with browser.database.session() as session:
        a = await a_project(session, reporting_org="Sida", title="Open to all")
        b = await a_project(session, reporting_org="UNODC", title="Hush", visibility="members")
        case = await an_overlap(session, a, b)
        await an_account(
            session, "member", await an_organisation(session, "A21"), "member@example.org"
        )
    assert "No overlap has been flagged" in text_of(await browser.get("/overlaps"))
    assert (await browser.get(f"/overlaps/{case}")).status_code == 404
    await browser.come_in_as("member@example.org")
    assert "Hush" in text_of(await browser.get("/overlaps"))
    assert (await browser.get(f"/overlaps/{case}")).status_code == 200


async def test_the_list_needs_few_statements_however_many_pairs(browser: Browser) -> None:
    async with browser.database.session() as session:
        a = [await a_project(session, reporting_org="Sida") for _ in range(4)]
        b = [await a_project(session, reporting_org="UNODC") for _ in range(5)]
        await an_overlap(session, a[0], b[0])
    with statements(browser.database) as few:
        await browser.get("/overlaps")
    async with browser.database.session() as session:
        for one in a:
            for other in b[1:]:
                await an_overlap(session, one, other)
    with statements(browser.database) as many:
        await browser.get("/overlaps")
    assert len(many) == len(few)
    assert len(many) < 10


@pytest.mark.parametrize("number", ["0", "999999", "99999999999", "abc"])
async def test_no_such_case(browser: Browser, number: str) -> None:
    assert (await browser.get(f"/overlaps/{number}")).status_code == 404


async def test_a_case_shows_both_projects_and_why(browser: Browser, case_id: int) -> None:
    page = await browser.get(f"/overlaps/{case_id}")
    text = text_of(page)
    assert "Why it may be an overlap" in text
    assert "Months in common" in text
    assert "24" in text
    assert "Better trials <mark>in Moldova</mark>" in re.sub(r"\s+", " ", page.text)
    assert "The descriptions are the same" in text or "words that only one" in text
    measures = re.search(r"(?s)<th scope=\"row\">Measures</th>.*?</tr>", page.text)
    assert measures is not None
    assert "PROS-4" in re.findall(r"(?s)<mark>.*?</mark>", measures[0])[0]
    assert "partly the same" in measures[0]
    assert "Sida and UNODC can’t decide alone" in text


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "fr",
            (
                "Même type d’activités : formation",
                "Même pays, et aucun autre : Moldavie.",
                "Les budgets sont identiques : 100 000 USD.",
                "Ils commencent et finissent aux mêmes dates, 1 janv. 2025 et 31 déc. 2026.",
                "Mots communs aux deux titres : « Better » et « trials ».",
            ),
        ),
        (
            "es",
            (
                "Mismo tipo de actividades: capacitación",
                "Mismo país y ningún otro: Moldavia.",
                "Los presupuestos son idénticos: 100.000 USD.",
                "Palabras comunes a ambos títulos: «Better» y «trials».",
            ),
        ),
    ],
)
async def test_the_reasons_are_told_in_the_readers_language(
    browser: Browser, case_id: int, language: str, sentences: tuple[str, ...]
) -> None:
    page = text_of(await browser.get(f"/overlaps/{case_id}?lang={language}"))
    page = page.replace("\xa0", " ").replace("\u202f", " ").replace("&#39;", "'")
    for sentence in sentences:
        assert sentence in page
    async with browser.database.session() as session:
        (pair,) = (await session.exec(select(OverlapPair))).all()
    with i18n.speaking(language):
        for part in pair.evidence:
            assert i18n.gettext(part["template"]) != part["template"]
    assert "Same country and no other: Moldova." in [str(sentence_of(e)) for e in pair.evidence]


@pytest.mark.parametrize("language", ["en", "fr", "es"])
async def test_the_weights_shown_add_up_to_the_probability_shown(
    browser: Browser, case_id: int, language: str
) -> None:
    pages = [await browser.get(f"/overlaps/{case_id}?lang={language}")]
    async with browser.database.session() as session:
        project = (await session.exec(select(Project))).first()
    assert project is not None
    pages.append(await browser.get(f"/projects/{project.identifier}?lang={language}"))
    for page in pages:
        table = re.search(r'(?s)<table class="sum">.*?</table>(.*?)</details>', page.text)
        assert table is not None
        rows = re.findall(
            r'(?s)<td class="number">([+−][\d.,]+)</td>\s*<td class="number soft">(.*?)<', table[0]
        )
        assert len(rows) > 5
        added = 0
        for weight, so_far in rows:
            added += hundredths(weight)
            assert hundredths(so_far) == added
        told = re.findall(r"[+−]?\d+[.,]?\d*", text_of_html(table[1]))
        assert hundredths(told[0]) == added
        per_cent = re.search(r"(\d+)[ \xa0\u202f]?%", table[1])
        assert per_cent is not None
        assert int(per_cent[1]) == min(round(100 * logistic(added / 100)), 99)


def hundredths(figure: str) -> int:
    return round(100 * float(figure.replace("−", "-").replace(",", ".")))


def text_of_html(html: str) -> str:
    return re.sub(r"<[^>]+>", " ", html)


async def test_reasons_stand_wherever_a_pair_does(browser: Browser, case_id: int) -> None:
    async with browser.database.session() as session:
        project = (await session.exec(select(Project))).first()
    assert project is not None
    for path in (f"/overlaps/{case_id}", "/overlaps", f"/projects/{project.identifier}"):
        page = await browser.get(path)
        first = re.search(r'(?s)<dl class="why.*?</dl>', page.text)
        assert first is not None, path
        (for_it, against) = re.findall(r"(?s)<div>.*?</div>", first[0])
        assert for_it.count("<dd>") == 3, path
        assert against.count("<dd>") == 1, path
        assert 'href="/help/overlaps"' in page.text, path


async def test_a_case_says_which_model_judged_it(browser: Browser, case_id: int) -> None:
    async with browser.database.session() as session:
        (pair,) = (await session.exec(select(OverlapPair))).all()
        pair.model_version = "2024-b"
        session.add(pair)
    assert "Judged by version 2024-b of the model" in text_of(
        await browser.get(f"/overlaps/{case_id}")
    )


async def test_the_page_of_a_project_is_as_unsure_as_the_case(browser: Browser) -> None:
    async with browser.database.session() as session:
        a = await a_project(session, reporting_org="Sida")
        b = await a_project(session, reporting_org="UNODC")
        await an_overlap(session, a, b, probability=0.9999)
    for path in (f"/projects/{a.identifier}", "/countries/MD"):
        page = text_of(await browser.get(path))
        assert "&gt;&nbsp;0.99" in page
        assert "100%" not in page
