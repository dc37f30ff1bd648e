"""However the record of an activity comes about, it is the same record."""

import pickle
from collections.abc import Callable

import pytest

from registry.exchange.reading import read_file
from registry.exchange.record import ProjectRecord
from registry.exchange.source import Row
from tests.registry.exchange.files import an_activity, an_iati_file
from tests.registry.exchange.iati_examples import EVERYTHING, OLD

FILES = {
    "2.03": an_iati_file(*[EVERYTHING, *(an_activity(f"X-{n}") for n in range(3))] * 3),
    "1.05": an_iati_file(*[OLD, an_activity("X-1")] * 4, version="1.05"),
}


def one_by_one(data: bytes) -> list[Row]:
    """Each record as soon as its row is there: what was parsed is held for the later ones."""
    rows = []
    for row in read_file(data):
        assert row.record is not None
        rows.append(row)
    return rows


def all_at_the_end(data: bytes) -> list[Row]:
    """No record before the file is read: each activity is parsed again."""
    return list(read_file(data))


def elsewhere(data: bytes) -> list[Row]:
    """Most records before the rows go to another process, the others there."""
    rows = [row for row in read_file(data) if row.index % 3 == 0 or row.record is not None]
    again: list[Row] = pickle.loads(pickle.dumps(rows))
    return again


def told(row: Row) -> tuple[ProjectRecord | None, object]:
    record = row.record
    return record, (row.identifier, row.title, row.given, row.warnings, row.errors)


@pytest.mark.parametrize("version", FILES)
@pytest.mark.parametrize("another_way", [all_at_the_end, elsewhere])
def test_the_record_is_the_same(another_way: Callable[[bytes], list[Row]], version: str) -> None:
    expected = [told(row) for row in one_by_one(FILES[version])]
    found = [told(row) for row in another_way(FILES[version])]
    assert found == expected
    assert all(record is not None for record, _ in found)


@pytest.mark.parametrize("text", ["Shelters", "Shel\x7fters"])
def test_what_is_kept_stands_as_it_stood(text: str) -> None:
    kept = [
        f'<sector code="15160" vocabulary="1"><narrative>{text}</narrative></sector>',
        '<sector code="2" vocabulary="99" vocabulary-uri="http://a.b?c&gt;d"/>',
    ]
    data = an_iati_file(an_activity("X-1", more="stray\n" + " stray ".join(kept)))
    (row,) = read_file(data)
    assert row.record is not None
    assert row.record.source["iati"]["elements"]["sector"] == kept


@pytest.mark.parametrize(
    "hidden",
    ["<!-- </iati-activity> -->", "<![CDATA[</iati-activity>]]>", "<?a </iati-activity>?>"],
)
def test_signs_in_a_text_do_not_hide_what_is_hidden(hidden: str) -> None:
    activities = [
        an_activity("X-1", "Really? Yes!"),
        an_activity("X-2", description=f"Really? {hidden} Yes!"),
        an_activity("X-3", "Really? Yes!"),
    ]
    assert [row.identifier for row in read_file(an_iati_file(*activities))] == ["X-1", "X-2", "X-3"]
    alone = read_file(an_iati_file(an_activity("X-2", description=hidden)))
    assert [row.identifier for row in alone] == ["X-2"]
