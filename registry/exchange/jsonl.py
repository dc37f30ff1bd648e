"""JSON Lines: one object a line, with the keys of the project record."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from registry.errors import FieldError
from registry.exchange.record import ProjectRecord, as_json, parse_record
from registry.exchange.source import Row, Source
from registry.exchange.text_lines import TextFile
from registry.exchange.values import shown
from registry.messages import Message, message

_DEEPEST = 20
"""Lists and objects in each other; what is deeper can be read, but not passed on safely."""
_MOST_SHOWN = 10_000
"""Characters of a line that can't be read."""
PROBLEMS = "problems"
"""The key under which a refused line says why; when it comes back, nobody reads it."""


def read_jsonl(source: Source, defaults: Mapping[str, Any] | None = None) -> Iterator[Row]:
    """Read a file line by line; a line that is no object is refused by itself."""
    file = TextFile.of(source)
    warnings = list(file.warnings)
    for number, line in enumerate(file.lines(), 1):
        if not line.strip("\ufeff \t\r\n"):
            continue
        row = read_line(line, number, defaults)
        row.warnings[:0], warnings = warnings, []
        yield row


def read_line(line: str, number: int, defaults: Mapping[str, Any] | None = None) -> Row:
    """Read one line."""
    try:
        raw = json.loads(line.lstrip("\ufeff"), parse_constant=_not_json)
    except RecursionError:
        return _refused(line, number, message("The line is nested too deeply."))
    except ValueError as error:
        column = getattr(error, "colno", None)
        return _refused(
            line,
            number,
            message(
                "The line is not valid JSON (character {column}). Write one whole object a "
                "line; a line that stops in the middle means that the file was cut.",
                column=column or 1,
            ),
        )
    if _is_deep(raw):
        return _refused(line, number, message("The line is nested too deeply."))
    if not isinstance(raw, dict):
        return _refused(line, number, message("The line is not an object: {{…}}."))
    raw.pop(PROBLEMS, None)
    return row_of(raw, "line", number, defaults)


def row_of(
    raw: dict[str, Any], kind: Any, number: int, defaults: Mapping[str, Any] | None = None
) -> Row:
    """Parse the values of one record and say where it stood."""
    filled = raw
    if defaults:
        filled = {**raw, **{k: v for k, v in defaults.items() if raw.get(k) in (None, "")}}
    parsed = parse_record(filled)
    record = parsed.record
    return Row(
        kind,
        number,
        record,
        parsed.errors,
        parsed.warnings,
        identifier=record.identifier if record else _shown(raw.get("identifier", raw.get("id"))),
        title=record.title if record else _shown(raw.get("title")) or "",
        given=spoken_of(filled),
        raw=raw,
        organisation_keys=(record.reporting_org,) if record else (),
    )


_NEVER_EMPTY = frozenset({"visibility", "language"})
"""Fields that always have a value: left empty they stay as they are, and restricted projects
restricted."""


def spoken_of(values: Mapping[str, Any]) -> frozenset[str]:
    """Return the fields that a record speaks about: empty ones count, as emptied."""
    return frozenset(
        name
        for name, value in values.items()
        if name not in _NEVER_EMPTY or value not in (None, "")
    )


def write_line(record: ProjectRecord) -> bytes:
    """Return the line of a record, line break included."""
    return json.dumps(as_json(record), ensure_ascii=False).encode() + b"\n"


def _is_deep(value: Any) -> bool:
    """Say whether a value is nested more deeply than any record is."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _not_json(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _refused(line: str, number: int, why: Message) -> Row:
    """Return a line that is no record, with its text as far as a person may want to see it."""
    text: dict[str, object] = {"line": line.strip()[:_MOST_SHOWN]}
    return Row("line", number, None, [FieldError("record", why)], raw=text)


def _shown(value: Any) -> str | None:
    """Return a value of a refused record in a form that can be shown anywhere."""
    if value is None or isinstance(value, list | dict):
        return None
    return shown(value, 200)
