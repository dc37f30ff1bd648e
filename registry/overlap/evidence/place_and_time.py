"""Where and when: countries and shares, provinces, months in common, phases."""

from datetime import date

from registry import codelists
from registry.messages import message
from registry.overlap.background import Background
from registry.overlap.evidence.evidence import Evidence, between
from registry.overlap.profile import Profile

MANY_COUNTRIES = 3


def countries(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They share countries, with little or much of each project in them."""
    shared = common_countries(a, b)
    if not shared or not a.countries or not b.countries:
        return None
    share = min(sum(a.countries[c] for c in shared), sum(b.countries[c] for c in shared))
    names = ", ".join(codelists.country_name(code) for code in shared[:3])
    value = between(-1.0, (share - 0.6) / 0.4, 1.0)
    if share >= 0.99:
        return Evidence(
            "countries", value, message("Both work in {countries} alone.", countries=names)
        )
    return Evidence(
        "countries",
        value,
        message(
            "They share {countries}, which is {percent} % of one of them.",
            countries=names,
            percent=round(100 * share),
        ),
    )


def locations(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They work in the same provinces or towns, or explicitly in different ones."""
    own, other = a.places, b.places
    shared = _shared_names(a, b)
    if shared:
        return Evidence(
            "locations", 1.0, message("Both name {places}.", places=", ".join(sorted(shared)[:3]))
        )
    own_provinces = own.provinces or own.mentioned
    other_provinces = other.provinces or other.mentioned
    if (own.provinces | own.mentioned) & (other.provinces | other.mentioned):
        return Evidence("locations", 0.9, message("Both speak of the same province."))
    here, there = _where(a), _where(b)
    if own_provinces and other_provinces:
        return Evidence(
            "locations", -3.0, message("Different provinces: {a}; {b}.", a=here, b=there)
        )
    if own.listed and other.listed:
        # Towns of one province may bear different names, so this weighs less.
        return Evidence("locations", -2.2, message("Different places: {a}; {b}.", a=here, b=there))
    return None


def _shared_names(a: Profile, b: Profile) -> set[str]:
    """Return places that both list, or that one lists and the other's text names."""
    shared = set(a.places.listed & b.places.listed)
    shared |= {name for name in a.places.listed if f" {name} " in b.folded}
    shared |= {name for name in b.places.listed if f" {name} " in a.folded}
    return shared


def _where(profile: Profile) -> str:
    return ", ".join(profile.record.locations[:3]) or ", ".join(
        sorted(profile.places.mentioned)[:3]
    )


def months(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They run at the same time, for most of the shorter one or only in passing."""
    span = _common_days(a, b)
    if span is None:
        return None
    days, shorter = span
    if days <= 0:
        return Evidence("months", -2.0, message("They do not run at the same time."))
    share = days / max(shorter, 1)
    # Projects that meet only in passing follow each other: that counts double.
    value = between(-2.0, (share - 0.35) / (0.35 if share > 0.35 else 0.175), 1.0)
    return Evidence(
        "months",
        value,
        message(
            "{months} months in common, {percent} % of the shorter project.",
            months=months_in_common(a, b),
            percent=round(100 * min(share, 1.0)),
        ),
    )


def dates(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They begin and end on nearly the same days, as two records of one project do."""
    gaps = [
        abs((one - two).days) / 30.4
        for one, two in ((a.start, b.start), (a.end, b.end))
        if one and two
    ]
    if not gaps:
        return None
    apart = sum(gaps) / len(gaps)
    value = between(-2.0, 1.0 - apart / 3.0, 1.0)
    if apart < 0.1:
        return Evidence("dates", value, message("They begin and end on the same days."))
    return Evidence(
        "dates",
        value,
        message(
            "Their beginnings and ends are {months} months apart on average.",
            months=round(apart, 1),
        ),
    )


def phases(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """Their titles name different phases: one follows the other."""
    if a.phase is None or b.phase is None or a.phase == b.phase:
        return None
    return Evidence(
        "phases",
        -1.0,
        message("The titles name different phases: {a} and {b}.", a=a.phase, b=b.phase),
    )


def extent(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """One is a programme for many countries, the other one country's: programme and component."""
    numbers = sorted((len(a.countries), len(b.countries)))
    if not numbers[0] or numbers[1] < MANY_COUNTRIES or numbers[1] < 3 * numbers[0]:
        return None
    return Evidence(
        "extent",
        -1.0,
        message("One covers {many} countries, the other {few}.", many=numbers[1], few=numbers[0]),
    )


def common_countries(a: Profile, b: Profile) -> list[str]:
    """Return the countries of both, a region's countries included."""
    return sorted(a.countries.keys() & b.countries.keys())


def months_in_common(a: Profile, b: Profile) -> int:
    """Return in how many calendar months both run; 0 when a date is missing."""
    if not (a.start and a.end and b.start and b.end):
        return 0
    first, last = max(a.start, b.start), min(a.end, b.end)
    return (
        max((last.year - first.year) * 12 + last.month - first.month + 1, 0) if first <= last else 0
    )


def overlap_in_time(a: Profile, b: Profile) -> bool:
    """Tell whether both may run at the same time; a missing date excludes nothing."""
    return not ((a.end and b.start and a.end < b.start) or (b.end and a.start and b.end < a.start))


def _common_days(a: Profile, b: Profile) -> tuple[int, int] | None:
    """Return days in common and days of the shorter project."""
    if not overlap_in_time(a, b):
        return 0, 1
    if not (a.start and a.end and b.start and b.end):
        return None
    first, last = max(a.start, b.start), min(a.end, b.end)
    return (last - first).days + 1, min(_days(a.start, a.end), _days(b.start, b.end))


def _days(start: date, end: date) -> int:
    return (end - start).days + 1
