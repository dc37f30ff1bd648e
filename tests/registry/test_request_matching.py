"""Who could answer a request, and why; requests that are like it; the board."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import NotAllowed
from registry.meaning import encode
from registry.models import now
from registry.organisations import ContactPointRecord, MandateRecord
from registry.permissions import COMMAND_LINE, VISITOR, Actor
from registry.request_board import request_board
from registry.request_matching import matches_for
from registry.requests import RequestRecord, close_request, file_request, revise_request
from registry.similar_requests import ALIKE, similar_requests
from tests.builders import a_project, an_organisation

ASKED = RequestRecord(
    "MD", "Bench book for judges", "A manual on trafficking cases.", ["PROS-2", "PROT-4"], "soon"
)
TODAY = date(2026, 3, 1)


async def test_organisations_are_matched_by_competency_mandate_presence_and_contact(
    session: AsyncSession,
) -> None:
    justice = ("criminal-justice", ("prosecution",))
    mandate = MandateRecord(*justice, ("PROS-2",))
    here = replace(mandate, regions=("151",))
    elsewhere = replace(mandate, regions=("002",))
    point = ContactPointRecord("MD", "Office in Chisinau")
    await an_organisation(session, "Competent", mandates=[here], contact_points=[point])
    await an_organisation(session, "Mandated", mandates=[MandateRecord(*justice)])
    await an_organisation(session, "Elsewhere", mandates=[elsewhere])
    await a_project(session, reporting_org="Present", measures=["PROT-4"], country="MD")
    await a_project(session, reporting_org="Other", measures=["PREV-1"], country="MD")
    await a_project(
        session, reporting_org="Hidden", measures=["PROT-4"], country="MD", visibility="restricted"
    )
    request = await file_request(session, COMMAND_LINE, ASKED)

    found = await matches_for(session, VISITOR, request, TODAY)

    assert [
        (one.name, one.competent, one.mandated, one.present, one.projects, one.contact)
        for one in found
    ] == [
        ("Competent", ["PROS-2"], [], [], 0, "Office in Chisinau"),
        ("Present", [], [], ["PROT-4"], 1, None),
        ("Mandated", [], ["PROS-2"], [], 0, None),
    ]


async def test_requests_are_similar_across_languages(session: AsyncSession) -> None:
    request = await file_request(session, COMMAND_LINE, ASKED)
    french = RequestRecord(
        country="SN",
        title="Manuel pour les juges",
        text="Un guide sur les affaires de traite.",
        measures=["PROS-2"],
        urgency="soon",
        language="fr",
    )
    near = await file_request(session, COMMAND_LINE, french)
    far = replace(ASKED, title="Boats", text="Patrol boats and radios for the coast guard.")
    await file_request(session, COMMAND_LINE, far)

    (found,) = await similar_requests(session, request)

    assert (found.request.id, found.measures) == (near.id, ["PROS-2"])
    moved = replace(french, title="Bateaux", text="Des vedettes pour les garde-côtes.")
    await revise_request(session, COMMAND_LINE, near.id or 0, moved, version=1)
    assert await similar_requests(session, request) == []


async def test_the_board_has_what_waits_longest_first(session: AsyncSession) -> None:
    new = await file_request(session, COMMAND_LINE, ASKED)
    old = await file_request(session, COMMAND_LINE, replace(ASKED, country="KE", urgency="urgent"))
    done = await file_request(session, COMMAND_LINE, replace(ASKED, measures=["PREV-1"]))
    await close_request(session, COMMAND_LINE, done.id or 0, "met", "Done.", version=1)
    old.filed_at -= timedelta(days=30)
    session.add(old)
    at = now()

    async def shown(**filters: str) -> dict[str, list[int | None]]:
        columns = await request_board(session, COMMAND_LINE, at, **filters)
        return {one.state: [card.request.id for card in one.cards] for one in columns if one.total}

    assert await shown() == {"open": [old.id, new.id], "met": [done.id]}
    assert await shown(region="002") == {"open": [old.id]}
    assert await shown(pillar="prevention") == {"met": [done.id]}
    assert await shown(urgency="urgent") == {"open": [old.id]}
    columns = await request_board(session, COMMAND_LINE, at)
    assert columns[0].cards[0].days == 30
    with pytest.raises(NotAllowed):
        await request_board(session, Actor(1, "Somebody", "member", 1), at)


async def test_a_project_that_names_pillars_alone_is_presence_too(session: AsyncSession) -> None:
    mandate = MandateRecord("criminal-justice", ("prosecution",), ("PROS-2",))
    await an_organisation(session, "Competent", mandates=[mandate])
    await a_project(session, reporting_org="Competent", measures=[], country="MD")
    request = await file_request(session, COMMAND_LINE, ASKED)

    (found,) = await matches_for(session, VISITOR, request, TODAY)

    assert (found.projects, found.present) == (1, [])


PAIRS = json.loads((Path(__file__).parents[1] / "data/requests/pairs.json").read_text())


def test_requests_for_the_same_are_called_similar_and_others_are_not() -> None:
    texts = [f"{pair[one]['title']}. {pair[one]['text']}" for pair in PAIRS for one in "ab"]
    vectors = numpy.asarray(encode(texts), dtype=float)
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    nearness = (vectors[::2] * vectors[1::2]).sum(axis=1)
    wrong = [
        (pair["a"]["title"], pair["b"]["title"], round(float(near), 2))
        for pair, near in zip(PAIRS, nearness, strict=True)
        if pair["alike"] is not bool(near >= ALIKE)
    ]
    assert not wrong
    assert len(PAIRS) >= 40
    assert {pair[one]["language"] for pair in PAIRS for one in "ab"} == {"en", "fr", "es"}
