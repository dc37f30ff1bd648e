"""What an IATI file says comes out again: as elements, valid in 2.03, and none is lost."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from registry.exchange.iati.shapes import ORDER, SHAPES
from registry.exchange.iati.texts import XML_LANG
from registry.exchange.iati.upgrade import upgrade
from registry.exchange.iati.writer import end_of_file, start_of_file, write_activity
from registry.exchange.reading import read_file
from registry.exchange.record import Participant, ProjectRecord, as_json
from registry.exchange.source import Row
from registry.models import Organisation
from tests.registry.exchange.files import an_activity, an_iati_file
from tests.registry.exchange.iati_examples import EVERYTHING, OLD
from tests.registry.exchange.test_exporting import assert_valid

OWN = "{https://convene.example/ns/record}"
Said = tuple[str, tuple[tuple[str, str], ...], str]


def read(data: bytes) -> Row:
    (row,) = read_file(data)
    assert row.record is not None, [str(error) for error in row.errors]
    return row


def exported(record: ProjectRecord) -> bytes:
    owner = Organisation(slug="belge", name=record.reporting_org, type=record.reporting_org_type)
    return start_of_file() + write_activity(record, owner) + end_of_file()


def elements(activity: etree._Element) -> Iterator[Said]:
    """Every element with its path, attributes and text; but for what this registry adds."""
    for element in activity.iter("*"):
        path = [element, *element.iterancestors()]
        path = path[: path.index(activity)]
        if path and not any(str(one.tag).startswith(OWN) for one in path):
            attributes = {
                str(name): str(value)
                for name, value in element.attrib.items()
                if not str(name).startswith(OWN)
            }
            yield (
                "/".join(str(one.tag) for one in reversed(path)),
                tuple(sorted(attributes.items())),
                " ".join((element.text or "").split()),
            )


def lost(before: etree._Element, data: bytes) -> list[Said]:
    after = etree.fromstring(data).find("iati-activity")
    assert after is not None
    return list((Counter(elements(before)) - Counter(elements(after))).elements())


def test_nothing_of_an_activity_with_everything_is_lost() -> None:
    row = read(an_iati_file(EVERYTHING))
    assert row.record is not None
    data = exported(row.record)
    assert_valid(an_iati_file(EVERYTHING))
    assert_valid(data)
    assert lost(etree.fromstring(EVERYTHING), data) == []
    assert OWN not in etree.fromstring(data).xpath("string()")
    activity = etree.fromstring(data)[0]
    assert activity.get("{urn:publisher}reviewed") == "yes"
    assert activity.findall(f"{OWN}kept") == activity.findall(f"{OWN}field") == []


def test_nothing_of_an_activity_of_1_0x_is_lost() -> None:
    row = read(an_iati_file(OLD, version="1.02"))
    assert row.record is not None
    data = exported(row.record)
    assert_valid(data)
    upgraded = etree.fromstring(OLD)
    upgrade(upgraded)
    ours = {("reporting-org", (("ref", "GB-1"), ("type", "10")), "")}  # the registry's own
    assert set(lost(upgraded, data)) == ours
    activity = etree.fromstring(data)[0]
    assert activity.findall(f"{OWN}kept") == []
    for path in (
        "other-identifier[@ref='201217']/owner-org[@ref='GB-1']",
        "description[@type='2']",
        "activity-date[@type='1'][@iso-date='2009-10-01']",
        "location/point/pos",
        "location/location-id[@code='1705965'][@vocabulary='G1']",
        "location/administrative[@code='PH'][@vocabulary='A4']",
        "location/{https://convene.example/ns/iati-1}gazetteer-entry",
        "sector[@vocabulary='1']/narrative",
        "budget[@type='1']/value[@value-date='2009-04-01']",
        "transaction/description/narrative",
        "document-link[@url='http://example.org/2']/category[@code='A12']",
        "result[@type='1']/indicator[@measure='1']/period/target[@value='5']",
        "crs-add/other-flags[@code='1']",
        "{urn:publisher}own",
    ):
        assert activity.find(path) is not None, path


def test_what_1_0x_said_is_read() -> None:
    record = read(an_iati_file(OLD, version="1.02")).record
    assert record is not None
    assert record.titles == {"en": "Typhoon", "fr": "Typhon"}
    assert record.descriptions == {"en": "Relief.", "fr": "Secours."}
    assert record.participating_orgs == [
        Participant("funding", "UNITED KINGDOM"), Participant("implementing", "Red Cross"),
    ]  # fmt: skip
    assert (record.status, record.reporting_org_type) == ("closed", "government-donor")
    assert [str(day) for day in (record.start_date, record.end_date)] == [
        "2009-10-16", "2010-12-31",
    ]  # fmt: skip
    assert [(c.code, c.percentage) for c in record.countries] == [("PH", 100)]
    assert record.locations == ["Luzon", "Manila"]
    assert (record.budget, record.currency) == (Decimal(250_000), "GBP")
    assert record.url == "http://example.org/2"
    assert (record.contact_name, record.contact_email) == ("DFID", "enquiry@example.org")


@pytest.mark.parametrize(("activity", "version"), [(EVERYTHING, "2.03"), (OLD, "1.02")])
def test_reading_the_export_again_gives_the_same_record_and_the_same_bytes(
    activity: str, version: str
) -> None:
    record = read(an_iati_file(activity, version=version)).record
    assert record is not None
    again = read(exported(record)).record
    assert again == record
    assert exported(again) == exported(record)


def test_what_the_schema_refuses_is_put_aside_and_comes_back_in_its_place() -> None:
    more = (
        '<sector code="1"/><sector vocabulary="1"/><sector code="2" percentage="half"/>'
        '<sector code="3"/><default-aid-type/><activity-website>http://a.example</activity-website>'
    )
    row = read(an_iati_file(an_activity("X-1", more=more)))
    assert row.record is not None
    data = exported(row.record)
    assert_valid(data)
    activity = etree.fromstring(data)[0]
    assert [sector.get("code") for sector in activity.findall("sector")] == ["1", "3"]
    aside = [(kept.get("position"), kept.text) for kept in activity.findall(f"{OWN}kept")]
    assert aside == [
        ("0", "<activity-website>http://a.example</activity-website>"),
        ("0", "<default-aid-type/>"),
        ("1", '<sector vocabulary="1"/>'),
        ("2", '<sector code="2" percentage="half"/>'),
    ]
    assert read(data).record == row.record


def edited(field: str, value: object) -> tuple[ProjectRecord, etree._Element]:
    record = read(an_iati_file(EVERYTHING)).record
    assert record is not None
    setattr(record, field, value)
    data = exported(record)
    assert_valid(data)
    assert read(data).record == record
    return record, etree.fromstring(data)[0]


def test_after_an_edit_only_what_contradicts_it_is_left_out() -> None:
    partners = [Participant("funding", "Coopération belge"), Participant("implementing", "IOM")]
    _, activity = edited("participating_orgs", partners)
    found = activity.findall("participating-org")
    assert {one.findtext("narrative") for one in found} == {"Coopération belge", "IOM"}
    assert [one.get("crs-channel-code") for one in found if one.get("ref") == "BE-1"] == ["47066"]


def test_a_new_budget_leaves_what_was_paid() -> None:
    _, activity = edited("budget", Decimal(3500))
    assert activity.findall("budget") == []
    amounts = [value.text for value in activity.findall("transaction/value")]
    assert sorted(amounts) == ["100", "3500"]
    assert activity.find("planned-disbursement") is not None


def test_a_new_page_leaves_the_other_documents() -> None:
    _, activity = edited("url", "https://example.org/new")
    urls = {link.get("url") for link in activity.findall("document-link")}
    assert urls == {"papers/1.pdf", "https://example.org/new"}


def test_a_new_description_leaves_objectives_and_target_groups() -> None:
    _, activity = edited("descriptions", {"fr": "Trois refuges."})
    kinds = {d.get("type"): d.findtext("narrative") for d in activity.findall("description")}
    assert kinds == {"1": "Trois refuges.", "2": "Objectifs.", "3": "Victimes."}


def test_another_organisation_reports_in_its_own_name() -> None:
    record = read(an_iati_file(EVERYTHING)).record
    assert record is not None
    owner = Organisation(slug="iom", name="IOM", iati_identifier="XM-DAC-47066")
    data = start_of_file() + write_activity(record, owner) + end_of_file()
    assert_valid(data)
    reporting = etree.fromstring(data)[0].find("reporting-org")
    assert reporting is not None and reporting.get("ref") == "XM-DAC-47066"
    again = read(data).record
    assert again is not None and again.source == record.source


def test_two_general_descriptions_are_paragraphs_of_one() -> None:
    activity = an_activity("X-1").replace(
        "</description>",
        "</description><description><narrative>More of it.</narrative></description>",
    )
    record = read(an_iati_file(activity)).record
    assert record is not None
    assert record.descriptions == {"en": "What is done.\n\nMore of it."}
    data = exported(record)
    assert lost(etree.fromstring(activity), data) == [
        ("reporting-org", (("ref", "SE-0"), ("type", "10")), "")
    ]
    assert read(data).record == record


VALUES = st.sampled_from(
    ["1", "2", "3", "10", "99", "MD", "XK", "2025-01-31", "2025-13-01", "-5.5", "1e5", "true",
     "A12", "fr", "EUR", "https://example.org/a?b#c", "a b", "protection", "", " ", "ü", "15160",
     "https://convene.example/codelists#pillars", "998", "100", "33.333333", "convene:x:1"]
)  # fmt: skip
WORDS = st.sampled_from(["Refuges", "  ", "à deux\n lignes", "<&>", "5000", "x:y", "\u200b"])
LANGUAGES = st.sampled_from([None, None, "fr", "en", "FR", "xx-invalid language", ""])


@st.composite
def an_element(draw: st.DrawFn, key: str, depth: int = 0) -> etree._Element:
    """An element of this name, more or less as it should be."""
    shape = SHAPES[key]
    element = etree.Element(key.rpartition("/")[2])
    names = [entry.partition(":")[0].rstrip("!") for entry in shape.attributes.split()]
    for name in draw(st.permutations(names)) if names else []:
        if draw(st.integers(0, 5)):
            element.set(name, draw(VALUES))
    if language := draw(LANGUAGES):
        element.set(XML_LANG, language)
    if shape.text or draw(st.integers(0, 9)) == 0:
        element.text = draw(WORDS | VALUES)
    for entry in shape.children.split():
        least = 0 if entry[-1] in "?*" else 1
        most = 1 if entry[-1] not in "*+" else 2
        wanted = draw(st.integers(least, most)) if depth < 2 or least else 0
        for _ in range(wanted):
            element.append(draw(an_element(entry.rstrip("?*+"), depth + 1)))
    if draw(st.integers(0, 9)) == 0:
        element.append(etree.Element("{urn:publisher}note", {"{urn:publisher}a": "1", "b": "2"}))
    return element


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    parts=st.lists(
        st.sampled_from([name for name in ORDER if name not in ("iati-identifier", "title")])
        .flatmap(an_element),
        max_size=6,
    ),
    version=st.sampled_from(["2.03", "2.03", "1.04"]),
)  # fmt: skip
def test_whatever_an_activity_holds_comes_out_valid_and_comes_back(
    parts: list[etree._Element], version: str
) -> None:
    activity = etree.fromstring(an_activity("X-1"))
    activity.extend(parts)
    text = etree.tostring(activity, encoding="unicode")
    record = read(an_iati_file(text, version=version)).record
    assert record is not None
    data = exported(record)
    assert_valid(data)
    again = read(data).record
    assert again is not None
    assert as_json(again) == as_json(record)
    assert exported(again) == data
