"""Files that are broken, absurd or malicious: a clear message, bounded time and memory."""

import io
import json
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.errors import Invalid
from registry.exchange.reading import read_file
from registry.exchange.record import as_json, as_row, parse_record
from registry.exchange.source import Row
from tests.registry.exchange.files import an_activity, an_iati_file, csv_file, jsonl_file

ROW = {"title": "x", "reporting_org": "Sida"}


def a_workbook() -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, list(ROW))
    sheet.write_row(1, 0, list(ROW.values()))
    book.close()
    return buffer.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    """The workbook with one part replaced or added."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(a_workbook())) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            if part.filename != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return buffer.getvalue()


def refused(data: bytes, filename: str = "x", format: str | None = None) -> str:
    with pytest.raises(Invalid) as caught:
        list(read_file(data, format, filename))
    return str(caught.value)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.exchange.workbook.LARGEST_UNPACKED", 20_000_000)
    data = with_part("xl/media/zeros", b"\0" * 30_000_000)
    assert len(data) < 100_000
    assert "MB" in refused(data)


def test_a_zip_that_lies_about_its_size_is_refused() -> None:
    data = bytearray(with_part("xl/worksheets/extra.xml", b"\0" * 1_000_000))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    assert "broken" in refused(bytes(data))


def test_a_sheet_with_a_cell_at_the_end_of_the_world_is_refused() -> None:
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    assert "1048576" in refused(with_part("xl/worksheets/sheet1.xml", sheet))


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
def test_a_workbook_that_was_cut_is_refused(keep: float) -> None:
    data = a_workbook()
    assert "XLSX" in refused(data[: int(len(data) * keep)])


def test_another_zip_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("projects.csv", "title")
    assert "zip file" in refused(buffer.getvalue())


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
    ],
)
def test_what_is_no_list_of_projects_is_refused_with_what_to_do(data: bytes, said: str) -> None:
    assert said in refused(data)


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
    "xlsx": a_workbook(),
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
@given(
    lines=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=20
    )
)
def test_every_line_of_json_lines_is_accounted_for(lines: list[str]) -> None:
    data = jsonl_file(ROW) + b"".join(
        json.dumps({"title": line}).encode() + b"\n" for line in lines
    )
    rows = read_or_refuse(data)
    assert rows is not None
    assert len(rows) == len(lines) + 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no file"):
        list(read_file(tmp_path / "none.csv"))
