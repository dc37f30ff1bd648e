"""Who may read a case and take part in it: asked by everything that shows or changes one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import Conflict, NotAllowed, NotFound
from registry.messages import Message, message
from registry.models import OverlapCase, OverlapPair, Project
from registry.overlap.listing import (
    PairView,
    is_whole,
    pairs_of_case,
    read_whole,
    sides_of_case,
)
from registry.permissions import Actor, may, require
from registry.statements import among

OWN_PROJECT = message(
    "Your organisation registered one of the projects, so others have to record the decision. "
    "You can comment, propose and vote."
)


@dataclass(frozen=True)
class OpenCase:
    """A case as far as one person may read it."""

    case: OverlapCase
    pairs: Sequence[PairView]
    """The likeliest first."""
    whole: bool
    """Whether no project of the case is hidden from the person; one that was withdrawn is not.
    To whom one is hidden takes no part in the case: what is said may be about it."""
    concerned: frozenset[int]
    """The organisations whose projects the case is about, withdrawn ones too."""
    withdrawn: int
    """Projects of the case that were withdrawn since it was opened."""

    @property
    def id(self) -> int:
        """The number of the case."""
        return self.case.id or 0

    @property
    def projects(self) -> list[Project]:
        """The projects that the person may read, those of the likeliest pair first."""
        found = {one.id: one for view in self.pairs for one in (view.a, view.b)}
        return list(found.values())

    @property
    def project_ids(self) -> list[int]:
        """Their ids."""
        return [one.id or 0 for one in self.projects]

    def may(self, actor: Actor, action: str) -> bool:
        """Tell whether a person may do this to the case, whatever its state."""
        return (
            self.whole
            and actor.account_id is not None
            and any(may(actor, action, one) for one in self._places())
        )

    def may_vote(self, actor: Actor) -> bool:
        """Tell whether a person may vote: for an organisation."""
        return actor.organisation_id is not None and self.may(actor, "overlap.vote")

    def may_divide(self, actor: Actor) -> bool:
        """Tell whether a person may write down what was agreed: reviewers, the secretariat, and
        whoever belongs to the organisation that leads."""
        lead = self.case.lead_organisation_id
        return (
            self.whole
            and actor.account_id is not None
            and (
                may(actor, "overlap.decide") or (lead is not None and lead == actor.organisation_id)
            )
        )

    def why_not_decide(self, actor: Actor) -> Message | None:
        """Return why this person may not record decisions, though the role would allow it."""
        if actor.role != "secretariat" and actor.organisation_id in self.concerned:
            return OWN_PROJECT
        return None

    def require(self, actor: Actor, action: str) -> None:
        """Raise NotAllowed unless a person may do this to the case."""
        if not actor.signed_in:
            raise NotAllowed(str(message("Sign in to take part in the review.")))
        if not self.whole:
            raise NotAllowed(
                str(message("Your account may not take part in the review of this case."))
            )
        if not any(may(actor, action, one) for one in self._places()):
            if action == "overlap.comment":
                raise NotAllowed(
                    str(
                        message(
                            "Comments are for the organisations of the projects, reviewers and the "
                            "secretariat."
                        )
                    )
                )
            require(actor, action)

    def _places(self) -> Iterable[int | None]:
        return [None, *self.concerned]


async def open_case(session: AsyncSession, reader: Actor, case_id: int) -> OpenCase:
    """Return a case. Raises NotFound where a reader may read none of its pairs."""
    case = await session.get(OverlapCase, case_id)
    pairs = await pairs_of_case(session, reader, case_id) if case is not None else []
    if case is None or not pairs:
        raise NotFound("There is no such case, or its projects are not public.")
    sides = await sides_of_case(session, case_id)
    return OpenCase(
        case,
        pairs,
        whole=await is_whole(session, reader, case_id),
        concerned=frozenset(organisation for organisation, _ in sides),
        withdrawn=sum(state == "withdrawn" for _, state in sides),
    )


def about_readable_case(reader: Actor, case_id: Any) -> ColumnElement[bool]:
    """Return the condition on a column of another table that it names no case, or one all of whose
    projects the reader may read: what is written about a case may be about any of them."""
    if reader.role == "secretariat":
        return true()
    whole = select(OverlapCase.id).where(col(OverlapCase.id) == case_id, *_whole(reader))
    return or_(case_id.is_(None), whole.exists())


async def whole_cases(
    session: AsyncSession, reader: Actor, case_ids: Iterable[int | None]
) -> set[int]:
    """Return those of these cases all of whose projects the reader may read."""
    wanted = sorted({one for one in case_ids if one is not None})
    if not wanted:
        return set()
    rows = await session.exec(
        select(OverlapCase.id).where(among(OverlapCase.id, wanted), *_whole(reader))
    )
    return {one for one in rows if one is not None}


def _whole(reader: Actor) -> list[ColumnElement[bool]]:
    has_pairs = select(OverlapPair.id).where(col(OverlapPair.case_id) == col(OverlapCase.id))
    return [has_pairs.exists(), *read_whole(reader)]


async def where_now(session: AsyncSession, case_id: int) -> int:
    """Return the case that this one has become part of, or itself."""
    while True:
        into = await session.exec(
            select(OverlapCase.gathered_into).where(OverlapCase.id == case_id)
        )
        found = into.first()
        if found is None:
            return case_id
        case_id = found


async def locked(session: AsyncSession, case_id: int, version: int | None = None) -> OverlapCase:
    """Return the case as it is now, and keep others from changing it until the transaction ends.

    Raises Conflict when it has no longer the version that a person saw.
    """
    rows = await session.exec(
        select(OverlapCase)
        .where(OverlapCase.id == case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    case = rows.first()
    if case is None or case.gathered_into is not None:
        raise Conflict(
            str(message("This case has become part of another one meanwhile. Look at it again."))
        )
    if version is not None and case.version != version:
        raise Conflict(
            str(message("Somebody else decided or changed this case meanwhile. Look at it again.")),
            {"outcome": (None, case.outcome), "reason": (None, case.reason)},
        )
    return case
