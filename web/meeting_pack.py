"""The meeting pack in words: the same content for PDF and DOCX, and its typesetting as PDF.

What comes from outside reaches Typst as JSON, never as markup.
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

import typst

from registry import codelists
from registry.case_view import CaseView, ProposalView
from registry.catalogue import ProjectView
from registry.country_overview import CountryOverview
from registry.meeting_pack import MeetingPack, PackItem
from registry.meeting_view import ItemView
from registry.models import AgendaItem, Organisation
from registry.overlap.explaining import Reason
from registry.overlap.listing import PairView
from web import formats
from web.country_brief import matrix_columns, matrix_lines
from web.follow_up_pack import follow_up_parts
from web.i18n import gettext as _
from web.i18n import language, ngettext, say
from web.rendering import TEMPLATES

TEMPLATE = TEMPLATES / "meetings" / "pack.typ"
SIDE_BY_SIDE = 3
"""Projects in one table; the others of a case follow in another."""
LONGEST_DESCRIPTION = 700
"""Characters of a project's description."""


async def pack_pdf(values: dict[str, Any]) -> bytes:
    """Typeset the pack, in a thread."""
    return await asyncio.to_thread(typeset, values)


def typeset(values: dict[str, Any]) -> bytes:
    """Typeset the pack as PDF. Raises TypstError where that is impossible."""
    made = typst.compile(
        TEMPLATE.read_bytes(),
        format="pdf",
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(values, ensure_ascii=False)},
    )
    if not isinstance(made, bytes):
        raise ValueError("A PDF is one file.")
    return made


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True)


def pack_values(pack: MeetingPack, reader: str, today: date, address: str) -> dict[str, Any]:
    """Return what the pack says, in the present language; `address` is that of the meeting."""
    meeting = pack.view.meeting
    state = codelists.label("meeting_states", meeting.state, language())
    made = _("Made on %(day)s for %(reader)s, of what this account may read.")
    return {
        "language": language(),
        "title": meeting.title,
        "subtitle": " · ".join(filter(None, (formats.day(meeting.day), meeting.place, state))),
        "address": address,
        "made": made % {"day": formats.day(today), "reader": reader},
        "page": _("Page"),
        "agenda": _agenda(pack),
        "present": {
            "title": _("Present"),
            "text": ", ".join(map(short, pack.view.present)),
        },
        "items": [_item(one) for one in pack.items],
        "follow_up": follow_up_parts(pack),
        "matrices": [_matrix(one) for one in pack.countries],
        "left_out": _left_out(pack.left_out),
        "notes": [
            _("Probabilities are the model’s; decisions are the group’s."),
            _("Convene. Each organisation answers for what it registers."),
        ],
    }


def short(organisation: Organisation) -> str:
    """Return an organisation's acronym, else its name."""
    return organisation.acronym or organisation.name


def title_of(one: ItemView) -> str:
    """Return an item's title: the organisations whose projects it is about."""
    return " · ".join(map(short, one.organisations))


def countries_of(one: ItemView) -> str:
    """Return where the projects of an item overlap."""
    names = [codelists.country_name(code, language()) for code in one.countries]
    return ", ".join(names) or _("not named")


def state_of(one: ItemView, meeting_state: str) -> str:
    """Return what became of an item, else how its case stands."""
    if one.item.outcome:
        return outcome_of(one.item, one.lead)
    if meeting_state == "closed":
        return _("left open")
    return codelists.label("overlap_states", one.case.state, language())


def outcome_of(item: AgendaItem, lead: Organisation | None) -> str:
    """Return what was decided, and who leads."""
    return _outcome(item.outcome, lead)


def _outcome(code: str | None, lead: Organisation | None) -> str:
    said = codelists.label("overlap_outcomes", code or "", language())
    leads = _("%(organisation)s leads") % {"organisation": short(lead)} if lead else ""
    return f"{said}, {leads}" if leads else said


def chance(value: float) -> str:
    """Return a probability as a figure: nothing is certain."""
    return formats.number(min(max(value, 0.01), 0.99), 2)


def _agenda(pack: MeetingPack) -> dict[str, Any]:
    hidden = pack.view.hidden
    note = ngettext(
        "%(num)s more item is about projects that your account may not read, or that are not of"
        " your organisation.",
        "%(num)s more items are about projects that your account may not read, or that are not of"
        " your organisation.",
        hidden,
    )
    return {
        "title": _("Agenda"),
        "head": [_("Item"), _("Case"), _("Country"), _("Probability"), _("At stake"), _("State")],
        "rows": [
            [
                str(one.number),
                title_of(one),
                countries_of(one),
                chance(one.pairs[0].pair.probability),
                formats.short_amount(one.pairs[0].pair.usd),
                state_of(one, pack.view.meeting.state),
            ]
            for one in pack.view.items
        ],
        "none": _("There is nothing on the agenda yet."),
        "hidden": note % {"num": hidden} if hidden else "",
    }


