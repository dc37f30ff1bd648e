"""Is an XLSX file what it seems? Unpacked piece by piece before anything of it is kept in memory.

The sizes in a zip's directory can lie, and two programs may read one zip differently. So the parts
are written anew, as they were checked, and only that copy is read.
"""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lxml import etree

from registry.errors import Invalid
from registry.exchange.sheet_scan import Faults, SheetScan
from registry.exchange.source import Source, refuse_file
from registry.messages import message

LARGEST_UNPACKED = 256 * 1024 * 1024
"""Bytes of all parts of a workbook together, unpacked."""
LARGEST_LIST_OF_SHEETS = 4 * 1024 * 1024
"""Bytes of the part that names the sheets."""
MOST_PARTS = 2_000
LONGEST_TEXT = 300_000
"""Bytes between two tags: a cell may have 32,767 characters, each up to `&#x1F600;` long."""

_CHUNK = 1 << 20
_READ = (".xml", ".rels")
"""Ends of the names of parts that are read; pictures and macros are not copied."""
_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


@contextmanager
def checked_workbook(source: Source) -> Iterator[tuple[Path, Mapping[str, Faults]]]:
    """Give a copy of the workbook to read, and what is wrong in cells: sheet -> place -> why.

    Raises Invalid for a file that is no workbook, or one of absurd size.
    """
    with tempfile.TemporaryDirectory(prefix="convene-") as folder:
        copy = Path(folder) / "checked.xlsx"
        try:
            with source.open() as stream, zipfile.ZipFile(stream) as archive:
                faults = _check(archive, copy)
                sheets = _sheets(archive) if faults else {}
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise _broken() from error
        except (RuntimeError, ValueError, UnicodeError) as error:  # encrypted, or nonsense inside
            raise _broken() from error
        yield copy, {name: faults[part] for name, part in sheets.items() if part in faults}


def _check(archive: zipfile.ZipFile, copy: Path) -> dict[str, Faults]:
    """Copy every part that is read; return the faults of each sheet's part."""
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if "[content_types].xml" not in names or not any("workbook" in name for name in names):
        raise refuse_file(
            message("This is a zip file, not an XLSX workbook. Unpack it and upload what is in it.")
        )
    if len(names) < len(parts):
        raise _broken()
    if sum(part.file_size for part in parts) > LARGEST_UNPACKED or len(parts) > MOST_PARTS:
        raise _too_large()
    left = LARGEST_UNPACKED
    faults: dict[str, Faults] = {}
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as checked:
        for part in parts:
            name = part.filename.lower()
            if not name.endswith(_READ):
                continue
            scan = SheetScan() if "worksheets/" in name else None
            with archive.open(part) as stream, checked.open(part.filename, "w") as into:
                left -= _copy(stream, into, left, scan)
            if scan is not None and scan.faults:
                faults[part.filename] = scan.faults
    return faults


def _copy(stream: IO[bytes], into: IO[bytes], most: int, scan: SheetScan | None) -> int:
    """Copy one part of XML, look at it on the way, and return its size in bytes."""
    size, open_text, end = 0, 0, b""
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > most:
            raise _too_large()
        if b"<!DOCTYPE" in end + chunk or b"<!ENTITY" in end + chunk:
            raise refuse_file(
                message("The workbook defines entities of its own, which no spreadsheet does.")
            )
        end = chunk[-16:]
        texts = chunk.split(b"<")
        longest = max(open_text + len(texts[0]), *map(len, texts))
        open_text = open_text + len(chunk) if len(texts) == 1 else len(texts[-1])
        if longest > LONGEST_TEXT:
            raise refuse_file(
                message(
                    "A cell of the workbook has more than the 32,767 characters that XLSX allows. "
                    "This is no list of projects."
                )
            )
        if scan is not None:
            scan.feed(chunk)
        into.write(chunk)
    if scan is not None:
        scan.close()
    return size


def _sheets(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return sheet -> name of its part; empty where the workbook does not say it as usual."""
    names = set(archive.namelist())
    if not {_WORKBOOK, _RELATIONS} <= names:
        return {}
    try:
        targets = {
            str(element.get("Id")): str(element.get("Target", ""))
            for element in _parsed(archive, _RELATIONS).iter("{*}Relationship")
        }
        found = {}
        for sheet in _parsed(archive, _WORKBOOK).iter("{*}sheet"):
            relation = next((v for k, v in sheet.attrib.items() if str(k).endswith("}id")), "")
            target = targets.get(str(relation), "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            found[str(sheet.get("name"))] = part
    except etree.XMLSyntaxError as error:
        raise _broken() from error
    return found


def _parsed(archive: zipfile.ZipFile, name: str) -> etree._Element:
    if archive.getinfo(name).file_size > LARGEST_LIST_OF_SHEETS:
        raise _too_large()
    return etree.fromstring(archive.read(name), _PARSER)


def _too_large() -> Invalid:
    return refuse_file(
        message(
            "The workbook unpacks to more than {most} MB. That is no list of projects; save the "
            "table alone as a new file.",
            most=LARGEST_UNPACKED // (1024 * 1024),
        )
    )


def _broken() -> Invalid:
    return refuse_file(
        message(
            "The XLSX file is broken, was cut, or is locked with a password. Open it in a "
            "spreadsheet and save it again without one."
        )
    )
