"""The bytes of an XML file as UTF-8, whatever encoding it has and whatever it says it has."""

import codecs
import re
from collections.abc import Iterator

from registry.errors import FieldError
from registry.exchange.source import Source, encoding_of_head, refuse_file
from registry.messages import message

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_TEXT = re.compile(
    r"ascii|utf-8|iso8859-\d+|cp(125\d|437|85\d|86\d|874)|koi8-[ru]|mac-[a-z]+|big5|gbk|gb2312|"
    r"gb18030|shift_jis|cp932|euc_(jp|kr)|cp949|tis-620"
)
"""Python's names of encodings in which ASCII is ASCII. Others (UTF-7, zip) are not for XML."""


def utf8_chunks(source: Source, warnings: list[FieldError]) -> Iterator[bytes]:
    """Return the bytes piece by piece, as UTF-8 without a byte order mark.

    Bytes that are no characters stay what they are, so that the parser refuses the activity that
    holds them. A declaration that the bytes belie is reported. Raises Invalid for an encoding that
    is not known.
    """
    return _pieces(source, _encoding_of(source, warnings))


def _encoding_of(source: Source, warnings: list[FieldError]) -> str:
    """Return the name of the codec; the bytes are believed more than the declaration."""
    if source.head.startswith(_UTF_32):
        return "utf-32"
    if found := encoding_of_head(source.head):
        return found
    declared = _DECLARED.match(source.head.lstrip())
    if declared is None:
        return "utf-8"
    said = declared[1].decode("ascii")
    try:
        name = codecs.lookup(said).name
    except LookupError:
        name = ""
    if name.startswith(("utf-16", "utf-32")):
        warnings.append(
            FieldError(
                "file",
                message(
                    "The file says that it is {encoding}, but it is not; it was read as UTF-8.",
                    encoding=said,
                ),
            )
        )
        return "utf-8"
    if not _TEXT.fullmatch(name):
        raise refuse_file(
            message(
                "The file says that it is written in {encoding}, which Convene can't read. Save it "
                "as UTF-8.",
                encoding=said,
            )
        )
    return name


def _pieces(source: Source, encoding: str) -> Iterator[bytes]:
    if encoding in ("utf-8", "utf-8-sig", "ascii"):
        chunks = source.chunks()
        first = next(chunks, b"").removeprefix(codecs.BOM_UTF8)
        if first:
            yield first
        yield from chunks
        return
    wide = encoding.startswith("utf")
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass" if wide else "surrogateescape")
    for chunk in source.chunks():
        if text := decoder.decode(chunk):
            yield text.encode("utf-8", "surrogatepass")
    # What is left is half a character: the file was cut, which its missing end shows.
