"""Which projects are worth comparing with one: some fifty, found by the database.

Those in a country of the project (or in a region around it), published, not its own. Most are
the nearest in meaning of other organisations at the same time; the others are those that may be
the same project registered again: any dates, any organisation, near in meaning, of the same
budget, or joined to it by an identifier.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ARRAY, Date, Integer, Numeric, Text, bindparam, text
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.exchange.record import ProjectRecord
from registry.overlap.profile import sensible_dates, usd_of
from registry.overlap.vectors import Vector, as_text

LIMIT = 50
"""At most so many candidates a project."""
SAME_TIME, ANY_TIME, SAME_BUDGET, JOINED = 32, 8, 5, 5
"""At most so many for each of the reasons named above."""

_MANY = 512
"""Of so many of the nearest the rest is looked up first; where that is not enough, of all."""
_TIME, _ANY, _MET = "time", "any", "met"
# All that are met are measured, once: the approximate index would lose some of those nearby. They
# are looked up as one array, which reads a page of the index once and not for each of them.
_CANDIDATES = f"""
WITH nearby AS (
  SELECT project_id AS id FROM project_country WHERE code = ANY(:countries)
  UNION SELECT id FROM project WHERE regions && :regions
),
measured AS MATERIALIZED (
  SELECT v.project_id AS id, v.vector <=> CAST(:vector AS halfvec) AS apart
  FROM project_vector v
  WHERE v.project_id = ANY(ARRAY(SELECT id FROM nearby)) AND v.project_id <> :own
),
nearest AS MATERIALIZED (SELECT id, apart FROM measured ORDER BY apart LIMIT :many),
met AS MATERIALIZED (
  SELECT p.id, p.reporting_organisation_id, p.start_date, p.end_date, n.apart
  FROM nearest n JOIN project p ON p.id = n.id WHERE p.state = 'published'
),
same_budget AS MATERIALIZED (
  SELECT id FROM project WHERE state = 'published'
    AND budget_usd BETWEEN CAST(:usd AS numeric) * 0.9 AND CAST(:usd AS numeric) * 1.1
)
SELECT '{_MET}', CAST(count(*) AS integer) FROM nearest
UNION ALL
(SELECT '{_TIME}', id FROM met WHERE reporting_organisation_id <> :organisation
   AND (end_date < start_date OR
       (COALESCE(start_date <= :end, TRUE) AND COALESCE(end_date >= :start, TRUE)))
 ORDER BY apart LIMIT {SAME_TIME})
UNION ALL
(SELECT '{_ANY}', id FROM met ORDER BY apart LIMIT {ANY_TIME})
UNION ALL
(SELECT 'budget', m.id FROM measured m JOIN same_budget s ON s.id = m.id
 ORDER BY m.apart LIMIT {SAME_BUDGET})
UNION ALL
(SELECT 'joined', p.id FROM project p WHERE p.state = 'published' AND p.id <> :own
   AND (p.identifier = ANY(:named) OR p.iati_identifier = ANY(:named)) LIMIT {JOINED})
UNION ALL
(SELECT 'joined', p.id FROM relation r JOIN project p ON p.id = r.project_id
   WHERE p.state = 'published' AND p.id <> :own AND r.identifier = ANY(:names) LIMIT {JOINED})
"""  # noqa: S608  (built from constants)

_STATEMENT = text(_CANDIDATES).bindparams(
    bindparam("countries", type_=ARRAY(Text)),
    bindparam("regions", type_=ARRAY(Text)),
    bindparam("named", type_=ARRAY(Text)),
    bindparam("names", type_=ARRAY(Text)),
    bindparam("start", type_=Date),
    bindparam("end", type_=Date),
    bindparam("usd", type_=Numeric),
    bindparam("many", type_=Integer),
)


@dataclass(frozen=True)
class Subject:
    """The project that others are compared with; `id` is None before it is stored."""

    record: ProjectRecord
    vector: Vector
    id: int | None = None
    organisation_id: int | None = None


async def candidates(session: AsyncSession, subject: Subject) -> list[int]:
    """Return the ids of the projects to compare with one, ascending; in one statement, or two
    where many are near and few of those at the same time."""
    record = subject.record
    countries, regions = meeting_places(record)
    if not countries and not regions:
        return []
    start, end = sensible_dates(record)
    own_names = [n for n in (record.identifier, record.iati_identifier) if n]
    parameters: dict[str, str | int | date | Decimal | list[str] | None] = {
        "own": subject.id or 0,
        "organisation": subject.organisation_id or 0,
        "countries": countries,
        "regions": regions,
        "start": start,
        "end": end,
        "vector": as_text(subject.vector),
        "usd": usd_of(record),
        "named": [r.identifier for r in record.related] + own_names,
        "names": own_names,
    }
    found = (await session.execute(_STATEMENT, {**parameters, "many": _MANY})).all()
    numbers = Counter(reason for reason, _ in found)
    met = next(number for reason, number in found if reason == _MET)
    if met == _MANY and (numbers[_TIME] < SAME_TIME or numbers[_ANY] < ANY_TIME):
        found = (await session.execute(_STATEMENT, {**parameters, "many": None})).all()
    return sorted({id for reason, id in found if reason != _MET})[:LIMIT]


def meeting_places(record: ProjectRecord) -> tuple[list[str], list[str]]:
    """Return the countries and the regions in which a project meets others.

    A country meets the regions around it; a region meets its countries, the regions within and
    the regions around it.
    """
    return meeting_places_of([share.code for share in record.countries], record.regions)


def meeting_places_of(
    countries_named: Iterable[str], regions_named: Iterable[str]
) -> tuple[list[str], list[str]]:
    """Return the same for a project that names these countries and regions."""
    countries = set(countries_named)
    regions = {region for code in countries for region in codelists.regions_of(code)}
    if countries:
        regions.add(codelists.WORLD)
    for code in regions_named:
        region = codelists.regions().get(code)
        if region is None:
            continue
        countries.update(region.countries)
        regions.add(code)
        regions.update(r for c in region.countries for r in codelists.regions_of(c))
    return sorted(countries), sorted(regions)
