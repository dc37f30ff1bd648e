"""What an import would do, record by record, before anything is written."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from registry.errors import Conflict, FieldError
from registry.exchange.record import ProjectRecord
from registry.messages import Message

Outcome = Literal["created", "updated", "unchanged", "not_relevant", "refused"]
OUTCOMES: tuple[Outcome, ...] = ("created", "updated", "unchanged", "not_relevant", "refused")


@dataclass
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
    new_organisation: bool = False
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
    record: ProjectRecord | None = None
    raw: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return what a page shows and what is compared when the plan is applied."""
        return {
            "outcome": self.outcome,
            self.kind: self.number,
            "index": self.index,
            "identifier": self.identifier,
            "title": self.title,
            "organisation": self.organisation,
            "project_id": self.project_id,
            "version": self.version,
            "draft": self.draft,
            "missing": [_said(error) for error in self.missing],
            "differences": {name: list(pair) for name, pair in self.differences.items()},
            "errors": [_said(error) for error in self.errors],
            "warnings": [_said(warning) for warning in self.warnings],
            "reasons": [reason.as_json() for reason in self.reasons],
        }


@dataclass
class Plan:
    """All that an import would do. Of a large file only the counts and messages are kept."""

    filename: str
    format: str
    checksum: str = ""
    items: list[Item] = field(default_factory=list)
    as_drafts: bool = False
    new_organisations: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    most_messages: int = 10_000

    def add(self, item: Item, keep: bool = True) -> None:
        """Count an item and take up its messages; keep it whole unless the file is large."""
        self.counts[item.outcome] += 1
        self.counts["drafts"] += item.draft
        is_new = item.outcome == "created" and item.new_organisation
        if is_new and item.organisation not in self.new_organisations:
            self.new_organisations.append(item.organisation)
        self._take(self.errors, item, item.errors)
        self._take(self.warnings, item, item.warnings)
        if keep:
            self.items.append(item)

    def _take(self, messages: list[dict[str, Any]], item: Item, said: Iterable[FieldError]) -> None:
        for error in said:
            if len(messages) < self.most_messages:
                messages.append(
                    {
                        "file": self.filename,
                        item.kind: item.number,
                        "identifier": item.identifier,
                        **_error_json(error),
                    }
                )

    @property
    def total(self) -> int:
        """How many records the file has."""
        return sum(self.counts[outcome] for outcome in OUTCOMES)

    def summary(self) -> dict[str, Any]:
        """Return counts and messages in the form that `convene import --json` prints."""
        return {
            **{name: self.counts[name] for name in ("created", "updated", "unchanged")},
            "drafts": self.counts["drafts"],
            "not_relevant": self.counts["not_relevant"],
            "refused": self.counts["refused"],
            "warnings": self.warnings,
            "errors": self.errors,
        }

    def as_json(self) -> dict[str, Any]:
        """Return the whole plan, items included, as it is stored and shown."""
        return {
            "filename": self.filename,
            "format": self.format,
            "checksum": self.checksum,
            "new_organisations": self.new_organisations,
            **self.summary(),
            "items": [item.as_json() for item in self.items],
        }

    def require_same(self, stored: dict[str, Any]) -> None:
        """Raise Conflict if the registry has changed since `stored` (an `as_json`) was shown."""
        changes: dict[str, tuple[Any, Any]] = {}
        for item, before in zip(self.items, stored.get("items", []), strict=False):
            current = item.as_json()
            for name in ("outcome", "version", "differences"):
                if _plain(current[name]) != _plain(before.get(name)):
                    key = item.identifier or f"{item.kind} {item.number}"
                    changes[key] = (before.get("outcome"), item.outcome)
        if len(self.items) != len(stored.get("items", [])):
            changes["file"] = (len(stored.get("items", [])), len(self.items))
        if changes:
            named = ", ".join(list(changes)[:5])
            raise Conflict(
                f"The registry has changed since this plan was made ({named}). Look at the new "
                "plan and apply that one.",
                changes,
            )


def _plain(value: Any) -> Any:
    """Make tuples and lists equal, as they are after having been stored as JSON."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _error_json(error: FieldError) -> dict[str, Any]:
    return {"field": error.field, "message": str(error.message)}


def _said(error: FieldError) -> dict[str, Any]:
    """Return an error in English, and in the form from which it is said in another language."""
    return {**_error_json(error), "said": error.message.as_json()}
