"""What totals leave out because it was registered twice, and why: of all, a place, or somebody."""

from datetime import date
from functools import partial

from litestar import get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.area_figures import Area
from registry.area_overview import area_of_region
from registry.catalogue import shared_identifiers
from registry.coordination.netting import (
    FIRST,
    Netting,
    Part,
    netting_of_all,
    netting_of_area,
    netting_of_organisation,
)
from registry.errors import NotFound
from registry.mechanisms import Mechanism, get_mechanism
from registry.models import Organisation
from registry.organisations import get_organisation
from registry.permissions import Actor
from web.pages.members import page_number
from web.project_addresses import address_of_project
from web.rendering import Page, page


@get("/netted")
async def netted_page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    country: str = "",
    region: str = "",
    organisation: str = "",
    mechanism: str = "",
) -> Page:
    """Show gross and net, and each record between them. One filter at a time."""
    part = Part(page_number(request))
    netting, owner = await netting_of(
        session, reader, country, region, organisation, mechanism, part
    )
    records = [one for left in netting.left_out for one in (left.record, left.counted)]
    shared = await shared_identifiers(session, reader, [one.identifier for one in records])
    return page(
        request,
        "netted/netted.html",
        netting=netting,
        number=part.page,
        pages=-(-len(netting.total.netted) // part.size),
        country=country,
        region=region,
        mechanism=owner if isinstance(owner, Mechanism) else None,
        organisation=owner if isinstance(owner, Organisation) else None,
        address=partial(address_of_project, shared=shared),
        rates_date=date.fromisoformat(codelists.RATES_DATE),
        rates_source=codelists.RATES_SOURCE,
    )


async def netting_of(
    session: AsyncSession,
    reader: Actor,
    country: str,
    region: str,
    organisation: str,
    mechanism: str,
    part: Part = FIRST,
) -> tuple[Netting, Organisation | Mechanism | None]:
    """Return the total that is asked for, and whose it is, if not a place's. Raises NotFound."""
    if organisation:
        owner = await get_organisation(session, organisation)
        return await netting_of_organisation(session, reader, owner.id or 0, part=part), owner
    if country:
        if country not in codelists.countries():
            raise NotFound("There is no country with this code in ISO 3166-1.")
        return await netting_of_area(session, reader, Area((country,)), part=part), None
    if region:
        return await netting_of_area(session, reader, area_of_region(region), part=part), None
    if mechanism:
        found = await get_mechanism(session, mechanism)
        return await netting_of_area(session, reader, Area(found.members), part=part), found
    return await netting_of_all(session, reader, part=part), None


handlers = [netted_page]
