"""The JSON API of version 1."""

from tests.builders import a_project, an_account, an_organisation
from tests.web.conftest import Browser


async def test_projects_are_searched_and_read(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, identifier="A/1", country="MD", title="Judges")
        await a_project(session, country="KE", title="Police")
    await browser.index()
    found = (await browser.get("/api/v1/projects?country=md&size=5")).json()
    assert found["total"] == 1
    assert found["projects"][0]["title"] == "Judges"
    assert found["facets"]["country"] == {"MD": 1, "KE": 1}
    read = (await browser.get("/api/v1/projects/A/1")).json()
    assert read["record"]["title"] == "Judges"
    assert read["record"]["countries"] == [{"code": "MD", "percentage": None}]
    assert (await browser.get(read["page"])).status_code == 200


async def test_what_is_not_for_everyone_is_not_in_it(browser: Browser) -> None:
    async with browser.database.session() as session:
        own = await an_organisation(session, "UNODC")
        await a_project(session, identifier="S-1", partner_contacts="La Strada, +373 1")
        await a_project(session, identifier="D-1", publish=False)
        await an_account(session, organisation=own, email="us@example.org")
    await browser.index()
    assert "partner_contacts" not in (await browser.get("/api/v1/projects/S-1")).text
    assert (await browser.get("/api/v1/projects/D-1")).status_code == 404
    await browser.come_in_as("us@example.org")
    assert "La Strada" in (await browser.get("/api/v1/projects/S-1")).text
    assert (await browser.get("/api/v1/projects/D-1")).json()["state"] == "draft"


async def test_errors_are_problem_details(browser: Browser) -> None:
    answer = await browser.get("/api/v1/projects?page=nine")
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "page"
    assert (await browser.get("/api/v1/projects/none")).json()["status"] == 404


async def test_code_lists_have_their_labels(browser: Browser) -> None:
    lists = (await browser.get("/api/v1/codelists")).json()
    assert lists["schemes"]["pillars"]["protection"]["es"] == "Protección"
    assert lists["countries"]["MD"]["fr"]
    assert "EUR" in lists["currencies"]


async def test_it_describes_itself(browser: Browser) -> None:
    description = (await browser.get("/api/v1/openapi.json")).json()
    assert description["openapi"].startswith("3.1")
    assert set(description["paths"]) == {
        "/api/v1/projects",
        "/api/v1/projects/{identifier}",
        "/api/v1/overlaps",
        "/api/v1/overlaps/{case_id}",
        "/api/v1/requests",
        "/api/v1/requests/{request_id}",
        "/api/v1/fragmentation/countries/{code}",
        "/api/v1/fragmentation/regions/{region}",
        "/api/v1/paris-declaration/countries/{code}",
        "/api/v1/paris-declaration/projects/{identifier}",
        "/api/v1/practices",
        "/api/v1/practices/{note_id}",
        "/api/v1/contacts",
        "/api/v1/recommendations",
        "/api/v1/recommendations/{recommendation_id}",
        "/api/v1/work-plan",
        "/api/v1/work-plan/{action_id}",
        "/api/v1/codelists",
        "/api/v1/gaps",
        "/api/v1/netted",
        "/api/v1/division/{code}/{measure}",
    }
    names = [p["name"] for p in description["paths"]["/api/v1/projects"]["get"]["parameters"]]
    assert {"q", "country", "year", "active_on", "page"} <= set(names)
    assert "session" not in names
