"""Workbooks that are broken, absurd or malicious: a clear message, bounded time and memory."""

import io
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from registry.errors import Invalid
from registry.exchange.reading import read_file
from tests.registry.exchange.files import a_workbook, rows_in

WORKBOOK = a_workbook(["title", "reporting_org"], ["x", "Sida"])


def with_part(name: str, content: bytes) -> bytes:
    """A good workbook with one part replaced or added."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            if part.filename != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return buffer.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"


def a_sheet(rows: bytes) -> bytes:
    """The XML of a sheet with these rows."""
    start = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    return start + b"<sheetData>" + rows + b"</sheetData></worksheet>"


def four_gigabytes(path: Path, *, declared: int) -> Path:
    """A workbook with a sheet that unpacks to 4 GB, whatever size its directory declares.

    The packed stream is one block of elements over and over; its checksum is that of what is
    declared, so that only a reader that counts for itself notices.
    """
    block = b"<b></b>\n" * (1 << 17)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = start + again * 4094 + packer.flush()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(path, "w") as new:
        for part in old.infolist():
            if part.filename != SHEET:
                new.writestr(part, old.read(part))
        new.writestr(SHEET, packed)
    data = bytearray(path.read_bytes())
    checksum = zlib.crc32(block[:declared])
    local, central = data.find(SHEET.encode()) - 30, data.rfind(SHEET.encode()) - 46
    for at, fields in ((local, (8, 14, 22)), (central, (10, 16, 24))):
        method, crc, size = (at + offset for offset in fields)
        data[method : method + 2] = (8).to_bytes(2, "little")
        data[crc : crc + 4] = checksum.to_bytes(4, "little")
        data[size : size + 4] = declared.to_bytes(4, "little")
    path.write_bytes(data)
    return path


MEASURE = """
import re, sys, time
from pathlib import Path
from registry.errors import Invalid
from registry.exchange.reading import read_file
started = time.perf_counter()
try:
    print(len(list(read_file(Path(sys.argv[1])))), "rows")
except Invalid as error:
    print(error)
seconds = time.perf_counter() - started
most = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
print(seconds, int(most) // 1024)
"""


def measured(path: Path) -> tuple[str, float, int]:
    """Read a file in a process of its own: what was said, seconds, megabytes at the most.

    The peak is Linux's VmHWM: what `resource` tells includes the memory of the forking parent.
    """
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)],
        capture_output=True, check=True, text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    said, figures = done.stdout.rsplit("\n", 2)[:2]
    seconds, megabytes = figures.split()
    return said, float(seconds), int(megabytes)


@pytest.mark.parametrize("declared", [4095 << 20, 1 << 20])
def test_four_gigabytes_in_a_small_workbook(tmp_path: Path, declared: int) -> None:
    path = four_gigabytes(tmp_path / "bomb.xlsx", declared=declared)
    assert path.stat().st_size < 7_000_000
    said, seconds, megabytes = measured(path)
    assert not said.endswith(" rows")
    assert seconds < 5
    assert megabytes < 300


HARM = {
    "a cell of 100 MB": (
        STRINGS,
        lambda: b"<sst><si><t>" + b"x" * 100_000_000 + b"</t></si></sst>",
        "32,767",
    ),
    "10 million columns": (
        SHEET,
        lambda: a_sheet(b"<row>" + b"<c/>" * 10_000_000 + b"</row>"),
        "column 501",
    ),
    "columns under a prefix": (
        SHEET,
        lambda: a_sheet(b"<row>" + b"<x:c>1</x:c>" * 1_000 + b"</row>"),
        "column 1000",
    ),
    "2 million rows": (SHEET, lambda: a_sheet(b"<row/>" * 2_000_000), "200000 rows"),
    "a cell at the end of the world": (
        SHEET,
        lambda: a_sheet(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        "row 1048576",
    ),
    "an entity bomb": (
        SHEET,
        lambda: b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>" + a_sheet(b"&b;"),
        "entities of its own",
    ),
    "an external entity": (
        STRINGS,
        lambda: b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst>&a;</sst>',
        "entities of its own",
    ),
    "an external schema": (
        STRINGS,
        lambda: b'<!DOCTYPE x SYSTEM "http://example.org/x.dtd"><sst/>',
        "entities of its own",
    ),
    "a list of sheets that stops": (
        "xl/workbook.xml",
        lambda: b"<workbook><sheets><sheet",
        "XLSX",
    ),
    "NUL bytes": (SHEET, lambda: b"\0" * 1000, "XLSX"),
    "nothing": (SHEET, lambda: b"", "XLSX"),
}


@pytest.mark.parametrize("harm", list(HARM))
def test_workbooks_that_mean_harm(tmp_path: Path, harm: str) -> None:
    part, content, said = HARM[harm]
    path = tmp_path / "a.xlsx"
    path.write_bytes(with_part(part, content()))
    told, seconds, megabytes = measured(path)
    assert said in told
    assert seconds < 5
    assert megabytes < 300


def test_a_dimension_that_is_not_true_does_not_matter() -> None:
    sheet = a_sheet(
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>title</t></is></c>'
        b'<c r="B1" t="inlineStr"><is><t>reporting_org</t></is></c></row>'
        b'<row r="2"><c r="A2" t="inlineStr"><is><t>x</t></is></c>'
        b'<c r="B2" t="inlineStr"><is><t>Sida</t></is></c></row>'
    ).replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')
    (row,) = read_file(with_part(SHEET, sheet))
    assert row.title == "x"


def test_merged_cells_without_end_do_not_matter() -> None:
    merges = b'<mergeCell ref="A2:A1048576"/>' * 20_000
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as archive:
        sheet = archive.read(SHEET)
    sheet = sheet.replace(
        b"</sheetData>", b"</sheetData><mergeCells>" + merges + b"</mergeCells>", 1
    )
    (row,) = read_file(with_part(SHEET, sheet))
    assert row.title == "x"


def test_a_part_that_comes_twice_is_refused() -> None:
    buffer = io.BytesIO(WORKBOOK)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning):
        archive.writestr(SHEET, a_sheet(b""))
    assert "XLSX" in refused(buffer.getvalue())


def refused(data: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        list(read_file(data))
    return str(caught.value)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.exchange.workbook.LARGEST_UNPACKED", 20_000_000)
    data = with_part("xl/styles2.xml", b" " * 30_000_000)
    assert len(data) < 100_000
    assert "MB" in refused(data)


def test_a_zip_that_lies_about_its_size_is_refused() -> None:
    data = bytearray(with_part("xl/worksheets/extra.xml", b"\0" * 1_000_000))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    assert "broken" in refused(bytes(data))


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
def test_a_workbook_that_was_cut_is_refused(keep: float) -> None:
    data = WORKBOOK
    assert "XLSX" in refused(data[: int(len(data) * keep)])


def test_another_zip_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("projects.csv", "title")
    assert "zip file" in refused(buffer.getvalue())


@pytest.mark.parametrize("far", [0, 70_000, 1_048_570])
def test_a_workbook_with_a_password_is_not_called_an_old_one(far: int) -> None:
    """Both lie in the container of an old Excel; the name of the part tells them apart."""
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * far
    with pytest.raises(Invalid, match="protected by a password"):
        rows_in(container + "EncryptedPackage".encode("utf-16-le") + b"\0" * 100, "a.xlsx")
    with pytest.raises(Invalid, match="old Excel"):
        rows_in(container + "Workbook".encode("utf-16-le") + b"\0" * 100, "a.xls")
