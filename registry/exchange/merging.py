"""A file meets what is registered already: what it says counts, where it is silent nothing changes.

A donor's spreadsheet without a column for shelters must not wipe them out, nor an IATI file the
pillars that a person has confirmed.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from typing import Any

from registry.exchange.record import TRANSLATED, ProjectRecord, as_json

_ATTRIBUTES = {"id": "identifier"}
_NOT_COMPARED = frozenset({"identifier", "reporting_org", "reporting_org_type", "suggestions"})
"""What says which project it is, and what the registry itself made."""
_SEPARATE = frozenset(
    {
        "titles",
        "descriptions",
        "language",
        "identifier",
        "reporting_org",
        "reporting_org_type",
        "suggestions",
    }
)


def merge(before: ProjectRecord, read: ProjectRecord, given: frozenset[str]) -> ProjectRecord:
    """Return the record as it will be: `read` where the file speaks of a field, else `before`."""
    spoken_of = {_ATTRIBUTES.get(name, name) for name in given}
    if "language" not in spoken_of:
        read = _in_language(read, before.language, spoken_of)
    changes: dict[str, Any] = {
        field.name: getattr(read, field.name)
        for field in dataclasses.fields(read)
        if field.name in spoken_of and field.name not in _SEPARATE
    }
    # Pillars that were taken from the measures of the file belong to them.
    if read.pillars and "measures" in spoken_of and "pillars" not in spoken_of:
        changes["pillars"] = read.pillars
    # So does the currency that stands beside the budget of the file.
    if read.currency and "budget" in spoken_of and "currency" not in spoken_of:
        changes["currency"] = read.currency
    if before.iati_identifier and not read.iati_identifier:
        changes.pop("iati_identifier", None)
    if "suggestions" in spoken_of and read.suggestions:
        changes["suggestions"] = read.suggestions
    return dataclasses.replace(
        before,
        language=read.language,
        titles=_texts(before, read, "title", spoken_of),
        descriptions=_texts(before, read, "description", spoken_of),
        **changes,
    )


def _in_language(read: ProjectRecord, language: str, spoken_of: set[str]) -> ProjectRecord:
    """Take texts of which a file does not name the language for those of the registry's.

    A text under `title_fr` is French, whatever language the project is in.
    """

    def moved(texts: dict[str, str], name: str) -> dict[str, str]:
        if name not in spoken_of:
            return texts
        return {(language if k == read.language else k): text for k, text in texts.items()}

    return dataclasses.replace(
        read,
        language=language,
        titles=moved(read.titles, "title"),
        descriptions=moved(read.descriptions, "description"),
    )


def _texts(
    before: ProjectRecord, read: ProjectRecord, name: str, spoken_of: set[str]
) -> dict[str, str]:
    """Replace the languages that the file speaks of, and keep the others."""
    old: dict[str, str] = getattr(before, f"{name}s")
    new: dict[str, str] = getattr(read, f"{name}s")
    if f"{name}s" in spoken_of:
        return new
    replaced = {m[2] for key in spoken_of if (m := TRANSLATED.fullmatch(key)) and m[1] == name}
    if name in spoken_of:
        replaced |= {read.language, before.language}
    kept = {language: text for language, text in old.items() if language not in replaced}
    return {**new, **{k: v for k, v in kept.items() if k not in new}}


def differences(before: ProjectRecord, after: ProjectRecord) -> dict[str, tuple[Any, Any]]:
    """Return field -> (before, now) for the fields that differ; {} when nothing does."""
    was, becomes = as_json(before), as_json(after)
    found = {
        name: (was.get(name), becomes.get(name))
        for name in {**was, **becomes}
        if name not in _NOT_COMPARED and _differ(was.get(name), becomes.get(name))
    }
    if "source" in found:
        old, new = _counted(before.source), _counted(after.source)
        found["source"] = (old, f"{new} (changed)" if old == new else new)
    return found


def _differ(was: Any, becomes: Any) -> bool:
    return was != becomes and not (was in (None, "", [], {}) and becomes in (None, "", [], {}))


def _counted(source: Mapping[str, Any]) -> str:
    """Describe what a source holds: nobody reads whole XML in a table of differences."""
    elements = source.get("iati", {}).get("elements", {}) if isinstance(source, dict) else {}
    counts = Counter({name: len(found) for name, found in elements.items()})
    named = [f"{count} {name}" for name, count in sorted(counts.items())]
    return ", ".join(named) or f"{len(source)} values"
