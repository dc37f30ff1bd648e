"""Fragmentation for programs: of a country or a region, by pillar and by year."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Request, get
from litestar.params import Parameter
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.area_overview import area_of_region
from registry.coordination.fragmentation import AreaFragmentation, Fragmentation
from registry.coordination.provider_money import (
    Compared,
    compared_by_pillar,
    compared_by_year,
)
from registry.errors import NotFound
from registry.permissions import Actor
from web.kept_counts import kept_fragmentations


@dataclass(frozen=True)
class CountryFigures:
    """Of one country."""

    providers: int
    relations: int
    """Providers whose money is known; what follows is about them."""
    usd: float
    """Of the year, net of double registrations."""
    herfindahl_index: float | None
    """0..1: the sum of the squared shares."""
    small_share: float | None
    """0..1: relations outside those that together give 90 % of the money."""
    non_significant_share: float | None
    """0..1: small ones in which the provider gives no larger a share than it gives the world."""


@dataclass(frozen=True)
class AreaFigures:
    """Of several countries: the median country, and all relations together."""

    countries: int
    relations: int
    median_providers: float | None
    median_herfindahl_index: float | None
    small_share: float | None
    non_significant_share: float | None


@dataclass(frozen=True)
class ComparedFigures:
    """The figures of a year, of one pillar or (null) of all together."""

    year: int
    pillar: str | None
    country: CountryFigures | None
    region: AreaFigures
    world: AreaFigures


@dataclass(frozen=True)
class FragmentationDocument:
    """How fragmented assistance is, at most some minutes old."""

    country: str | None
    region: str
    """UN M49: the region itself, or the one with which the country is compared."""
    by_pillar: list[ComparedFigures]
    by_year: list[ComparedFigures]


@get(
    "/api/v1/fragmentation/countries/{code:str}",
    operation_id="readFragmentationOfCountry",
    tags=["coordination"],
)
async def read_country(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    reader: Actor,
    code: Annotated[str, Parameter(description="ISO 3166-1 alpha-2")],
) -> FragmentationDocument:
    """Return the figures of a country, beside its region and the world."""
    if code not in codelists.countries():
        raise NotFound("There is no country with this code in ISO 3166-1.")
    region, around = codelists.neighbours_of(code)
    return await _document(request, session, reader, around, region, code)


@get(
    "/api/v1/fragmentation/regions/{region:str}",
    operation_id="readFragmentationOfRegion",
    tags=["coordination"],
)
async def read_region(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    reader: Actor,
    region: Annotated[str, Parameter(description="UN M49, three digits")],
) -> FragmentationDocument:
    """Return the figures of a region, beside the world."""
    around = area_of_region(region).countries
    return await _document(request, session, reader, around, region, None)


async def _document(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    reader: Actor,
    around: Collection[str],
    region: str,
    code: str | None,
) -> FragmentationDocument:
    today = datetime.now(UTC).date()
    figures = await kept_fragmentations(request, session, reader, today)
    return FragmentationDocument(
        country=code,
        region=region,
        by_pillar=[_compared(one) for one in compared_by_pillar(figures, around, code)],
        by_year=[_compared(one) for one in compared_by_year(figures, around, code)],
    )


def _compared(one: Compared) -> ComparedFigures:
    return ComparedFigures(
        one.year,
        one.pillar or None,
        None if one.here is None else _of_country(one.here),
        _of_area(one.area),
        _of_area(one.world),
    )


def _of_country(one: Fragmentation) -> CountryFigures:
    return CountryFigures(
        one.providers,
        one.relations,
        round(one.usd, 2),
        _rounded(one.hhi),
        _rounded(one.small_share),
        _rounded(one.non_significant_share),
    )


def _of_area(one: AreaFragmentation) -> AreaFigures:
    return AreaFigures(
        one.countries,
        one.relations,
        one.providers,
        _rounded(one.hhi),
        _rounded(one.small_share),
        _rounded(one.non_significant_share),
    )


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)


handlers = [read_country, read_region]
