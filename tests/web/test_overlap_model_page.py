"""The page about the overlap model for the secretariat, and the help that tells everybody of it."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from registry.case_decisions import reopen
from registry.models import Organisation, OverlapPair
from registry.overlap.measured import CalibrationBin, Evaluation, WrongPair
from registry.overlap.model import Model, judging_with, model_in_use
from registry.permissions import Actor
from tests.builders import a_decision, a_project, an_account, an_organisation
from tests.web.conftest import Browser, text_of
from tests.web.test_overlap_pages import an_overlap

PAGE = "/admin/overlap-model"
SECRETARIAT = Actor(None, "secretariat", "secretariat")
WRONG = WrongPair(
    "MD-1", "MD-2", "Haus für Frauen", "A house for women", "Diakonie", "La Strada",
    "different-location", "One is in Cahul, the other in Ungheni.", "duplicated-assistance",
    0.61, True, "de", "en",
)  # fmt: skip
EVALUATION = Evaluation(
    set="tests/data/overlap",
    half="testing",
    figures={
        "average_precision": 0.8765,
        "average_precision_double_registration": 0.9512,
        "average_precision_cross_language": None,
        "recall_of_candidates": 1.0,
        "precision_at_recall_80": 0.9123,
        "precision_at_recall_90": 0.8,
        "recall_at_precision_90": 0.7,
        "calibration_error": 0.0432,
        "flagged_share": {"different-location": 0.25, "duplicated-assistance": 0.75},
        "by_language_pair": {"en-fr": {"pairs": 12, "overlaps": 3, "average_precision": 0.9}},
    },
    calibration=(CalibrationBin(0.0, 0.1, 0), CalibrationBin(0.7, 0.8, 8, 0.75, 0.5)),
    wrong=(WRONG,),
)


@pytest.fixture
async def secretariat(browser: Browser) -> Browser:
    """A browser in which the secretariat is signed in."""
    async with browser.database.session() as session:
        unodc = await an_organisation(session, "UNODC")
        await an_account(session, "secretariat", unodc, "secretariat@example.org")
    await browser.come_in_as("secretariat@example.org")
    return browser


def a_model(evaluation: Evaluation | None = EVALUATION) -> Model:
    return replace(
        model_in_use(),
        version="7",
        made=date(2026, 11, 20),
        note="With the decisions of spring.",
        fitted_on={"pairs": 1234, "overlaps": 56},
        evaluation=evaluation,
    )


def row(page: str, head: str) -> list[str]:
    """The cells of the row of a table that begins with this text."""
    for found in re.findall(r"(?s)<tr>.*?</tr>", page):
        cells = [
            re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", cell)).strip()
            for cell in re.findall(r"(?s)<t[hd][^>]*>(.*?)</t[hd]>", found)
        ]
        if cells and cells[0].startswith(head):
            return cells
    raise AssertionError(f"no row begins with {head}")


async def test_the_figures_are_those_of_the_file(secretariat: Browser) -> None:
    with judging_with(a_model()):
        page = (await secretariat.get(PAGE)).text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "made on 20 Nov 2026" in text
    assert "With the decisions of spring." in text
    assert "1,234 pairs of projects in one country, 56 of them overlaps" in text
    assert row(page, "Average precision")[1] == "0.88"
    assert row(page, "… across languages")[1] == "–"
    assert row(page, "Calibration error")[1] == "0.04"
    assert row(page, "Other places")[1] == "25%"
    assert row(page, "EN – FR")[1:] == ["12", "3", "0.90"]
    wrong = row(page, "Diakonie Haus für Frauen MD-1")
    assert wrong[1:3] == ["Other places", "One is in Cahul, the other in Ungheni."]
    assert wrong[3].startswith("0.61")
    assert '<span lang="de" dir="auto">Haus für Frauen</span>' in page


async def test_the_plot_has_a_point_and_a_row_for_each_bin_with_pairs(secretariat: Browser) -> None:
    with judging_with(a_model()):
        page = (await secretariat.get(PAGE)).text
    (plot,) = re.findall(r'(?s)<svg class="plot".*?</svg>', page)
    ((x, y),) = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', plot)
    assert (float(x), float(y)) == (300 * 0.75, 300 * 0.5)
    assert row(page, "0.7 – 0.8")[1:] == ["8", "0.75", "0.50", "0.22 – 0.78"]


async def test_what_each_evidence_counts_is_its_weight_times_its_limits(
    secretariat: Browser,
) -> None:
    model = a_model()
    weights = {"bias": -3.25, "threshold": 0.5, "weights": {"phases": 2.0, "meaning": 0.5}}
    kinds = {kind: replace(one, **weights) for kind, one in model.kinds.items()}
    with judging_with(replace(model, kinds=kinds)):
        page = (await secretariat.get(PAGE)).text
    assert row(page, "Start")[1:] == ["−3.25", "−3.25"]
    assert row(page, "Phases")[1] == "−2.00 to 0"
    assert row(page, "Meaning of the texts")[1] == "−1.00 to +1.25"
    assert row(page, "Budgets")[1] == "does not count"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Nobody has measured this model."),
        ("fr", "Personne n’a mesuré ce modèle."),
        ("es", "Nadie ha medido este modelo."),
    ],
)
async def test_a_model_that_nobody_measured(secretariat: Browser, language: str, said: str) -> None:
    with judging_with(a_model(evaluation=None)):
        page = await secretariat.get(f"{PAGE}?lang={language}")
    assert said in text_of(page)
    assert "<circle" not in page.text
    assert "convene fit" in page.text


async def decided(browser: Browser, outcome: str, probability: float) -> int:
    """A pair of that probability, decided; its id."""
    async with browser.database.session() as session:
        a = await a_project(session, reporting_org="Sida")
        b = await a_project(session, reporting_org="IOM")
        case_id = await an_overlap(session, a, b, probability=probability, model_version="3")
        lead = await session.get(Organisation, a.reporting_organisation_id)
        await a_decision(session, case_id, outcome, "We asked.", lead)
        (pair,) = await session.exec(select(OverlapPair).where(OverlapPair.case_id == case_id))
        assert pair.id is not None
        return pair.id


async def test_decisions_stand_beside_the_probability_that_was_shown(secretariat: Browser) -> None:
    await decided(secretariat, "joint-programme", 0.82)
    await decided(secretariat, "merged-double-registration", 0.88)
    again = await decided(secretariat, "not-an-overlap", 0.84)
    async with secretariat.database.session() as session:
        pair: Any = await session.get(OverlapPair, again)
        pair.probability = 0.11  # judged anew since
        session.add(pair)
    with judging_with(a_model(evaluation=None)):  # its own pairs would stand in a table beside
        page = (await secretariat.get(PAGE)).text
    text = re.sub(r"\s+", " ", page)
    assert "3 pairs are decided." in text
    assert row(page, "0.8 – 0.9")[1:4] == ["3", "0.85", "0.67"]
    assert "version 3 of the model" in text
    async with secretariat.database.session() as session:
        await reopen(session, SECRETARIAT, pair.case_id, version=2, reason="They do overlap.")
        lead = await session.get(Organisation, 1)
        await a_decision(session, pair.case_id, "joint-programme", lead=lead)
    with judging_with(a_model(evaluation=None)):  # its own pairs would stand in a table beside
        page = (await secretariat.get(PAGE)).text
    assert row(page, "0.8 – 0.9")[1] == "2"
    assert row(page, "0.1 – 0.2")[1:4] == ["1", "0.11", "1.00"]


async def test_without_decisions_the_page_says_what_would_be_there(secretariat: Browser) -> None:
    assert "Nothing has been decided yet." in text_of(await secretariat.get(PAGE))


async def test_the_case_leads_the_secretariat_to_the_model_and_others_to_the_help(
    secretariat: Browser,
) -> None:
    async with secretariat.database.session() as session:
        a = await a_project(session, reporting_org="Sida")
        b = await a_project(session, reporting_org="IOM")
        case_id = await an_overlap(session, a, b)
    assert f'href="{PAGE}"' in (await secretariat.get(f"/overlaps/{case_id}")).text
    assert f'href="{PAGE}"' in (await secretariat.get("/admin")).text
    secretariat.cookies.clear()
    visited = (await secretariat.get(f"/overlaps/{case_id}")).text
    assert PAGE not in visited
    assert 'href="/help/overlaps"' in visited


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ("Version 7 of the model, made on 20 Nov 2026", "75% are flagged", "0.88")),
        ("fr", ("La version 7 du modèle, établie le 20 nov. 2026", "75 % sont signalées", "0,88")),
        ("es", ("La versión 7 del modelo, hecha el 20 nov 2026", "se señala el 75 %", "0,88")),
    ],
)
async def test_the_help_tells_the_figures_of_the_model_in_use(
    browser: Browser, language: str, expected: tuple[str, ...]
) -> None:
    with judging_with(a_model()):
        page = text_of(await browser.get(f"/help/overlaps?lang={language}"))
    page = page.replace("\xa0", " ").replace("\u202f", " ")
    for said in expected:
        assert said in page


async def test_the_help_does_not_claim_what_nobody_measured(browser: Browser) -> None:
    with judging_with(a_model(evaluation=None)):
        page = await browser.get("/help/overlaps")
    assert "has not been measured" in text_of(page)
    assert "Flagged by mistake" not in page.text
