"""What an import would do, record by record, before anything is written."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from registry.errors import FieldError
from registry.exchange.record import ProjectRecord
from registry.messages import Message

Outcome = Literal["created", "updated", "unchanged", "not_relevant", "refused"]
OUTCOMES: tuple[Outcome, ...] = ("created", "updated", "unchanged", "not_relevant", "refused")
WRITTEN: tuple[Outcome, ...] = ("created", "updated")
MOST_MESSAGES = 10_000
"""Errors, and warnings, that a report lists; the counts are always whole."""


@dataclass(frozen=True)
class Similar:
    """A project of the registry that a new one of the file may overlap with."""

    project_id: int
    title: str
    organisation: str
    kind: str
    probability: float


@dataclass(frozen=True)
class Alike:
    """Another new project of the same file that one may overlap with, or be the same as."""

    index: int
    place: str
    """'row' or 'line'."""
    number: int
    title: str
    organisation: str
    kind: str
    probability: float
    identifier: str | None = None
    """Several records may stand in one line."""


@dataclass(slots=True)
class Item:
    """One record of the file, and the one thing that becomes of it."""

    outcome: Outcome
    kind: Literal["row", "line"]
    number: int
    index: int
    """Which record of the file it is, from 1: several may stand in one line."""
    identifier: str | None = None
    title: str = ""
    organisation: str = ""
    organisation_id: int | None = None
    """None for an organisation that the import itself registers."""
    project_id: int | None = None
    version: int | None = None
    """Of the project that is updated, as it was when the plan was made."""
    organisation_ref: str | None = None
    """The IATI identifier under which that organisation is registered."""
    publish: bool = False
    """It is complete, and is published when the plan is applied."""
    draft: bool = False
    """It is created or updated, and stays a draft."""
    missing: list[FieldError] = field(default_factory=list)
    """What it lacks before it can be published."""
    differences: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """For an update: field -> (before, now)."""
    errors: list[FieldError] = field(default_factory=list)
    warnings: list[FieldError] = field(default_factory=list)
    reasons: list[Message] = field(default_factory=list)
    """Why an activity seems to concern trafficking, or not."""
    similar: list[Similar] = field(default_factory=list)
    """For a new project: what it may overlap with, as far as its importer may know."""
    alike: list[Alike] = field(default_factory=list)
    """For a new project: what it may overlap with in the file itself."""
    record: ProjectRecord | None = None
    raw: dict[str, Any] = field(default_factory=dict)
    """The cells of a refused record as the file had them."""
    key: bytes | None = None
    """Digest of organisation and identifier; see `ImportItem`."""
    digest: bytes | None = None


@dataclass
class Report:
    """What came of a file, in the form that `convene import --json` prints."""

    filename: str
    counts: Counter[str] = field(default_factory=Counter)
    """Outcome -> records; and 'drafts' among those created and updated."""
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def take(
        self,
        messages: list[dict[str, Any]],
        said: Iterable[FieldError],
        kind: str,
        number: int,
        identifier: str | None,
    ) -> None:
        """Take up what is said of a record, unless there is too much of it already."""
        for error in said:
            if len(messages) < MOST_MESSAGES:
                messages.append(
                    {
                        "file": self.filename,
                        kind: number,
                        "identifier": identifier,
                        "field": error.field,
                        "message": str(error.message),
                    }
                )

    def summary(self) -> dict[str, Any]:
        """Return counts and messages."""
        names = ("created", "updated", "unchanged", "drafts", "not_relevant", "refused")
        return {
            **{name: self.counts[name] for name in names},
            "warnings": self.warnings,
            "errors": self.errors,
        }
