"""One iati-activity element, read whole: what it says, as a project record.

Files of 2.0x have texts in `narrative` elements and codes in attributes. Those of 1.0x are brought
into that form first (`upgrade.py`); what is left of it in newer files is understood here too. A
field that can't be read is left out with a warning; nothing but a missing title, organisation or
an identifier beyond all length refuses an activity, and that is found out before (`stream.py`).
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from registry import codelists
from registry.exchange import values
from registry.exchange.amounts import currency_named, read_amount
from registry.exchange.dates import read_date
from registry.exchange.iati.codes import OWN_RELATION, scheme_of_tag, table
from registry.exchange.iati.contents import Contents, left_out
from registry.exchange.iati.money import budget_of
from registry.exchange.iati.places import locations_of, places_of
from registry.exchange.iati.source_elements import source_of
from registry.exchange.iati.subject import OWN_FIELD, Subject
from registry.exchange.iati.texts import (
    Element,
    child_of,
    children_of,
    is_general,
    narratives,
    one_narrative,
    text_of,
)
from registry.exchange.parsing import check_whole
from registry.exchange.record import CODED_LISTS, Participant, ProjectRecord, Related
from registry.folding import fold
from registry.messages import message


def read_activity(
    element: Element, subject: Subject, organisation: str, *, plain: bool = False
) -> tuple[ProjectRecord, Contents]:
    """Return the record, and what is to be said about it; of one that is refused, what can be read.

    `plain` says that no namespace is declared in or around the element.
    """
    children: dict[str, list[Element]] = {}
    for child in children_of(element):
        children.setdefault(str(child.tag), []).append(child)
    activity = Contents(children, subject.language)
    language, titles, descriptions = _texts(activity, subject)
    activity.columns = _columns(language, titles, descriptions)
    start, end = _dates(activity)
    countries, regions = places_of(activity)
    contact_name, contact_email = _contact(activity)
    amount, currency, said = budget_of(children, element.get("default-currency"))
    if said is not None:
        activity.warn("budget", said)
    source, too_many = source_of(element, children, language, plain=plain)
    for said in too_many:
        activity.warn("source", said)
    identifier = activity.take("identifier", values.read_name, subject.identifier)
    record = ProjectRecord(
        reporting_org=activity.take("reporting_org", values.read_name, organisation) or "",
        titles=titles,
        identifier=identifier,
        iati_identifier=identifier,
        reporting_org_type=table("organisation_types").get(subject.reporter.type or ""),
        descriptions=descriptions,
        language=language,
        status=_status(activity.first("activity-status")),
        start_date=start,
        end_date=end,
        countries=countries,
        regions=regions,
        locations=locations_of(activity),
        **(_codes(activity) if subject.coded else {}),
        budget=activity.take("budget", read_amount, amount),
        currency=_currency(activity, currency),
        participating_orgs=_participants(activity),
        related=_related(activity),
        url=activity.take("url", values.read_url, _url(activity)),
        contact_name=contact_name,
        contact_email=contact_email,
        source=source,
    )
    errors, warnings = check_whole(record)
    for error in errors:  # it ends before it starts
        setattr(record, error.field, None)
        activity.warn(error.field, left_out(error.message))
    activity.warnings += warnings
    return record, activity


def _texts(activity: Contents, subject: Subject) -> tuple[str, dict[str, str], dict[str, str]]:
    """Return language, titles and descriptions; the language is one that there is a title in."""
    titles = _read_each(activity, "title", values.read_line, subject.titles)
    language = subject.language
    if titles and language not in titles:
        language = "en" if "en" in titles else next(iter(titles))
    given = general_texts(activity.children.get("description", ()), subject.language)
    descriptions = _read_each(activity, "description", values.read_text, given)
    return language, titles, descriptions


def _read_each(
    activity: Contents, name: str, read: Callable[[Any], str | None], texts: dict[str, str]
) -> dict[str, str]:
    found = {}
    for language, text in texts.items():
        if value := activity.take(name, read, text):
            found[language] = value
    return found


def _columns(language: str, titles: dict[str, str], descriptions: dict[str, str]) -> frozenset[str]:
    columns = {f"title_{spoken}" for spoken in titles if spoken != language}
    return frozenset(columns | {f"description_{s}" for s in descriptions if s != language})


def general_texts(descriptions: Iterable[Element], language: str) -> dict[str, str]:
    """Return language -> text of the general descriptions; without any, of the others.

    Several texts in one language become paragraphs of one.
    """
    general: dict[str, list[str]] = {}
    others: dict[str, list[str]] = {}
    for description in descriptions:
        target = general if is_general(description) else others
        for spoken, text in narratives(description, language).items():
            target.setdefault(spoken, []).append(text)
    return {
        spoken: texts[0] if len(texts) == 1 else "\n\n".join(dict.fromkeys(texts))
        for spoken, texts in (general or others).items()
    }


def _status(status: Element | None) -> str | None:
    if status is None:
        return None
    code = (status.get("code") or "").strip()
    known = table("statuses").get(code)
    return known or table("status_words").get(fold(text_of(status) or ""))


def _dates(activity: Contents) -> tuple[Any, Any]:
    """Return start and end: actual dates where there are any, else planned ones."""
    found: dict[str, str] = {}
    for when in activity.children.get("activity-date", ()):
        kind = (when.get("type") or "").strip()
        kind = table("date_types").get(kind, kind)
        day = (when.get("iso-date") or "").strip() or text_of(when)
        if day:
            found.setdefault(kind, day)

    def read(kind: str, field_name: str) -> Any:
        return activity.take(field_name, read_date, found.get(kind))

    start = read("start-actual", "start_date") or read("start-planned", "start_date")
    end = read("end-actual", "end_date")
    planned = None
    if end is None or (start is not None and end < start):
        planned = read("end-planned", "end_date")
    if end is None:
        return start, planned
    if start is not None and end < start and planned is not None and planned >= start:
        activity.warn(
            "end_date",
            message("The actual end lies before the start; the planned end was taken."),
        )
        return start, planned
    return start, end


def _participants(activity: Contents) -> list[Participant]:
    found = []
    for participant in activity.children.get("participating-org", ()):
        role, name = role_and_name(participant, activity.language)
        line = activity.take("participating_orgs", values.read_line, name)
        if line and role:
            found.append(Participant(role, line))
        elif line:
            activity.warn(
                "participating_orgs",
                message("{name} has no role that IATI knows; it was left out.", name=line[:80]),
            )
    return activity.limited("participating_orgs", found)


def role_and_name(participant: Element, language: str) -> tuple[str | None, str | None]:
    """Return this registry's code of the role, and the name, or else the reference."""
    said = (participant.get("role") or "").strip()
    role = table("roles").get(said) or said.lower()
    name = one_narrative(participant, language) or participant.get("ref")
    return role if role in table("roles").values() else None, name


