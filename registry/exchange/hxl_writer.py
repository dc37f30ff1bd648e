"""Writing projects as an HXL table of who does what where (3W): a row for each place of a project.

What a project has once stands in each of its rows, so that every row can be filtered by itself;
sums of money stand in one row each, so that a column of them can be added up.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from registry import codelists
from registry.exchange.csv_rows import BYTE_ORDER_MARK, csv_bytes
from registry.exchange.hxl import COUNTRY_SHARE, tag_of
from registry.exchange.record import ProjectRecord, as_row, plain
from registry.exchange.values import join_cell
from registry.project_rows import budget_usd, country_shares

if TYPE_CHECKING:
    from registry.exchange.exporting import Exported

_COUNTRY_NAME = ("country_name", "#country+name")
_USD = ("budget_usd", "#value+usd")


class HxlWriter:
    """A CSV file with a row of hashtags below its header."""

    def __init__(self, columns: Sequence[str], language: str = "en") -> None:
        self.language = language
        """Of the names of countries."""
        self.columns: list[str] = []
        for column in columns:
            self.columns.append(column)
            if column == "countries":
                self.columns += [_COUNTRY_NAME[0], COUNTRY_SHARE]
            elif column == "currency":
                self.columns.append(_USD[0])

    def begin(self) -> bytes:
        """Return the header and the hashtags."""
        own = dict((_COUNTRY_NAME, _USD))
        tags = [own.get(column) or tag_of(column) for column in self.columns]
        return BYTE_ORDER_MARK + csv_bytes([self.columns, tags])

    def write(self, projects: Iterable["Exported"]) -> bytes:
        """Return the rows of these projects."""
        rows = (row for project in projects for row in self._rows(project.record))
        return csv_bytes([row.get(c, "") for c in self.columns] for row in rows)

    def end(self) -> Iterator[bytes]:
        """Yield nothing: a table just stops."""
        yield from ()

    def _rows(self, record: ProjectRecord) -> Iterator[dict[str, str]]:
        """Yield a row for each country; where there is but one, for each place in it.

        The registry does not know in which of several countries a place lies, so those places have
        rows of their own.
        """
        every = as_row(record)
        countries: list[dict[str, str]] = [
            {
                "countries": share.code,
                _COUNTRY_NAME[0]: codelists.country_name(share.code, self.language),
                COUNTRY_SHARE: "" if share.percentage is None else plain(share.percentage),
                _USD[0]: _sum(usd),
            }
            for share, usd in country_shares(record)
        ] or [{"countries": "", _USD[0]: _sum(budget_usd(record))}]
        places = [{"locations": join_cell([place])} for place in record.locations]
        if len(countries) == 1 and places:
            rows = [countries[0] | places[0]]
            rows += [countries[0] | place | {_USD[0]: ""} for place in places[1:]]
        else:
            rows = [country | {"locations": ""} for country in countries]
            rows += [{"countries": ""} | place for place in places]
        for index, own in enumerate(rows):
            yield every | own | ({"budget": ""} if index else {})


def _sum(amount: Decimal | None) -> str:
    return "" if amount is None else plain(amount)
