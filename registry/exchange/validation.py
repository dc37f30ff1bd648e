"""Checking a file as an import would, without a database; IATI also against its schema."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from lxml import etree

from registry.errors import FieldError, Invalid
from registry.exchange.duplicates import Duplicates
from registry.exchange.reading import rows_of
from registry.exchange.source import Source, detect_format
from registry.messages import message

MOST_MESSAGES = 10_000
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
        duplicates = Duplicates(rows_of(source, found))
        for row in rows_of(source, found):
            result.records += 1
            place = {row.kind: row.number, "identifier": row.identifier}
            twice = duplicates.error_of(row)
            result.add([*row.errors, *([twice] if twice else [])], **place)
            result.note(row.warnings, **place)
        if found == "iati":
            _check_schema(source, result)
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


def _check_schema(source: Source, result: Validation) -> None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        with source.open() as stream:
            document = etree.parse(stream, parser)
    except etree.XMLSyntaxError as error:
        broken = message("This is no well-formed XML: {reason}", reason=str(error))
        result.add([FieldError("file", broken)], line=error.lineno, identifier=None)
        return
    version = document.getroot().get("version", _NEWEST)
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
    elif not schema.validate(document):
        for problem in cast(Iterable[Any], schema.error_log):
            against = message(
                "Against the schema of IATI {version}: {reason}",
                version=version,
                reason=problem.message,
            )
            where = FieldError(problem.path or "file", against)
            result.add([where], line=problem.line, identifier=None)


@cache
def _schema(version: str) -> etree.XMLSchema | None:
    """Return the schema of activity files, from pyIATI's files alone (its code is not needed)."""
    package = find_spec("iati")
    if package is None or not package.submodule_search_locations:
        return None
    root = Path(package.submodule_search_locations[0]) / "resources" / "standard"
    path = root / version.replace(".", "-") / "schemas" / "iati-activities-schema.xsd"
    return etree.XMLSchema(etree.parse(path)) if path.is_file() else None
