"""The meeting pack as a workbook: agenda, projects, evidence, votes, minutes, matrices."""

from collections.abc import Iterable, Sequence
from datetime import date

from registry import codelists
from registry.meeting_pack import MeetingPack, PackItem
from web.country_workbook import matrix_sheet
from web.follow_up_tables import (
    action_columns,
    action_rows,
    recommendation_columns,
    recommendation_rows,
)
from web.i18n import gettext as _
from web.i18n import language, say
from web.meeting_pack import countries_of, short, state_of, title_of
from web.workbook import Book, Column, Value


def meeting_workbook(pack: MeetingPack, reader: str, today: date, address: str) -> bytes:
    """Return the workbook, in the present language."""
    book = Book()
    meeting = pack.view.meeting
    book.sheet(
        _("Meeting"),
        [("", 24), ("", 90)],
        [
            (_("Title"), meeting.title),
            (_("Day"), meeting.day),
            (_("Place"), meeting.place),
            (_("State"), codelists.label("meeting_states", meeting.state, language())),
            (_("Present"), ", ".join(map(short, pack.view.present))),
            (_("Items that this account may not read"), pack.view.hidden),
            (_("Made for"), reader),
            (_("Made on"), today),
            (_("Address"), address),
        ],
    )
    book.sheet(_("Agenda"), _agenda_columns(), (_agenda(one, meeting.state) for one in pack.items))
    book.sheet(_("Projects"), _project_columns(), _projects(pack.items))
    book.sheet(_("Evidence"), _evidence_columns(), _evidence(pack.items))
    book.sheet(_("Votes"), _vote_columns(), _votes(pack.items))
    recommended = recommendation_rows([*pack.recommended, *pack.waiting])
    book.sheet(_("Recommendations"), recommendation_columns(), recommended)
    book.sheet(_("Work plan"), action_columns(), action_rows([*pack.agreed, *pack.undone]))
    for overview in pack.countries:
        country = codelists.country_name(overview.code, language())
        book.sheet(f"{overview.code} {country}", *matrix_sheet(overview))
    return book.content()


def _agenda_columns() -> list[Column]:
    return [
        (_("Item"), 8),
        (_("Overlap"), 10),
        (_("Case"), 40),
        (_("Kind"), 24),
        (_("Country"), 24),
        (_("Probability"), 12),
        (_("Months in common"), 12),
        (_("Money in common, USD"), 16),
        (_("State"), 34),
        (_("Reason"), 60),
        (_("For"), 8),
        (_("Against"), 8),
        (_("Minutes"), 80),
    ]


def _agenda(one: PackItem, meeting_state: str) -> Sequence[Value]:
    shown, item = one.shown, one.shown.item
    pair = shown.pairs[0].pair
    return (
        shown.number,
        shown.case.id,
        title_of(shown),
        codelists.label("overlap_kinds", pair.kind, language()),
        countries_of(shown),
        pair.probability,
        pair.months,
        pair.usd,
        state_of(shown, meeting_state),
        item.reason,
        item.supporters,
        item.objectors,
        item.minutes,
    )


def _project_columns() -> list[Column]:
    return [
        (_("Item"), 8),
        (_("Organisation"), 22),
        (_("Identifier"), 24),
        (_("Title"), 60),
        (_("Start"), 12),
        (_("End"), 12),
        (_("Countries"), 24),
        (_("Budget"), 16),
        (_("Currency"), 10),
        (_("Measures"), 24),
        (_("Target groups"), 30),
        (_("Description"), 80),
    ]


def _projects(items: Iterable[PackItem]) -> Iterable[Sequence[Value]]:
    for one in items:
        for project in one.case.projects:
            record = project.record
            groups = [
                codelists.label("target_groups", each, language()) for each in record.target_groups
            ]
            yield (
                one.shown.number,
                short(project.organisation),
                project.project.identifier,
                record.title,
                record.start_date,
                record.end_date,
                "; ".join(each.code for each in record.countries),
                record.budget,
                record.currency,
                "; ".join(record.measures),
                "; ".join(groups),
                record.description,
            )


def _evidence_columns() -> list[Column]:
    return [
        (_("Item"), 8),
        (_("Organisation"), 22),
        (_("Organisation"), 22),
        (_("Probability"), 12),
        (_("Weight"), 10),
        (_("Evidence"), 90),
    ]


def _evidence(items: Iterable[PackItem]) -> Iterable[Sequence[Value]]:
    for one in items:
        for pair in one.shown.pairs:
            why = pair.explanation
            for reason in (*why.supporting, *why.opposing) if why else ():
                yield (
                    one.shown.number,
                    short(pair.organisation_a),
                    short(pair.organisation_b),
                    pair.pair.probability,
                    reason.weight,
                    say(reason.sentence),
                )


def _vote_columns() -> list[Column]:
    return [
        (_("Item"), 8),
        (_("Proposal"), 30),
        (_("Lead"), 22),
        (_("Proposed by"), 24),
        (_("Text"), 60),
        (_("Organisation"), 22),
        (_("Vote"), 12),
        (_("Reason"), 60),
    ]


def _votes(items: Iterable[PackItem]) -> Iterable[Sequence[Value]]:
    """Yield a row for each vote, and one for a proposal that has none."""
    for one in items:
        for proposal in one.case.proposals:
            said = proposal.said
            row = (
                one.shown.number,
                codelists.label("overlap_outcomes", said.comment.outcome or "", language()),
                short(said.lead) if said.lead else "",
                said.author,
                said.comment.text,
            )
            if not proposal.votes:
                yield row
            for cast in proposal.votes:
                stance = _("supports") if cast.vote.stance == "support" else _("objects")
                yield (*row, short(cast.organisation), stance, cast.vote.reason)
