"""All published projects in memory, as far as candidates are found by it: for full runs.

A project takes 1.1 kB, nearly all of it its meaning; a million are read in some ten seconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.meaning import DIMENSIONS
from registry.models import Project
from registry.overlap.candidates import meeting_places_of
from registry.overlap.profile import ABSURD_YEARS, EARLIEST, LATEST

Rows = NDArray[np.int32]
"""Positions in the snapshot."""
NEVER = 2**30
"""Days from 1970, for a date that is not known: before all others as a start, after as an end."""
_PROJECTS = f"""
SELECT p.id, p.reporting_organisation_id,
  COALESCE(p.start_date - DATE '1970-01-01', -{NEVER}),
  COALESCE(p.end_date - DATE '1970-01-01', {NEVER}),
  COALESCE(p.budget_usd::float8, 'NaN'),
  (EXTRACT(EPOCH FROM p.updated_at) * 1000000)::int8, v.vector
FROM project p JOIN project_vector v ON v.project_id = p.id
WHERE p.state = 'published' ORDER BY p.id
"""  # noqa: S608  (built from constants)
_COUNTRIES = """
SELECT c.project_id, c.code FROM project_country c JOIN project p ON p.id = c.project_id
WHERE p.state = 'published'
"""
# As COPY writes them: the number of fields, then each with its length before it.
_PROJECT = np.dtype(
    [("fields", ">i2")]
    + [
        field
        for n in ("id", "organisation", "start", "end")
        for field in ((f"_{n}", ">i4"), (n, ">i4"))
    ]
    + [("_usd", ">i4"), ("usd", ">f8"), ("_changed", ">i4"), ("changed", ">i8")]
    + [("_vector", ">i4"), ("dimensions", ">i4"), ("vector", ">f2", DIMENSIONS)]
)
_COUNTRY = np.dtype(
    [("fields", ">i2"), ("_id", ">i4"), ("id", ">i4"), ("_code", ">i4"), ("code", "S2")]
)
_HEADER, _TRAILER = 19, 2


@dataclass(frozen=True)
class Snapshot:
    """The published projects, ascending by id; the arrays have one entry a project."""

    ids: NDArray[np.int32]
    organisations: NDArray[np.int32]
    starts: NDArray[np.int32]
    """Days from 1970-01-01, as the record says."""
    ends: NDArray[np.int32]
    usd: NDArray[np.float64]
    """NaN where there is none."""
    changed: NDArray[np.int64]
    """When the project last changed, in microseconds from 1970."""
    vectors: NDArray[np.float16]
    at_work: dict[str, Rows]
    """Country -> the projects that name it."""
    regional: dict[str, Rows]
    """Region (M49) -> the projects that name it."""

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, ids: Iterable[int]) -> Rows:
        """Return the positions of those of these projects that are here."""
        wanted = np.fromiter(ids, dtype=np.int32)
        places = np.searchsorted(self.ids, wanted)
        here = places < len(self.ids)
        here[here] = self.ids[places[here]] == wanted[here]
        return places[here].astype(np.int32)

    def meeting(self, countries: Sequence[str], regions: Sequence[str]) -> Rows:
        """Return the projects that one for these countries and regions meets, in order."""
        met_countries, met_regions = meeting_places_of(countries, regions)
        parts = [self.at_work[code] for code in met_countries if code in self.at_work]
        parts += [self.regional[code] for code in met_regions if code in self.regional]
        return np.unique(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int32)

    def sensible_dates(self, rows: Rows) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return starts and ends of these, those that can't be left out (see profile.py)."""
        starts, ends = self.starts[rows].copy(), self.ends[rows].copy()
        starts[(starts < _day(EARLIEST)) | (starts >= _day(LATEST + 1))] = -NEVER
        ends[(ends < _day(EARLIEST)) | (ends >= _day(LATEST + 1))] = NEVER
        both = (starts > -NEVER) & (ends < NEVER)
        absurd = both & ((ends < starts) | (_years(ends) - _years(starts) > ABSURD_YEARS))
        starts[absurd], ends[absurd] = -NEVER, NEVER
        return starts, ends


def _years(days: NDArray[np.int32]) -> NDArray[np.int64]:
    known = np.where(np.abs(days) < NEVER, days, 0)
    return known.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)


def _day(year: int) -> int:
    return int(np.datetime64(f"{year}-01-01").astype("datetime64[D]").astype(int))


async def take_snapshot(session: AsyncSession) -> Snapshot:
    """Read what candidates are found by of all published projects whose meaning is known."""
    projects = await copied(session, _PROJECTS, _PROJECT)
    countries = await copied(session, _COUNTRIES, _COUNTRY)
    ids = projects["id"].astype(np.int32)
    snapshot = Snapshot(
        ids=ids,
        organisations=projects["organisation"].astype(np.int32),
        starts=projects["start"].astype(np.int32),
        ends=projects["end"].astype(np.int32),
        usd=projects["usd"].astype(np.float64),
        changed=projects["changed"].astype(np.int64),
        vectors=projects["vector"].astype(np.float16),
        at_work={},
        regional={},
    )
    codes = countries["code"]
    for code in np.unique(codes):
        rows = snapshot.rows_of(countries["id"][codes == code].tolist())
        snapshot.at_work[code.decode()] = np.sort(rows)
    region = func.unnest(Project.regions)
    regional = await session.exec(
        select(Project.id, region).where(
            Project.state == "published", func.cardinality(Project.regions) > 0
        )
    )
    named: dict[str, list[int]] = {}
    for id, code in regional:
        named.setdefault(str(code), []).append(int(id or 0))
    snapshot.regional.update({code: np.sort(snapshot.rows_of(n)) for code, n in named.items()})
    return snapshot


async def copied(session: AsyncSession, query: str, row: np.dtype[Any]) -> NDArray[Any]:
    """Return the rows of a query whose fields all have a fixed size, by binary COPY."""
    connection = await session.connection()
    raw: Any = (await connection.get_raw_connection()).driver_connection
    content = bytearray()

    async def take(data: bytes) -> None:
        content.extend(data)

    await raw.copy_from_query(query, output=take, format="binary")
    number = (len(content) - _HEADER - _TRAILER) // row.itemsize
    return np.frombuffer(content, dtype=row, count=number, offset=_HEADER)
