"""Fragmentation on the pages of countries and regions, as a table and for programs."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from registry.database import Database
from registry.settings import Settings
from tests.builders import a_project
from tests.web.conftest import Browser, browsing, text_of
from web import kept_counts

YEAR = datetime.now(UTC).year
NOW = {"start_date": date(YEAR - 1, 1, 1), "end_date": date(YEAR, 12, 31)}


@pytest.fixture
async def fragmented(browser: Browser) -> Browser:
    """Moldova with a large provider, a middling and a small one; Ukraine with one."""
    async with browser.database.session() as session:
        for name, usd in (("UNODC", 8000), ("IOM", 1600), ("ILO", 400)):
            await a_project(session, reporting_org=name, budget=Decimal(usd), **NOW)
        await a_project(session, reporting_org="ILO", country="UA", budget=Decimal(9000), **NOW)
        await a_project(session, reporting_org="ILO", country="KE", budget=Decimal(9000), **NOW)
    return browser


async def test_the_page_of_a_country_says_how_fragmented_it_is(fragmented: Browser) -> None:
    said = text_of(await fragmented.get("/countries/MD"))
    assert f"3 providers in {YEAR}" in said
    assert "0.67 Herfindahl index, as with 1.5 providers of equal size" in said
    assert "33% small relations, 1 of 3" in said
    assert "33% non-significant relations, 1 of 3" in said
    assert "Herfindahl index by year" in said


async def test_the_providers_are_named_with_what_their_relation_is(fragmented: Browser) -> None:
    page = await fragmented.get("/countries/MD/fragmentation")
    said = text_of(page)
    assert "UNODC 4,0" in said
    small = said[said.index("ILO") :]
    assert small.index("small") < small.index("not concentrated") < small.index("non-significant")
    narrowed = text_of(await fragmented.get("/countries/MD/fragmentation?pillar=protection"))
    assert "No project in Moldova ran in these years." in narrowed
    assert (await fragmented.get("/countries/XX/fragmentation")).status_code == 404
    odd = await fragmented.get("/countries/MD/fragmentation?pillar=x&year=12e4")
    assert odd.status_code == 200


async def test_a_country_without_projects_has_no_section(fragmented: Browser) -> None:
    page = await fragmented.get("/countries/NZ")
    assert 'id="fragmentation"' not in page.text


async def test_a_region_has_its_countries(fragmented: Browser) -> None:
    said = text_of(await fragmented.get("/regions/151"))
    section = said[said.index("How fragmented the assistance is") :]
    assert "Moldova 3" in section
    assert "Ukraine 1" in section
    assert "Kenya" not in section


@pytest.mark.parametrize(
    ("path", "first"), [("/countries/MD", "MD"), ("/regions/151", "Region, median country")]
)
async def test_the_figures_are_a_table_too(fragmented: Browser, path: str, first: str) -> None:
    answer = await fragmented.get(f"{path}/fragmentation.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    header, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert header[:3] == ["Year", "Pillar", "Where"]
    assert rows[0][:3] == [str(YEAR), "All pillars", first]
    years = {row[0] for row in rows}
    assert years == {str(YEAR), str(YEAR - 1)}
    assert all(len(row) == len(header) for row in rows)


async def test_programs_read_the_same(fragmented: Browser) -> None:
    found = (await fragmented.get("/api/v1/fragmentation/countries/MD")).json()
    whole = found["by_pillar"][0]
    assert (found["country"], found["region"], whole["pillar"]) == ("MD", "151", None)
    assert whole["country"]["herfindahl_index"] == pytest.approx(0.6672)
    assert whole["country"]["usd"] == pytest.approx(5000, rel=0.01)
    region = (await fragmented.get("/api/v1/fragmentation/regions/151")).json()
    assert region["by_pillar"][0]["country"] is None
    assert region["by_pillar"][0]["region"]["countries"] == 2
    missing = await fragmented.get("/api/v1/fragmentation/countries/XX")
    assert (missing.status_code, missing.json()["status"]) == (404, 404)


async def test_an_old_count_is_given_once_more_while_it_is_made_anew(
    fragmented: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/api/v1/fragmentation/countries/UA"

    async def providers() -> int:
        return (await fragmented.get(path)).json()["by_pillar"][0]["country"]["providers"]

    assert await providers() == 1
    async with fragmented.database.session() as session:
        await a_project(session, country="UA", **NOW)
    assert await providers() == 1
    monkeypatch.setattr(kept_counts, "KEPT_FOR", 0)
    assert await providers() == 1
    (task,) = fragmented.app.state.kept_counts.being_made.values()
    monkeypatch.undo()
    await task
    assert await providers() == 2


async def test_what_is_being_counted_is_stopped_with_the_server(
    committed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or it would go on with a database that is being closed."""
    async with committed.session() as session:
        await a_project(session, country="UA", **NOW)
    async with committed.session() as blocking:
        async with browsing(committed, Settings(home=tmp_path)) as browser:
            path = "/api/v1/fragmentation/countries/UA"
            assert (await browser.get(path)).status_code == 200
            await blocking.execute(text("LOCK TABLE project IN ACCESS EXCLUSIVE MODE"))
            monkeypatch.setattr(kept_counts, "KEPT_FOR", 0)
            assert (await browser.get(path)).status_code == 200, "the older count is given"
            kept = browser.app.state.kept_counts
            (task,) = kept.being_made.values()
            assert not task.done()
        assert task.cancelled()
        assert kept.being_made == {}
