"""The five questions on the pages: of a project, of a country, for programs."""

import re
from datetime import UTC, datetime
from html import unescape

from registry.coordination.paris_scorecard import Score
from registry.paris_declaration import Answer, Answers, answer_questions
from registry.permissions import COMMAND_LINE
from tests.builders import a_project, an_organisation
from tests.web.conftest import Browser, text_of
from web.answer_bars import WIDTH, answer_bars

FORM = {
    "version": "0",
    "language": "fr",
    "answer_ownership": "yes",
    "sentence_ownership": "Le ministère dirige.",
    "evidence_ownership": "https://example.org/accord",
    "answer_alignment": "no",
    "sentence_alignment": "Aucun plan national.",
    **{f"answer_{name}": "not-said" for name in ("harmonisation", "results", "accountability")},
}
PAGE = "/projects/P-1/paris-declaration"
RUNNING = {"start_date": datetime(2025, 1, 1, tzinfo=UTC).date(), "end_date": None}


async def stored(browser: Browser, identifier: str = "P-1", **values: object) -> int:
    async with browser.database.session() as session:
        project = await a_project(session, identifier=identifier, country="MD", **values)
        return project.id or 0


async def test_a_member_answers_and_everybody_reads(member: Browser) -> None:
    await stored(member)
    assert "are not answered" in text_of(await member.get("/projects/P-1"))
    page = await member.submit(PAGE, FORM)
    assert page.url.path == "/projects/P-1"
    assert "The answers are saved." in text_of(page)
    member.cookies.clear()
    seen = await member.get("/projects/P-1")
    assert re.search(r"Ownership Yes · Le ministère dirige\. Evidence", text_of(seen))
    assert '<span lang="fr">Aucun plan national.</span>' in seen.text
    assert 'href="https://example.org/accord" rel="nofollow noopener"' in seen.text
    assert PAGE not in seen.text
    refused = await member.get(PAGE)
    assert refused.url.path == "/sign-in"


async def test_what_is_wrong_is_told_and_nothing_typed_is_lost(member: Browser) -> None:
    await stored(member)
    typed = FORM | {"evidence_ownership": "accord", "sentence_results": "Neuf indicateurs."}
    page = await member.submit(PAGE, typed)
    assert page.status_code == 422
    assert "An address begins with https://." in text_of(page)
    assert '<a href="#field-answer_results">Choose yes, partly or no' in page.text
    assert "Neuf indicateurs." in page.text
    assert 'value="accord"' in page.text
    assert re.search(r'name="answer_alignment" value="no" checked', page.text)
    typed = FORM | {"sentence_ownership": "Passport AB123456 seen"}
    page = await member.submit(PAGE, typed)
    assert 'name="looked"' in page.text
    assert (await member.submit(PAGE, typed | {"looked": "yes"})).url.path == "/projects/P-1"


async def test_two_at_once_do_not_overwrite_each_other(member: Browser) -> None:
    await stored(member)
    await member.submit(PAGE, FORM)
    late = await member.submit(PAGE, FORM | {"sentence_ownership": "Le parlement dirige."})
    assert late.status_code == 409
    assert "Le ministère dirige." in text_of(late)
    assert "Le parlement dirige." in late.text
    assert 'name="version" value="1"' in late.text
    merged = FORM | {"sentence_ownership": "Le parlement dirige.", "version": "1"}
    assert "Le parlement dirige." in text_of(await member.submit(PAGE, merged))
    history = text_of(await member.get(PAGE))
    assert "2 changes" in history
    assert "Yes: Le ministère dirige." in history


async def test_the_page_of_a_country_counts_and_leads_to_the_projects(browser: Browser) -> None:
    for identifier, answer in (("P-1", "yes"), ("P-2", "partly"), ("P-3", None)):
        project_id = await stored(browser, identifier, title=f"Project {identifier}", **RUNNING)
        if answer:
            said = Answers({"ownership": Answer(answer, "So it is.")})
            async with browser.database.session() as session:
                await answer_questions(session, COMMAND_LINE, project_id, said)
    page = await browser.get("/countries/MD")
    assert re.search(r"Ownership 1 1 0 1 67\s?%", text_of(page))
    links = re.findall(
        r'href="(/countries/MD/paris-declaration\?principle=[^"]+)">(\d+)', page.text
    )
    assert len(links) == 3 + 4
    for address, number in links:
        listed = text_of(await browser.get(unescape(address)))
        assert f"{number} project" in listed
    partly = await browser.get("/countries/md/paris-declaration")
    assert partly.url.path == "/countries/MD/paris-declaration"
    page = await browser.get("/countries/MD/paris-declaration?principle=ownership&answer=partly")
    assert "Project P-2" in text_of(page)
    assert "Project P-1" not in text_of(page)
    figures = (await browser.get("/api/v1/paris-declaration/countries/MD")).json()
    assert figures["active"] == 3
    assert figures["principles"][0] == {
        "principle": "ownership",
        "yes": 1,
        "partly": 1,
        "no": 0,
        "not_said": 1,
        "share": 0.666667,
    }
    answers = (await browser.get("/api/v1/paris-declaration/projects/P-2")).json()
    assert answers["principles"][0]["answer"] == "partly"
    assert answers["principles"][4]["answer"] == "not-said"


async def test_nothing_may_be_said_or_run(browser: Browser) -> None:
    empty = text_of(await browser.get("/countries/MD/paris-declaration"))
    assert "No project runs in Moldova today." in empty
    await stored(browser, **RUNNING)
    page = text_of(await browser.get("/countries/MD"))
    assert "has not answered the five questions yet" in page
    none = await browser.get("/countries/MD/paris-declaration?principle=results&answer=yes")
    assert "No active project answers so." in text_of(none)
    for address in ("/countries/XX/paris-declaration", "/api/v1/paris-declaration/countries/XX"):
        assert (await browser.get(address)).status_code == 404


async def test_a_project_of_two_namesakes_is_asked_by_its_organisation(member: Browser) -> None:
    async with member.database.session() as session:
        await an_organisation(session, "IOM")
    await stored(member, reporting_org="IOM")
    await stored(member)
    await member.submit(f"{PAGE}?org=unodc", FORM)
    assert "Le ministère dirige." in text_of(await member.get("/projects/P-1?org=unodc"))
    assert "Le ministère dirige." not in text_of(await member.get("/projects/P-1?org=iom"))
    assert (await member.get(f"{PAGE}?org=iom")).status_code == 403


def test_a_bar_is_as_long_as_all_projects_together() -> None:
    (bar,) = answer_bars([Score("ownership", 1, 0, 1, 2)])
    assert [(part.answer, part.x, part.width) for part in bar.parts] == [
        ("yes", 0.0, WIDTH / 4),
        ("no", WIDTH / 4, WIDTH / 4),
        ("not-said", WIDTH / 2, WIDTH / 2),
    ]
    assert answer_bars([Score("ownership", 0, 0, 0, 0)]) == ()
