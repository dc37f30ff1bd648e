"""An activity on its way to a record: its elements, and what is to be said about them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from registry.errors import FieldError
from registry.exchange.iati.texts import Element
from registry.exchange.values import MOST_ITEMS, Unreadable
from registry.messages import Message, message

Value = TypeVar("Value")


@dataclass
class Contents:
    """The elements of an activity by name, and warnings about what could not be read."""

    children: dict[str, list[Element]]
    """By their names, in the order of the file."""
    language: str
    """Of texts that do not say theirs."""
    columns: frozenset[str] = frozenset()
    """The columns of titles and descriptions in further languages."""
    warnings: list[FieldError] = field(default_factory=list)

    def first(self, name: str) -> Element | None:
        """Return the first child of a name."""
        found = self.children.get(name)
        return found[0] if found else None

    def warn(self, field_name: str, what: Message) -> None:
        """Say something about a field that does not stop the import."""
        self.warnings.append(FieldError(field_name, what))

    def take(self, name: str, read: Callable[[Any], Value | None], value: Any) -> Value | None:
        """Read a value; what can't be read is left out with a warning."""
        if value is None:
            return None
        try:
            return read(value)
        except Unreadable as unreadable:
            self.warn(name, left_out(unreadable.message))
            return None

    def limited(self, name: str, found: Iterable[Value]) -> list[Value]:
        """Return the values without repetitions, as many as a record may have."""
        once = list(dict.fromkeys(found))  # in their order
        if len(once) > MOST_ITEMS:
            self.warn(
                name,
                message(
                    "There are {count} values; at most {most} are kept.",
                    count=len(once),
                    most=MOST_ITEMS,
                ),
            )
        return once[:MOST_ITEMS]


def left_out(why: Message) -> Message:
    """Say that a field is left out, and why."""
    return message("Left out: {reason}", reason=str(why))
