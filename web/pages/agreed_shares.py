"""Writing down a division of labour: who does what, where, for whom and when."""

from datetime import date
from typing import Any

from litestar import Response, post
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.coordination.agreed_shares import ShareRecord, add_share, remove_share
from registry.errors import FieldError, Invalid
from registry.messages import message
from registry.permissions import Actor
from web.pages.overlap_case import Typed, done, number_in, stored


@post("/overlaps/{case_id:int}/shares", status_code=200)
async def add(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int
) -> Response[Any]:
    """Add a line to the division of labour of a case."""
    form = await request.form()
    typed = Typed(
        "share",
        values={name: str(form.get(f"share-{name}", "")) for name in _TEXTS}
        | {name: [str(one) for one in form.getall(f"share-{name}", [])] for name in _LISTS},
    )

    async def act() -> str:
        record = ShareRecord(
            organisation_id=number_in(str(typed.values["organisation_id"])),
            country=str(typed.values["country"]),
            measures=typed.values["measures"],
            provinces=str(typed.values["provinces"]).split(";"),
            target_groups=typed.values["target_groups"],
            start=_day("start", typed.values["start"]),
            end=_day("end", typed.values["end"]),
            note=str(typed.values["note"]),
        )
        version = number_in(str(form.get("version", ""))) or 0
        await add_share(session, reader, stored(case_id), record, version=version)
        return "#shares"

    added = message("The line is added.")
    return await done(request, session, reader, case_id, typed, act, added)


@post("/overlaps/{case_id:int}/shares/{share_id:int}/remove", status_code=200)
async def remove(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int, share_id: int
) -> Response[Any]:
    """Take a line back."""
    form = await request.form()
    version = number_in(str(form.get("version", ""))) or 0

    async def act() -> str:
        await remove_share(session, reader, stored(case_id), share_id, version=version)
        return "#shares"

    removed = message("The line is removed; the history keeps it.")
    return await done(request, session, reader, case_id, Typed("share"), act, removed)


_TEXTS = ("organisation_id", "country", "provinces", "start", "end", "note")
_LISTS = ("measures", "target_groups")


def _day(name: str, text: Any) -> date | None:
    """Return a day as a browser sends it. Raises Invalid."""
    if not text:
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        wrong = message("Give the day as year-month-day, such as 2026-03-31.")
        raise Invalid([FieldError(name, wrong)]) from None


handlers = [add, remove]
