"""Reviews of the demonstration: cases that people talk about, vote on and have decided."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.accounts import actor_for
from registry.case_decisions import decide, follow_up
from registry.coordination.agreed_shares import ShareRecord, add_share
from registry.models import Account, OverlapCase, OverlapPair, Project
from registry.organisations import find_organisation
from registry.overlap.detector import examine
from registry.permissions import Actor
from registry.review import comment, propose, vote

FILE = Path(__file__).parent / "reviews.json"


async def review_demo(session: AsyncSession) -> int:
    """Compare the projects that the reviews are about, and review them; return how many cases were.

    A pair that the model in use does not flag is passed over: the demonstration shows what is.
    """
    reviews = json.loads(FILE.read_text(encoding="utf-8"))
    named = {identifier for one in reviews for identifier in one["projects"]}
    rows = await session.exec(
        select(Project.identifier, Project.id).where(col(Project.identifier).in_(named))
    )
    ids = {identifier: id or 0 for identifier, id in rows}
    await examine(session, sorted(ids.values()))
    people = {one.email: actor_for(one) for one in await session.exec(select(Account))}
    done = 0
    for one in reviews:
        case_id = await _case_of(session, sorted(ids[name] for name in one["projects"]))
        if case_id is not None:
            await _review(session, case_id, one, people)
            done += 1
    return done


async def _case_of(session: AsyncSession, pair: list[int]) -> int | None:
    found = await session.exec(
        select(OverlapPair.case_id).where(OverlapPair.a_id == pair[0], OverlapPair.b_id == pair[1])
    )
    return found.first()


async def _review(
    session: AsyncSession, case_id: int, review: dict[str, Any], people: Mapping[str, Actor]
) -> None:
    for email, text in review["comments"]:
        await comment(session, people[email], case_id, text)
    proposal = review["proposal"]
    lead = await find_organisation(session, proposal["lead"]) if "lead" in proposal else None
    proposer = people[proposal.get("by", "reviewer@example.org")]
    said = await propose(
        session, proposer, case_id, proposal["outcome"], proposal["reason"],
        lead.id if lead else None,
    )  # fmt: skip
    for email, reason in proposal["votes"].items():
        await vote(session, people[email], case_id, said.id or 0, "support", reason)
    if not review["decided"]:
        return
    secretariat = people["secretariat@example.org"]
    await decide(
        session, secretariat, case_id, version=await _version(session, case_id),
        proposal_id=said.id or 0,
    )  # fmt: skip
    for share in review.get("shares", ()):
        organisation = await find_organisation(session, share["organisation"])
        record = ShareRecord(
            organisation_id=organisation.id if organisation else None,
            country=share["country"],
            measures=share["measures"],
            provinces=share["provinces"],
            start=date.fromisoformat(share["start"]),
            end=date.fromisoformat(share["end"]),
            note=share["note"],
        )
        version = await _version(session, case_id)
        await add_share(session, secretariat, case_id, record, version=version)
    if "follow_up" in review:
        version = await _version(session, case_id)
        await follow_up(session, secretariat, case_id, version=version, text=review["follow_up"])


async def _version(session: AsyncSession, case_id: int) -> int:
    case = await session.get(OverlapCase, case_id, populate_existing=True)
    return case.version if case else 0
