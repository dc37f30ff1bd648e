"""The country brief: what is on it, in the reader's language, and its typesetting as one A4 page.

Each text has one line, which the template cuts where it is too long; so how many lines there are
decides what fits, and that is reckoned here. What comes from outside reaches Typst as JSON, never
as markup.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Literal

import typst

from registry import codelists
from registry.country_figures import Crowding
from registry.country_overview import CountryOverlap, CountryOverview
from web import charts, formats
from web.i18n import gettext as _
from web.i18n import language, ngettext
from web.rendering import TEMPLATES

TEMPLATE = TEMPLATES / "countries" / "brief.typ"
COLUMNS = 12
"""Organisations that have a column of the matrix."""
LINE = 3.25
"""Height of a line, in mm."""
LINES = 60
"""Lines on the page beside its head, its figures and the titles of the sections."""
FEWEST = 8
"""Lines that the sections at the bottom may always use."""
GAPS_IN_A_LINE = 4


Line = tuple[str, str | None]
"""A line of a section: what stands at the left, and at the right."""


async def brief_pdf(values: dict[str, Any]) -> bytes:
    """Typeset the brief, in a thread."""
    return await asyncio.to_thread(typeset, values)


def typeset(values: dict[str, Any], format: Literal["pdf", "png", "svg"] = "pdf") -> bytes:
    """Typeset the brief as a file of this format. Raises TypstError where that is impossible."""
    made = typst.compile(
        _template(),
        format=format,
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(values, ensure_ascii=False)},
    )
    if not isinstance(made, bytes):
        raise ValueError("The brief has more than one page.")
    return made


@cache
def _template() -> bytes:
    return TEMPLATE.read_bytes()


@cache
def _fonts() -> typst.Fonts:
    """Return Typst's own fonts (Latin, Greek, Cyrillic, Arabic), and for others the machine's."""
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True)


def brief_values(overview: CountryOverview, today: date, address: str) -> dict[str, Any]:
    """Return what the brief says, in the present language; `address` is that of the page."""
    matrix = matrix_lines(overview)
    room = LINES - len(matrix)
    left = [_open_overlaps(overview)]
    if overview.overlaps > overview.open_overlaps:
        left.append(_decided_overlaps(overview))
    right = [*([_requests(overview)] if overview.requests else []), _contacts(overview)]
    wanted = max(sum(_height(section) for section in column) for column in (left, right))
    bottom = min(wanted, max(FEWEST, room - len(overview.timeline)))
    return {
        "language": language(),
        "line_height": LINE,
        "title": codelists.country_name(overview.code, language()),
        "subtitle": _("Who does what against trafficking in persons. Country brief, %(day)s")
        % {"day": formats.day(today)},
        "head": [*_protocol(overview.code), address],
        "figures": _figures(overview),
        "notes": _notes(overview.code, today),
        "matrix": {
            "title": _("Who does what"),
            "note": _("active projects; crowded: open overlaps, and months in common"),
            "gap": _("gap"),
            "rest": _("Crowded"),
            "columns": matrix_columns(overview),
            "lines": matrix,
        },
        "timeline": _timeline(overview, today, room - bottom),
        "left": _fitted(left, bottom),
        "right": _fitted(right, bottom),
    }


def _protocol(code: str) -> list[str]:
    """Return the line about the Protocol; none for a territory."""
    status = codelists.protocol_status(code)
    if status is None:
        return []
    if status.party and status.since:
        said = _("Party to the Trafficking in Persons Protocol since %(year)s")
        return [said % {"year": status.since}]
    if status.party:
        return [_("Party to the Trafficking in Persons Protocol")]
    if status.party is None:
        return [
            _("Whether it is party to the Trafficking in Persons Protocol is not recorded here")
        ]
    return [_("Not party to the Trafficking in Persons Protocol")]


def _figures(overview: CountryOverview) -> list[tuple[str, str]]:
    active, organisations = overview.active, len(overview.organisations)
    overlaps, gaps, requests = overview.open_overlaps, len(overview.gaps), len(overview.requests)
    return [
        (formats.number(active), ngettext("active project", "active projects", active)),
        (formats.number(organisations), ngettext("organisation", "organisations", organisations)),
        (formats.short_amount(overview.budget.net), _("net of double registrations")),
        (formats.short_amount(overview.budget.gross), _("gross, as registered")),
        (formats.number(overlaps), ngettext("open overlap", "open overlaps", overlaps)),
        (formats.number(gaps), ngettext("gap", "gaps", gaps)),
        (formats.number(requests), ngettext("open request", "open requests", requests)),
    ]


def _notes(code: str, today: date) -> list[str]:
    """Return the sources, for the foot of the page."""
    rates = _(
        "Active means running on %(day)s. Budgets: the country's shares in US dollars at rates of"
        " %(date)s. %(source)s"
    ) % {
        "day": formats.day(today),
        "date": formats.day(date.fromisoformat(codelists.RATES_DATE)),
        "source": codelists.RATES_SOURCE,
    }
    notes = [rates]
    if status := codelists.protocol_status(code):
        said = _("Status under the Protocol as of %(date)s: %(source)s")
        notes.append(said % {"date": status.date, "source": status.source})
    return [*notes, _("Convene. Each organisation answers for what it registers.")]


def matrix_columns(overview: CountryOverview) -> list[str]:
    """Return the heads of the matrix' columns."""
    names = [name for _slug, name, _count in overview.organisations]
    others = len(names) - COLUMNS
    more = [ngettext("%(num)s other", "%(num)s others", others) % {"num": others}]
    return [*names[:COLUMNS], *(more if others > 0 else []), _("All")]


