"""Importing a file: upload, progress, preview, apply."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.errors import FieldError, Invalid
from registry.exchange.cells import KEEP
from registry.exchange.record import COLUMNS
from registry.imports import looking, runs, sources, uploads
from registry.imports.items import error_from
from registry.imports.plan import Item
from registry.imports.progress import progress_of
from registry.imports.refused_files import formats_for
from registry.imports.worker import work_on
from registry.messages import Message, message
from registry.models import Import, Organisation, Project
from registry.organisations import list_organisations
from registry.permissions import Actor, may, require
from registry.visibility import readable_projects
from web import i18n
from web.pages.members import page_number
from web.project_fields import EXAMPLES, field_label, field_text
from web.rendering import page, redirect, wants_fragment

LONGEST_SEARCH = 200
"""Characters of what is looked for in a plan."""
WRITTEN_AT_ONCE = 200
"""Projects that are written while one waits."""

Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


@get("/projects/import")
async def import_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, source: int | None = None
) -> Response[Any]:
    """Show the form for a file; `source` is the kept source of which a new one is brought."""
    require_import(reader)
    kept = await sources.find_source(session, reader, source) if source is not None else None
    typed = {}
    if kept is not None:
        owner = await session.get(Organisation, kept.organisation_id or 0)
        typed = {"source_name": kept.name, "organisation": owner.slug if owner else ""}
    return await _upload_page(request, session, reader, typed=typed)


@post("/projects/import", status_code=200)
async def upload(
    request: HTMXRequest, session: AsyncSession, reader: Actor, database: Database, data: Upload
) -> Response[Any]:
    """Keep the uploaded file, begin to plan it, and show how far that is."""
    require_import(reader)
    try:
        run = await _begin(request, reader, database, data)
    except Invalid as error:
        return await _upload_page(request, session, reader, error.errors, data)
    if not run.in_background:
        await work_on(database, run.id)
    return redirect(request, f"/projects/import/{run.id}")


async def _begin(
    request: HTMXRequest, reader: Actor, database: Database, data: dict[str, Any]
) -> Import:
    file = data.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid([FieldError("file", message("Choose a file."))])
    folder = request.app.state.settings.uploads_folder
    kept = await uploads.receive(folder, file.read)
    async with database.session() as session:
        organisation = await _organisation(session, reader, str(data.get("organisation", "")))
        source = None
        if name := str(data.get("source_name", "")).strip():
            source = await sources.keep_source(session, reader, name, organisation)
        run = await runs.begin_import(
            session,
            reader,
            kept,
            file.filename.replace("\0", "").replace("\\", "/").rpartition("/")[2][:200] or "upload",
            organisation_id=organisation,
            source_id=source.id if source else None,
            all_activities=data.get("all") == "yes",
            as_drafts=data.get("drafts") == "yes",
        )
        run.in_background = runs.is_large(run)
        session.add(run)
    return run


@get("/projects/import/{plan_id:str}")
async def plan_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, plan_id: str
) -> Response[Any]:
    """Show what the import would do, how far it is, or what it did."""
    require_import(reader)
    run = await runs.find_import(session, reader, plan_id)
    if run.state in runs.WORKING:
        return page(request, "projects/import_progress.html", run=run, progress=progress_of(run))
    groups = await looking.groups(session, run)
    return page(
        request,
        "projects/import_plan.html",
        run=run,
        groups=groups,
        shown=looking.PAGE,
        live=False,
        refused_forms=formats_for(run),
        keep=KEEP[i18n.language_of(request)],
        errors=[error_from(said) for said in run.error],
        changed=[Message(said["template"], said["params"]) for said in run.overtaken_by],
        disappeared=await sources.disappeared(session, reader, run),
        **await _about(session, reader, run, [item for group in groups for item in group.items]),
    )


@get("/projects/import/{plan_id:str}/records")
async def records_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, plan_id: str, outcome: str
) -> Response[Any]:
    """Look through the records with one outcome, page by page or by words."""
    require_import(reader)
    run = await runs.find_import(session, reader, plan_id)
    if run.state not in ("planned", "applied"):
        return redirect(request, f"/projects/import/{run.id}")
    group = await looking.group(
        session,
        run,
        outcome,
        words=request.query_params.get("q", "")[:LONGEST_SEARCH],
        overlapping=request.query_params.get("overlaps") == "yes",
        page=page_number(request),
    )
    return page(
        request,
        "projects/import_records.html",
        fragment="projects/_import_records.html",
        run=run,
        group=group,
        live=wants_fragment(request),
        **await _about(session, reader, run, group.items),
    )


@get("/projects/import/{plan_id:str}/progress")
async def progress(
    request: HTMXRequest, session: AsyncSession, reader: Actor, plan_id: str
) -> Response[Any]:
    """Say how far the work is; the page is loaded anew when it is over."""
    require_import(reader)
    run = await runs.find_import(session, reader, plan_id)
    if run.state not in runs.WORKING:
        return Response("", headers={"HX-Redirect": f"/projects/import/{run.id}"})
    return page(
        request,
        "projects/import_progress.html",
        fragment="projects/_import_progress.html",
        run=run,
        progress=progress_of(run),
    )


@post("/projects/import/{plan_id:str}", status_code=200)
async def apply(
    request: HTMXRequest, reader: Actor, database: Database, plan_id: str
) -> Response[Any]:
    """Do what the plan says, once."""
    require_import(reader)
    async with database.session() as session:
        run = await runs.find_import(session, reader, plan_id)
        run = await runs.ask_to_apply(
            session, reader, plan_id, in_background=(run.total or 0) > WRITTEN_AT_ONCE
        )
    notice = None
    if not run.in_background:
        run = await work_on(database, plan_id)
        if run.state == "applied":
            notice = message("The file is imported.")
    return redirect(request, f"/projects/import/{plan_id}", notice=notice)


@post("/projects/import/{plan_id:str}/cancel", status_code=200)
async def cancel(
    request: HTMXRequest, session: AsyncSession, reader: Actor, plan_id: str
) -> Response[Any]:
    """Stop the import."""
    require_import(reader)
    await runs.cancel(session, reader, plan_id)
    notice = message("The import is cancelled; nothing of the file was written.")
    return redirect(request, f"/projects/import/{plan_id}", notice=notice)


@post("/projects/import/{plan_id:str}/preview", status_code=200)
async def stop_comparing(
    request: HTMXRequest, session: AsyncSession, reader: Actor, plan_id: str
) -> Response[Any]:
    """Show the plan as soon as it is there, without comparing the rest of the new projects."""
    require_import(reader)
    await runs.stop_comparing(session, reader, plan_id)
    return redirect(request, f"/projects/import/{plan_id}")


@post("/projects/import/{plan_id:str}/records/{index:int}", status_code=200)
async def overrule(
    request: HTMXRequest,
    reader: Actor,
    database: Database,
    plan_id: str,
    index: int,
    data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Take a record in, or leave it out, whatever its words say."""
    require_import(reader)
    async with database.session() as session:
        run = await runs.find_import(session, reader, plan_id)
        run.in_background = runs.is_large(run)
        session.add(run)
        await runs.overrule(session, reader, plan_id, index, data.get("concerns") == "yes")
    if not run.in_background:
        await work_on(database, plan_id)
    return redirect(request, f"/projects/import/{plan_id}")


