"""Files that are broken, absurd or malicious: a clear message, bounded time and memory."""

import csv
import io
import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.errors import Invalid
from registry.exchange.reading import read_file
from registry.exchange.record import as_json, as_row, parse_record
from registry.exchange.source import Row
from tests.registry.exchange.files import (
    a_workbook,
    an_activity,
    an_iati_file,
    csv_file,
    jsonl_file,
)

ROW = {"title": "x", "reporting_org": "Sida"}
WORKBOOK = a_workbook(list(ROW), list(ROW.values()))


def refused(data: bytes, filename: str = "x", format: str | None = None) -> str:
    with pytest.raises(Invalid) as caught:
        list(read_file(data, format, filename))
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"%PDF-1.7", "document"),
        (b"\xd0\xcf\x11\xe0old excel", ".xlsx"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b'[{"title": "x"}]', "JSON Lines"),
        (bytes(range(1, 32)) * 100, "not text"),
        (b"title," + b"x" * 5_000_000, "more than"),
        (b"," * 5_000_000, "more than"),
        (b'title,reporting_org\n"' + b"x" * 300_000, "quotation mark"),
        (b'title,reporting_org\n"' + b"x\n" * 50_000_000 + b'",y', "quotation mark"),
        (b"title,reporting_org\n" + b"x" * 100_000_000, "more than"),
        (b"title," + b"," * 10_000_000, "more than"),
        (b'{"title": "' + b"x" * 100_000_000 + b'"}', "more than"),
        ("title,reporting_org\nx,Sida\n".encode("utf-16")[:-1], "middle of a character"),
        ('{"title": "x"}\n'.encode("utf-16")[:-1], "middle of a character"),
    ],
)
def test_what_is_no_list_of_projects_is_refused_with_what_to_do(data: bytes, said: str) -> None:
    started = time.perf_counter()
    assert said in refused(data)
    assert time.perf_counter() - started < 5


def test_half_characters_are_errors_of_their_field() -> None:
    lone = "title,reporting_org\n\ud800x,Sida\ny,Sida\n".encode("utf-16-le", "surrogatepass")
    table = list(read_file(b"\xff\xfe" + lone, filename="x.csv"))
    assert [[error.field for error in row.errors] for row in table] == [["title"], []]
    lines = b'{"title": "\\ud800", "reporting_org": "Sida"}\n' + jsonl_file(ROW)
    assert [[error.field for error in row.errors] for row in read_file(lines)] == [["title"], []]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_file_that_was_cut_loses_no_record_silently(form: str) -> None:
    rows = [ROW | {"title": f"Project {n}", "status": "closed"} for n in range(20)]
    data = csv_file(*rows) if form == "csv" else jsonl_file(*rows)
    for cut in range(60, len(data), 7):
        found = list(read_file(data[:cut], form))
        whole = [row for row in found if row.record is not None]
        assert [row.title for row in whole] == [f"Project {n}" for n in range(len(whole))]
        assert len(found) - len(whole) <= 1


def test_a_format_that_the_content_is_not() -> None:
    assert "its content is jsonl" in refused(jsonl_file(ROW), format="iati")
    assert "not a format" in refused(jsonl_file(ROW), format="docx")


def test_lines_that_are_no_objects_are_refused_alone() -> None:
    data = b'{"title": "x"\n[1]\n{"title": NaN}\n' + b"[" * 100_000 + b"\n" + jsonl_file(ROW)
    rows = list(read_file(b'{"title": 1}\n' + data))
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row.record is None for row in rows] == [True] * 5 + [False]
    assert all(row.errors for row in rows[:5])


FILES = {
    "csv": csv_file(ROW, ROW | {"title": "zweite Zeile; é"}),
    "jsonl": jsonl_file(ROW, ROW),
    "xlsx": WORKBOOK,
    "iati": an_iati_file(an_activity("X-1"), an_activity("X-2", title="é")),
}