def _item(one: PackItem) -> dict[str, Any]:
    shown, case = one.shown, one.case
    pair = shown.pairs[0]
    number = _("Overlap %(n)s") % {"n": shown.case.id}
    kind = codelists.label("overlap_kinds", pair.pair.kind, language())
    return {
        "title": f"{shown.number}. {title_of(shown)}",
        "line": " · ".join((number, kind, countries_of(shown))),
        "figures": [
            (_("Probability"), chance(pair.pair.probability)),
            (_("Months in common"), formats.number(pair.pair.months)),
            (_("Money in common"), formats.short_amount(pair.pair.usd)),
            (_("State"), codelists.label("overlap_states", shown.case.state, language())),
        ],
        "tables": _tables(case.projects),
        "evidence": _evidence(pair, several=len(shown.pairs) > 1),
        "proposals": {
            "title": _("Proposals"),
            "none": _("Nothing is proposed yet."),
            "head": [_("Organisation"), _("Vote"), _("Reason")],
            "list": [_proposal(each) for each in case.proposals],
        },
        "minutes": _minutes(shown, case),
    }


def _tables(projects: Sequence[ProjectView]) -> list[list[list[str]]]:
    """Return tables of at most SIDE_BY_SIDE projects; a row is a label and a text for each."""
    return [
        _table(projects[first : first + SIDE_BY_SIDE])
        for first in range(0, len(projects), SIDE_BY_SIDE)
    ]


def _table(projects: Sequence[ProjectView]) -> list[list[str]]:
    rows = [["", *(short(one.organisation) for one in projects)]]
    rows += [[label, *(tell(one) for one in projects)] for label, tell in project_fields()]
    return [row for row in rows if any(row[1:])]


def project_fields() -> list[tuple[str, Any]]:
    """Return label and text of each field of a project that the pack tells."""
    return [
        (_("Title"), lambda one: one.record.title or one.project.identifier),
        (_("Identifier"), lambda one: one.project.identifier),
        (_("Period"), lambda one: formats.period(one.record.start_date, one.record.end_date)),
        (_("Countries"), _countries),
        (_("Budget"), lambda one: formats.amount(one.record.budget, one.record.currency)),
        (_("Measures"), lambda one: _labels("measures", one.record.measures)),
        (_("Target groups"), lambda one: _labels("target_groups", one.record.target_groups)),
        (_("Partners"), lambda one: ", ".join(sorted({name for _r, name, _o in _others(one)}))),
        (_("Description"), lambda one: _cut(one.record.description or "")),
    ]


def _others(one: ProjectView) -> list[tuple[str, str, Organisation | None]]:
    own = one.organisation.id
    return [each for each in one.participations if each[2] is None or each[2].id != own]


def _countries(one: ProjectView) -> str:
    names = [codelists.country_name(each.code, language()) for each in one.record.countries]
    return ", ".join(names)


def _labels(scheme: str, codes: Sequence[str]) -> str:
    told = [codelists.label(scheme, code, language()) for code in codes]
    if scheme == "measures":
        told = [f"{code} {text}" for code, text in zip(codes, told, strict=True)]
    return "; ".join(told)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_DESCRIPTION else text[: LONGEST_DESCRIPTION - 1] + "…"


def _evidence(pair: PairView, *, several: bool) -> dict[str, Any]:
    explanation = pair.explanation
    between = f"{short(pair.organisation_a)} · {short(pair.organisation_b)}"
    title = _("Why it may be an overlap, and why it may not")
    reasons = [*explanation.supporting, *explanation.opposing] if explanation else []
    most = max((abs(one.weight) for one in reasons), default=1.0) or 1.0
    return {
        "title": f"{title} ({between})" if several else title,
        "reasons": [_reason(one, most) for one in reasons],
        "none": _("The evidence was not kept."),
    }


def _reason(reason: Reason, most: float) -> dict[str, Any]:
    return {
        "text": say(reason.sentence),
        "weight": formats.signed(reason.weight),
        "length": abs(reason.weight) / most,
        "supports": reason.weight > 0,
    }


def _proposal(one: ProposalView) -> dict[str, Any]:
    said = one.said
    by = said.author + (f", {short(said.organisation)}" if said.organisation else "")
    return {
        "title": _outcome(said.comment.outcome, said.lead),
        "text": said.comment.text,
        "by": _("Proposed by %(name)s") % {"name": by},
        "count": _("%(for)s for, %(against)s against")
        % {"for": one.tally.supporters, "against": one.tally.objectors},
        "votes": [
            [
                short(cast.organisation),
                _("supports") if cast.vote.stance == "support" else _("objects"),
                cast.vote.reason or "",
            ]
            for cast in one.votes
        ],
    }


def _minutes(one: ItemView, case: CaseView) -> dict[str, Any]:
    """Return decision and minutes; of a case decided elsewhere, what was decided there."""
    item = one.item
    if item.outcome:
        title, lines = _("Decided in this meeting"), [outcome_of(item, one.lead), item.reason or ""]
    elif case.decided:
        title = _("Decided on %(day)s") % {"day": formats.day(one.case.decided_at)}
        lines = [_outcome(one.case.outcome, case.lead), one.case.reason or ""]
    else:
        title, lines = "", []
    return {
        "decision_title": title,
        "decision": [line for line in lines if line],
        "title": _("Minutes"),
        "text": item.minutes,
    }


def _matrix(overview: CountryOverview) -> dict[str, Any]:
    country = codelists.country_name(overview.code, language())
    return {
        "title": _("Who does what: %(country)s") % {"country": country},
        "note": _("active projects; crowded: open overlaps, and months in common"),
        "gap": _("gap"),
        "rest": _("Crowded"),
        "columns": matrix_columns(overview),
        "lines": matrix_lines(overview),
    }


def _left_out(codes: Sequence[str]) -> str:
    if not codes:
        return ""
    names = ", ".join(codelists.country_name(code, language()) for code in codes)
    return _("Not in this pack, on the pages of the countries: %(names)s.") % {"names": names}
