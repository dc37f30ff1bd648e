"""Which elements of a project's own file contradict the record, which was edited since."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from registry.exchange import values
from registry.exchange.iati.activity import role_and_name
from registry.exchange.iati.money import is_commitment
from registry.exchange.iati.places import name_of_place
from registry.exchange.iati.texts import Element, is_general
from registry.exchange.record import Participant, ProjectRecord
from registry.exchange.values import Unreadable


class Told(NamedTuple):
    """An element, where it stood among those of its name, and whose it is."""

    element: Element
    position: int
    record: ProjectRecord
    language: str


FIELDS: dict[str, tuple[str, ...]] = {
    "title": ("title",),
    "description": ("description",),
    "participating-org": ("participating_orgs",),
    "activity-status": ("status",),
    "activity-date": ("start_date", "end_date"),
    "contact-info": ("contact_name", "contact_email"),
    "recipient-country": ("countries",),
    "recipient-region": ("regions",),
    "location": ("locations",),
    "budget": ("budget", "currency"),
    "transaction": ("budget", "currency"),
    "document-link": ("url",),
}
"""The fields of the record that are read from the elements of a name."""


def edited_fields(differing: Iterable[str]) -> frozenset[str]:
    """Return the fields that differ, title_fr as title."""
    return frozenset(
        name.partition("_")[0] if name.startswith(_TEXTS) else name for name in differing
    )


def contradicts(name: str, told: Told, edited: frozenset[str]) -> bool:
    """Tell whether an element says something else than the record does by now."""
    if not edited.intersection(FIELDS.get(name, ())):
        return False
    return name not in _UNLESS or _UNLESS[name](told)


_TEXTS = ("title_", "description_")


def meaning(name: str, element: Element, language: str) -> object:
    """Return what an element of a list stands for in the record; itself, where that is not told."""
    if name == "participating-org":
        role, said = role_and_name(element, language)
        return Participant(role or "", _line(said) or "")
    if name == "location":
        return _line(name_of_place(element, language))
    return element


def _is_other_participant(told: Told) -> bool:
    found = meaning("participating-org", told.element, told.language)
    return found not in told.record.participating_orgs


def _is_other_place(told: Told) -> bool:
    name = meaning("location", told.element, told.language)
    return name is not None and name not in told.record.locations


def _line(text: str | None) -> str | None:
    try:
        return values.read_line(text)
    except Unreadable:
        return None


def _is_own_page(told: Told) -> bool:
    return any(c.get("code") == "A12" for c in told.element.iterchildren("category"))


_UNLESS: dict[str, Callable[[Told], bool]] = {
    "description": lambda told: is_general(told.element),
    "participating-org": _is_other_participant,
    "location": _is_other_place,
    "contact-info": lambda told: told.position == 0,
    "transaction": lambda told: is_commitment(told.element),
    "document-link": _is_own_page,
}
"""Which of the elements of a name are meant; of other names all are."""
