"""The file that somebody brings: its bytes, its format by content, its text in any encoding."""

import codecs
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from registry.errors import FieldError, Invalid
from registry.exchange.record import ProjectRecord
from registry.messages import Message, message

FORMATS = ("iati", "csv", "xlsx", "jsonl", "hxl")
"""What a person may say that a file is; HXL is a table, CSV or XLSX, with a row of hashtags."""
LONGEST_TEXT_LINE = 4_000_000
"""Characters of one line of a text file; a longer one is not a table and not JSON Lines."""

_EXTENSIONS = {
    ".xml": "iati",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_HEAD = 65_536
_CHUNK = 1 << 20


@dataclass
class Row:
    """One record of a file: where it stood, what it was, and what became of it."""

    kind: Literal["row", "line"]
    number: int
    """The row as a spreadsheet counts it, or the line of the file; from 1."""
    record: ProjectRecord | None
    errors: list[FieldError] = field(default_factory=list)
    warnings: list[FieldError] = field(default_factory=list)
    index: int = 0
    """Which record of the file it is, from 1: several may stand in one line."""
    identifier: str | None = None
    title: str = ""
    given: frozenset[str] = frozenset()
    """The fields that the file speaks about, empty or not; the others stay as they were."""
    raw: dict[str, object] = field(default_factory=dict)
    """The cells or values as the file had them, so that a refused row can be handed back."""
    organisation: str = ""
    """Who reports it, in the words of the file; empty where only the record says so."""
    organisation_keys: tuple[str, ...] = ()
    """By what the reporting organisation may be recognised, the surest first."""
    organisation_ref: str | None = None
    """Its identifier, where the format has one."""
    texts: tuple[str, ...] = ()
    """What the file says of the project in words, for telling what it is about."""
    sectors: tuple[tuple[str, str], ...] = ()
    """(vocabulary, code), where the format has sectors."""
    tags: tuple[str, ...] = ()
    """Tags of other vocabularies than this registry's."""
    coded: bool = False
    """Whether the format's own subject codes place it in the Framework for Action already."""
    concerns: tuple[bool, list[Message]] | None = None
    """Whether it concerns trafficking, and why it seems so; None where nobody has judged."""
    former_identifiers: tuple[str, ...] = ()
    """Identifiers under which the project was known before, where the format has them."""
    digest: bytes | None = None
    """Of the record's bytes in the file, where the format has it: what is equal in it is the same
    record word for word. The reverse is not true: one record can be laid out in two ways."""

    @property
    def is_concerned(self) -> bool:
        """Whether it concerns trafficking, which is so as long as nobody has judged otherwise."""
        return self.concerns is None or self.concerns[0]


class LateRow(Row):
    """A row that is recognised at once, and made into a record when somebody asks for it.

    Most activities of a donor's file concern other things, and to make a record costs several times
    what it costs to find that out. `errors` and all that tells record and subject apart is there
    from the start; `given` and further warnings come with the record. One without `errors` always
    becomes a record; `raw` is of one with errors.
    """

    _complete: Callable[[Row], None] | None = None

    @property
    def record(self) -> ProjectRecord | None:
        """The record, made now if it was not before."""
        if self._complete is not None:
            complete, self._complete = self._complete, None
            complete(self)
        return self._record

    @record.setter
    def record(self, record: ProjectRecord | None) -> None:
        self._record = record

    def complete_with(self, complete: Callable[[Row], None]) -> None:
        """Say what fills in the record, and all that comes with it, when it is asked for."""
        self._complete = complete


def refuse_file(why: Message, field_name: str = "file") -> Invalid:
    """Return the error for a file of which nothing can be used."""
    return Invalid([FieldError(field_name, why)])


class Source:
    """A file on disk or bytes in memory, opened as often as needed."""

    def __init__(self, data: bytes | Path | str, filename: str | None = None) -> None:
        self._data = Path(data) if isinstance(data, str) else data
        self.filename = filename or (self._data.name if isinstance(self._data, Path) else "upload")
        if isinstance(self._data, Path) and not self._data.is_file():
            raise refuse_file(message("There is no file {file}.", file=str(self._data)))
        self._opened: IO[bytes] | None = None
        with self.open() as stream:
            self.head = stream.read(_HEAD)
        if not self.head.strip(b"\0 \r\n\t\xef\xbb\xbf\xff\xfe"):
            raise refuse_file(message("The file {file} is empty.", file=self.filename))

    def open(self) -> IO[bytes]:
        """Open the bytes from the beginning."""
        data = self._data
        self._opened = io.BytesIO(data) if isinstance(data, bytes) else data.open("rb")
        return self._opened

    @property
    def position(self) -> int:
        """How many bytes were read since the source was last opened; 0 when that is over."""
        if self._opened is None or self._opened.closed:
            return 0
        return self._opened.tell()

    def path_or_bytes(self) -> Path | bytes:
        """Return what the source was made of."""
        return self._data

    def checksum(self) -> str:
        """Return the SHA-256 of the bytes, hexadecimal."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """Read the bytes piece by piece."""
        with self.open() as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk


def detect_format(source: Source, wanted: str | None = None) -> tuple[str, list[FieldError]]:
    """Return the format of the content, and a warning where the file's name says another.

    Raises Invalid when the content is none of the formats, or certainly not the wanted one.
    """
    found, certain = _format_of(source)
    if wanted is not None and wanted not in FORMATS:
        raise refuse_file(
            message(
                "'{format}' is not a format that Convene reads. Use one of {formats}.",
                format=wanted,
                formats=", ".join(FORMATS),
            )
        )
    if wanted == "hxl" and found in ("csv", "xlsx"):
        return found, []
    if wanted is not None and wanted != found and (certain or wanted == "hxl"):
        raise refuse_file(
            message(
                "{file} is not {wanted}; its content is {found}. Leave the format out, or say "
                "{found}.",
                file=source.filename,
                wanted=wanted,
                found=found,
            )
        )
    named = _EXTENSIONS.get(Path(source.filename).suffix.lower())
    if not certain and named in ("jsonl", "iati"):
        found = named  # its first line is broken; the reader says where and why
    warnings = []
    if named is not None and named != found and wanted is None:
        warnings.append(
            FieldError(
                "file",
                message(
                    "The name of {file} says {named}, its content is {found}; it was read as "
                    "{found}.",
                    file=source.filename,
                    named=named,
                    found=found,
                ),
            )
        )
    return wanted or found, warnings


def _format_of(source: Source) -> tuple[str, bool]:
    """Return (format, whether it can't be anything else)."""
    head = source.head
    if head.startswith(b"PK\x03\x04"):
        return "xlsx", True
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise refuse_file(_LOCKED if _holds_locked_workbook(source) else _OLD_EXCEL)
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"\x1f\x8b", b"GIF8", b"7z\xbc\xaf")):
        raise refuse_file(
            message(
                "This is a document, a picture or a compressed file. Upload CSV, XLSX, JSON Lines "
                "or IATI XML."
            )
        )
    text = head.decode(encoding_of_head(head) or "utf-8", "replace").lstrip("\ufeff \r\n\t")
    if text.startswith("<"):
        if re.match(r"<(!doctype\s+)?html\b", text, re.IGNORECASE):
            raise refuse_file(
                message("This is a web page, not data. Download the file itself and upload that.")
            )
        return "iati", True
    if text.startswith("{"):
        return "jsonl", True
    if text.startswith("[") and re.match(r"\[\s*[{\]]", text):
        raise refuse_file(
            message("This is one JSON list. Write one object a line (JSON Lines) instead.")
        )
    controls = sum(head.count(bytes([code])) for code in range(32) if code not in (9, 10, 12, 13))
    if encoding_of_head(head) is None and controls > len(head) // 10:
        raise refuse_file(message("This is not text. Upload CSV, XLSX, JSON Lines or IATI XML."))
    return "csv", False


