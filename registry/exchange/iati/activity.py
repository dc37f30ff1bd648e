"""One iati-activity element: what it says, in the words of the project record.

2.0x has texts in `narrative` elements and codes in attributes, 1.0x has the text directly and some
words instead of codes; both are read with the same functions.
"""

import json
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from registry import codelists
from registry.errors import FieldError
from registry.exchange.iati.codes import NAMESPACE, OWN_REFERENCE, region_of, scheme_of_tag, table
from registry.exchange.iati.money import budget_of
from registry.exchange.iati.source_elements import source_of
from registry.exchange.record import CODED_LISTS
from registry.exchange.values import LONGEST_NAME
from registry.folding import fold
from registry.messages import Message, message

Element = etree._Element

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass
class Activity:
    """What one activity says: values for `parse_record`, and what is to be said about them."""

    values: dict[str, Any]
    warnings: list[FieldError] = field(default_factory=list)
    organisation_keys: tuple[str, ...] = ()
    organisation_ref: str | None = None
    sectors: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    """All narratives of titles and descriptions, for telling what the activity is about."""
    tagged: bool = False
    """Whether the activity carries codes of this registry."""

    def warn(self, field_name: str, what: Message) -> None:
        """Say something about a field that does not stop the import."""
        self.warnings.append(FieldError(field_name, what))


def read_activity(element: Element, version: str) -> Activity:
    """Read one activity; its values still have to be parsed and may be wrong."""
    language = (element.get(XML_LANG) or "en").strip().lower() or "en"
    activity = Activity({"language": language})
    values = activity.values
    identifier = _text_of(element.find("iati-identifier"))
    values["identifier"] = values["iati_identifier"] = identifier
    _read_reporting_org(element, activity, language)
    _read_texts(element, activity, language)
    values["status"] = _status(element.find("activity-status"))
    _read_dates(element, activity)
    _read_places(element, activity)
    values["locations"] = _locations(element, language)
    values["participating_orgs"] = _participants(element, activity, language)
    values["related"] = _related(element)
    values["url"] = _url(element)
    _read_contact(element, activity, language)
    amount, currency, said = budget_of(element)
    values["budget"], values["currency"] = amount, currency
    if said is not None:
        activity.warn("budget", said)
    _read_codes(element, activity)
    values["source"], too_many = source_of(element, version)
    for said in too_many:
        activity.warn("source", said)
    _read_own_fields(element, activity)
    return activity


def _text_of(element: Element | None) -> str | None:
    """Return all text inside an element, or None."""
    if element is None:
        return None
    text = "".join(str(part) for part in element.itertext()).strip()
    return text or None


def narratives(element: Element | None, language: str) -> dict[str, str]:
    """Return language -> text: of the narrative elements, or of the element itself (1.0x)."""
    if element is None:
        return {}
    inner = element.findall("narrative")
    texts: dict[str, str] = {}
    for narrative in inner or [element]:
        spoken = (narrative.get(XML_LANG) or element.get(XML_LANG) or language).strip().lower()
        text = _text_of(narrative)
        if text:
            texts.setdefault(spoken or language, text)
    return texts


def one_narrative(element: Element | None, language: str) -> str | None:
    """Return the text in the activity's language, else in English, else the first."""
    texts = narratives(element, language)
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), None)


def _read_reporting_org(element: Element, activity: Activity, language: str) -> None:
    reporting = element.find("reporting-org")
    if reporting is None:
        return
    ref = (reporting.get("ref") or "").strip()
    if ref.startswith(OWN_REFERENCE):
        ref = ""
    names = narratives(reporting, language)
    name = one_narrative(reporting, language) or ref
    activity.values["reporting_org"] = name or None
    activity.values["reporting_org_type"] = table("organisation_types").get(
        (reporting.get("type") or "").strip()
    )
    keys = [ref, name, *names.values()]
    activity.organisation_ref = ref if 0 < len(ref) <= LONGEST_NAME else None
    activity.organisation_keys = tuple(dict.fromkeys(key for key in keys if key))


def _read_texts(element: Element, activity: Activity, language: str) -> None:
    values = activity.values
    titles: dict[str, str] = {}
    for title in element.findall("title"):  # 1.0x repeats the element for each language
        titles = narratives(title, language) | titles
    general: dict[str, str] = {}
    others: dict[str, str] = {}
    texts = list(titles.values())
    for description in element.findall("description"):
        found = narratives(description, language)
        texts += found.values()
        kind = (description.get("type") or "1").strip().lower()
        if kind in ("1", "general", ""):
            general = found | general
        else:
            others = found | others
    descriptions = general or others
    for name, given in (("title", titles), ("description", descriptions)):
        if language not in given and given:
            values["language"] = next(iter(given))
        for spoken, text in given.items():
            values[name if spoken == values["language"] else f"{name}_{spoken}"] = text
    activity.texts = tuple(texts)


def _status(status: Element | None) -> str | None:
    if status is None:
        return None
    code = (status.get("code") or "").strip()
    known = table("statuses").get(code)
    return known or table("status_words").get(fold(_text_of(status) or ""))