async def _upload_page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    errors: Sequence[FieldError] = (),
    typed: dict[str, Any] | None = None,
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
        typed=typed or {},
        organisations=await list_organisations(session) if choosing else [],
        own=own,
        columns=COLUMNS,
        examples=EXAMPLES,
        field_label=field_label,
        max_upload=request.app.state.settings.max_upload // 1024**2,
        runs=await runs.latest_imports(session, reader),
        sources=await sources.with_last_import(session, reader),
    )


def require_import(reader: Actor) -> None:
    """Raise NotAllowed unless the reader may import files."""
    require(reader, "project.import", reader.organisation_id)


async def _organisation(session: AsyncSession, reader: Actor, chosen: str) -> int | None:
    """Return whose projects they are where the file does not say."""
    if not may(reader, "project.import", None):
        return reader.organisation_id
    if not chosen:
        return None
    found = await session.exec(select(Organisation.id).where(Organisation.slug == chosen))
    return found.first()


async def _about(
    session: AsyncSession, reader: Actor, run: Import, items: Sequence[Item]
) -> dict[str, Any]:
    """Return what templates have to know to show records."""
    return {
        "addresses": await _addresses(session, reader, items),
        "can_change": run.state == "planned" and not runs.is_forgotten(run),
        "field_label": field_label,
        "field_text": field_text,
    }


async def _addresses(
    session: AsyncSession, reader: Actor, items: Sequence[Item]
) -> dict[int, tuple[str, str]]:
    """Return project -> (identifier, organisation's slug) for the records that are shown."""
    ids = {item.project_id for item in items if item.project_id is not None}
    ids |= {similar.project_id for item in items for similar in item.similar}
    if not ids:
        return {}
    rows = await session.exec(
        select(Project.id, Project.identifier, Organisation.slug)
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(col(Project.id).in_(ids), readable_projects(reader))
    )
    return {project_id: (identifier, slug) for project_id, identifier, slug in rows if project_id}


handlers = [
    import_page,
    upload,
    plan_page,
    records_page,
    progress,
    apply,
    cancel,
    stop_comparing,
    overrule,
]
