"""How many projects run in each of many areas: the figures of the list of regions."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ARRAY, Integer, Text, bindparam, select, text
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.area_figures import Area
from registry.figures import running
from registry.models import Project
from registry.permissions import Actor
from registry.visibility import readable_projects


async def active_by_area(
    session: AsyncSession, reader: Actor, areas: Mapping[str, Area], today: date | None = None
) -> dict[str, int]:
    """Return area -> projects that run today and that the reader may read, each counted once.

    One statement, whatever the number of areas; those without projects are left out.
    """
    live = select(col(Project.id), col(Project.regions)).where(
        running(today or datetime.now(UTC).date()), readable_projects(reader)
    )
    names = list(areas)
    places = [(n, c) for n, name in enumerate(names) for c in areas[name].countries]
    regions = [(n, c) for n, name in enumerate(names) for c in areas[name].regions]
    statement: Any = _COUNTS.add_cte(live.cte("live"))
    rows = await session.exec(
        statement,
        params={
            "areas_of_places": [area for area, _ in places],
            "places": [code for _, code in places],
            "areas_of_regions": [area for area, _ in regions],
            "regions": [code for _, code in regions],
        },
    )
    return {names[area]: number for area, number in rows}


_COUNTS = (
    text("""
    SELECT area, count(*) FROM (
      SELECT area, live.id
      FROM unnest(:areas_of_places, :places) AS place(area, code)
      JOIN project_country USING (code)
      JOIN live ON live.id = project_id
      UNION
      SELECT area, live.id
      FROM live, unnest(live.regions) AS named
      JOIN unnest(:areas_of_regions, :regions) AS region(area, code) ON code = named
    ) AS found
    GROUP BY area
    """)
    .bindparams(
        bindparam("areas_of_places", type_=ARRAY(Integer)),
        bindparam("places", type_=ARRAY(Text)),
        bindparam("areas_of_regions", type_=ARRAY(Integer)),
        bindparam("regions", type_=ARRAY(Text)),
    )
    .columns(area=Integer, count=Integer)
)
