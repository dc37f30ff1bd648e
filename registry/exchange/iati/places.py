"""Where an activity takes place: recipient countries and regions, locations."""

from decimal import Decimal

from registry import codelists
from registry.exchange import values
from registry.exchange.iati.codes import region_of
from registry.exchange.iati.contents import Contents
from registry.exchange.iati.texts import Element, child_of, one_narrative, text_of
from registry.exchange.record import CountryShare
from registry.messages import Message, message

_MOST_PERCENT = Decimal("100.5")  # shares are rounded


def places_of(activity: Contents) -> tuple[list[CountryShare], list[str]]:
    """Return recipient countries and regions; without any, those that transactions name."""
    children = activity.children
    places = [*children.get("recipient-country", ()), *children.get("recipient-region", ())]
    of_activity = bool(places)
    if not of_activity:
        for transaction in children.get("transaction", ()):
            places += transaction.iterchildren("recipient-country", "recipient-region")
    shares: dict[str, Decimal | None] = {}
    regions: dict[str, None] = {}
    for place in places:
        code = (place.get("code") or "").strip()
        if place.tag == "recipient-region":
            if known := region_of(code, place.get("vocabulary")):
                regions[known] = None
            elif code:
                activity.warn("regions", _no_region(code))
        elif country := country_of(place):
            said = place.get("percentage") if of_activity else None
            share = activity.take("countries", values.read_percentage, said)
            shares[country] = shares.get(country) or share
        else:
            activity.warn(
                "countries", message("'{code}' is not a country of ISO 3166-1.", code=code[:20])
            )
    if sum(share for share in shares.values() if share is not None) > _MOST_PERCENT:
        shares = dict.fromkeys(shares, None)
        activity.warn(
            "countries",
            message("The percentages add up to more than 100; they were left out."),
        )
    return [CountryShare(code, share) for code, share in shares.items()], list(regions)


def _no_region(code: str) -> Message:
    return message(
        "The region {code} has no equal in UN M49; it was kept as source only.", code=code[:20]
    )


def country_of(place: Element) -> str | None:
    """Return the country that a recipient-country names by its code, else by its text."""
    code = (place.get("code") or "").strip()
    if code in codelists.countries():
        return code
    return (codelists.find_country(code) if code else None) or codelists.find_country(
        text_of(place) or ""
    )


def locations_of(activity: Contents) -> list[str]:
    """Return the names of locations."""
    names = (
        activity.take("locations", values.read_line, name_of_place(location, activity.language))
        for location in activity.children.get("location", ())
    )
    return activity.limited("locations", (name for name in names if name))


def name_of_place(location: Element, language: str) -> str | None:
    """Return the name of a location; one without a name is told by its description."""
    return one_narrative(child_of(location, "name"), language) or one_narrative(
        child_of(location, "description"), language
    )
