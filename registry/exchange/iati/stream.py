"""Reading an IATI file activity by activity, with flat memory, and around what is broken."""

import dataclasses
import functools
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from registry.errors import FieldError
from registry.exchange.iati.activity import own_fields, read_activity
from registry.exchange.iati.contents import Contents, left_out
from registry.exchange.iati.fragments import ActivityFile, Fragment, not_well_formed
from registry.exchange.iati.source_elements import safe_parser
from registry.exchange.iati.subject import Subject, read_subject
from registry.exchange.iati.texts import Element, in_language
from registry.exchange.iati.upgrade import upgrade
from registry.exchange.record import (
    CODED_LISTS,
    COLUMNS,
    TRANSLATED,
    ProjectRecord,
    as_cell,
    as_json,
    parse_record,
    spoken_cells,
)
from registry.exchange.source import LateRow, Row, Source, refuse_file
from registry.exchange.values import LONGEST_LINE, Unreadable, read_line, read_name, shown
from registry.messages import Message, message

_CARRIED = frozenset(
    "title description language status start_date end_date countries regions locations budget "
    "currency participating_orgs related url contact_name contact_email source "
    "identifier iati_identifier reporting_org reporting_org_type".split()
)
"""What an IATI file speaks about even where it is silent; the rest stays as it was."""
_NO_IDENTIFIER = message(
    "The iati-identifier is missing. The project is known by its organisation, title "
    "and start instead; when one of them changes, it counts as another project."
)
_LARGEST_HELD = 50_000
"""Bytes of an activity that is held as it was parsed, in which it takes about 20 times as many."""
_IDENTIFIER = re.compile(rb"<iati-identifier[^>]*>([^<]{1,200})<")


def read_iati(source: Source, defaults: Mapping[str, Any] | None = None) -> Iterator[Row]:
    """Yield each activity of the file, refused ones too.

    Of `defaults` only `reporting_org` counts. Raises Invalid when the file as a whole is not to be
    read: another kind of XML, declared entities, or cut in the middle; the last is known only when
    all before the cut was read.
    """
    file = ActivityFile(source)
    context = _Context(file.version, file.opening, (defaults or {}).get("reporting_org"))
    said, count = file.warnings, 0
    for count, fragment in enumerate(file, 1):  # noqa: B007
        row = _row_of_fragment(fragment, context)
        if said:
            row.warnings[:0], said = said, []
        yield row
    if not file.closed:
        raise refuse_file(
            message(
                "The file breaks off in line {line}: it was cut. Download or export it again.",
                line=file.line,
            )
        )
    if count == 0:
        raise refuse_file(message("The file has no activities in it."))


def record_of_element(element: Element) -> ProjectRecord | None:
    """Return what a reader makes of an activity of 2.03."""
    context = _Context("2.03", b"", None)
    row, subject = _recognised(element, 0, context)
    _fill(row, element, subject, context)
    return row.record


@dataclasses.dataclass(slots=True)
class _Context:
    """What an activity has to be told of the file that it stands in."""

    version: str
    opening: bytes
    """A start tag that declares the namespaces of the file, or nothing."""
    organisation: str | None
    """Who reports what says nobody."""
    recognised: int = 0
    """Activities that were, so far."""
    wanted: int = 0
    """Those of them of which a record was made."""


def _row_of_fragment(fragment: Fragment, context: _Context) -> Row:
    """Recognise an activity; the record is made when it is asked for."""
    if fragment.too_large is not None:
        return _refused(fragment, fragment.too_large)
    try:
        element, mended = _parse(fragment.xml, context)
    except etree.XMLSyntaxError as error:
        return _refused(fragment, not_well_formed(fragment.line, error))
    row, subject = _recognised(element, fragment.line, context)
    row.digest = hashlib.blake2b(fragment.xml, digest_size=16).digest()
    if mended is not None:
        row.warnings.append(FieldError("file", mended))
    if _is_sound(row) and not subject.exported:
        row.complete_with(_late(fragment.xml, context, subject, element))
    else:
        _fill(row, element, subject, context)
    return row


def _recognised(element: Element, line: int, context: _Context) -> tuple[LateRow, Subject]:
    subject = read_subject(element)
    reporter = subject.reporter
    organisation = reporter.name or context.organisation or ""
    row = LateRow(
        "line",
        line,
        None,
        identifier=subject.identifier,
        title=in_language(subject.titles, subject.language) or "",
        organisation=organisation,
        organisation_keys=reporter.keys or (organisation,),
        organisation_ref=reporter.ref,
        texts=tuple(subject.texts),
        sectors=tuple(subject.sectors),
        tags=tuple(subject.tags),
        coded=subject.coded,
        former_identifiers=subject.former_identifiers,
    )
    return row, subject


def _is_sound(row: Row) -> bool:
    """Tell whether what is essential is there, so that a record will come of it."""
    try:
        named = row.identifier is None or read_name(row.identifier) is not None
        return bool(named and read_line(row.title) and read_name(row.organisation))
    except Unreadable:
        return False


