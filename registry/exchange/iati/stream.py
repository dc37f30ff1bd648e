"""Reading an IATI file activity by activity, with flat memory, and around what is broken."""

import mmap
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from registry.errors import FieldError
from registry.exchange.iati.activity import Activity, Element, read_activity
from registry.exchange.record import CODED_LISTS, Parsed, parse_record
from registry.exchange.source import Row, Source, refuse_file
from registry.exchange.values import shown
from registry.messages import Message, message

LARGEST_ACTIVITY = 64 * 1024 * 1024
"""Bytes that one activity may have."""

_ROOT, _ACTIVITY = "iati-activities", "iati-activity"
_ESSENTIAL = ("identifier", "reporting_org", "title", "titles")
"""Fields whose errors refuse an activity; other fields are left out with a warning."""
_CARRIED = frozenset(
    "title description language status start_date end_date countries regions locations budget "
    "currency participating_orgs related url contact_name contact_email source "
    "identifier iati_identifier reporting_org reporting_org_type".split()
)
"""What an IATI file speaks about even where it is silent; the rest stays as it was."""

_PARSER_OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_blank_text": True,
    "remove_comments": True,
    "remove_pis": True,
}


def read_iati(source: Source, defaults: Mapping[str, Any] | None = None) -> Iterator[Row]:
    """Yield each activity of the file, refused ones too.

    Raises Invalid when the file as a whole is not to be read: another kind of XML, declared
    entities, or cut in the middle.
    """
    reader = _Stream(source)
    for element, line in reader.elements():
        yield row_of_element(element, line, reader.version, defaults)
    if reader.broken is not None:
        yield from _around_the_break(source, reader, defaults)
    elif reader.count == 0:
        raise refuse_file(message("The file has no activities in it."))


class _Stream:
    """The activities of a file up to its end, or up to where it is not well-formed."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.version = "2.03"
        self.count = 0
        self.broken: etree.XMLSyntaxError | None = None

    def elements(self) -> Iterator[tuple[Element, int]]:
        """Yield (activity, its line); the element is emptied before the next one comes."""
        parser = etree.XMLPullParser(
            events=("start", "end"), tag=(_ROOT, _ACTIVITY), **_PARSER_OPTIONS
        )
        fed = 0
        started = False
        for chunk in self.source.chunks():
            self._feed(parser, chunk)
            fed += len(chunk)
            events: Iterator[tuple[str, Any]] = parser.read_events()
            for event, element in events:
                if not started:
                    self._check_root(element)
                    started = True
                if event == "end" and element.tag == _ACTIVITY:
                    self.count += 1
                    fed = 0
                    yield element, element.sourceline or 0
                    _forget(element)
            if self.broken is not None:
                break
            if fed > LARGEST_ACTIVITY:
                raise refuse_file(
                    message("An activity has more than {most} MB.", most=LARGEST_ACTIVITY >> 20)
                )
        if self.broken is None:
            try:
                parser.close()
            except etree.XMLSyntaxError as error:
                self.broken = error
        self._check_end(started)

    def _feed(self, parser: Any, chunk: bytes) -> None:
        try:
            parser.feed(chunk)
        except etree.XMLSyntaxError as error:
            self.broken = error

    def _check_root(self, element: Element) -> None:
        dtd: Any = element.getroottree().docinfo.internalDTD
        if dtd is not None and any(True for _ in dtd.iterentities()):
            raise refuse_file(
                message(
                    "The file declares entities, which IATI does not need and which can be used "
                    "to attack a reader. Write the text in full."
                )
            )
        if element.tag != _ROOT or element.getparent() is not None:
            raise _other_xml()
        self.version = (element.get("version") or "2.03").strip()

    def _check_end(self, started: bool) -> None:
        """Raise Invalid for XML of another kind, and for a file that was cut."""
        if not started:
            if self.broken is not None and _entity_declared(self.source.head):
                raise refuse_file(
                    message("The file declares entities, which IATI does not need.")
                ) from self.broken
            raise _other_xml()
        if self.broken is not None and not _ends_whole(self.source):
            raise refuse_file(
                message(
                    "The file breaks off in line {line}: it was cut. Download or export it again.",
                    line=self.broken.lineno or 0,
                )
            ) from self.broken


def _forget(element: Element) -> None:
    """Free an activity and what stood before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _entity_declared(head: bytes) -> bool:
    return b"<!ENTITY" in head.replace(b"\0", b"")


