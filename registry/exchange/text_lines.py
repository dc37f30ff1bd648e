"""The lines of a text file, which can be read again and again."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from registry.errors import FieldError
from registry.exchange.source import Source, lines_of, open_text, refuse_file
from registry.messages import message


@dataclass(frozen=True)
class TextFile:
    """A text file whose encoding is known."""

    source: Source
    encoding: str
    errors: str
    warnings: tuple[FieldError, ...]
    """What is to be said about the encoding."""

    @classmethod
    def of(cls, source: Source) -> "TextFile":
        """Find out the encoding of a file."""
        stream, warnings = open_text(source)
        with stream:
            return cls(source, stream.encoding, stream.errors or "strict", tuple(warnings))

    def lines(self) -> Iterator[str]:
        """Read the file line by line. Raises Invalid where a line is absurd or a character cut."""
        raw = self.source.open()
        with io.TextIOWrapper(raw, self.encoding, self.errors, newline="") as stream:
            try:
                yield from lines_of(stream)
            except UnicodeDecodeError as error:
                raise refuse_file(
                    message(
                        "The file stops in the middle of a character ({encoding}). It was cut; "
                        "download or save it again and upload the whole file.",
                        encoding=self.encoding.upper(),
                    )
                ) from error

    @property
    def ends_with_line_break(self) -> bool:
        """Whether the last line is a whole one, as far as the file tells."""
        with self.source.open() as raw:
            raw.seek(0, io.SEEK_END)
            raw.seek(max(raw.tell() - 4, 0))
            return raw.read().rstrip(b"\0").endswith((b"\n", b"\r"))
