"""The figures of fragmentation as a table: for CSV files and for the workbook of a country."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from registry import codelists
from registry.coordination.fragmentation import AreaFragmentation, Fragmentation
from registry.coordination.provider_money import (
    ALL,
    Compared,
    Fragmentations,
    compared_by_pillar,
    compared_by_year,
)
from web import i18n
from web.i18n import gettext as _

Row = list[str | int | float | Decimal | date | None]


def fragmentation_table(figures: Fragmentations, code: str) -> list[Row]:
    """Return header and rows for a country, beside its region and the world."""
    _region, around = codelists.neighbours_of(code)
    return [_titles(), *_compared(figures, around, code)]


def area_table(figures: Fragmentations, countries: Collection[str]) -> list[Row]:
    """Return header and rows for an area beside the world, and for each of its countries."""
    year = figures.money.last
    return [
        _titles(),
        *_compared(figures, countries, None),
        *(_row(year, ALL, code, figures.of(code, year)) for code in countries),
    ]


def _titles() -> Row:
    return [
        _("Year"),
        _("Pillar"),
        _("Where"),
        _("Providers"),
        _("Relations with known money"),
        _("USD of the year, net"),
        _("Herfindahl index"),
        _("Share of small relations"),
        _("Share of non-significant relations"),
    ]


def _compared(figures: Fragmentations, around: Collection[str], code: str | None) -> list[Row]:
    """Return the rows of this year by pillar, then those of earlier years."""
    earlier = (
        one for one in compared_by_year(figures, around, code) if one.year != figures.money.last
    )
    lines = [*compared_by_pillar(figures, around, code), *earlier]
    return [row for one in lines for row in _rows(one, code)]


def _rows(one: Compared, code: str | None) -> list[Row]:
    here = [] if one.here is None else [_row(one.year, one.pillar, code or "", one.here)]
    return [
        *here,
        _row(one.year, one.pillar, _("Region, median country"), one.area),
        _row(one.year, one.pillar, _("World, median country"), one.world),
    ]


def _row(year: int, pillar: str, where: str, figures: Fragmentation | AreaFragmentation) -> Row:
    shares = (figures.hhi, figures.small_share, figures.non_significant_share)
    return [
        year,
        codelists.label("pillars", pillar, i18n.language()) if pillar else _("All pillars"),
        where,
        figures.providers,
        figures.relations,
        round(figures.usd) if isinstance(figures, Fragmentation) else None,
        *(None if share is None else round(share, 4) for share in shares),
    ]
