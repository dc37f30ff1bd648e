"""Who has the mandate for a measure in a country, who is there, and who could lead."""

from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.candidates import candidates_for
from registry.coordination.division import REASONS, divide
from registry.coordination.lead_weights import (
    HIGHEST,
    START,
    Weights,
    current_weights,
    earlier_weights,
    save_weights,
)
from registry.errors import Conflict, FieldError, Invalid
from registry.messages import message
from registry.permissions import Actor, require
from web.active_projects import active_projects
from web.lead_reasons import TEXTS
from web.rendering import Page, page, redirect

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/countries/{code:str}/division/{measure:str}")
async def division_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, code: str, measure: str
) -> Page | Redirect:
    """Show the candidates for a measure in a country, with what speaks for each."""
    known, wanted = codelists.find_country(code), measure.upper()
    if known is not None and (known, wanted) != (code, measure):
        return Redirect(f"/countries/{known}/division/{wanted}")
    today = datetime.now(UTC).date()
    candidates = await candidates_for(session, reader, code, measure, today)
    weights = await current_weights(session)
    division = divide(candidates, weights.values, today)
    measures = list(codelists.scheme("measures"))
    place = measures.index(measure)
    return page(
        request,
        "countries/division.html",
        code=code,
        measure=measure,
        division=division,
        weights=weights,
        texts=TEXTS,
        before=measures[place - 1] if place else None,
        after=measures[place + 1] if place + 1 < len(measures) else None,
        projects_here=active_projects({"country": code, "measure": measure}, today),
        everywhere=active_projects({"measure": measure}, today),
    )


@get("/admin/lead-weights")
async def weights_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Show how much each reason counts, in fields to change it."""
    require(reader, "registry.administer")
    return await _weights(request, session, await current_weights(session))


@post("/admin/lead-weights", status_code=200)
async def save(
    request: HTMXRequest, session: AsyncSession, reader: Actor, data: Form
) -> Response[Any]:
    """Save the weights; of two who do so at once, the second sees what the first has saved."""
    require(reader, "registry.administer")
    seen = _number(data.get("seen"))
    try:
        await save_weights(session, reader, _read(data), seen)
    except Invalid as error:
        held = await current_weights(session)
        return await _weights(request, session, held, data, error.errors, seen)
    except Conflict:
        held = await current_weights(session)
        said = message(
            "Somebody else saved other weights meanwhile. Theirs stand beside yours: take over "
            "what you want to keep, and save again."
        )
        # Whoever saves after having seen theirs merges the two.
        errors = (FieldError("", said),)
        return await _weights(request, session, held, data, errors, held.version, theirs=True)
    return redirect(request, "/admin/lead-weights", notice=message("The weights are saved."))


def _read(data: dict[str, str]) -> dict[str, float]:
    """Read the numbers as people write them: 2.5 or 2,5. What is no number is left out."""
    found: dict[str, float] = {}
    for name in REASONS:
        text = data.get(name, "").strip().replace(",", ".")
        if text.isascii() and text.replace(".", "", 1).isdecimal() and len(text) < 10:
            found[name] = float(text)
    return found


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


async def _weights(
    request: HTMXRequest,
    session: AsyncSession,
    held: Weights,
    typed: dict[str, str] | None = None,
    errors: tuple[FieldError, ...] = (),
    seen: int | None = None,
    theirs: bool = False,
) -> Response[Any]:
    return page(
        request,
        "admin/lead_weights.html",
        status=409 if theirs else 422 if errors else 200,
        held=held,
        typed=typed or {name: format(value, "g") for name, value in held.values.items()},
        seen=held.version if seen is None else seen,
        theirs=theirs,
        errors=errors,
        texts=TEXTS,
        start=START,
        highest=format(HIGHEST, "g"),
        earlier=await earlier_weights(session),
    )


handlers = [division_page, weights_page, save]
