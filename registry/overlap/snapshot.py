"""All published projects in memory, as candidates are found and glanced at: for full runs.

A project takes 2 kB, half of it its meaning and half its row of numbers; a million are read in
some twenty seconds.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.meaning import DIMENSIONS
from registry.models import Project
from registry.overlap.candidates import meeting_places_of
from registry.overlap.kept import KEPT_NAMES, reader
from registry.overlap.profile import ABSURD_YEARS, EARLIEST, LATEST
from registry.overlap.rows import ROW

Rows = NDArray[np.int32]
"""Positions in the snapshot."""
NEVER = 2**30
"""Days from 1970, for a date that is not known: before all others as a start, after as an end."""
_PROJECTS = f"""
SELECT p.id, p.reporting_organisation_id,
  COALESCE(p.start_date - DATE '1970-01-01', -{NEVER}),
  COALESCE(p.end_date - DATE '1970-01-01', {NEVER}),
  COALESCE(p.budget_usd::float8, 'NaN'),
  (EXTRACT(EPOCH FROM p.updated_at) * 1000000)::int8, v.vector, r.numbers
FROM project p JOIN project_vector v ON v.project_id = p.id
JOIN project_profile r ON r.project_id = p.id
WHERE p.state = 'published' AND r.changed >= p.updated_at AND r.made_by = '{{reader}}'
ORDER BY p.id
"""  # noqa: S608  (built from constants)
_MOST = "SELECT count(*) FROM project_vector"
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
    + [("_numbers", ">i4"), ("numbers", f"V{ROW.itemsize}")]
)
_WANTED = ("id", "organisation", "start", "end", "usd", "changed", "vector", "numbers")
_COUNTRY = np.dtype(
    [("fields", ">i2"), ("_id", ">i4"), ("id", ">i4"), ("_code", ">i4"), ("code", "S2")]
)
_HEADER, _TRAILER = 19, 2
_PART = 8_000_000
"""Bytes that are taken at once."""


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
    rows: NDArray[Any]
    """What is glanced at (see rows.py)."""
    names: frozenset[str]
    """The organisations of these rows."""
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
    """Read all published projects whose meaning is known and whose profile is kept.

    It is the first statement of its transaction, which sees one state of the registry from then on.
    """
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    snapshot = await _projects(session)
    countries = await copied(session, _COUNTRIES, _COUNTRY)
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


async def _projects(session: AsyncSession) -> Snapshot:
    most = (await session.execute(text(_MOST))).scalar_one()
    kinds = {name: _PROJECT[name] for name in _WANTED}
    found = {
        name: np.empty((most, *kind.shape), dtype=kind.base.newbyteorder("="))
        for name, kind in kinds.items()
    }
    done = 0

    def take(part: NDArray[Any]) -> None:
        nonlocal done
        for name, column in found.items():
            column[done : done + len(part)] = part[name]
        done += len(part)

    await _copy(session, _PROJECTS.format(reader=reader()), _PROJECT, take)
    names = await session.scalars(KEPT_NAMES, {"reader": reader()})
    return Snapshot(
        ids=found["id"][:done],
        organisations=found["organisation"][:done],
        starts=found["start"][:done],
        ends=found["end"][:done],
        usd=found["usd"][:done],
        changed=found["changed"][:done],
        vectors=found["vector"][:done],
        # Without their fields they were copied as they are, which is much faster.
        rows=found["numbers"][:done].view(ROW),
        names=frozenset(names),
        at_work={},
        regional={},
    )


async def copied(session: AsyncSession, query: str, row: np.dtype[Any]) -> NDArray[Any]:
    """Return the rows of a query whose fields all have a fixed size, by binary COPY."""
    parts = [np.zeros(0, dtype=row)]
    await _copy(session, query, row, parts.append)
    return np.concatenate(parts)


async def _copy(
    session: AsyncSession, query: str, row: np.dtype[Any], take: Callable[[NDArray[Any]], None]
) -> None:
    """Hand out the same in parts: all of them need not fit into memory twice.

    Raises ValueError when some row has not the size that it should have.
    """
    connection = await session.connection()
    raw: Any = (await connection.get_raw_connection()).driver_connection
    content, header = bytearray(), _HEADER

    def hand_out(most: int) -> None:
        nonlocal content, header
        number = max(most - header, 0) // row.itemsize
        end = header + number * row.itemsize
        if number:
            take(np.frombuffer(content, dtype=row, count=number, offset=header))
            content, header = bytearray(memoryview(content)[end:]), 0

    async def collect(data: bytes) -> None:
        content.extend(data)
        if len(content) >= _PART:
            hand_out(len(content) - _TRAILER)

    await raw.copy_from_query(query, output=collect, format="binary")
    hand_out(len(content) - _TRAILER)
    if len(content) - header != _TRAILER:
        raise ValueError(f"Rows of another size than {row.itemsize} bytes: {query.strip()}")
