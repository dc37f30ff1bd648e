"""Cutting an IATI file into its activities, so that each can be read, or refused, alone.

What stands between `<iati-activity` and its end tag is cut out without being parsed; tags inside
comments, CDATA and processing instructions do not count. So an activity that is not well-formed
spoils no other one, memory holds one piece of the file at a time, entities that a file declares
have no effect, and the line of each activity is known.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from registry.errors import FieldError, Invalid
from registry.exchange.iati.encoding import utf8_chunks
from registry.exchange.source import Source, refuse_file
from registry.messages import Message, message

LARGEST_ACTIVITY = 64 * 1024 * 1024
"""Bytes that one activity may have."""
MOST_MARKUP = 750_000
"""Tags and attributes that one activity may have; each takes about 130 bytes of memory."""

_LONGEST_OPENING = 16 * 1024 * 1024
"""Bytes that may stand before the first activity."""
_LONGEST_HIDDEN = 10_000_000
"""Bytes of a comment, CDATA section or instruction; libxml2 does not read longer ones either."""
_CHUNK = 1 << 20
_SMALL = 100_000
"""Bytes of an activity whose tags need not be counted."""

_INSIDE_TAG = rb"""(?:[^<>"']|"[^"<]*"|'[^'<]*')*+>"""
_OPENING = re.compile(rb"<iati-activities(?=[\s/>])" + _INSIDE_TAG)
_START_TAG = re.compile(rb"<iati-activity(?=[\s/>])" + _INSIDE_TAG)
_MARKUP = re.compile(rb"<!--|<\?|<!DOCTYPE|<")
_TOKEN = re.compile(rb"<!--|<!\[CDATA\[|<\?|</?iati-activit(?:y|ies)(?=[\s/>])")
_LONGEST_TAG = len(b"</iati-activities>")
_CLOSERS = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_START, _END, _ROOT_END = b"<iati-activity", b"</iati-activity", b"</iati-activities"
_AFTER_NAME = frozenset(b"> \n\r\t/")


class Fragment(NamedTuple):
    """The bytes of one activity, in UTF-8, and the line in which it begins."""

    line: int
    xml: bytes
    too_large: Message | None = None
    """Why the bytes are not there."""


class ActivityFile:
    """An IATI activity file as a series of fragments, to be gone through once.

    Raises Invalid for XML of another kind, and for a file that declares entities.
    """

    def __init__(self, source: Source) -> None:
        self.warnings: list[FieldError] = []
        self.line = 1
        """The line that has been reached."""
        self.closed = False
        """Whether the end of the outermost element was met. A file without it was cut."""
        self._chunks = utf8_chunks(source, self.warnings)
        self._data = b""
        self._at = 0
        """Where in the data the next activity is looked for."""
        self._offset = 0
        """Where in the file the data begins."""
        self._resume = 0
        """Where to look on when more has been read."""
        self._final = False
        self._absent: dict[bytes, int] = {}
        """Closer of what hides tags -> offset in the file before which there is none."""
        root = self._read_opening()
        self.version = (root.get("version") or "2.03").strip()
        declared = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
        self.opening = (
            etree.tostring(etree.Element("_", nsmap=declared))[:-2] + b">" if declared else b""
        )
        """A start tag, `<_ xmlns:…>`, that declares the prefixes of all activities; or nothing."""

    def __iter__(self) -> Iterator[Fragment]:
        """Yield the activities in their order."""
        while True:
            span = self._next_activity()
            if span is not None:
                yield self._fragment(*span)
            elif self._final:
                break
            else:
                self._read_on()
        self._advance(len(self._data))

    def _read_on(self) -> None:
        """Forget what is done with, and read at least as much again as is kept."""
        pieces = [self._data[self._at :]]
        self._offset += self._at
        self._at = 0
        wanted = max(len(pieces[0]), _CHUNK)
        while wanted > 0 and not self._final:
            chunk = next(self._chunks, b"")
            self._final = not chunk
            pieces.append(chunk)
            wanted -= len(chunk)
        self._data = b"".join(pieces)

    def _advance(self, to: int) -> None:
        self.line += self._data.count(b"\n", self._at, to)
        self._at = to

    def _read_opening(self) -> etree._Element:
        """Go up to the first activity and return the outermost element without its content."""
        while (found := _find_opening(self._data)) is None:
            if self._final or len(self._data) > _LONGEST_OPENING:
                raise other_xml()
            self._read_on()
        self._advance(found.start())
        tag = found[0]
        self.closed = tag.endswith(b"/>")
        try:
            root = etree.fromstring(tag if self.closed else tag[:-1] + b"/>")
        except etree.XMLSyntaxError as error:
            raise refuse_file(
                message("This is no well-formed XML: {reason}", reason=str(error))
            ) from error
        self._advance(found.end())
        return root

    def _next_activity(self) -> tuple[int, int] | None:
        """Return where the next activity begins and ends, or None when more has to be read."""
        data = self._data
        start = data.find(_START, self._at)
        end = data.find(_END, start) if start >= 0 else -1
        close = data.find(b">", end) + 1 if end >= 0 else 0
        if close and _is_simple(data, start, end) and _nothing_hidden(data, self._at, end):
            return start, close
        return self._next_among_hidden()

    def _next_among_hidden(self) -> tuple[int, int] | None:
        """Do the same tag by tag, where there are comments or nested tags, or the end is near."""
        data, start = self._data, -1
        for found in self._tags():
            tag = found[0]
            if start < 0:
                self.closed |= tag == _ROOT_END
                start = found.start() if tag == _START else -1
            elif tag == _END:
                close = data.find(b">", found.end()) + 1
                if close or self._final:
                    return start, close or len(data)
                return None
            else:  # it is empty, or its own end tag is missing
                whole = _START_TAG.match(data, start)
                is_empty = whole is not None and whole[0].endswith(b"/>")
                return start, whole.end() if whole is not None and is_empty else found.start()
        if start < 0:
            self._advance(max(self._at, self._resume))
            return None
        self._advance(start)
        if self._final or len(data) - start > LARGEST_ACTIVITY:
            return start, len(data)
        return None

    def _tags(self) -> Iterator[re.Match[bytes]]:
        """Yield the tags of activities and of the outermost element that are not hidden."""
        data, at = self._data, self._at
        while found := _TOKEN.search(data, at):
            closer = _CLOSERS.get(found[0])
            if closer is None:
                yield found
                at = found.end()
                continue
            end = self._find_closer(closer, found.end())
            if end < 0 and not self._final and len(data) - found.end() < _LONGEST_HIDDEN:
                self._resume = found.start()
                return
            # What nothing closes hides nothing: activities after it are found all the same.
            at = found.end() if end < 0 else end + len(closer)
        self._resume = max(at, len(data) - _LONGEST_TAG)

    def _find_closer(self, closer: bytes, at: int) -> int:
        """Return where it is, or -1; what was searched once in vain is not searched again."""
        absent = self._absent.get(closer, 0) - self._offset - len(closer)
        until = min(at + _LONGEST_HIDDEN, len(self._data))
        found = self._data.find(closer, max(at, absent), until)
        if found < 0:
            self._absent[closer] = self._offset + until
        return found

    def _fragment(self, start: int, end: int) -> Fragment:
        self._advance(start)
        line, xml, why = self.line, self._data[start:end], None
        self._advance(end)
        if len(xml) > LARGEST_ACTIVITY:
            why = message("An activity has more than {most} MB.", most=LARGEST_ACTIVITY >> 20)
        elif len(xml) > _SMALL and xml.count(b"<") + xml.count(b"=") > MOST_MARKUP:
            why = message("An activity has more than {most} tags and attributes.", most=MOST_MARKUP)
        return Fragment(line, xml if why is None else xml[:_SMALL], why)


def not_well_formed(line: int, error: etree.XMLSyntaxError) -> Message:
    """Say what is wrong with an activity that begins in `line`."""
    return message(
        "The activity is not well-formed XML in line {line}: {reason}.",
        line=line + max((error.lineno or 1) - 1, 0),
        reason=re.sub(r"[\s,]*line \d+.*", "", error.msg or "", flags=re.DOTALL)[:200],
    )


def _is_simple(data: bytes, start: int, end: int) -> bool:
    """Tell whether what was found at `start` and `end` is an activity without doubt."""
    return (
        data[start + len(_START)] in _AFTER_NAME
        and data[end + len(_END)] in _AFTER_NAME
        and data.find(_START, start + 1, end) < 0
    )


def _nothing_hidden(data: bytes, start: int, end: int) -> bool:
    """Tell whether there is no comment, CDATA or instruction from `start` to `end`.

    A single byte is found twenty times as fast as two, and most activities have none of these.
    """
    return (data.find(b"!", start, end) < 0 or data.find(b"<!", start, end) < 0) and (
        data.find(b"?", start, end) < 0 or data.find(b"<?", start, end) < 0
    )


def _find_opening(data: bytes) -> re.Match[bytes] | None:
    """Return the start tag of the outermost element, or None if it has not come yet."""
    at = 0
    while found := _MARKUP.search(data, at):
        if found[0] == b"<!DOCTYPE":
            closer = b">"
        elif found[0] in _CLOSERS:
            closer = _CLOSERS[found[0]]
        else:
            break
        end = data.find(closer, found.end())
        if end < 0:
            return None
        if found[0] == b"<!DOCTYPE" and b"[" in data[found.end() : end]:
            raise refuse_file(
                message(
                    "The file declares entities, which IATI does not need and which can be used "
                    "to attack a reader. Write the text in full."
                )
            )
        at = end + len(closer)
    if found is None:
        return None
    opening = _OPENING.match(data, found.start())
    if opening is None and (len(data) - found.start() > _SMALL or b">" in data[found.start() :]):
        raise other_xml()
    return opening


def other_xml() -> Invalid:
    """Return the error for XML that is not an activity file."""
    return refuse_file(
        message(
            "This XML is not an IATI activity file: its outermost element has to be "
            "iati-activities. (Organisation files are not imported.)"
        )
    )