def matrix_lines(overview: CountryOverview) -> list[dict[str, Any]]:
    """Return the lines of the matrix; gaps stand in lines of their own, several in each."""
    columns = [slug for slug, _name, _count in overview.organisations[:COLUMNS]]
    has_others = len(overview.organisations) > COLUMNS
    lines: list[dict[str, Any]] = []
    gaps: list[str] = []
    for row in overview.matrix:
        is_pillar = row.scheme == "pillars"
        if is_pillar:
            lines += _gap_lines(gaps)
            gaps = []
        label = codelists.label(row.scheme, row.code, language())
        if row.is_gap:
            asked = _("requested") if overview.requested.get(row.code) else ""
            gaps.append(f"{row.code} {asked + ': ' if asked else ''}{label}")
            continue
        counts = [row.counts.get(slug, 0) for slug in columns]
        total = sum(row.counts.values())
        lines.append(
            {
                "kind": "pillar" if is_pillar else "measure",
                "pillar": row.code if is_pillar else codelists.pillar_of(row.code),
                "code": codelists.PILLAR_PREFIX[row.code] if is_pillar else row.code,
                "label": label,
                "counts": [*counts, *([total - sum(counts)] if has_others else []), total],
                "rest": _crowding(row.crowding) if row.crowding else "",
            }
        )
    return [*lines, *_gap_lines(gaps)]


def _gap_lines(gaps: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"kind": "gaps", "first": first == 0, "gaps": gaps[first : first + GAPS_IN_A_LINE]}
        for first in range(0, len(gaps), GAPS_IN_A_LINE)
    ]


def _crowding(crowding: Crowding) -> str:
    said = _("crowded: %(n)s") % {"n": crowding.overlaps}
    return f"{said}, {_months(crowding.months)}" if crowding.months else said


def _months(number: int) -> str:
    return ngettext("%(num)s month", "%(num)s months", number) % {"num": number}