@dataclasses.dataclass(slots=True)
class _Late:
    """What makes a record of an activity that was recognised, when it is called."""

    xml: bytes
    context: _Context
    subject: Subject | None = None
    element: Element | None = None
    """The activity as it was parsed; where it is not there, it is parsed again."""

    def __call__(self, row: Row) -> None:
        self.context.wanted += 1
        element = _parse(self.xml, self.context)[0] if self.element is None else self.element
        subject = self.subject or read_subject(element)
        plain = not self.context.opening and b"xmlns" not in self.xml
        _fill(row, element, subject, self.context, plain=plain)

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave out what the bytes say too: few records are made in another process."""
        return _Late, (self.xml, self.context)


def _late(xml: bytes, context: _Context, subject: Subject, element: Element) -> _Late:
    """Return what makes the record. It holds what was parsed in files of which most is wanted.

    Rows are judged many at a time. To hold what was parsed for each costs time and memory, and
    of the files of donors hardly anything is wanted; to parse again, when it is, costs less.
    """
    context.recognised += 1
    hold = 2 * context.wanted > context.recognised and len(xml) <= _LARGEST_HELD
    return _Late(xml, context, subject, element if hold else None)


def _fill(
    row: Row, element: Element, subject: Subject, context: _Context, *, plain: bool = False
) -> None:
    """Make the record and all that is to be said about it, or say why there is none."""
    if not _is_sound(row):
        row.errors += parse_record(_essential(row)).errors
    if context.version.startswith("1"):
        upgrade(element)
    record, activity = read_activity(element, subject, row.organisation, plain=plain)
    row.given = _spoken_of(activity.columns, subject.coded)
    if row.errors:
        row.raw = _essential(row) | _cells_of_refused(row, record, subject, activity)
        row.title = shown(row.title, LONGEST_LINE)
        told = {error.field for error in row.errors}
        row.warnings += [said for said in activity.warnings if said.field not in told]
        return
    if subject.exported:
        record = _with_own_fields(record, row, activity)
    row.record, row.identifier, row.title = record, record.identifier, record.title
    row.warnings += activity.warnings
    if not record.identifier:
        row.warnings.append(FieldError("identifier", _NO_IDENTIFIER))


@functools.lru_cache(maxsize=1_000)
def _spoken_of(columns: frozenset[str], coded: bool) -> frozenset[str]:
    """Return the fields that an activity speaks about; one set for all that are alike."""
    return _CARRIED | columns | (set(CODED_LISTS) if coded else set())


def _essential(row: Row) -> dict[str, object]:
    return {"identifier": row.identifier, "reporting_org": row.organisation, "title": row.title}


def _cells_of_refused(
    row: Row, record: ProjectRecord, subject: Subject, activity: Contents
) -> dict[str, str]:
    """Return what was read, as a table would have it; what is essential in the file's own words."""
    spoken = (language for language, title in subject.titles.items() if title == row.title)
    told = dataclasses.replace(
        record,
        identifier=row.identifier,
        reporting_org=row.organisation,
        titles=subject.titles,
        language=next(spoken, subject.language),
    )
    own = {
        name: as_cell(value, name)
        for name, value in own_fields(activity).items()
        if name in COLUMNS or TRANSLATED.fullmatch(name)
    }
    return spoken_cells(told, row.given) | own


def _with_own_fields(record: ProjectRecord, row: Row, activity: Contents) -> ProjectRecord:
    """Take over what this registry itself wrote because IATI has no place for it."""
    own = own_fields(activity)
    values = as_json(record) | own
    parsed = parse_record(values)
    for error in parsed.errors:
        values.pop(error.field, None)
        activity.warn(error.field, left_out(error.message))
    if parsed.errors:
        parsed = parse_record(values)
    row.given |= own.keys()
    return parsed.record or record


def _parse(xml: bytes, context: _Context) -> tuple[Element, Message | None]:
    """Return the element, and what had to be mended. Raises XMLSyntaxError."""
    try:
        return _element_of(xml, context.opening), None
    except etree.XMLSyntaxError:
        try:
            xml.decode()
            raise
        except UnicodeDecodeError:
            text = xml.decode("cp1252", "surrogateescape")
    return _element_of(text.encode("utf-8", "surrogateescape"), context.opening), message(
        "The activity is not UTF-8; it was read as Windows-1252. Look whether accents are right."
    )


def _element_of(xml: bytes, opening: bytes) -> Element:
    if not opening:
        return etree.fromstring(xml, safe_parser())
    return etree.fromstring(opening + xml + b"</_>", safe_parser())[0]


def _refused(fragment: Fragment, why: Message) -> Row:
    found = _IDENTIFIER.search(fragment.xml)
    identifier = shown(found[1].decode("utf-8", "replace").strip()) if found else None
    return Row(
        "line", fragment.line, None, [FieldError("activity", why)], identifier=identifier or None
    )
