"""Where and when: countries and shares, provinces, months in common, phases."""

import math
from datetime import date, timedelta
from difflib import get_close_matches
from functools import lru_cache

from registry import wording
from registry.messages import Message, message
from registry.overlap.background import Background
from registry.overlap.evidence.evidence import Evidence, between, kind
from registry.overlap.places import comparable, province_name, spelled
from registry.overlap.profile import Profile

MANY_COUNTRIES = 3
NAMED = 3
"""So many places are told by their names."""
CLOSE = 0.8
"""Names so much alike, from 0 to 1, are one place in two spellings."""
USUAL_DAYS = 913
"""Half of the projects of the labelled set run for 30 months or less."""
UNSURE = 0.6
"""What is only likely of a time counts for so much."""

_REMEMBERED = 10_000
"""Sets of places that were compared: those of a country come again and again."""


@kind("countries", -1.0, 1.0)
def countries(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They share countries, with little or much of each project in them."""
    shared = common_countries(a, b)
    if not shared or not a.countries or not b.countries:
        return None
    share = min(sum(a.countries[c] for c in shared), sum(b.countries[c] for c in shared))
    value = between(-1.0, (share - 0.6) / 0.4, 1.0)
    return Evidence("countries", value, lambda: _told_countries(shared, share))


def _told_countries(shared: list[str], share: float) -> Message:
    number, named = len(shared), wording.countries(shared[:NAMED])
    part = wording.share(share)
    if share >= 0.99 and number == 1:
        return message("Same country and no other: {countries}.", countries=named)
    if share >= 0.99 and number <= NAMED:
        return message("Same countries and no others: {countries}.", countries=named)
    if share >= 0.99:
        return message(
            "Both work in the same {number} countries, {countries} among them.",
            number=number,
            countries=named,
        )
    if number <= NAMED:
        return message(
            "Countries in common: {countries} ({share} of one project).",
            countries=named,
            share=part,
        )
    return message(
        "{number} countries in common, {countries} among them ({share} of one project).",
        number=number,
        countries=named,
        share=part,
    )


@kind("locations", -4.0, 1.0)
def locations(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They work in the same provinces or towns, or explicitly in different ones."""
    own, other = a.places, b.places
    shared = _shared_names(a, b)
    if shared:
        return Evidence("locations", 1.0, lambda: _told_names(a, b, shared))
    if own.everywhere or other.everywhere:
        return None  # the one includes the other
    towns = own.towns & other.towns
    common = own.shared_provinces(other)
    if towns or common:
        return Evidence("locations", 0.8, lambda: _told_common(towns, common))
    return _apart(a, b)


def _apart(a: Profile, b: Profile) -> Evidence | None:
    own, other = a.places, b.places
    if own.regional or other.regional:
        return _apart_in_common_countries(a, b)
    if _comparable(own.provinces, other.provinces):
        return Evidence("locations", -4.0, lambda: _told_provinces_apart(a, b))
    if _comparable(own.provinces or own.mentioned, other.provinces or other.mentioned):
        # What a text names in passing need not be where the project works.
        return Evidence("locations", -2.2, lambda: _told_provinces_apart(a, b))
    if close := _close_names(own.listed, other.listed):
        return Evidence("locations", 0.8, lambda: _told_names(a, b, {close}))
    if own.listed and other.listed:
        # Villages of one province bear different names too.
        return Evidence(
            "locations",
            -3.0,
            lambda: message(
                "Different places: {a} in one, {b} in the other.", a=_where(a), b=_where(b)
            ),
        )
    return None


def _apart_in_common_countries(a: Profile, b: Profile) -> Evidence | None:
    """A programme for several countries seldom lists all of its places in each."""
    shared = common_countries(a, b)
    if not comparable(a.places.provinces_in(shared), b.places.provinces_in(shared)):
        return None
    return Evidence("locations", -1.5, lambda: _told_provinces_apart(a, b))


_comparable = lru_cache(maxsize=_REMEMBERED)(comparable)


@lru_cache(maxsize=_REMEMBERED)
def _close_names(own: frozenset[str], other: frozenset[str]) -> str | None:
    """Return a place of the first that the second spells a little differently: Macau, Macao."""
    return next((name for name in sorted(own) if get_close_matches(name, other, 1, CLOSE)), None)


def _told_provinces_apart(a: Profile, b: Profile) -> Message:
    return message("Different provinces: {a} in one, {b} in the other.", a=_where(a), b=_where(b))


def _told_names(a: Profile, b: Profile, shared: set[str]) -> Message:
    named = spelled(a.record, shared) or spelled(b.record, shared)
    return message("Both name {places}.", places=wording.names(named[:NAMED]))


def _told_common(towns: frozenset[str], provinces: frozenset[str]) -> Message:
    names = sorted(town.title() for town in towns) or sorted(
        name for code in provinces if (name := province_name(code))
    )
    if names:
        return message("Both speak of {places}.", places=wording.names(names[:NAMED]))
    return message("Both work in towns of one province.")


def _shared_names(a: Profile, b: Profile) -> set[str]:
    """Return places that both list, or that one lists and the other's text names."""
    own, other = a.places, b.places
    shared = (own.listed & (other.listed | other.towns)) | (other.listed & own.towns)
    found = set(shared)
    found |= {name for name in own.listed if f" {name} " in b.folded}
    found |= {name for name in other.listed if f" {name} " in a.folded}
    return found


def _where(profile: Profile) -> wording.Value:
    named = profile.record.locations or [
        *sorted(town.title() for town in profile.places.towns),
        *sorted(
            name
            for code in profile.places.provinces | profile.places.mentioned
            if (name := province_name(code))
        ),
    ]
    return wording.names(named[:NAMED])


@kind("months", -4.0, 1.0)
def months(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They run at the same time, for most of the shorter one or only in passing."""
    if not overlap_in_time(a, b):
        return Evidence("months", -4.0, lambda: _told_apart(a, b))
    own, other = _likely_period(a), _likely_period(b)
    if own is None or other is None:
        return None
    period = max(own[0], other[0]), min(own[1], other[1])
    share = _days(*period) / min(_days(*own), _days(*other))
    if not (a.start and a.end and b.start and b.end):
        likely = UNSURE * between(-1.0, (share - 0.35) / 0.35, 1.0)
        return Evidence("months", likely, lambda: _told_likely(likely, period))
    # Projects that meet only in passing follow each other: that counts four times.
    value = between(-4.0, (share - 0.35) / (0.35 if share > 0.35 else 0.0875), 1.0)
    return Evidence(
        "months", value, lambda: _told_months(value, share, months_in_common(a, b), period)
    )


def _likely_period(profile: Profile) -> tuple[date, date] | None:
    """Return beginning and end; for one that is missing, as if it were of the usual length."""
    usual = timedelta(USUAL_DAYS)
    if profile.start:
        return profile.start, profile.end or profile.start + usual
    return (profile.end - usual, profile.end) if profile.end else None


def _told_likely(value: float, period: tuple[date, date]) -> Message:
    if value > 0:
        return message(
            "Not all dates are given; of the usual length, they run together ({period}).",
            period=wording.period(*period),
        )
    return message("Not all dates are given; of the usual length, they hardly run together.")


def _told_apart(a: Profile, b: Profile) -> Message:
    first, second = (a, b) if a.end and b.start and a.end < b.start else (b, a)
    assert first.end and second.start  # by these one knows that they don't meet  # noqa: S101
    return message(
        "They do not run at the same time: one ends on {end}, the other begins on {start}.",
        end=wording.day(first.end),
        start=wording.day(second.start),
    )


def _told_months(value: float, share: float, number: int, period: tuple[date, date]) -> Message:
    told = {"months": wording.months(number), "period": wording.period(*period)}
    if share > 0.995:
        return message("They run together for {months} ({period}), all of the shorter one.", **told)
    told["share"] = wording.share(share)
    if value < 0:
        return message(
            "They run together for only {months} ({period}), {share} of the shorter one.", **told
        )
    return message("They run together for {months} ({period}), {share} of the shorter one.", **told)


@kind("dates", -2.0, 1.0)
def dates(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They begin and end on nearly the same days, as two records of one project do."""
    if a.period_told or b.period_told:
        return None  # years that a text names are no days
    gaps = [
        abs((one - two).days) / 30.4
        for one, two in ((a.start, b.start), (a.end, b.end))
        if one and two
    ]
    if not gaps:
        return None
    apart = sum(gaps) / len(gaps)
    # The nearer date counts double: a donor's agreement may begin long before the work does.
    weighed = (sum(gaps) + min(gaps)) / (len(gaps) + 1)
    value = between(-2.0, 1.0 - weighed / 3.0, 1.0)
    if value < 0.0 and (_contribution_within(a, b) or _contribution_within(b, a)):
        return None
    return Evidence("dates", value, lambda: _told_dates(a, b, gaps, apart))


def _contribution_within(part: Profile, whole: Profile) -> bool:
    """Tell whether one is a contribution that is paid while the other runs."""
    return bool(
        part.contributes
        and (part.start and whole.start and part.end and whole.end)
        and whole.start <= part.start
        and part.end <= whole.end
    )


def _told_dates(a: Profile, b: Profile, gaps: list[float], apart: float) -> Message:
    if not (a.start and b.start and a.end and b.end):
        return _told_one_date(a, b, apart)
    told = {"first": wording.day(a.start), "last": wording.day(a.end)}
    if not apart:
        return message("They begin and end on the same days, {first} and {last}.", **told)
    told |= {"other_first": wording.day(b.start), "other_last": wording.day(b.end)}
    if max(gaps) < 1:
        return message(
            "They begin and end within a month of each other: {first} to {last}, "
            "{other_first} to {other_last}.",
            **told,
        )
    if apart < 1:
        return message(
            "They begin and end at nearly the same time: {first} to {last}, "
            "{other_first} to {other_last}.",
            **told,
        )
    return message(
        "Their beginnings and ends are {months} apart on average: {first} to {last}, "
        "{other_first} to {other_last}.",
        months=wording.months(round(apart)),
        **told,
    )


def _told_one_date(a: Profile, b: Profile, apart: float) -> Message:
    """Tell of the one date, beginning or end, that both give."""
    if a.start and b.start:
        told = {"a": wording.day(a.start), "b": wording.day(b.start)}
        if apart < 1:
            return message("They begin within a month of each other: {a} and {b}.", **told)
        return message("They begin months apart: {a} and {b}.", **told)
    assert a.end and b.end  # without two dates there is nothing to tell  # noqa: S101
    told = {"a": wording.day(a.end), "b": wording.day(b.end)}
    if apart < 1:
        return message("They end within a month of each other: {a} and {b}.", **told)
    return message("They end months apart: {a} and {b}.", **told)


@kind("phases", -1.0, 0.0)
def phases(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """Their titles name different phases: one follows the other."""
    if a.phase is None or b.phase is None or a.phase == b.phase:
        return None
    return Evidence(
        "phases",
        -1.0,
        lambda: message("The titles name different phases: {a} and {b}.", a=a.phase, b=b.phase),
    )


@kind("extent", -2.0, 0.0)
def extent(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """One is a programme for many countries, the other one country's: programme and component."""
    few, many = sorted((a.number_of_countries, b.number_of_countries))
    if not few or many < MANY_COUNTRIES * few:
        return None
    value = between(-2.0, -math.log(many / few, MANY_COUNTRIES), 0.0)
    return Evidence(
        "extent",
        value,
        lambda: message("One covers {many} countries, the other {few}.", many=many, few=few),
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


def _days(start: date, end: date) -> int:
    return (end - start).days + 1
