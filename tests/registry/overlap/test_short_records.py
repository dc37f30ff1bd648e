"""Records of a line or two, slips and denials: what is not said counts against no overlap."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from registry.exchange.record import Participant
from registry.overlap.background import Background
from registry.overlap.evidence import assistance, text
from registry.overlap.evidence import organisations_and_money as who
from registry.overlap.profile import Profile, profile_of
from tests.builders import a_record

NOTHING = Background()
LINE = "Grant to a local body. See the file."
PAGE = "Two lawyers and an interpreter receive women who left a factory without their wages. " * 4


def of(**values: Any) -> Profile:
    return profile_of(a_record(**values))


def pointing(direction: list[float], description: str) -> Profile:
    return profile_of(a_record(description=description), np.array(direction, dtype=np.float32))


def test_a_line_tells_too_little_to_be_about_something_else() -> None:
    other = pointing([0.0, 1.0], PAGE)
    short = text.meaning(pointing([1.0, 0.0], LINE), other, NOTHING)
    long = text.meaning(pointing([1.0, 0.0], PAGE), other, NOTHING)

    assert short is not None and long is not None
    assert long.value < short.value < 0
    near = text.meaning(pointing([0.0, 1.0], LINE), other, NOTHING)
    assert near is not None and near.value == 2.5


def test_a_budget_of_some_dollars_is_a_slip() -> None:
    whole = of(budget=Decimal(600_000), currency="EUR")

    assert who.budget(of(budget=Decimal(600), currency="EUR"), whole, NOTHING) is None
    assert who.budget(of(budget=Decimal(60_000), currency="EUR"), whole, NOTHING) is not None


def test_who_names_no_partner_may_be_the_other_end() -> None:
    donor = of(
        reporting_org="Norad", participating_orgs=[Participant(role="funding", name="Norad")]
    )
    silent = of(
        reporting_org="Casa Abierta",
        participating_orgs=[Participant(role="implementing", name="Casa Abierta")],
    )
    told = of(
        reporting_org="Casa Abierta",
        participating_orgs=[
            Participant(role="implementing", name="Casa Abierta"),
            Participant(role="funding", name="Caritas Italiana"),
        ],
    )

    assert who.roles(donor, silent, NOTHING) is None
    strangers = who.roles(donor, told, NOTHING)
    assert strangers is not None and strangers.value < 0


@pytest.mark.parametrize(
    "denied",
    [
        "Courses for police officers. The courses are not for judges or prosecutors.",
        "Des cours pour la police. Le projet ne s'adresse pas aux juges ni aux procureurs.",
        "Cursos para la policía. No se dirige a jueces ni fiscales.",
        "Cursos para a polícia. Não se destina a juízes nem a procuradores.",
    ],
)
def test_whom_a_project_is_said_not_to_be_for_is_not_whom_it_is_for(denied: str) -> None:
    first, _, _ = denied.partition(". ")
    police = of(title="Training", description=denied)
    judges = of(title="Training", description="Courses for judges and prosecutors.")

    assert police.beneficiaries == of(title="Training", description=first).beneficiaries
    found = assistance.beneficiaries(police, judges, NOTHING)
    assert found is not None and found.value < 0


def test_tags_of_practitioners_tell_victims_apart_as_what_a_course_is_about() -> None:
    course = {
        "title": "Identification of victims",
        "description": "Training on how victims are identified, how to speak to victims, and where "
        "victims find help.",
        "activity_types": ["training"],
    }
    tagged = of(**course, target_groups=["border-immigration"])
    untagged = of(**course)

    assert tagged.beneficiaries["victims-survivors"] < untagged.beneficiaries["victims-survivors"]
