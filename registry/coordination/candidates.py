"""Who has the mandate for a measure in a country, and who is there: read from the registry."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, Integer, Numeric, Select, Text, any_, bindparam, literal, text
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.division import Candidate, Presence, covers
from registry.coordination.totals import counted_elsewhere
from registry.errors import NotFound
from registry.figures import running
from registry.models import ContactPoint, Mandate, Organisation, Project
from registry.permissions import Actor
from registry.statements import among, short_name
from registry.visibility import readable_projects

NEVER_RAN = ("cancelled", "suspended", "pipeline")


async def candidates_for(
    session: AsyncSession, reader: Actor, country: str, measure: str, today: date
) -> list[Candidate]:
    """Return who has the mandate or is there, as this reader may know it; at most six statements.

    Raises NotFound for a country or measure that does not exist.
    """
    if country not in codelists.countries():
        raise NotFound("There is no country with this code in ISO 3166-1.")
    if measure not in codelists.scheme("measures"):
        raise NotFound("There is no measure with this code in the Framework for Action.")
    present = await _presences(session, reader, country, measure, today)
    mandates: dict[int, list[Any]] = {}
    pillar = codelists.pillar_of(measure)
    rows = await session.exec(
        select(Mandate).where(
            or_(
                literal(pillar) == any_(col(Mandate.pillars)),
                literal(measure) == any_(col(Mandate.measures)),
            )
        )
    )
    for row in rows:
        found = covers(row.mandate, row.pillars, row.measures, row.regions, country, measure)
        if found is not None:
            mandates.setdefault(row.organisation_id, []).append(found)
    here = {id for id, presence in present.items() if presence.projects or presence.takes_part}
    ids = mandates.keys() | here
    contacts = await _contacts(session, country)
    organisations = await session.exec(
        select(Organisation, short_name()).where(among(Organisation.id, ids))
    )
    return [
        Candidate(
            one.slug,
            name,
            one.type,
            one.icat_member,
            mandates.get(one.id or 0, ()),
            present.get(one.id or 0, Presence()),
            contacts.get(one.id or 0),
        )
        for one, name in organisations
    ]


async def _contacts(session: AsyncSession, country: str) -> dict[int, str]:
    rows: Any = await session.exec(
        select(ContactPoint.organisation_id, ContactPoint.name)
        .where(ContactPoint.country == country)
        .order_by(col(ContactPoint.id).desc())
    )
    return dict(rows.all())  # of several, the first


async def _presences(
    session: AsyncSession, reader: Actor, country: str, measure: str, today: date
) -> dict[int, Presence]:
    """Return organisation -> what it does under the measure, in the country and elsewhere."""
    named: Select[*tuple[Any, ...]] = select(  # type: ignore[call-overload]
        col(Project.id),
        col(Project.reporting_organisation_id).label("organisation"),
        col(Project.start_date),
        col(Project.measures),
        running(today).label("active"),
    ).where(
        col(Project.state) == "published",
        func.coalesce(Project.status, "").not_in(NEVER_RAN),
        literal(measure) == any_(col(Project.measures)),
        readable_projects(reader),
    )
    active = named.with_only_columns(col(Project.id)).where(running(today))
    left_out = await counted_elsewhere(session, reader, active)
    statement: Any = _PRESENCE.add_cte(named.cte("named"), _PLACES)
    rows = await session.exec(
        statement,
        params={
            "country": country,
            "today": today,
            "left_out": [id for id, code in left_out if code == country],
        },
    )
    return {row.organisation: _presence(row) for row in rows}


def _presence(row: Any) -> Presence:
    return Presence(
        active=row.active,
        projects=row.projects,
        since=row.since,
        gross=Decimal(row.gross),
        net=Decimal(row.net),
        takes_part=row.takes_part,
        countries_elsewhere=row.elsewhere,
    )


_PLACES = (
    text("""
    SELECT named.id, organisation, active, start_date, code,
      code = :country AS here,
      usd / (SELECT count(DISTINCT one) FROM unnest(measures) AS one) AS usd
    FROM named JOIN project_country ON project_id = named.id
    """)
    .bindparams(bindparam("country", type_=Text))
    .columns()
    .cte("places")
)
"""A line for each project under the measure and each of its countries."""

_PRESENCE = (
    text("""
    SELECT organisation,
      count(*) FILTER (WHERE here AND active AND reports) AS active,
      count(*) FILTER (WHERE here AND reports) AS projects,
      CAST(extract(year FROM min(start_date) FILTER (
        WHERE here AND reports AND start_date <= :today
      )) AS int) AS since,
      coalesce(sum(usd) FILTER (WHERE here AND active AND reports), 0) AS gross,
      coalesce(sum(usd) FILTER (
        WHERE here AND active AND reports AND NOT id = ANY(:left_out)
      ), 0) AS net,
      count(*) FILTER (WHERE here AND active AND NOT reports) AS takes_part,
      count(DISTINCT code) FILTER (WHERE NOT here AND active AND reports) AS elsewhere
    FROM (
      SELECT *, true AS reports FROM places
      UNION ALL
      SELECT places.id, member.organisation_id, active, start_date, code, here, usd, false
      FROM places
      JOIN (
        SELECT DISTINCT project_id, organisation_id FROM participation
        WHERE organisation_id IS NOT NULL
      ) AS member ON member.project_id = places.id
      WHERE here AND member.organisation_id <> organisation
    ) AS said
    GROUP BY organisation
    """)
    .bindparams(bindparam("left_out", type_=ARRAY(Integer)))
    .columns(
        organisation=Integer,
        active=Integer,
        projects=Integer,
        since=Integer,
        gross=Numeric,
        net=Numeric,
        takes_part=Integer,
        elsewhere=Integer,
    )
)