def _read_dates(element: Element, activity: Activity) -> None:
    """Take actual dates where there are any, else planned ones."""
    found: dict[str, str] = {}
    for when in element.findall("activity-date"):
        kind = (when.get("type") or "").strip()
        kind = table("date_types").get(kind, kind)
        day = (when.get("iso-date") or "").strip() or _text_of(when)
        if day:
            found.setdefault(kind, day)
    for name, kind in (("start_date", "start"), ("end_date", "end")):
        activity.values[name] = found.get(f"{kind}-actual") or found.get(f"{kind}-planned")
    start, end = activity.values["start_date"], activity.values["end_date"]
    if start and end and end < start and found.get("end-planned", "") >= start:
        activity.values["end_date"] = found["end-planned"]
        activity.warn(
            "end_date",
            message("The actual end lies before the start; the planned end was taken."),
        )


def _read_places(element: Element, activity: Activity) -> None:
    """Read recipient countries and regions; without any, those that transactions name."""
    holders = [element] if _recipients(element) else element.findall("transaction")
    countries: dict[str, str | None] = {}
    regions: dict[str, None] = {}
    for holder in holders:
        for place in _recipients(holder):
            code = (place.get("code") or "").strip()
            if place.tag == "recipient-region":
                known = region_of(code, place.get("vocabulary"))
                if known:
                    regions[known] = None
                elif code:
                    activity.warn(
                        "regions",
                        message(
                            "The region {code} has no equal in UN M49; it was kept as source only.",
                            code=code[:20],
                        ),
                    )
                continue
            country = codelists.find_country(code) if code else None
            country = country or codelists.find_country(_text_of(place) or "")
            if country is None:
                activity.warn(
                    "countries",
                    message("'{code}' is not a country of ISO 3166-1.", code=code[:20]),
                )
            else:
                share = place.get("percentage") if holder is element else None
                countries.setdefault(country, share or None)
    if _sum_of(countries) > Decimal("100.5"):
        countries = dict.fromkeys(countries, None)
        activity.warn(
            "countries",
            message("The percentages add up to more than 100; they were left out."),
        )
    activity.values["countries"] = [
        {"code": code, "percentage": share} for code, share in countries.items()
    ]
    activity.values["regions"] = list(regions)


def _recipients(holder: Element) -> list[Element]:
    return [*holder.findall("recipient-country"), *holder.findall("recipient-region")]


def _sum_of(shares: dict[str, str | None]) -> Decimal:
    total = Decimal(0)
    for share in shares.values():
        try:
            total += Decimal(share) if share else Decimal(0)
        except InvalidOperation:
            continue
    return total if total.is_finite() else Decimal(0)


def _locations(element: Element, language: str) -> list[str]:
    names = (
        one_narrative(location.find("name"), language)
        or one_narrative(location.find("description"), language)
        for location in element.findall("location")
    )
    return [" ".join(name.split()) for name in names if name]


def _participants(element: Element, activity: Activity, language: str) -> list[dict[str, str]]:
    found = []
    for participant in element.findall("participating-org"):
        name = one_narrative(participant, language) or (participant.get("ref") or "").strip()
        role = (participant.get("role") or "").strip()
        role = table("roles").get(role) or role.lower()
        if name and role in table("roles").values():
            found.append({"name": name, "role": role})
        elif name:
            activity.warn(
                "participating_orgs",
                message("{name} has no role that IATI knows; it was left out.", name=name[:80]),
            )
    return found


def _related(element: Element) -> list[dict[str, str]]:
    found = []
    for related in element.findall("related-activity"):
        kind = table("relation_types").get((related.get("type") or "").strip())
        ref = (related.get("ref") or "").strip()
        if kind and ref:
            found.append({"id": ref, "type": kind})
    return found


def _url(element: Element) -> str | None:
    """Return the activity's own page: activity-website, or a document of category A12."""
    site = _text_of(element.find("activity-website"))
    if site:
        return site
    for link in element.findall("document-link"):
        if any(category.get("code") == "A12" for category in link.findall("category")):
            return (link.get("url") or "").strip() or None
    return None


def _read_contact(element: Element, activity: Activity, language: str) -> None:
    contact = element.find("contact-info")
    if contact is None:
        return
    parts = (contact.find(name) for name in ("person-name", "department", "organisation"))
    names = (one_narrative(part, language) for part in parts)
    activity.values["contact_name"] = next((name for name in names if name), None)
    activity.values["contact_email"] = _text_of(contact.find("email"))


def _read_codes(element: Element, activity: Activity) -> None:
    """Read tags of this registry as confirmed codes; other tags and sectors tell the subject."""
    codes: dict[str, list[str]] = {}
    others = []
    for tag in element.findall("tag"):
        scheme, code = scheme_of_tag(tag), (tag.get("code") or "").strip()
        if scheme in CODED_LISTS and code:
            codes.setdefault(str(scheme), []).append(code)
        elif code:
            others.append(code)
    for scheme, found in codes.items():
        known = codelists.scheme(scheme)
        activity.values[scheme] = [code for code in found if code in known]
        for code in found:
            if code not in known:
                activity.warn(
                    scheme, message("'{code}' is not a code of the list.", code=code[:60])
                )
    activity.tagged = bool(codes)
    activity.tags = tuple(others)
    activity.sectors = tuple(
        ((sector.get("vocabulary") or "1").strip(), (sector.get("code") or "").strip())
        for sector in element.findall("sector")
    )


def _read_own_fields(element: Element, activity: Activity) -> None:
    """Take over what this registry itself wrote because IATI has no place for it."""
    for own in element.findall(f"{{{NAMESPACE}}}field"):
        name, text = own.get("name"), _text_of(own)
        if not name or text is None:
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            activity.warn(name, message("What the registry wrote here can't be read any more."))
            continue
        activity.values[name] = value