def _ends_whole(source: Source) -> bool:
    last = b""
    for chunk in source.chunks():
        last = (last + chunk)[-4096:]
    return b"</iati-activities" in last.replace(b"\0", b"")


def _other_xml() -> Exception:
    return refuse_file(
        message(
            "This XML is not an IATI activity file: its outermost element has to be "
            "iati-activities. (Organisation files are not imported.)"
        )
    )


def _around_the_break(
    source: Source, reader: _Stream, defaults: Mapping[str, Any] | None
) -> Iterator[Row]:
    """Read the activities after the place where the file is not well-formed, one by one."""
    data, close = _bytes_of(source)
    try:
        root = re.search(rb"<iati-activities\b[^>]*>", data)
        opening = root[0] if root else b"<iati-activities>"
        line, position = 1, 0
        starts = [m.start() for m in re.finditer(rb"<iati-activity(?=[\s>/])", data)]
        for number, start in enumerate(starts):
            line += bytes(data[position:start]).count(b"\n")
            position = start
            if number < reader.count:
                continue
            stop = starts[number + 1] if number + 1 < len(starts) else len(data)
            yield _row_of_fragment(opening, bytes(data[start:stop]), line, reader.version, defaults)
    finally:
        close()


def _bytes_of(source: Source) -> tuple[Any, Any]:
    data = source.path_or_bytes()
    if isinstance(data, Path):
        file = data.open("rb")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        file.close()
        return mapped, mapped.close
    return data, lambda: None


def _row_of_fragment(
    opening: bytes, fragment: bytes, line: int, version: str, defaults: Mapping[str, Any] | None
) -> Row:
    end = fragment.find(b"</iati-activity>")
    whole = fragment[: end + len(b"</iati-activity>")] if end >= 0 else fragment
    parser = etree.XMLParser(encoding="utf-8", **_PARSER_OPTIONS)
    try:
        root = etree.fromstring(opening + whole + b"</iati-activities>", parser)
    except etree.XMLSyntaxError as error:
        broken_line = line + max((error.lineno or 1) - 1, 0)
        why = message(
            "The activity is not well-formed XML in line {line}: {reason}.",
            line=broken_line,
            reason=re.sub(r", line \d+.*", "", error.msg or "")[:200],
        )
        identifier = re.search(rb"<iati-identifier[^>]*>([^<]{1,200})<", fragment)
        name = identifier[1].decode("utf-8", "replace").strip() if identifier else None
        return Row("line", line, None, [FieldError("activity", why)], identifier=name)
    return row_of_element(root[0], line, version, defaults)


def row_of_element(
    element: Element, line: int, version: str, defaults: Mapping[str, Any] | None = None
) -> Row:
    """Parse one activity; what can be understood is imported, with warnings for the rest."""
    activity = read_activity(element, version)
    values = {key: value for key, value in activity.values.items() if value not in (None, "")}
    for name, value in (defaults or {}).items():
        values.setdefault(name, value)
    parsed = _parse_leniently(values, activity)
    record = parsed.record
    given = _CARRIED | values.keys()
    if activity.tagged:
        given |= set(CODED_LISTS)
    return Row(
        "line",
        line,
        record,
        parsed.errors,
        activity.warnings + parsed.warnings,
        identifier=shown(values["identifier"], 200) if values.get("identifier") else None,
        title=record.title if record else shown(values.get("title") or "", 200),
        given=given,
        raw=values,
        organisation_keys=activity.organisation_keys or (values.get("reporting_org", ""),),
        organisation_ref=activity.organisation_ref,
        texts=activity.texts,
        sectors=activity.sectors,
        tags=activity.tags,
    )


def _parse_leniently(values: dict[str, Any], activity: Activity) -> Parsed:
    """Parse; a field that is wrong but not essential is left out, with a warning."""
    parsed = parse_record(values)
    for error in parsed.errors:
        if error.field not in _ESSENTIAL:
            values.pop(error.field, None)
            activity.warn(error.field, _left_out(error.message))
    if not values.get("identifier"):
        activity.warn(
            "identifier",
            message(
                "The iati-identifier is missing. The project is known by its organisation, title "
                "and start instead; when one of them changes, it counts as another project."
            ),
        )
    return parse_record(values) if parsed.errors else parsed


def _left_out(why: Message) -> Message:
    return message("Left out: {reason}", reason=str(why))
