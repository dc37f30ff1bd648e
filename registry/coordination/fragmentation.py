"""How fragmented the assistance to a country is: many providers that each give little.

The figures are those of the OECD's Development Assistance Committee, made for official development
assistance, applied to the projects of this registry:

- A **relation** is a provider and a country to which it gives. The provider here is the
  organisation that registered the project.
- A relation is **small** when the provider is not among the largest ones that together give 90 % of
  what the country receives; small providers together give less than 10 %. (OECD/DAC, "Scaling up:
  Aid Fragmentation, Aid Allocation and Aid Predictability. Report of 2008 Survey", 2008, which
  counts the donors that together provide less than 10 % of a country's programmable aid.)
- A relation is **concentrated** when the provider gives the country a larger share of what the
  country receives than the share it has in all that is given in the world; so it means something to
  the provider.
- A relation is **non-significant** when it is small and not concentrated, hence means little to
  either side. The share of non-significant relations among all is the OECD's *fragmentation ratio*.
  (OECD, "2009 OECD Report on Division of Labour: Addressing Fragmentation and Concentration of Aid
  across Countries", 2009, and "2011 OECD Report on Division of Labour: Addressing Cross-country
  Fragmentation of Aid", 2011. The OECD's own measure is country programmable aid; the registry's is
  the money of `registry.coordination.provider_money`.)
- The **Herfindahl-Hirschman index** is the sum of the squared shares of the providers, from 1/n
  where n give the same, to 1 where one gives all. (A. O. Hirschman, "The Paternity of an Index",
  American Economic Review 54 (5), 1964; for aid: S. Knack and A. Rahman, "Donor fragmentation and
  bureaucratic quality in aid recipients", Journal of Development Economics 83 (1), 2007, who use
  one minus this index.) One over the index is the number of providers of equal size that would make
  the same index.

Where two providers give exactly the same, both are small or neither is, whatever their order.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

IMPORTANT_SHARE = 0.9
"""What the largest providers of a country give together, as a share of all it receives."""

_EXACT = 1e-9
"""How much two sums that ought to be equal may differ, as a share of them."""


@dataclass(frozen=True)
class Fragmentation:
    """The figures of one country, for all it receives or for one pillar of it."""

    providers: int
    """Organisations with a project there."""
    relations: int
    """Those whose money is known; the following figures are about them."""
    usd: float
    hhi: float | None
    """Herfindahl-Hirschman index, 0..1; None where no money is known."""
    small: int
    non_significant: int

    @property
    def equal_providers(self) -> float | None:
        """How many providers of equal size would make the same index."""
        return 1 / self.hhi if self.hhi else None

    @property
    def small_share(self) -> float | None:
        """Small relations among all whose money is known, 0..1."""
        return self.small / self.relations if self.relations else None

    @property
    def non_significant_share(self) -> float | None:
        """The OECD's fragmentation ratio, 0..1."""
        return self.non_significant / self.relations if self.relations else None


@dataclass(frozen=True)
class AreaFragmentation:
    """The figures of several countries, to compare one with.

    Relations are put together, as the OECD does for regions; of what can't be put together without
    becoming something else, the median country stands for all.
    """

    countries: int
    """Those with money that is known."""
    relations: int
    providers: float | None
    """In the median country."""
    hhi: float | None
    """Of the median country."""
    small_share: float | None
    non_significant_share: float | None


def herfindahl(amounts: Iterable[float]) -> float | None:
    """Return the sum of squared shares of positive amounts; None without any."""
    given = [amount for amount in amounts if amount > 0]
    largest = max(given, default=0.0)
    scaled = [amount / largest for amount in given]  # no square leaves the range of numbers
    whole = sum(scaled)
    return min(sum(part * part for part in scaled) / whole**2, 1.0) if given else None


def important(amounts: Mapping[Any, float]) -> set[Any]:
    """Return the largest providers, as many as it takes to give IMPORTANT_SHARE of the whole."""
    enough = IMPORTANT_SHARE * sum(amounts.values()) * (1 - _EXACT)
    found: set[Any] = set()
    before = at_this_size = 0.0
    last: float | None = None
    for provider, amount in sorted(amounts.items(), key=lambda one: -one[1]):
        if amount != last:
            before, at_this_size, last = before + at_this_size, 0.0, amount
        if before >= enough:
            break
        found.add(provider)
        at_this_size += amount
    return found


def concentrated(amounts: Mapping[Any, float], world: Mapping[Any, float]) -> set[Any]:
    """Return the providers whose share of this country's money exceeds their share of the world's.

    `world` has what each provider gives to all countries, this one included.
    """
    here, everywhere = sum(amounts.values()), sum(world.values())
    if not here or not everywhere:
        return set()
    return {
        provider
        for provider, amount in amounts.items()
        if amount / here > world.get(provider, 0.0) / everywhere * (1 + _EXACT)
    }


def fragmentation(
    amounts: Mapping[Any, float], world: Mapping[Any, float], providers: int | None = None
) -> Fragmentation:
    """Return the figures of a country from what each provider gives to it, in USD.

    `world` is as for `concentrated`; `providers` counts those without known money too.
    """
    known = {provider: amount for provider, amount in amounts.items() if amount > 0}
    small = set(known) - important(known)
    return Fragmentation(
        providers=len(known) if providers is None else providers,
        relations=len(known),
        usd=sum(known.values()),
        hhi=herfindahl(known.values()),
        small=len(small),
        non_significant=len(small - concentrated(known, world)),
    )


def together(figures: Collection[Fragmentation]) -> AreaFragmentation:
    """Return the figures of several countries, each given as one for itself."""
    known = [one for one in figures if one.relations]
    relations = sum(one.relations for one in known)
    return AreaFragmentation(
        countries=len(known),
        relations=relations,
        providers=median(one.providers for one in known) if known else None,
        hhi=median(one.hhi for one in known if one.hhi is not None) if known else None,
        small_share=sum(one.small for one in known) / relations if relations else None,
        non_significant_share=(
            sum(one.non_significant for one in known) / relations if relations else None
        ),
    )
