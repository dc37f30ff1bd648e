"""The few errors that the domain raises. Each face of Convene decides how to show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry.messages import Message


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field, and how to mend it."""

    field: str
    message: Message

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class ConveneError(Exception):
    """The base of all errors that are meant for a person to read."""


class Invalid(ConveneError):
    """The data was refused; `errors` says which fields and why."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(str(error) for error in errors))


class NotFound(ConveneError):
    """There is no such thing, or the reader may not know that there is."""


class NotAllowed(ConveneError):
    """The person may not do this."""


class Conflict(ConveneError):
    """Somebody else changed the same thing first; `changes` maps field -> (before, now)."""

    def __init__(self, message: str, changes: dict[str, tuple[Any, Any]] | None = None) -> None:
        self.changes = changes or {}
        super().__init__(message)


class Unavailable(ConveneError):
    """A server or folder that Convene needs can't be used now; the text says how to mend it."""
