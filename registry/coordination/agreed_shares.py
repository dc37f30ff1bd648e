"""Divisions of labour as they were agreed: who does what, where, for whom and when.

A line belongs to the case whose decision divided the labour. It is shown as long as that decision
holds, to those who may read all projects of the case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.case_access import locked, open_case
from registry.case_changes import changed
from registry.coordination.case_states import state_after
from registry.errors import Conflict, FieldError, Invalid, NotAllowed
from registry.messages import message
from registry.models import DivisionShare, Organisation, OverlapCase, OverlapPair, is_decided
from registry.models.organisation import as_json
from registry.overlap.listing import read_whole
from registry.permissions import Actor
from registry.personal_data import suspicious_parts

DIVIDED = "division-of-labour"
MOST_SHARES = 100
"""Lines of one case."""
MOST_SHOWN = 200
"""Lines that a page shows."""
LONGEST_NOTE = 500
"""Characters, as for the provinces together."""


@dataclass(frozen=True)
class ShareRecord:
    """A line as somebody writes it down."""

    organisation_id: int | None
    country: str
    measures: Sequence[str]
    provinces: Sequence[str] = ()
    target_groups: Sequence[str] = ()
    start: date | None = None
    end: date | None = None
    note: str = ""


@dataclass(frozen=True)
class AgreedShare:
    """A line as it is shown."""

    share: DivisionShare
    organisation: Organisation


async def add_share(
    session: AsyncSession, actor: Actor, case_id: int, record: ShareRecord, *, version: int
) -> DivisionShare:
    """Write down what an organisation does from now on.

    Raises NotFound, NotAllowed, Invalid, and Conflict when the case has changed meanwhile.
    """
    await _to_divide(session, actor, case_id)
    await _check(session, record)
    case = await _divided(session, case_id, version)
    if len(await shares_of_case(session, case_id)) >= MOST_SHARES:
        raise Conflict(str(message("A division of labour has at most 100 lines.")))
    share = DivisionShare(
        case_id=case_id,
        organisation_id=record.organisation_id or 0,
        country=record.country,
        measures=_in_order("measures", record.measures),
        provinces=[one.strip() for one in record.provinces if one.strip()],
        target_groups=_in_order("target_groups", record.target_groups),
        start=record.start,
        end=record.end,
        note=record.note.strip(),
        account_id=actor.account_id,
    )
    session.add(share)
    await session.flush()
    await changed(session, actor, case, "divided", {}, {"added": as_json(share)})
    return share


async def remove_share(
    session: AsyncSession, actor: Actor, case_id: int, share_id: int, *, version: int
) -> None:
    """Take a line back; the history keeps it. Raises as `add_share` does."""
    await _to_divide(session, actor, case_id)
    case = await _divided(session, case_id, version)
    share = await session.get(DivisionShare, share_id) if share_id < 2**31 else None
    if share is None or share.case_id != case_id:
        raise Conflict(str(message("This line is gone already.")))
    before = {"removed": as_json(share)}
    await session.delete(share)
    await changed(session, actor, case, "divided", before)


async def shares_of_case(session: AsyncSession, case_id: int) -> list[AgreedShare]:
    """Return the lines of a case, whoever may see them."""
    return await _shares(session, DivisionShare.case_id == case_id)


async def shares_in_country(
    session: AsyncSession, reader: Actor, country: str
) -> list[AgreedShare]:
    """Return what is agreed for a country (alpha-2), as far as the reader may know it."""
    return await _shares(session, DivisionShare.country == country, *_shown(reader))


async def shares_of_project(
    session: AsyncSession, reader: Actor, project_id: int
) -> list[AgreedShare]:
    """Return what is agreed in the cases of a project, as far as the reader may know it."""
    own = select(OverlapPair.case_id).where(
        or_(OverlapPair.a_id == project_id, OverlapPair.b_id == project_id)
    )
    return await _shares(session, col(DivisionShare.case_id).in_(own), *_shown(reader))


def _shown(reader: Actor) -> list[Any]:
    return [is_decided(), OverlapCase.outcome == DIVIDED, *read_whole(reader)]


async def _shares(
    session: AsyncSession, *conditions: ColumnElement[bool] | bool
) -> list[AgreedShare]:
    rows = await session.exec(
        select(DivisionShare, Organisation)
        .join(Organisation, col(Organisation.id) == col(DivisionShare.organisation_id))
        .join(OverlapCase, col(OverlapCase.id) == col(DivisionShare.case_id))
        .where(*conditions)
        .order_by(col(DivisionShare.country), Organisation.name, col(DivisionShare.id))
        .limit(MOST_SHOWN)
    )
    return [AgreedShare(share, organisation) for share, organisation in rows]


async def _to_divide(session: AsyncSession, actor: Actor, case_id: int) -> None:
    opened = await open_case(session, actor, case_id)
    if not opened.may_divide(actor):
        raise NotAllowed(
            "The organisation that leads, reviewers and the secretariat write down what was agreed."
        )


async def _divided(session: AsyncSession, case_id: int, version: int) -> OverlapCase:
    case = await locked(session, case_id, version)
    case.state = state_after(case.state, "divide")
    if case.outcome != DIVIDED:
        raise Conflict(str(message("The decision on this case is no division of labour.")))
    return case


def _in_order(scheme: str, codes: Sequence[str]) -> list[str]:
    return [code for code in codelists.scheme(scheme) if code in codes]


async def _check(session: AsyncSession, record: ShareRecord) -> None:
    errors = []
    number = record.organisation_id
    if number is None or await session.get(Organisation, number) is None:
        errors.append(FieldError("organisation_id", message("Say which organisation does it.")))
    if record.country not in codelists.countries():
        errors.append(FieldError("country", message("Choose the country.")))
    if not record.measures:
        errors.append(FieldError("measures", message("Choose at least one measure.")))
    elif not set(record.measures) <= set(codelists.scheme("measures")):
        errors.append(FieldError("measures", message("One of these measures does not exist.")))
    if not set(record.target_groups) <= set(codelists.scheme("target_groups")):
        errors.append(FieldError("target_groups", message("One of these groups does not exist.")))
    if record.start and record.end and record.start > record.end:
        errors.append(FieldError("end", message("The end lies before the start.")))
    for name, text in (("provinces", "; ".join(record.provinces)), ("note", record.note)):
        if len(text) > LONGEST_NOTE:
            too_long = message("Use at most {limit} characters.", limit=LONGEST_NOTE)
            errors.append(FieldError(name, too_long))
        errors += [FieldError(name, found) for found in suspicious_parts(text)]
    if errors:
        raise Invalid(errors)
