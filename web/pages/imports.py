"""Importing a file: upload, preview, apply."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import FieldError, Invalid
from registry.exchange.plan import OUTCOMES
from registry.exchange.record import COLUMNS
from registry.exchange.tabular import defuse
from registry.import_plans import (
    Refused,
    apply_kept_plan,
    keep_plan,
    kept_plan,
    latest_plans,
    refused_records,
)
from registry.messages import message
from registry.models import ImportPlan, Organisation, Project
from registry.organisations import list_organisations
from registry.permissions import Actor, may, require
from web.project_fields import EXAMPLES, field_label, field_text
from web.rendering import page, redirect

SHOWN_RECORDS = 200
"""Records of one outcome that the preview shows; the counts are those of the whole file."""

_UNREAD = ("identifier", "title")
"""What is known of records whose cells could not be read."""

Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


@get("/projects/import")
async def import_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Show the form for a file."""
    _require_import(reader)
    return await _upload_page(request, session, reader)


@get("/projects/import/template.csv")
async def template() -> Response[str]:
    """Send a table with nothing but the header."""
    text = io.StringIO()
    csv.writer(text).writerow(COLUMNS)
    return _download(text.getvalue(), "convene-projects.csv")


@post("/projects/import", status_code=200)
async def upload(
    request: HTMXRequest, session: AsyncSession, reader: Actor, data: Upload
) -> Response[Any]:
    """Plan the import of the uploaded file and show the plan."""
    _require_import(reader)
    file = data.get("file")
    try:
        content = await file.read() if isinstance(file, UploadFile) else b""
        if not isinstance(file, UploadFile) or not file.filename:
            raise Invalid([FieldError("file", message("Choose a file."))])
        organisation = await _organisation(session, reader, str(data.get("organisation", "")))
        kept = await keep_plan(
            session,
            reader,
            content,
            file.filename.replace("\\", "/").rpartition("/")[2][:200],
            organisation_id=organisation,
            all_activities=data.get("all") == "yes",
            as_drafts=data.get("drafts") == "yes",
        )
    except Invalid as error:
        return await _upload_page(request, session, reader, error.errors, data)
    return redirect(request, f"/projects/import/{kept.id}")


@get("/projects/import/{plan_id:str}")
async def plan_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, plan_id: str
) -> Response[Any]:
    """Show what the import would do, or what it did."""
    _require_import(reader)
    kept = await kept_plan(session, reader, plan_id)
    return page(
        request,
        "projects/import_plan.html",
        kept=kept,
        plan=kept.plan,
        groups=_groups(kept),
        shown=SHOWN_RECORDS,
        addresses=await _addresses(session, kept),
        field_label=field_label,
        field_text=field_text,
    )


@post("/projects/import/{plan_id:str}", status_code=200)
async def apply(
    request: HTMXRequest, session: AsyncSession, reader: Actor, plan_id: str
) -> Response[Any]:
    """Do what the plan says, once."""
    _require_import(reader)
    done = await apply_kept_plan(session, reader, plan_id)
    notice = (
        message("The file is imported.")
        if done
        else message(
            "Nothing was imported yet: the registry has changed since this preview was made. "
            "Look at the new preview and apply it."
        )
    )
    return redirect(request, f"/projects/import/{plan_id}", notice=notice)


@get("/projects/import/{plan_id:str}/refused.csv")
async def refused_table(session: AsyncSession, reader: Actor, plan_id: str) -> Response[str]:
    """Send the refused records as a table with the reasons, to be mended and uploaded again."""
    _require_import(reader)
    return _download(_table(await refused_records(session, reader, plan_id)), "refused.csv")


async def _upload_page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    errors: Sequence[FieldError] = (),
    data: dict[str, Any] | None = None,
) -> Response[Any]:
    choosing = may(reader, "project.import", None)
    own = (
        None
        if reader.organisation_id is None
        else await session.get(Organisation, reader.organisation_id)
    )
    return page(
        request,
        "projects/import.html",
        status=422 if errors else 200,
        errors=list(errors),
        typed=data or {},
        organisations=await list_organisations(session) if choosing else [],
        own=own,
        columns=COLUMNS,
        examples=EXAMPLES,
        field_label=field_label,
        max_upload=request.app.state.settings.max_upload // 1024**2,
        plans=await latest_plans(session, reader),
    )


def _require_import(reader: Actor) -> None:
    require(reader, "project.import", reader.organisation_id)


async def _organisation(session: AsyncSession, reader: Actor, chosen: str) -> int | None:
    """Return whose projects they are where the file does not say."""
    if not may(reader, "project.import", None):
        return reader.organisation_id
    if not chosen:
        return None
    found = await session.exec(select(Organisation.id).where(Organisation.slug == chosen))
    return found.first()


def _groups(kept: ImportPlan) -> list[tuple[str, int, list[dict[str, Any]]]]:
    """Return outcome, number and records, what needs attention first."""
    items = kept.plan.get("items", [])
    order = ("refused", *(outcome for outcome in OUTCOMES if outcome != "refused"))
    found = []
    for outcome in order:
        those = [item for item in items if item["outcome"] == outcome]
        if those:
            found.append((outcome, len(those), those[:SHOWN_RECORDS]))
    return found


async def _addresses(session: AsyncSession, kept: ImportPlan) -> dict[int, tuple[str, str]]:
    """Return project -> (identifier, organisation's slug) for the records that are shown."""
    ids = {
        item["project_id"]
        for _, _, items in _groups(kept)
        for item in items
        if item.get("project_id") is not None
    }
    if not ids:
        return {}
    rows = await session.exec(
        select(Project.id, Project.identifier, Organisation.slug)
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(col(Project.id).in_(ids))
    )
    return {project_id: (identifier, slug) for project_id, identifier, slug in rows if project_id}


def _table(refused: Sequence[Refused]) -> str:
    names = list(dict.fromkeys(name for one in refused for name in one.cells))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["where", "what is wrong", *(map(_cell, names) if names else _UNREAD)])
    for one in refused:
        why = " ".join(f"{field}: {reason}" for field, reason in one.reasons)
        cells = [one.cells.get(name) for name in names] or [one.identifier, one.title]
        writer.writerow([_cell(cell) for cell in (one.place, why, *cells)])
    return text.getvalue()


def _cell(value: object) -> str:
    return "" if value is None else defuse(str(value))


def _download(text: str, name: str) -> Response[str]:
    return Response(
        "\N{ZERO WIDTH NO-BREAK SPACE}" + text,
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


handlers = [import_page, template, upload, plan_page, apply, refused_table]
