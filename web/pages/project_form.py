"""Registering and revising a project by form."""

from typing import Any

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.catalogue import ProjectView, get_project
from registry.errors import Conflict, FieldError
from registry.exchange.record import ProjectRecord, as_json
from registry.messages import message
from registry.models import now
from registry.organisations import list_organisations
from registry.permissions import Actor, may
from registry.personal_data import personal_data_in
from registry.projects import (
    missing_for_publication,
    publish_project,
    register_project,
    revise_project,
)
from web import i18n
from web.pages.project_hints import similar_projects, suggestions_for
from web.project_addresses import address_of, organisation_in
from web.project_conflicts import compare
from web.project_editing import (
    Editing,
    editable_project,
    field_of,
    organisation_of,
    saved_by,
    taken_identifier,
)
from web.project_fields import LANGUAGES_OF_TEXTS, field_label, field_text, language_name
from web.project_form import ROWS, ProjectForm
from web.rendering import page, redirect


@get("/projects/new")
async def new_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Show an empty form."""
    organisation = await organisation_of(session, reader, request.query_params.get("organisation"))
    form = ProjectForm.new(i18n.language_of(request))
    return await _form_page(request, session, reader, Editing(form, organisation))


@post("/projects/new", status_code=200)
async def register(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Save what was typed as a draft, or publish it.

    When an earlier save of this very form made a project already, that one is revised.
    """
    data = await request.form()
    organisation = await organisation_of(session, reader, field_of(data, "organisation"))
    editing = Editing(ProjectForm.of_post(data), organisation)
    earlier = await saved_by(session, organisation, editing.form.token)
    if earlier is not None:
        editing.view = await get_project(session, reader, earlier.identifier, organisation.slug)
        editing.form.version = earlier.version
    elif not editing.form.texts["identifier"]:
        editing.form.texts["identifier"] = f"CV-{editing.form.token[:10].upper()}"
    return await _act(request, session, reader, editing, data)


async def edit_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, identifier: str
) -> Response[Any]:
    """Show the form of a stored project."""
    view = await editable_project(session, reader, identifier, organisation_in(request))
    form = ProjectForm.of_record(view.record, view.project.version, i18n.language_of(request))
    editing = Editing(form, view.organisation, view)
    if view.project.state != "published":
        editing.personal = personal_data_in(view.record)
    return await _form_page(request, session, reader, editing)


async def save_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, identifier: str
) -> Response[Any]:
    """Save a stored project, or publish it."""
    view = await editable_project(session, reader, identifier, organisation_in(request))
    data = await request.form()
    editing = Editing(ProjectForm.of_post(data), view.organisation, view)
    if view.project.provenance.get("form") == editing.form.token:
        editing.form.version = view.project.version  # the last save was this form's own
    return await _act(request, session, reader, editing, data)


async def _act(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    editing: Editing,
    data: FormMultiDict,
) -> Response[Any]:
    """Do what the pressed button says."""
    action = field_of(data, "action") or "save"
    group = action.removeprefix("add-")
    if group in ROWS:
        editing.form.rows[group].append(("",) * len(ROWS[group]))
        return await _form_page(request, session, reader, editing)
    if action == "look":
        return await _form_page(request, session, reader, editing)
    record, editing.errors = editing.form.read(editing.organisation, editing.before)
    if record is not None:
        editing.errors += await taken_identifier(session, editing, record)
    if record is not None and not editing.errors:
        publishing = action == "publish" or editing.published
        if publishing:
            editing.errors = missing_for_publication(record)
            if not editing.form.confirmed:
                editing.personal = personal_data_in(record)
        if not editing.errors and not editing.personal:
            try:
                view = await _store(session, reader, editing, record, action)
            except Conflict as conflict:
                return await _conflict_page(request, session, reader, editing, record, conflict)
            return _saved(request, view, action)
    if action == "autosave":
        return page(request, "projects/_saved.html", errors=editing.errors, view=None, at=now())
    return await _form_page(request, session, reader, editing, status=422)


