"""Sentences that the domain produces and that a page may show in another language.

A `Message` keeps its English template and its parameters apart, so that it can be stored and
translated when it is read. `str(message)` is the English sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry import wording


@dataclass(frozen=True)
class Message:
    """A translatable sentence: a template with `{named}` places, and what goes there.

    What goes there is text, a number, another message, or one of the objects of
    `registry.wording`, which are told in the reader's language: labels of codes, countries, money.
    """

    template: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(
            **{
                name: wording.in_language(value) if isinstance(value, Mapping) else value
                for name, value in self.params.items()
            }
        )

    def as_json(self) -> dict[str, Any]:
        """Return a form that can be stored as JSON."""
        return {"template": self.template, "params": dict(self.params)}


def message(template: str, **params: Any) -> Message:
    """Make a message; Babel extracts the first argument of every call for translation."""
    return Message(template, params)
