"""Overlaps for programs, and which model judged them."""

import math

import pytest
from sqlalchemy import update

from registry.models import OverlapPair
from registry.overlap.model import model_in_use
from tests.builders import a_decision, a_project, an_organisation
from tests.web.conftest import Browser, text_of
from tests.web.test_overlap_pages import an_overlap, case_id

__all__ = ["case_id"]


async def test_overlaps_are_found_and_read(browser: Browser, case_id: int) -> None:
    found = (await browser.get("/api/v1/overlaps?country=MD&kind=double-registration")).json()
    assert (found["total"], found["pages"]) == (1, 1)
    (overlap,) = found["overlaps"]
    assert (overlap["case"], overlap["state"]) == (case_id, "open")
    assert (await browser.get(overlap["page"])).status_code == 200

    read = (await browser.get(f"/api/v1/overlaps/{case_id}")).json()
    (explained,) = read["pairs"]
    assert explained["pair"] == overlap["pair"]
    assert explained["pair"]["a"]["organisation"] == "sida"
    assert (await browser.get(explained["pair"]["a"]["page"])).status_code == 200
    odds = sum(evidence["weight"] for evidence in explained["evidence"])
    assert 1 / (1 + math.exp(-odds)) == pytest.approx(explained["pair"]["probability"], abs=0.01)
    assert all(evidence["detail"] for evidence in explained["evidence"])


async def test_a_case_says_which_model_judged_it_and_which_raised_it(
    browser: Browser, case_id: int
) -> None:
    async with browser.database.session() as session:
        await session.execute(update(OverlapPair).values(model_version="9"))

    read = (await browser.get(f"/api/v1/overlaps/{case_id}")).json()
    assert read["pairs"][0]["pair"]["model_version"] == "9"
    assert read["raised_by_model"] == model_in_use().version
    shown = text_of(await browser.get(f"/overlaps/{case_id}"))
    assert "Judged by version 9 of the model" in shown
    assert "Flagged by the detector" in shown
    assert f", version {model_in_use().version} of the model" in shown


async def test_a_decision_is_told(browser: Browser, case_id: int) -> None:
    async with browser.database.session() as session:
        unodc = await an_organisation(session, "UNODC")
        await a_decision(session, case_id, "joint-programme", "One course is enough.", unodc)
    read = (await browser.get(f"/api/v1/overlaps/{case_id}")).json()
    assert (read["state"], read["outcome"]) == ("decided", "joint-programme")
    assert (read["reason"], read["lead"]) == ("One course is enough.", "unodc")
    assert (await browser.get("/api/v1/overlaps?state=open")).json()["total"] == 0
    assert (await browser.get("/api/v1/overlaps?state=decided")).json()["total"] == 1


async def test_a_pair_is_there_only_for_who_may_read_both(browser: Browser) -> None:
    async with browser.database.session() as session:
        a = await a_project(session, title="Open", reporting_org="Sida")
        b = await a_project(session, title="Hidden", visibility="restricted")
        number = await an_overlap(session, a, b)
    assert (await browser.get("/api/v1/overlaps")).json()["total"] == 0
    assert (await browser.get(f"/api/v1/overlaps/{number}")).status_code == 404
    for wrong in (f"/api/v1/overlaps/{2**31}", "/api/v1/overlaps?kind=x&page=0"):
        answer = await browser.get(wrong)
        assert answer.status_code in (400, 404)
        assert answer.headers["content-type"] == "application/problem+json"
