"""Two people edited one project: what the second is shown, and nothing typed is lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.exchange.record import ProjectRecord, as_json, parse_record

_NOT_TYPED = frozenset({"state", "suggestions", "source", "reporting_org", "reporting_org_type"})


@dataclass(frozen=True)
class ChangedField:
    """A field that somebody else changed while this person was editing."""

    name: str
    before: Any
    now: Any
    typed: Any
    disputed: bool
    """Both changed it, differently; the form keeps what was typed."""


def compare(
    changes: Mapping[str, tuple[Any, Any]], typed: ProjectRecord
) -> tuple[ProjectRecord, list[ChangedField]]:
    """Return the typed record with the others' changes taken in, and what they changed.

    `changes` is that of `registry.errors.Conflict`: field -> (as it was when this person opened
    the form, now). A field that only the others changed is taken from them; one that both changed
    stays as typed.
    """
    own = as_json(typed)
    merged, fields = dict(own), []
    for name, (before, now) in changes.items():
        if name == "state":
            fields.append(ChangedField(name, before, now, None, disputed=False))
        if name in _NOT_TYPED:
            continue
        disputed = own.get(name) not in (before, now)
        if not disputed:
            merged[name] = now
        fields.append(ChangedField(name, before, now, own.get(name), disputed))
    together = parse_record({name: value for name, value in merged.items() if value is not None})
    if together.record is None:  # the two fit badly, such as a start after the end
        return typed, [
            ChangedField(f.name, f.before, f.now, f.typed, f.typed != f.now) for f in fields
        ]
    return together.record, fields
