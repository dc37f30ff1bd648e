"""Code lists for programs: every scheme with its labels, countries and regions."""

from dataclasses import dataclass

from litestar import get

from registry import codelists

SCHEMES = (
    "pillars",
    "measures",
    "mandates",
    "activity_types",
    "target_groups",
    "exploitation_forms",
    "organisation_types",
    "statuses",
    "participation_roles",
    "relation_types",
    "visibilities",
    "overlap_kinds",
    "overlap_outcomes",
    "paris_principles",
    "paris_answers",
)


@dataclass(frozen=True)
class Codelists:
    """scheme -> code -> language -> label; countries (ISO 3166-1 alpha-2), regions (UN M49)."""

    schemes: dict[str, dict[str, dict[str, str]]]
    countries: dict[str, dict[str, str]]
    regions: dict[str, dict[str, str]]
    currencies: list[str]


@get("/api/v1/codelists", operation_id="readCodelists", tags=["codelists"])
async def read_codelists() -> Codelists:
    """Return all codes that records and filters use."""
    return Codelists(
        schemes={
            name: {code: entry.labels for code, entry in codelists.scheme(name).items()}
            for name in SCHEMES
        },
        countries={code: country.names for code, country in codelists.countries().items()},
        regions={code: region.names for code, region in codelists.regions().items()},
        currencies=sorted(codelists.currencies()),
    )


handlers = [read_codelists]