def read_or_refuse(data: bytes, format: str | None = None) -> list[Row] | None:
    """Read; the only error that may come out is Invalid, and each row is good or says why not."""
    try:
        rows = list(read_file(data, format, "x"))
    except Invalid as error:
        assert all(str(field.message) for field in error.errors)
        return None
    for row in rows:
        assert (row.record is None) == bool(row.errors)
        if row.record is not None:
            json.dumps(as_json(row.record)).encode()
            assert "\0" not in str(as_row(row.record))
    assert len({row.index for row in rows}) == len(rows)
    return rows


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=400), format=st.sampled_from([None, "csv", "jsonl", "iati", "xlsx"]))
def test_whatever_bytes_come_nothing_breaks(data: bytes, format: str | None) -> None:
    read_or_refuse(data, format)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(list(FILES)),
    at=st.integers(0, 5_000),
    length=st.integers(0, 30),
    put=st.binary(max_size=12),
)
def test_a_good_file_with_some_bytes_changed(name: str, at: int, length: int, put: bytes) -> None:
    data = FILES[name]
    at %= len(data)
    read_or_refuse(data[:at] + put + data[at + length :])


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(
    "identifier id title titles title_fr description descriptions language status start_date "
    "countries regions locations pillars measures budget currency participating_orgs related url "
    "contact_email visibility suggestions source reporting_org".split()
)


@settings(max_examples=120, deadline=None)
@given(raw=st.dictionaries(KEYS, JSON, max_size=8))
def test_whatever_values_come_a_record_or_its_errors_come_out(raw: dict[str, object]) -> None:
    parsed = parse_record(raw | {"reporting_org": "Sida"})
    assert (parsed.record is None) == bool(parsed.errors)
    if parsed.record is not None:
        assert parse_record(as_json(parsed.record)).record == parsed.record


@settings(max_examples=100, deadline=None)
@given(lines=st.lists(TEXT, min_size=1, max_size=20))
def test_every_line_of_json_lines_is_accounted_for(lines: list[str]) -> None:
    data = jsonl_file(ROW) + b"".join(
        json.dumps({"title": line}).encode() + b"\n" for line in lines
    )
    rows = read_or_refuse(data)
    assert rows is not None
    assert [row.number for row in rows] == list(range(1, len(lines) + 2))


COLUMNS_OF_TABLES = ["identifier", "title", "reporting_org", "start_date", "budget", "countries"]
TABLES = st.lists(st.lists(TEXT, min_size=6, max_size=6), min_size=1, max_size=8)


def accounted_for(rows: list[list[str]], found: list[Row] | None) -> None:
    """Every row in which something stands is a project, or a refused one, of its own number."""
    filled = [n for n, cells in enumerate(rows, 2) if any(cell.strip() for cell in cells)]
    if not filled:
        assert found is None
        return
    assert found is not None
    assert [row.number for row in found] == filled
    assert all((row.record is None) == bool(row.errors) for row in found)


@settings(max_examples=150, deadline=None)
@given(
    rows=TABLES,
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"]),
)
def test_every_row_of_a_csv_file_is_accounted_for(
    rows: list[list[str]], delimiter: str, encoding: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([COLUMNS_OF_TABLES, *rows])
    accounted_for(rows, read_or_refuse(text.getvalue().encode(encoding), "csv"))


@settings(max_examples=60, deadline=None)
@given(rows=TABLES)
def test_every_row_of_a_workbook_is_accounted_for(rows: list[list[str]]) -> None:
    accounted_for(rows, read_or_refuse(a_workbook(COLUMNS_OF_TABLES, *rows), "xlsx"))


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.lists(st.sampled_from(["", "a", "b", "MD", "UA", "?"]), min_size=4,
                              max_size=4), min_size=1, max_size=10))  # fmt: skip
def test_every_row_of_an_hxl_table_is_in_one_project(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["#org", "#activity", "#activity+id", "#country"], *rows])
    found = read_or_refuse(text.getvalue().encode(), "csv") or []
    told = [str(warning.message) for row in found for warning in row.warnings]
    together = [named.partition("Rows ")[2].split(" are")[0] for named in told if "Rows" in named]
    merged = {int(number) for group in together for number in group.split(", ")}
    alone = {row.number for row in found} - merged
    filled = {n for n, cells in enumerate(rows, 2) if any(cells)}
    assert alone | merged == filled
    assert sum(len(group.split(", ")) for group in together) == len(merged)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no file"):
        list(read_file(tmp_path / "none.csv"))