_OLD_EXCEL = message("This is a file of an old Excel (.xls). Save it as .xlsx and upload that.")
_LOCKED = message(
    "The workbook is protected by a password, so nobody can read it without. Save it without one "
    "(in Excel: File, Info, Protect Workbook, Encrypt with Password) and upload that."
)
_LOCKED_STREAM = "EncryptedPackage".encode("utf-16-le")
"""The name of the part, in the container that an old Excel used too, that holds a locked XLSX."""


def _holds_locked_workbook(source: Source) -> bool:
    end = b""
    for chunk in source.chunks():
        if _LOCKED_STREAM in end + chunk:
            return True
        end = chunk[-len(_LOCKED_STREAM) :]
    return False


def encoding_of_head(head: bytes) -> str | None:
    """Return the encoding that a byte order mark or the pattern of zero bytes shows."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) >= 8:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if odd > len(head) // 5 and even <= odd // 10:
            return "utf-16-le"
        if even > len(head) // 5 and odd <= even // 10:
            return "utf-16-be"
    return None


def open_text(source: Source) -> tuple[io.TextIOWrapper, list[FieldError]]:
    """Open a text file in its encoding: UTF-8, UTF-16, else Windows-1252 with a warning.

    Bytes that are no characters stay visible as half characters, which `parse_record` refuses
    with the name of the field.
    """
    warnings = []
    encoding = encoding_of_head(source.head)
    if encoding is None:
        encoding = "utf-8" if _looks_like_utf8(source) else "cp1252"
        if encoding == "cp1252":
            warnings.append(
                FieldError(
                    "file",
                    message(
                        "The file is not UTF-8; it was read as Windows-1252. Look whether accents "
                        "are right."
                    ),
                )
            )
    errors = "surrogateescape" if encoding in ("utf-8", "utf-8-sig", "cp1252") else "surrogatepass"
    return io.TextIOWrapper(source.open(), encoding, errors, newline=""), warnings


_SEQUENCE = re.compile(
    b"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH = re.compile(b"[\x80-\xff]")


def _looks_like_utf8(source: Source) -> bool:
    """Tell whether the bytes above 127 are UTF-8, or nearly all of them.

    One broken character must not turn a whole file into Windows-1252.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in source.chunks():
            decoder.decode(chunk)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        whole = loose = 0
        for chunk in source.chunks():
            high = len(_HIGH.findall(chunk))
            inside = sum(len(match) for match in _SEQUENCE.findall(chunk))
            whole, loose = whole + inside, loose + high - inside
        return whole > 2 * loose
    return True


def lines_of(stream: io.TextIOWrapper) -> Iterator[str]:
    """Read line by line; a line of absurd length refuses the file before it fills the memory."""
    number = 0
    while line := stream.readline(LONGEST_TEXT_LINE):
        number += 1
        if len(line) >= LONGEST_TEXT_LINE and not line.endswith("\n"):
            raise refuse_file(
                message(
                    "Line {line} has more than {longest} characters. This is not a table of "
                    "projects or JSON Lines.",
                    line=number,
                    longest=LONGEST_TEXT_LINE,
                )
            )
        yield line
