"""What looks like an overlap and is none (overlap.md), and what hides one."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from registry.exchange.record import CountryShare, Participant, ProjectRecord, Related
from registry.meaning import encode, text_of
from registry.overlap.background import background_of
from registry.overlap.judging import JudgedPair, judge_pair
from registry.overlap.model import model_in_use
from registry.overlap.profile import profile_of
from tests.builders import a_record

LEGAL_AID = (
    "Lawyers advise foreign women who work in private homes, claim unpaid wages in court and get "
    "back passports that employers keep. Interpreters and a telephone line complete the clinic."
)
INSPECTORS = (
    "Labour inspectors learn to recognise forced labour in private homes, to enter them lawfully "
    "and to interview foreign women whose passports employers keep."
)
ELSEWHERE = (
    "Fishing boats are tracked by satellite and skippers sign a charter against debt bondage.",
    "Radio plays in four dialects warn pupils of false scholarships abroad.",
    "A register of adoption agencies is published and hospitals report births within a day.",
    "Former child soldiers finish primary school and are taught carpentry by local masters.",
)


def judged(a: ProjectRecord, b: ProjectRecord) -> JudgedPair:
    others = [a_record(title=f"Other {n}", description=t) for n, t in enumerate(ELSEWHERE)]
    records = [a, b, *others]
    vectors = encode([text_of(record) for record in records])
    profiles = [profile_of(record, vectors[n], n) for n, record in enumerate(records)]
    return judge_pair(profiles[0], profiles[1], background_of(profiles), model_in_use())


def legal_aid(**values: Any) -> ProjectRecord:
    defaults: dict[str, Any] = {
        "reporting_org": "Tamkeen",
        "title": "Legal clinic for household helpers",
        "description": LEGAL_AID,
        "country": "JO",
        "locations": ["Amman"],
        "activity_types": ["direct-services"],
        "target_groups": ["women", "migrants"],
        "pillars": ["protection"],
        "measures": ["PROT-5"],
        "budget": Decimal(420_000),
    }
    if "countries" in values:
        del defaults["country"]
    return a_record(**(defaults | values))


def another(**values: Any) -> ProjectRecord:
    defaults: dict[str, Any] = {
        "reporting_org": "Adala Centre",
        "title": "Justice for domestic workers",
        "description": (
            "Our advocates and translators help maids from abroad to recover salaries and travel "
            "documents, before the judge if need be; a hotline takes calls day and night."
        ),
        "budget": Decimal(90_000),
    }
    return legal_aid(**(defaults | values))


def test_the_same_assistance_by_another_organisation_is_flagged() -> None:
    pair = judged(legal_aid(), another())

    assert pair.flagged
    assert pair.judgement.kind == "duplicated-assistance"


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param({"activity_types": [], "target_groups": [], "measures": []}, id="tags"),
        pytest.param({"start_date": None, "end_date": None, "budget": None}, id="dates and budget"),
        pytest.param({"locations": []}, id="locations"),
    ],
)
def test_what_is_missing_hides_nothing(missing: dict[str, Any]) -> None:
    assert judged(legal_aid(), another(**missing)).flagged


def test_one_wrong_tag_hides_nothing() -> None:
    assert judged(legal_aid(), another(activity_types=["training"])).flagged


def test_absurd_dates_hide_nothing() -> None:
    assert judged(
        legal_aid(), another(start_date=date(2026, 5, 1), end_date=date(2006, 5, 1))
    ).flagged


@pytest.mark.parametrize(
    "different",
    [
        pytest.param({"locations": ["Aqaba"]}, id="another province"),
        pytest.param(
            {"start_date": date(2028, 1, 1), "end_date": date(2029, 12, 31)}, id="the next phase"
        ),
        pytest.param(
            {
                "title": "Inspectors and domestic servitude",
                "description": INSPECTORS,
                "activity_types": ["training"],
                "target_groups": ["labour-inspectors"],
                "measures": ["PROT-2"],
            },
            id="practitioners instead of victims",
        ),
        pytest.param(
            {"participating_orgs": [Participant("implementing", "Tamkeen")]}, id="a named partner"
        ),
        pytest.param(
            {
                "countries": [
                    CountryShare(c, None) for c in "JO LB EG MA TN IQ SA KW QA AE".split()
                ],
                "locations": [],
                "budget": Decimal(20_000_000),
                "title": "Regional programme on fair labour migration",
                "description": (
                    "A programme for ten countries: policy dialogue, model contracts, research, "
                    "and grants to organisations that help migrants."
                ),
                "activity_types": ["policy-advice", "research"],
                "measures": ["PREV-1"],
            },
            id="a programme for ten countries",
        ),
    ],
)
def test_what_is_not_an_overlap(different: dict[str, Any]) -> None:
    assert not judged(legal_aid(), another(**different)).flagged


def test_a_declared_joint_programme_coordinates() -> None:
    pair = judged(
        legal_aid(identifier="JP-1"), another(related=[Related("joint-programme", "JP-1")])
    )

    assert pair.coordinated
    assert not pair.flagged


def test_parent_and_component_coordinate_though_their_texts_are_alike() -> None:
    pair = judged(
        legal_aid(identifier="PROG"),
        legal_aid(reporting_org="Adala Centre", related=[Related("parent", "PROG")]),
    )

    assert pair.coordinated
    assert not pair.flagged


def test_two_projects_of_one_organisation_with_its_boilerplate() -> None:
    boilerplate = "Tamkeen is a non-profit organisation and works with a rights-based approach. "
    pair = judged(
        legal_aid(description=boilerplate + LEGAL_AID),
        legal_aid(
            title="Inspectors and domestic servitude",
            description=boilerplate + INSPECTORS,
            activity_types=["training"],
            target_groups=["labour-inspectors"],
            start_date=date(2025, 8, 1),
            budget=Decimal(55_000),
        ),
    )

    assert not pair.flagged


def test_donor_and_implementer_in_two_currencies_are_one_project() -> None:
    sides = [Participant("funding", "Sweden"), Participant("implementing", "Tamkeen")]
    donor = legal_aid(
        reporting_org="Sida",
        title="Contribution to Tamkeen: legal aid for migrant domestic workers",
        description=(
            "Support to Tamkeen's lawyers, interpreters and telephone line for foreign women in "
            "private homes: unpaid wages, passports kept by employers, representation in court."
        ),
        budget=Decimal(4_400_000),
        currency="SEK",
        participating_orgs=sides,
    )
    pair = judged(donor, legal_aid(participating_orgs=sides))

    assert pair.flagged
    assert pair.judgement.kind == "double-registration"


def test_each_others_partners_with_texts_of_their_own_coordinate() -> None:
    sides = [Participant("implementing", "Tamkeen"), Participant("implementing", "Adala Centre")]
    pair = judged(
        legal_aid(participating_orgs=sides),
        another(participating_orgs=sides, budget=Decimal(300_000)),
    )

    assert pair.coordinated
    assert not pair.flagged


def test_the_same_training_in_edo_state_and_in_borno_state() -> None:
    course = {
        "country": "NG",
        "title": "Courts that listen",
        "description": (
            "Residential courses for magistrates and state counsel on bail, on victims who retract "
            "and on evidence from telephones; each ends with a moot."
        ),
        "activity_types": ["training"],
        "target_groups": ["judges-prosecutors"],
        "measures": ["PROS-2"],
    }
    edo = legal_aid(**course, locations=["Edo State"])
    borno = another(**{**course, "title": "Bench and bar"}, locations=["Borno State"])
    benin = another(**{**course, "title": "Bench and bar"}, locations=["Benin City"])

    assert not judged(edo, borno).flagged
    assert judged(edo, benin).flagged


@pytest.mark.parametrize(
    "dates",
    [
        pytest.param(
            {"start_date": date(1900, 1, 1), "end_date": date(2204, 1, 1)}, id="centuries"
        ),
        pytest.param({"start_date": date(1900, 1, 1)}, id="an absurd beginning"),
        pytest.param({"start_date": None}, id="no beginning"),
    ],
)
def test_dates_that_cannot_be_hide_nothing(dates: dict[str, Any]) -> None:
    assert judged(legal_aid(), another(**dates)).flagged


def test_a_text_may_say_the_period_that_the_dates_lack() -> None:
    undated: dict[str, Any] = {"start_date": None, "end_date": None}
    ended = another(**undated, title="Justice for domestic workers 2019-2021")
    running = another(**undated, title="Justice for domestic workers 2025-2026")

    assert not judged(legal_aid(), ended).flagged
    assert judged(legal_aid(), running).flagged


def test_phases_one_and_two_of_one_organisation() -> None:
    first = legal_aid(
        title="Legal clinic, phase I", start_date=date(2023, 1, 1), end_date=date(2025, 3, 31)
    )
    second = legal_aid(
        title="Legal clinic, phase II", start_date=date(2025, 2, 1), end_date=date(2027, 1, 31)
    )

    assert not judged(first, second).flagged


def test_phases_of_two_organisations_that_meet_in_passing() -> None:
    ending = legal_aid(start_date=date(2022, 1, 1), end_date=date(2024, 12, 31))
    beginning = another(start_date=date(2024, 11, 1), end_date=date(2027, 10, 31))

    assert not judged(ending, beginning).flagged


def test_a_regional_programme_with_the_same_words_is_no_duplicate_in_each_of_ten_countries() -> (
    None
):
    regional = another(
        countries=[CountryShare(c, None) for c in "JO LB EG MA TN IQ SA KW QA AE".split()],
        locations=[],
        budget=Decimal(20_000_000),
        title="Justice for domestic workers in the Arab States",
    )

    assert not judged(legal_aid(), regional).flagged


def test_an_umbrella_programme_whose_components_have_budgets_of_their_own() -> None:
    umbrella = another(
        countries=[CountryShare(c, None) for c in "JO LB EG TN".split()],
        locations=[],
        budget=Decimal(9_000_000),
        title="Facility for the rights of migrant workers",
        description=(
            "Framework programme. Grants to organisations that give legal aid to migrant domestic "
            "workers are registered by themselves, with budgets of their own."
        ),
        activity_types=["cash-grants", "coordination"],
    )

    assert not judged(legal_aid(), umbrella).flagged


PREAMBLE = (
    "Trafficking in persons is a serious crime and {who} stands by {country} on the way to a "
    "response that puts people first, in line with the Protocol and with gender equality. "
)


def test_a_preamble_with_other_names_in_it_is_boilerplate_too() -> None:
    def preamble(who: str, country: str, rest: str) -> ProjectRecord:
        return a_record(
            reporting_org=who,
            title=rest[:30],
            description=PREAMBLE.format(who=who, country=country) + rest,
        )

    records = [preamble("IOM", place, text) for place, text in zip("ABCD", ELSEWHERE, strict=True)]
    background = background_of(profile_of(record) for record in records)
    telling = background.telling(profile_of(preamble("IOM", "Jordan", LEGAL_AID))).weights

    assert "protoc" not in telling
    assert "lawyer" in telling


def test_a_donors_share_with_the_dates_of_its_own_agreement() -> None:
    sides = [Participant("funding", "Sweden"), Participant("implementing", "Tamkeen")]
    whole = legal_aid(
        participating_orgs=sides,
        budget=Decimal(1_000_000),
        start_date=date(2023, 1, 1),
        end_date=date(2027, 12, 31),
    )
    share = legal_aid(
        reporting_org="Sida",
        title="Swedish contribution to the legal clinic of Tamkeen",
        description=(
            "The agreement covers 30 % of the costs of lawyers, interpreters and the telephone "
            "line for foreign women in private homes."
        ),
        participating_orgs=[Participant("implementing", "Tamkeen")],
        budget=Decimal(3_200_000),
        currency="SEK",
        start_date=date(2024, 7, 1),
        end_date=date(2026, 6, 30),
    )
    pair = judged(whole, share)

    assert pair.flagged
    assert pair.judgement.kind == "double-registration"


def test_headquarters_and_country_office_in_two_languages() -> None:
    pair = judged(
        legal_aid(reporting_org="International Organization for Migration"),
        legal_aid(
            reporting_org="OIM Jordanie",
            title="Permanence juridique pour les travailleuses domestiques",
            description=(
                "Des avocats conseillent des étrangères employées de maison, réclament les "
                "salaires impayés devant le juge et récupèrent les passeports gardés par les "
                "employeurs. Des interprètes et une ligne téléphonique complètent la permanence."
            ),
            language="fr",
            budget=Decimal(385_000),
            currency="EUR",
        ),
    )

    assert pair.flagged
    assert pair.judgement.kind == "double-registration"


def test_an_organisation_that_registers_for_its_donor() -> None:
    by_the_donor = legal_aid(
        reporting_org="European Commission",
        title="Legal aid for migrant women, Jordan",
        description="Lawyers and interpreters for foreign women in private homes. See contract.",
        participating_orgs=[Participant("implementing", "Tamkeen")],
    )
    for_the_donor = legal_aid(
        description=LEGAL_AID + " Entered by Tamkeen on behalf of the European Union.",
        participating_orgs=[Participant("funding", "Delegation of the European Union to Jordan")],
    )
    pair = judged(by_the_donor, for_the_donor)

    assert pair.flagged
    assert pair.judgement.kind == "double-registration"
