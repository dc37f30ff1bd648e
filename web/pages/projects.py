"""Finding projects, and the page of one."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.catalogue import (
    ProjectView,
    get_project,
    history_of_project,
    shared_identifiers,
)
from registry.coordination.agreed_shares import shares_of_project
from registry.coordination.joint_programmes import list_programmes
from registry.coordination.netting import counted_instead
from registry.coordination.totals import MERGED
from registry.errors import FieldError, Invalid, NotFound
from registry.messages import message
from registry.nearest import projects_near
from registry.paris_declaration import answers_of
from registry.permissions import Actor, may
from registry.personal_data import personal_data_in
from registry.practice_listing import notes_by_measure, notes_of_project
from registry.project_overlaps import open_overlaps, overlaps_of_project
from registry.projects import missing_for_publication, publish_project, withdraw_project
from registry.saved_searches import query_string
from search.by_meaning import found_by_meaning
from search.engine import SearchEngine
from web import i18n
from web.facets import facet_lists
from web.form_fields import version_in
from web.pages.paris_declaration import ACTION as QUESTIONS_ACTION
from web.pages.paris_declaration import questions_page, save_answers
from web.pages.project_form import edit_page, save_page
from web.pages.project_hints import similar_projects
from web.project_addresses import address_of, organisation_in, read_address
from web.project_editing import editable_project
from web.project_fields import field_label, field_text, language_name
from web.project_search import (
    chips_of,
    organisation_labels,
    organisations_in,
    parameters_of,
    query_of,
)
from web.rendering import page, redirect, wants_fragment
from web.search_ranges import budget_label
from web.year_chart import year_chart

ACTIONS = {
    "registered": message("registered"),
    "revised": message("changed"),
    "published": message("published"),
    "withdrawn": message("withdrawn"),
}
"""What the history calls what was done."""
NEAR = 5
"""Similar projects on the page of one, beside those that overlap."""
LARGEST_PAGE = 100
"""Hits on one page of the site; programs may ask the API for more."""


@get("/projects")
async def search_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, engine: SearchEngine
) -> Response[Any]:
    """Show the projects that fit, with facets; to htmx the result alone."""
    query = await query_of(session, reader, request.query_params.multi_items(), LARGEST_PAGE)
    found = await engine.search(query)
    by_meaning = await found_by_meaning(session, reader, engine, query, found)
    hits = [*found.hits, *by_meaning]
    language = i18n.language_of(request)
    slugs = {*found.facets.get("organisation", ()), *organisations_in(query)}
    slugs |= {hit.organisation_slug for hit in by_meaning}
    organisations = await organisation_labels(session, slugs)
    parameters = parameters_of(query)
    today = datetime.now(UTC).date()
    response = page(
        request,
        "projects/search.html",
        fragment="projects/_results.html",
        query=query,
        found=found,
        by_meaning=by_meaning,
        facets=facet_lists(found, query, organisations, language),
        years=year_chart(found.facets.get("year", {}), query.filters.get("year", ()), today),
        budget_label=budget_label,
        chips=chips_of(query, organisations, language),
        organisations=organisations,
        address=_address_maker(parameters),
        save_address=_save_address(parameters),
        shared=await shared_identifiers(session, reader, [hit.identifier for hit in hits]),
        overlaps=await open_overlaps(session, reader, [hit.id for hit in hits]),
        live=wants_fragment(request),
    )
    if wants_fragment(request):
        # Every filter is a step back in the browser's history; every letter typed is not.
        typing = request.headers.get("hx-trigger") == "q"
        response.headers["HX-Replace-Url" if typing else "HX-Push-Url"] = _address(parameters)
    return response


@get("/projects/{identifier:path}")
async def project_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, identifier: str
) -> Response[Any]:
    """Show a project; ?org= says whose, where two organisations use one identifier."""
    wanted, action = read_address(request)
    if action == "edit":
        return await edit_page(request, session, reader, wanted)
    if action == QUESTIONS_ACTION:
        return await questions_page(request, session, reader, wanted)
    if action:
        raise NotFound("There is no such page.")
    view = await get_project(session, reader, wanted, organisation_in(request))
    return await _project(request, session, reader, view)


@post("/projects/{identifier:path}", status_code=200)
async def change_project(
    request: HTMXRequest, session: AsyncSession, reader: Actor, identifier: str
) -> Response[Any]:
    """Revise, publish or withdraw a project: what is to be done ends the address."""
    wanted, action = read_address(request)
    if action == "edit":
        return await save_page(request, session, reader, wanted)
    if action == QUESTIONS_ACTION:
        return await save_answers(request, session, reader, wanted)
    if not action:
        raise NotFound("There is no such page.")
    view = await editable_project(session, reader, wanted, organisation_in(request))
    project_id = view.project.id or 0
    form = await request.form()
    version = version_in(form)
    if action == "publish":
        if personal_data_in(view.record):  # the form asks about it
            return redirect(request, address_of(view, "edit"))
        await publish_project(session, reader, project_id, version=version)
        done = message("The project is published.")
    else:
        reason = str(form.get("reason", ""))
        try:
            await withdraw_project(session, reader, project_id, version=version, reason=reason)
        except Invalid as error:
            return await _project(request, session, reader, view, errors=error.errors)
        done = message("The project is withdrawn; its history is kept.")
    return redirect(request, address_of(view), notice=done)


async def _project(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    view: ProjectView,
    errors: tuple[FieldError, ...] = (),
) -> Response[Any]:
    draft = view.may_edit and view.project.state == "draft"
    similar = []
    if draft:  # what the form says beside the fields, for those without JavaScript too
        similar = await similar_projects(session, reader, view.record, view.project.id)
    overlaps = await overlaps_of_project(session, reader, view.project.id or 0)
    near = []
    if view.project.state == "published":
        named = {(overlap.identifier, overlap.organisation_slug) for overlap in overlaps}
        found = await projects_near(session, reader, view.project.id or 0, NEAR + len(named))
        near = [one for one in found if (one.identifier, one.organisation_slug) not in named][:NEAR]
    identifiers = [one.identifier for one in (*overlaps, *near)]
    return page(
        request,
        "projects/project.html",
        status=422 if errors else 200,
        view=view,
        project=view.project,
        record=view.record,
        errors=errors,
        history=await history_of_project(session, reader, view.project),
        overlaps=overlaps,
        counted_instead=await counted_instead(session, reader, view.project.id or 0)
        if any(one.outcome == MERGED for one in overlaps)
        else None,
        programmes=await list_programmes(session, reader, project_id=view.project.id),
        agreed=await shares_of_project(session, reader, view.project.id or 0) if overlaps else [],
        near=near,
        answers=await answers_of(session, view.project.id or 0),
        notes=await notes_of_project(session, reader, view.project.id or 0),
        notes_by_measure=await notes_by_measure(session, view.record.measures),
        may_write_notes=may(reader, "practice.write", reader.organisation_id),
        shared=await shared_identifiers(session, reader, identifiers),
        missing=missing_for_publication(view.record) if draft else [],
        similar=similar,
        act_address=lambda action: address_of(view, action),
        actions=ACTIONS,
        field_label=field_label,
        field_text=field_text,
        language_name=language_name,
    )


def _address(parameters: list[tuple[str, str]], suffix: str = "") -> str:
    return f"/projects{suffix}" + (f"?{urlencode(parameters)}" if parameters else "")


def _save_address(parameters: list[tuple[str, str]]) -> str:
    """Return where this search is saved; who is not signed in is led to that first, and back."""
    asked = query_string(parameters)
    return "/account/searches/new" + (f"?{asked}" if asked else "")


def _address_maker(parameters: list[tuple[str, str]]) -> Any:
    """Return what templates make addresses of this search with: `address(page=2)`."""

    def address(suffix: str = "", **changes: Any) -> str:
        pairs = [(name, value) for name, value in parameters if name not in changes]
        if not changes.keys() <= {"page"}:  # another result begins on its first page
            pairs = [(name, value) for name, value in pairs if name != "page"]
        for name, value in changes.items():
            values = value if isinstance(value, list | tuple) else [value]
            pairs += [(name, str(one)) for one in values if one is not None]
        return _address(pairs, suffix)

    return address


handlers = [search_page, project_page, change_project]
