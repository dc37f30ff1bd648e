"""What a form says while one types: codes the text suggests, and projects that look like it."""

from typing import Any

from litestar import Response, post
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.exchange.record import ProjectRecord
from registry.messages import message
from registry.overlap.similar import SimilarProject, similar_to
from registry.permissions import Actor, require
from registry.suggestions import SUGGESTED_SCHEMES, Suggestion, suggest
from web.project_editing import field_of, organisation_of
from web.project_form import ProjectForm
from web.rendering import page

CONFIRMED = message("You confirmed this one.")
FROM_FILE = message("It was suggested when the file was imported.")
_SHORTEST = 12
"""Characters of a title that one can begin to compare."""


@post("/projects/suggest", status_code=200)
async def suggestions_fragment(request: HTMXRequest, reader: Actor) -> Response[Any]:
    """Return the codes that the text suggests."""
    require(reader, "project.edit", reader.organisation_id)
    form = ProjectForm.of_post(await request.form())
    return page(request, "projects/_suggestions.html", form=form, suggestions=suggestions_for(form))


@post("/projects/similar", status_code=200)
async def similar_fragment(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[Any]:
    """Return the published projects that look like the one that is being typed."""
    require(reader, "project.edit", reader.organisation_id)
    data = await request.form()
    organisation = await organisation_of(session, reader, field_of(data, "organisation"))
    record = ProjectForm.of_post(data).read_loosely(organisation)
    own = field_of(data, "project") or ""
    exclude = int(own[:18]) if own.isdecimal() else None
    similar = await similar_projects(session, reader, record, exclude)
    return page(request, "projects/_similar.html", similar=similar, while_typing=True)


def suggestions_for(form: ProjectForm) -> dict[str, list[tuple[Suggestion, bool]]]:
    """Return scheme -> (suggestion, whether it was confirmed), without what is chosen anyway.

    A confirmed suggestion stays, even when the words that led to it are gone.
    """
    found = suggest(form.text())
    shown: dict[str, list[tuple[Suggestion, bool]]] = {}
    for scheme in SUGGESTED_SCHEMES:
        confirmed = form.suggested.get(scheme, [])
        known = codelists.scheme(scheme)
        offered = {one.code: one for one in found.get(scheme, [])}
        for codes, reason in ((form.offered.get(scheme, []), FROM_FILE), (confirmed, CONFIRMED)):
            for code in codes:
                if code in known:
                    offered.setdefault(code, Suggestion(code, reason))
        rest = [
            (one, code in confirmed)
            for code, one in offered.items()
            if code not in form.codes[scheme]
        ]
        if rest:
            shown[scheme] = rest
    return shown


async def similar_projects(
    session: AsyncSession, reader: Actor, record: ProjectRecord | None, exclude: int | None
) -> list[SimilarProject]:
    """Return the published projects that look like this record; none while it says too little."""
    if record is None or len(record.title) < _SHORTEST:
        return []
    return await similar_to(session, reader, record, exclude_id=exclude)


handlers = [suggestions_fragment, similar_fragment]
