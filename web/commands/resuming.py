"""`convene import --resume`: what an interrupted import was begun with, and where it stands."""

import argparse

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import FieldError, Invalid
from registry.messages import Message, message
from registry.models import Import, Organisation


async def check_options(
    session: AsyncSession, begun: Import, organisation: int | None, options: argparse.Namespace
) -> None:
    """Raise Invalid when an option of today is not what an import was begun with.

    What is not said today stays as it was. `organisation` is the one that --as names.
    """
    errors = []
    if organisation is not None and organisation != begun.organisation_id:
        first = await session.get(Organisation, begun.organisation_id or 0)
        errors.append(_other(f"--as {options.organisation}", f"--as {first.name}" if first else ""))
    if options.format is not None and options.format != begun.format:
        errors.append(_other(f"--format {options.format}", f"--format {begun.format}"))
    if options.all and not begun.all_activities:
        errors.append(_other("--all"))
    if options.draft and not begun.as_drafts:
        errors.append(_other("--draft"))
    if errors:
        raise Invalid([FieldError("resume", error) for error in errors])


def _other(now: str, then: str = "") -> Message:
    if then:
        return message(
            "The interrupted import was begun with {then}, not with {now}. Leave {now} out to go "
            "on as it was begun, or start anew without --resume.",
            then=then,
            now=now,
        )
    return message(
        "The interrupted import was begun without {now}. Leave {now} out to go on as it was begun, "
        "or start anew without --resume.",
        now=now,
    )


def where_it_stands(run: Import) -> str:
    """Say how far an interrupted import is, and with which options it was begun."""
    given = (("--all", run.all_activities), ("--draft", run.as_drafts))
    chosen = "".join(f" {option}" for option, is_given in given if is_given)
    stands = {
        "planning": f"{run.done:,} records are planned",
        "planned": "all records are planned, nothing is written yet",
        "applying": f"{run.done:,} of {run.total or 0:,} projects are written, but count only when "
        "all are",
    }[run.state]
    begun = f"{run.created_at:%Y-%m-%d %H:%M} UTC"
    return f"{run.filename} was begun {begun}{chosen and ' with'}{chosen}: {stands}."
