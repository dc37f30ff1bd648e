"""What every change of a case shares: its history, its version, the texts that people write."""

from collections.abc import Mapping

from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import FieldError, Invalid
from registry.history import record_change
from registry.messages import Message, message
from registry.models import Organisation, OverlapCase
from registry.permissions import Actor
from registry.personal_data import suspicious_parts

NEEDS_LEAD = frozenset({"joint-programme", "division-of-labour"})
"""Outcomes that some organisation has to carry."""
LONGEST = 5_000
"""Characters of a comment or a reason."""


async def changed(
    session: AsyncSession,
    actor: Actor,
    case: OverlapCase,
    action: str,
    before: Mapping[str, object],
    more: Mapping[str, object] | None = None,
) -> None:
    """Store a change that whoever has the case open has to notice, and write its history."""
    case.version += 1
    session.add(case)
    await session.flush()
    await remember(session, actor, case, action, before, as_json(case) | dict(more or {}))


async def remember(
    session: AsyncSession,
    actor: Actor,
    case: OverlapCase,
    action: str,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    """Write a line of the history of a case."""
    await record_change(session, actor, "case", case.id or 0, action, dict(before), dict(after))


def as_json(case: OverlapCase) -> dict[str, object]:
    """Return what the history keeps of a case."""
    return case.model_dump(
        mode="json",
        include={
            "state", "outcome", "reason", "lead_organisation_id", "version", "round",
            "decided_how", "follow_up",
        },
    )  # fmt: skip


def checked_text(text: str, field: str, missing: Message, *, public: bool = False) -> str:
    """Return a text without blanks around it. Raises Invalid for none and for too much, and for
    personal data in one that the `public` will read."""
    text = text.strip()
    if not text:
        raise Invalid([FieldError(field, missing)])
    if len(text) > LONGEST:
        raise Invalid([FieldError(field, too_long())])
    if public and (found := [FieldError(field, what) for what in suspicious_parts(text)]):
        raise Invalid(found)
    return text


async def check_outcome(
    session: AsyncSession, outcome: str, reason: str, lead_organisation_id: int | None
) -> None:
    """Raise Invalid with all that is wrong with an outcome, its reason and its lead.

    Everybody who may read the projects reads the reason of a decision, visitors too.
    """
    errors: list[FieldError] = []
    if outcome not in codelists.scheme("overlap_outcomes"):
        errors.append(FieldError("outcome", message("Choose one of the outcomes.")))
    if not reason.strip():
        errors.append(FieldError("reason", message("Give the reason in a sentence or two.")))
    elif len(reason) > LONGEST:
        errors.append(FieldError("reason", too_long()))
    errors += [FieldError("reason", found) for found in suspicious_parts(reason)]
    if lead_organisation_id is None:
        if outcome in NEEDS_LEAD:
            lead = message("Say which organisation takes the lead.")
            errors.append(FieldError("lead_organisation_id", lead))
    elif await session.get(Organisation, lead_organisation_id) is None:
        errors.append(FieldError("lead_organisation_id", message("There is no such organisation.")))
    if errors:
        raise Invalid(errors)


def too_long(longest: int = LONGEST) -> Message:
    """Return the error of a text that has too many characters."""
    return message("Use at most {limit} characters.", limit=longest)
