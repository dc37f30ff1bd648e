"""The demonstration's organisations: recognised by their names, accepted by the registry."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.codelists import pillar_of, regions, scheme
from registry.folding import fold
from registry.organisations import (
    ContactPointRecord,
    MandateRecord,
    OrganisationRecord,
    register_organisation,
    resolve_organisations,
)
from registry.permissions import COMMAND_LINE

WRITTEN_AS = {
    "UNODC": "unodc",
    "ONUDC": "unodc",
    "OIM": "iom",
    "OIT": "ilo",
    "ONU Femmes": "un-women",
    "XM-DAC-41122": "unicef",
    "SE-0": "sida",
    "Sweden": "sida",
    "DFID": "fcdo",
    "Netherlands MFA": "netherlands-mfa",
    "Finland MFA": "finland-mfa",
    "CIS Executive Committee": "cis-executive-committee",
    "Union européenne": "european-union",
    "European Commission": "european-union",
    "World Bank": "world-bank",
    "Terre des hommes": "terre-des-hommes",
    "Save the Children": "save-the-children",
    "La Strada Moldova": "la-strada-moldova",
    "Freedom Fund": "freedom-fund",
    "Salvation Army": "salvation-army",
    "Stop the Traffik": "stop-the-traffik",
    "Danish International Development Agency": "danida",
}


@cache
def demo_organisations() -> list[dict[str, Any]]:
    text = (files("registry.demo") / "organisations.json").read_text(encoding="utf-8")
    return json.loads(text)["organisations"]


def spellings(organisation: dict[str, Any]) -> set[str]:
    named = [organisation["name"], organisation["slug"], *organisation["aliases"]]
    named += [organisation["acronym"], organisation["iati_identifier"]]
    named += organisation["names"].values()
    return {fold(text) for text in named if text}


def a_record_of(organisation: dict[str, Any]) -> OrganisationRecord:
    plain = {k: v for k, v in organisation.items() if k not in ("mandates", "contact_points")}
    return OrganisationRecord(
        **plain,
        mandates=[MandateRecord(**mandate) for mandate in organisation["mandates"]],
        contact_points=[ContactPointRecord(**point) for point in organisation["contact_points"]],
    )


def test_no_two_organisations_share_a_spelling() -> None:
    owner: dict[str, str] = {}
    for organisation in demo_organisations():
        for spelling in spellings(organisation):
            slug = organisation["slug"]
            assert owner.setdefault(spelling, slug) == slug, spelling


@pytest.mark.parametrize("organisation", demo_organisations(), ids=lambda entry: entry["slug"])
def test_mandates_and_competencies_use_the_registry_s_codes(organisation: dict[str, Any]) -> None:
    assert organisation["type"] in scheme("organisation_types")
    assert organisation["mandates"]
    for mandate in organisation["mandates"]:
        assert mandate["mandate"] in scheme("mandates")
        assert set(mandate["pillars"]) <= set(scheme("pillars"))
        assert set(mandate["measures"]) <= set(scheme("measures"))
        assert {pillar_of(measure) for measure in mandate["measures"]} <= set(mandate["pillars"])
        assert set(mandate["regions"]) <= set(regions())


def test_contact_points_are_offices_at_invented_addresses() -> None:
    for organisation in demo_organisations():
        for point in organisation["contact_points"]:
            assert point["email"].endswith("@example.org")
            assert point["phone"] is None


async def test_the_registry_takes_them_and_knows_them_by_their_names(
    session: AsyncSession,
) -> None:
    for organisation in demo_organisations():
        await register_organisation(session, COMMAND_LINE, a_record_of(organisation))

    found = await resolve_organisations(session, WRITTEN_AS)

    assert {name: organisation.slug for name, organisation in found.items()} == WRITTEN_AS
