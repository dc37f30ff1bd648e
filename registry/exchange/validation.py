"""Checking a file as an import would, without a database; IATI also against its schema."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from lxml import etree

from registry.errors import FieldError, Invalid
from registry.exchange.iati.fragments import ActivityFile
from registry.exchange.reading import rows_of
from registry.exchange.record import as_json
from registry.exchange.source import Row, Source, detect_format
from registry.folding import fold
from registry.messages import message

MOST_MESSAGES = 10_000
LARGEST_WHOLE = 16 * 1024 * 1024
"""Bytes of an IATI file that is checked whole; of a larger one each activity is checked alone."""

_NEWEST = "2.03"


@dataclass
class Validation:
    """What is wrong with one file; messages are as in the result of an import."""

    file: str
    records: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def add(self, errors: Iterable[FieldError], **place: Any) -> None:
        """Take up errors that stand at a place of the file."""
        _take(self.errors, self.file, errors, place)

    def note(self, warnings: Iterable[FieldError], **place: Any) -> None:
        """Take up warnings that stand at a place of the file."""
        _take(self.warnings, self.file, warnings, place)


def validate_file(file: Path, format: str | None = None) -> Validation:
    """Check every record of a file, and an IATI file against its schema.

    The schemas are those of pyIATI; where it is not installed, a warning says so.
    """
    result = Validation(file.name)
    try:
        source = Source(file)
        found, warnings = detect_format(source, format)
        result.note(warnings, row=None, identifier=None)
        twins = _Twins(rows_of(source, found))
        for row in rows_of(source, found):
            result.records += 1
            place = {row.kind: row.number, "identifier": row.identifier}
            twins.look_at(row)
            result.add(row.errors, **place)
            result.note(row.warnings, **place)
        twins.report(result)
        if found == "iati":
            _check_schema(source, file.stat().st_size, result)
    except Invalid as error:
        result.add(error.errors, row=None, identifier=None)
    return result


def _take(
    messages: list[dict[str, Any]],
    file: str,
    said: Iterable[FieldError],
    place: dict[str, Any],
) -> None:
    for error in said:
        if len(messages) < MOST_MESSAGES:
            text = str(error.message)
            messages.append({"file": file, **place, "field": error.field, "message": text})


class _Twins:
    """Records of one file that claim to be the same project and differ."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """Look through the file once for identifiers that come more than once."""
        seen: set[int] = set()
        self._claimed: dict[int, list[tuple[Row, bytes]]] = {}
        for row in rows:
            key = _key(row)
            if key is not None and key in seen:
                self._claimed[key] = []
            elif key is not None:
                seen.add(key)

    def look_at(self, row: Row) -> None:
        """Remember a record if another one of the file has its identifier."""
        key = _key(row) if self._claimed else None
        if key is not None and key in self._claimed and row.record is not None:
            text = json.dumps(as_json(row.record), sort_keys=True, default=str)
            digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).digest()
            self._claimed[key].append((row, digest))

    def report(self, result: Validation) -> None:
        """Report all records of which another one is the same project, but says other things."""
        for claims in self._claimed.values():
            if len({digest for _, digest in claims}) < 2:
                continue
            for row, _ in claims:
                others = [str(other.number) for other, _ in claims if other is not row]
                error = FieldError(
                    "identifier",
                    message(
                        "Another record of this file has the same identifier and differs ({kind} "
                        "{numbers}). Give each project its own identifier, or leave one of them "
                        "out.",
                        kind=row.kind,
                        numbers=", ".join(others[:5]),
                    ),
                )
                result.add([error], **{row.kind: row.number, "identifier": row.identifier})


def _key(row: Row) -> int | None:
    """Return what makes two records the same project: organisation and identifier."""
    if row.identifier and row.organisation and not row.errors:
        return hash((fold(row.organisation), row.identifier))
    if row.record is None:
        return None
    record = row.record
    known_by = record.identifier or record.iati_identifier
    return hash(
        (fold(record.reporting_org), known_by or (fold(record.title), str(record.start_date)))
    )


def _check_schema(source: Source, size: int, result: Validation) -> None:
    version = ActivityFile(source).version
    # 2.03 only adds to the versions before it; 1.0x is another language.
    version = version if version.startswith("1.") else _NEWEST
    schema = _schema(version)
    if schema is None:
        not_used = message(
            "The schema of IATI {version} is not installed here (pyIATI has it), so the file was "
            "not checked against it.",
            version=version,
        )
        result.note([FieldError("schema", not_used)], row=None, identifier=None)
    elif size <= LARGEST_WHOLE:
        _check_whole(source, schema, version, result)
    else:
        _check_activities(source, schema, version, result)


def _check_whole(source: Source, schema: etree.XMLSchema, version: str, result: Validation) -> None:
    try:
        with source.open() as stream:
            document = etree.parse(stream, _parser())
    except etree.XMLSyntaxError as error:
        broken = message("This is no well-formed XML: {reason}", reason=str(error))
        result.add([FieldError("file", broken)], line=error.lineno, identifier=None)
        return
    _report(schema, document.getroot(), version, 1, result)


def _check_activities(
    source: Source, schema: etree.XMLSchema, version: str, result: Validation
) -> None:
    """Check one activity after the other; what is not well-formed is reported by reading."""
    file = ActivityFile(source)
    parser = _parser()
    for fragment in file:
        opening = file.opening or b"<_>"
        try:
            activity = etree.fromstring(opening + fragment.xml + b"</_>", parser)[0]
        except etree.XMLSyntaxError:
            continue
        _report(schema, activity, version, fragment.line, result)
        if len(result.errors) >= MOST_MESSAGES:
            break


def _report(
    schema: etree.XMLSchema,
    element: etree._Element,
    version: str,
    first_line: int,
    result: Validation,
) -> None:
    if schema.validate(element):
        return
    for problem in cast(Iterable[Any], schema.error_log):
        against = message(
            "Against the schema of IATI {version}: {reason}",
            version=version,
            reason=problem.message,
        )
        where = FieldError(problem.path or "file", against)
        result.add([where], line=first_line + problem.line - 1, identifier=None)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


@cache
def _schema(version: str) -> etree.XMLSchema | None:
    """Return the schema of activity files, from pyIATI's files alone (its code is not needed)."""
    package = find_spec("iati")
    if package is None or not package.submodule_search_locations:
        return None
    root = Path(package.submodule_search_locations[0]) / "resources" / "standard"
    path = root / version.replace(".", "-") / "schemas" / "iati-activities-schema.xsd"
    return etree.XMLSchema(etree.parse(path)) if path.is_file() else None