def _timeline(overview: CountryOverview, today: date, most: int) -> dict[str, Any]:
    """Return the timeline of so many lines, the last of which may say how many more there are."""
    running = [one for one in overview.timeline if one.phase == "running"]
    others = [one for one in overview.timeline if one.phase != "running"]
    total = overview.active + len(others)
    if total > most:
        most -= 1
        others = others[: max(most // 5, most - len(running))]
        running = running[: most - len(others)]
    drawn = charts.timeline([*running, *others], today)
    bars = [bar for _pillar, bars in drawn.by_pillar for bar in bars]
    return {
        "title": _("Since when, until when"),
        "note": _("the dashed line is today; outlined: ended lately or still to come"),
        "years": drawn.years,
        "today": drawn.today,
        "bars": [
            {
                "pillar": bar.pillar,
                "code": codelists.PILLAR_PREFIX[bar.pillar] if bar.pillar else "",
                "label": f"{bar.item.organisation_name}: {bar.item.title}",
                "left": bar.left,
                "width": bar.width,
                "open": bar.open,
                "phase": bar.item.phase,
            }
            for bar in bars
        ],
        "more": _more(total - len(bars)) if total > len(bars) else None,
    }


@dataclass(frozen=True)
class _Section:
    """A list at the bottom of the page: entries of one or two lines each, of `total` there are."""

    title: str
    entries: list[list[Line]]
    total: int
    none: str
    """What stands there when there are none."""


def _height(section: _Section) -> int:
    """Return how many lines a section would like to have."""
    whole = sum(map(len, section.entries)) or 1
    return whole + (section.total > len(section.entries))


def _fitted(sections: Sequence[_Section], most: int) -> list[dict[str, Any]]:
    """Return the sections of a column with `most` lines; the first leaves the last their share."""
    fitted = []
    for place, section in enumerate(sections):
        rest = sections[place + 1 :]
        share = most // (len(rest) + 1)
        room = min(_height(section), max(share, most - sum(map(_height, rest))))
        most -= room
        fitted.append({"title": section.title, "lines": _cut(section, room)})
    return fitted


def _cut(section: _Section, most: int) -> list[Line]:
    """Return the lines of a section, cut with '… and n more'."""
    if not section.entries:
        return [(section.none, None)]
    if _height(section) <= most and section.total == len(section.entries):
        return [line for entry in section.entries for line in entry]
    lines: list[Line] = []
    shown = 0
    for entry in section.entries:
        if len(lines) + len(entry) > most - 1:
            break
        lines += entry
        shown += 1
    return [*lines, (_more(section.total - shown), None)]


def _more(number: int) -> str:
    return ngettext("… and %(num)s more", "… and %(num)s more", number) % {"num": number}


def _open_overlaps(overview: CountryOverview) -> _Section:
    def facts(overlap: CountryOverlap) -> str:
        told = [
            formats.number(min(max(overlap.probability, 0.01), 0.99), 2),
            _months(overlap.months),
        ]
        if overlap.usd is not None:
            told.append(formats.short_amount(overlap.usd))
        return " · ".join(told)

    return _Section(
        _("Open overlaps: probability, time and money in common"),
        [_pair(overlap, facts(overlap)) for overlap in overview.open],
        overview.open_overlaps,
        _("No overlap waits for a decision."),
    )


def _decided_overlaps(overview: CountryOverview) -> _Section:
    def facts(overlap: CountryOverlap) -> str:
        outcome = codelists.label("overlap_outcomes", overlap.outcome or "", language())
        return f"{outcome}, {formats.day(overlap.decided_at)}"

    return _Section(
        _("Decided overlaps"),
        [_pair(overlap, facts(overlap)) for overlap in overview.decided],
        overview.overlaps - overview.open_overlaps,
        "",
    )


def _pair(overlap: CountryOverlap, facts: str) -> list[Line]:
    return [
        (f"{overlap.a.organisation_name}: {overlap.a.title}", facts),
        (f"{overlap.b.organisation_name}: {overlap.b.title}", None),
    ]


def _requests(overview: CountryOverview) -> _Section:
    return _Section(
        _("Requests for assistance"),
        [
            [(f"{', '.join(one.measures)}: {one.title}", formats.day(one.filed_at))]
            for one in overview.requests
        ],
        len(overview.requests),
        "",
    )


def _contacts(overview: CountryOverview) -> _Section:
    return _Section(
        _("Whom to call"),
        [
            [
                (
                    f"{organisation.acronym or organisation.name}: {point.name}",
                    point.email or point.phone,
                )
            ]
            for point, organisation in overview.contact_points
        ],
        len(overview.contact_points),
        _("No organisation has named a contact point here yet."),
    )
