"""The kinds of evidence, each a small function, a file per theme."""

from registry.overlap.background import Background
from registry.overlap.evidence import assistance, organisations_and_money, place_and_time, text
from registry.overlap.evidence.evidence import Evidence, Kind
from registry.overlap.profile import Profile

KINDS: tuple[Kind, ...] = (
    organisations_and_money.declared,
    organisations_and_money.partner,
    text.meaning,
    place_and_time.dates,
    place_and_time.months,
    assistance.measures,
    assistance.activities,
    assistance.beneficiaries,
    text.subjects,
    text.settings,
    organisations_and_money.budget,
    assistance.approach,
    assistance.agreement,
    assistance.exploitation,
    assistance.ages,
    assistance.origins,
    place_and_time.countries,
    place_and_time.extent,
    place_and_time.locations,
    organisations_and_money.roles,
    organisations_and_money.same_organisation,
    organisations_and_money.offices,
    place_and_time.phases,
    organisations_and_money.identifiers,
    text.figures,
    text.titles,
    text.words,
    organisations_and_money.third_partner,
    organisations_and_money.mention,
)
"""What coordinates comes first, then what is cheap and decisive: most pairs that are compared have
little in common, and the work on one ends as soon as nothing more could make it likely.

To add one: write the function in the file of its theme, name it here, give it a weight in
prior.json, and fit the model anew (CONTRIBUTING.md)."""


def compare(a: Profile, b: Profile, background: Background) -> list[Evidence]:
    """Return what every kind of evidence says of two projects, without what they don't say."""
    return [found for kind in KINDS if (found := kind(a, b, background)) is not None]


__all__ = ["KINDS", "Evidence", "compare"]