async def _store(
    session: AsyncSession, reader: Actor, editing: Editing, record: ProjectRecord, action: str
) -> ProjectView:
    if editing.view is not None and action != "publish" and _same(record, editing.view.record):
        return editing.view
    provenance = {"kind": "form", "form": editing.form.token}
    owner = editing.organisation.id or 0
    if editing.view is None:
        project = await register_project(
            session, reader, record, organisation_id=owner, provenance=provenance
        )
    else:
        project = await revise_project(
            session,
            reader,
            editing.view.project.id or 0,
            record,
            version=editing.form.version or 0,
            provenance=provenance,
        )
    if action == "publish":
        await publish_project(session, reader, project.id or 0, version=project.version)
    return await get_project(session, reader, project.identifier, editing.organisation.slug)


def _same(record: ProjectRecord, before: ProjectRecord) -> bool:
    """Tell whether there is nothing to save: no version and no line of history for it."""
    return as_json(record) == as_json(before)


def _saved(request: HTMXRequest, view: ProjectView, action: str) -> Response[Any]:
    if action == "autosave":
        response = page(request, "projects/_saved.html", errors=[], view=view, at=now())
        response.headers["HX-Replace-Url"] = address_of(view, "edit")
        return response
    if action == "publish":
        sentence = message("The project is published.")
    elif view.project.state == "published":
        sentence = message("The changes are published.")
    else:
        sentence = message("The draft is saved.")
    return redirect(request, address_of(view), notice=sentence)


async def _conflict_page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    editing: Editing,
    record: ProjectRecord,
    conflict: Conflict,
) -> Response[Any]:
    """Show what somebody else changed beside what was typed; saving again is then possible."""
    if editing.view is None or not conflict.changes:
        editing.errors = [FieldError("identifier", message("{text}", text=str(conflict)))]
        return await _form_page(request, session, reader, editing, status=409)
    if (await request.form()).get("action") == "autosave":
        return page(request, "projects/_saved.html", errors=[], view=None, at=None)
    token = editing.form.token
    together, editing.conflict = compare(conflict.changes, record)
    version = editing.view.project.version
    editing.form = ProjectForm.of_record(together, version, i18n.language_of(request))
    editing.form.token = token
    return await _form_page(request, session, reader, editing, status=409)


async def _form_page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    editing: Editing,
    status: int = 200,
) -> Response[Any]:
    view = editing.view
    draft = editing.form.read_loosely(editing.organisation, editing.before)
    organisations = await list_organisations(session)
    return page(
        request,
        "projects/form.html",
        status=status,
        editing=editing,
        form=editing.form,
        view=view,
        errors=editing.errors,
        action_address=address_of(view, "edit") if view else "/projects/new",
        project_page=address_of(view) if view else None,
        organisations=organisations,
        may_choose=view is None and may(reader, "project.edit", None),
        suggestions=suggestions_for(editing.form),
        similar=await similar_projects(session, reader, draft, view.project.id if view else None),
        scheme_options=_scheme_options,
        measure_groups=_measure_groups(i18n.language_of(request)),
        places=_place_names(i18n.language_of(request)),
        currencies=_currencies(i18n.language_of(request)),
        languages=LANGUAGES_OF_TEXTS,
        field_label=field_label,
        field_text=field_text,
        language_name=language_name,
    )


def _place_names(language: str) -> list[str]:
    """Return countries and regions by name, as the field offers them."""
    names = [codelists.country_name(code, language) for code in codelists.countries()]
    return sorted(names) + [codelists.region_name(code, language) for code in codelists.regions()]


def _scheme_options(scheme: str) -> list[tuple[str, str]]:
    """Return (code, label) in the language of the page that is being written."""
    language = i18n.language()
    return [(code, codelists.label(scheme, code, language)) for code in codelists.scheme(scheme)]


def _measure_groups(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the measures by pillar."""
    return [
        (
            pillar,
            [
                (code, codelists.label("measures", code, language))
                for code in codelists.scheme("measures")
                if codelists.pillar_of(code) == pillar
            ],
        )
        for pillar in codelists.scheme("pillars")
    ]


def _currencies(language: str) -> list[tuple[str, str]]:
    return [(code, f"{code} – {name}") for code, name in codelists.currencies(language).items()]


handlers = [new_page, register]
