"""Division of labour as people see it, and the secretariat's weights."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from registry.organisations import MandateRecord, OrganisationRecord, register_organisation
from registry.permissions import COMMAND_LINE
from tests.builders import a_project, an_account
from tests.web.conftest import Browser, text_of
from tests.web.test_projects_search import statements

YEAR = datetime.now(UTC).year
RUNNING = {"start_date": date(YEAR - 1, 1, 1), "end_date": date(YEAR + 1, 12, 31)}
PATH = "/countries/MD/division/PROT-4"


@pytest.fixture
async def divided(browser: Browser) -> Browser:
    """One organisation with the competency, one that is there, and somebody of the secretariat."""
    async with browser.database.session() as session:
        mandate = MandateRecord("migration", ("protection",), ("PROT-4",))
        record = OrganisationRecord(name="IOM", mandates=[mandate], icat_member=True)
        await register_organisation(session, COMMAND_LINE, record)
        pillar_alone = MandateRecord("children", ("protection",))
        unicef = OrganisationRecord(name="UNICEF", mandates=[pillar_alone])
        await register_organisation(session, COMMAND_LINE, unicef)
        await a_project(
            session, reporting_org="OSCE", measures=["PROT-4"], pillars=["protection"],
            budget=Decimal(5000), **RUNNING,
        )  # fmt: skip
        for email in ("one", "two"):
            await an_account(session, "secretariat", email=f"{email}@example.org")
    await browser.index()
    return browser


async def test_the_suggestion_comes_with_its_reasons_and_weights(divided: Browser) -> None:
    page = await divided.get(PATH)
    said = text_of(page)
    assert "IOM 8.0 of 14.0 points" in said
    assert "The measure is one of its core competencies." in said
    assert "Core competency Such a mandate names the measure itself: 1, else 0. 1.00" in said
    assert "The weights are those that Convene starts with." in said
    assert "1 organisation is there" in said
    assert "1 organisation more whose mandate covers the pillar UNICEF" in said
    assert f"since {YEAR - 1}" in said
    matrix = await divided.get("/countries/MD")
    assert f'href="{PATH}"' in matrix.text
    found = (await divided.get("/api/v1/division/MD/PROT-4")).json()
    assert found["suggested"] == "iom"
    assert [one["organisation"] for one in found["candidates"]] == ["iom", "unicef", "osce"]
    assert found["candidates"][2]["net_usd"] == 5000


async def test_where_nobody_has_the_mandate_the_page_says_so(divided: Browser) -> None:
    said = text_of(await divided.get("/countries/KE/division/PROS-1"))
    assert "No organisation has the mandate on record, and none is there." in said
    for path in ("/countries/XX/division/PROS-1", "/countries/MD/division/PROS-99"):
        assert (await divided.get(path)).status_code == 404


async def test_changed_weights_change_the_suggestion(divided: Browser) -> None:
    await divided.come_in_as("one@example.org")
    zero = dict.fromkeys(("mandate", "competency", "icat", "contact", "elsewhere"), "0")
    weights = {**zero, "projects": "2,5", "years": "1", "money": "1", "seen": "0"}
    saved = await divided.submit("/admin/lead-weights", weights)
    assert "The weights are saved." in text_of(saved)
    said = text_of(await divided.get(PATH))
    assert "OSCE" in said[said.index("Who could lead") : said.index("points")]
    assert "that the secretariat saved on" in said


async def test_of_two_who_save_at_once_the_second_sees_what_the_first_saved(
    divided: Browser,
) -> None:
    await divided.come_in_as("one@example.org")
    same = dict.fromkeys(("mandate", "competency", "projects", "years", "money"), "1")
    same |= {"elsewhere": "1", "contact": "1", "icat": "1", "seen": "0"}
    await divided.submit("/admin/lead-weights", same | {"icat": "7"})
    overtaken = await divided.submit("/admin/lead-weights", same | {"icat": "3"})
    assert overtaken.status_code == 409
    assert "Somebody else saved other weights meanwhile." in text_of(overtaken)
    assert 'name="icat" value="3"' in overtaken.text
    assert "<strong>7.0</strong>" in overtaken.text
    assert 'name="seen" value="1"' in overtaken.text
    merged = await divided.submit("/admin/lead-weights", same | {"icat": "3", "seen": "1"})
    assert "The weights are saved." in text_of(merged)
    assert "holds now" in text_of(merged)


async def test_what_is_no_weight_is_told_at_its_field(divided: Browser) -> None:
    await divided.come_in_as("one@example.org")
    wrong = await divided.submit("/admin/lead-weights", {"mandate": "much", "seen": "0"})
    assert wrong.status_code == 422
    assert 'href="#field-mandate"' in wrong.text
    assert 'name="mandate" value="much"' in wrong.text


async def test_the_page_takes_few_statements_however_many_there_are(divided: Browser) -> None:
    numbers = []
    for number in (0, 6):
        async with divided.database.session() as session:
            for one in range(number):
                await a_project(
                    session, reporting_org=f"Organisation {one}", measures=["PROT-4"], **RUNNING
                )
        with statements(divided.database) as sent:
            await divided.get(f"{PATH}?n={number}")
        numbers.append(len([one for one in sent if "FROM" in one]))
    assert numbers[0] == numbers[1] <= 6


async def test_other_spellings_of_country_and_measure_lead_to_the_page(divided: Browser) -> None:
    assert (await divided.get("/countries/mda/division/prot-4")).url.path == PATH
    found = await divided.get("/countries/moldova/fragmentation")
    assert found.url.path == "/countries/MD/fragmentation"
    assert (await divided.get("/countries/atlantis/fragmentation")).status_code == 404
    assert (await divided.get("/countries/md/division/PROT-99")).status_code == 404
