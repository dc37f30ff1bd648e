"""What the page of gaps is asked for: where, a pillar, one of its lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Request
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.gaps import GapCell, Gaps, crowded, find_gaps, needed_and_nobody
from registry.folding import fold
from registry.mechanisms import Mechanism, find_mechanism
from registry.permissions import Actor
from web.kept_counts import kept_supplies

LISTS = ("needed", "crowded", "matrix")


@dataclass(frozen=True)
class GapChoice:
    """The filters; what an address asks for that does not exist is left out."""

    region: str = ""
    country: str = ""
    pillar: str = ""
    mechanism: Mechanism | None = None
    """Its members alone, as well as what the region or the country asks for."""
    list: str = "needed"

    @property
    def countries(self) -> tuple[str, ...]:
        """The countries that are asked for."""
        asked = (self.country,) if self.country else self._region.countries
        if self.mechanism is None:
            return asked
        return tuple(code for code in asked if code in self.mechanism.members)

    @property
    def _region(self) -> codelists.Region:
        return codelists.regions()[self.region or codelists.WORLD]

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.region or self.country or self.pillar or self.mechanism)

    def address(self, path: str = "/gaps", **changes: str) -> str:
        """Return the address of this choice with some of it changed."""
        mechanism = self.mechanism.slug if self.mechanism else ""
        chosen = vars(self) | {"mechanism": mechanism} | changes
        if chosen["list"] == "needed" or path != "/gaps":
            chosen.pop("list")
        query = urlencode({name: value for name, value in chosen.items() if value})
        return f"{path}?{query}" if query else path


def choice_of(
    parameters: Mapping[str, str], mechanisms: Mapping[str, Mechanism] | None = None
) -> GapChoice:
    """Read the parameters of an address; `mechanisms` are those that it may name."""
    known: dict[str, Any] = {
        "region": codelists.regions().keys() - {codelists.WORLD},
        "country": codelists.countries(),
        "pillar": codelists.scheme("pillars"),
        "list": LISTS,
    }
    given = {name: parameters.get(name, "") for name in known}
    given["country"] = given["country"].upper()
    found = {name: value for name, value in given.items() if value in known[name]}
    named = parameters.get("mechanism", "")
    mechanism = find_mechanism(mechanisms or {}, named) if named else None
    return GapChoice(**found, mechanism=mechanism)


async def chosen_gaps(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    reader: Actor,
    choice: GapChoice,
    today: Any,
) -> Gaps:
    """Return need and supply of what is asked for, as this reader may know it."""
    supplies = await kept_supplies(request, session, reader, today)
    return await find_gaps(session, supplies, choice.countries, choice.pillar or None)


def cells_of(gaps: Gaps, choice: GapChoice) -> list[GapCell]:
    """Return the cells of the chosen list; of the matrix, those in which anything stands."""
    if choice.list == "crowded":
        return crowded(gaps.cells)
    if choice.list == "needed":
        return needed_and_nobody(gaps.cells)
    return [cell for cell in gaps.cells if cell.kind != "quiet"]


def region_choices(language: str, parent: str = codelists.WORLD, depth: int = 0) -> Any:
    """Return code and name of the regions in their hierarchy, indented."""
    within = [code for code, region in codelists.regions().items() if region.parent == parent]
    within.sort(key=lambda code: fold(codelists.region_name(code, language)))
    found: list[tuple[str, str]] = []
    for code in within:
        indent = "\N{NO-BREAK SPACE}" * 3 * depth
        found.append((code, indent + codelists.region_name(code, language)))
        found += region_choices(language, code, depth + 1)
    return found
