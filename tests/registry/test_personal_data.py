import json
from pathlib import Path

import pytest

from registry.exchange.record import parse_record
from registry.personal_data import personal_data_in, suspicious_parts
from tests.builders import a_record


@pytest.mark.parametrize(
    "text",
    [
        "Write to the victim at maria.k@example.org.",
        "She can be reached at +373 69 123 456 in the evening.",
        "Call 0040 21 312 34 56 for the shelter.",
        "Tel. 022-72-72-74",
        "Teléfono: 91 123 45 67",
        "Passport no. AB1234567 was taken from her.",
        "pasaporte XDB123456",
        "The client, born on 3 May 2007, was returned.",
        "Née le 12/03/2005 à Douala",
        "Date of birth: 2006-11-02",
        "nacida el 4 de junio de 2008",
    ],
)
def test_what_looks_like_personal_data_is_found(text: str) -> None:
    assert list(suspicious_parts(text))


@pytest.mark.parametrize(
    "text",
    [
        "Training of 1,200 judges and 900 000 leaflets between 2019-2024.",
        "Continues XM-DAC-41128-77 and GB-GOV-1-300123-101.",
        "Budget 1 250 000 EUR; phase 2 of 3; 24/7 helpline 116 006.",
        "Children born in displacement, 2,400 of them since 2022.",
        "Passport and identity documents are issued to 1500 returnees.",
        "A mobile application for 12 districts; ISO 3166-1.",
    ],
)
def test_figures_of_a_project_are_no_alarm(text: str) -> None:
    assert not list(suspicious_parts(text))


def test_the_field_and_language_are_named() -> None:
    record = a_record(titles={"en": "Shelter", "fr": "Refuge, tél. +33 1 23 45 67 89"})
    (finding,) = personal_data_in(record)
    assert finding.field == "title_fr"
    assert "+33 1 23 45 67 89" in str(finding.message)


def test_the_demonstration_raises_no_alarm() -> None:
    for path in Path("registry/demo").glob("*.jsonl"):
        for line in path.read_text().splitlines():
            record = parse_record(json.loads(line)).record
            assert record is not None
            assert not personal_data_in(record), record.identifier