def _related(activity: Contents) -> list[Related]:
    """Return relations to other activities, but for those that follow from a decision here."""
    found = []
    for related in activity.children.get("related-activity", ()):
        own = child_of(related, OWN_RELATION) if len(related) else None
        said = (related.get("type") or "").strip()
        kind = own.get("type") if own is not None else table("relation_types").get(said)
        ref = activity.take("related", values.read_name, related.get("ref"))
        if ref and kind in codelists.scheme("relation_types"):
            found.append(Related(str(kind), ref))
    return activity.limited("related", found)


def _url(activity: Contents) -> str | None:
    """Return the activity's own page: activity-website, or a document of category A12."""
    if site := text_of(activity.first("activity-website")):
        return site
    for link in activity.children.get("document-link", ()):
        if any(category.get("code") == "A12" for category in link.iterchildren("category")):
            return link.get("url")
    return None


def _contact(activity: Contents) -> tuple[str | None, str | None]:
    """Return name and address of the first contact: the person, else the unit, else the office."""
    contact = activity.first("contact-info")
    if contact is None:
        return None, None
    parts: dict[str, Element] = {}
    for child in children_of(contact):
        parts.setdefault(str(child.tag), child)
    name = None
    for part in ("person-name", "department", "organisation"):
        name = name or one_narrative(parts.get(part), activity.language)
    return (
        activity.take("contact_name", values.read_line, name),
        activity.take("contact_email", values.read_email, text_of(parts.get("email"))),
    )


def _currency(activity: Contents, said: str | None) -> str | None:
    known = currency_named(said) if said else None
    if said and known is None:
        activity.warn(
            "currency",
            left_out(
                message(
                    "'{value}' is not a currency. Use the three letters of ISO 4217, such as USD "
                    "or EUR.",
                    value=said[:40],
                )
            ),
        )
    return known


def _codes(activity: Contents) -> dict[str, Any]:
    """Return the confirmed codes that the tags of this registry are."""
    found: dict[str, dict[str, None]] = {}
    for tag in activity.children.get("tag", ()):
        scheme, code = scheme_of_tag(tag), (tag.get("code") or "").strip()
        if scheme is None or scheme not in CODED_LISTS or not code:
            continue
        if code in codelists.scheme(scheme):
            found.setdefault(scheme, {})[code] = None
        else:
            activity.warn(scheme, message("'{code}' is not a code of the list.", code=code[:60]))
    return {scheme: list(codes) for scheme, codes in found.items()}


def own_fields(activity: Contents) -> dict[str, Any]:
    """Return the values that this registry wrote because IATI has no place for them."""
    found = {}
    for own in activity.children.get(OWN_FIELD, ()):
        name, text = own.get("name"), text_of(own)
        if not name or text is None:
            continue
        try:
            found[name] = json.loads(text)
        except (ValueError, RecursionError):
            activity.warn(name, message("What the registry wrote here can't be read any more."))
    return found
