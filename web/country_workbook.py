"""A country's page as a workbook: figures, projects, matrix, overlaps, requests, contacts."""

from collections.abc import Sequence
from datetime import date

from registry import codelists
from registry.country_overview import CountryOverlap, CountryOverview, CountryProject
from registry.models import AssistanceRequest
from web.i18n import gettext as _
from web.i18n import language
from web.workbook import Book, Column, Value


def country_workbook(
    overview: CountryOverview,
    projects: Sequence[tuple[CountryProject, str]],
    fragmentation: Sequence[Sequence[Value]],
    today: date,
    address: str,
) -> bytes:
    """Return the workbook, in the present language; each project comes with its address.

    `fragmentation` is a table with its header.
    """
    book = Book()
    book.sheet(_("Overview"), [("", 44), ("", 90)], _overview(overview, today, address))
    book.sheet(_("Projects"), _project_columns(), (_project(*one) for one in projects))
    book.sheet(_("Who does what"), *matrix_sheet(overview))
    titles, *figures = fragmentation
    book.sheet(_("Fragmentation"), [(str(title), 20) for title in titles], figures)
    overlaps = [*overview.open, *overview.decided]
    book.sheet(_("Overlaps"), _overlap_columns(), map(_overlap, overlaps))
    book.sheet(_("Requests"), _request_columns(), map(_request, overview.requests))
    book.sheet(_("Contact points"), _contact_columns(), _contacts(overview))
    return book.content()


def _overview(overview: CountryOverview, today: date, address: str) -> list[Sequence[Value]]:
    """Return the head figures, and where they come from."""
    lines: list[Sequence[Value]] = [
        (_("Country"), codelists.country_name(overview.code, language())),
        (_("Day"), today),
        (_("Address"), address),
        (_("Active projects"), overview.active),
        (_("Projects, past ones too"), overview.projects),
        (_("Organisations with active projects"), len(overview.organisations)),
        (_("Budget in USD, gross, as registered"), overview.budget.gross),
        (_("Budget in USD, net of double registrations"), overview.budget.net),
        (_("Active projects without a budget in a known currency"), overview.budget.without_budget),
        (_("Open overlaps"), overview.open_overlaps),
        (_("Decided overlaps"), overview.overlaps - overview.open_overlaps),
        (_("Open requests"), len(overview.requests)),
        (_("Measures that no active project names"), "; ".join(overview.gaps)),
        (_("Rates of"), date.fromisoformat(codelists.RATES_DATE)),
        (_("Source of the rates"), codelists.RATES_SOURCE),
    ]
    if status := codelists.protocol_status(overview.code):
        party = {True: _("yes"), False: _("no"), None: _("not recorded")}[status.party]
        lines += [
            (_("Party to the Trafficking in Persons Protocol"), party),
            (_("Party since"), status.since),
            (_("As of"), status.date),
            (_("Source of the status"), status.source),
        ]
    return lines


def _project_columns() -> list[Column]:
    return [
        (_("Identifier"), 24),
        (_("Title"), 60),
        (_("Registered by"), 22),
        (_("Status"), 18),
        (_("Active"), 10),
        (_("Pillars"), 28),
        (_("Measures"), 24),
        (_("Start"), 12),
        (_("End"), 12),
        (_("Share of this country in USD"), 16),
        (_("Address"), 50),
    ]


def _project(project: CountryProject, address: str) -> Sequence[Value]:
    return (
        project.identifier,
        project.title,
        project.organisation_name,
        _label("statuses", project.status),
        _("yes") if project.phase == "running" else _("no"),
        "; ".join(_label("pillars", code) for code in project.pillars),
        "; ".join(project.measures),
        project.start,
        project.end,
        project.usd,
        address,
    )


def matrix_sheet(overview: CountryOverview) -> tuple[list[Column], list[Sequence[Value]]]:
    """Return columns and rows of the matrix, with all organisations."""
    columns: list[Column] = [
        (_("Code"), 10),
        (_("Pillar and measure"), 60),
        (_("All"), 8),
        (_("Gap"), 8),
        (_("Open overlaps"), 10),
        (_("Months in common"), 10),
        *((name, 12) for _slug, name, _count in overview.organisations),
    ]
    rows: list[Sequence[Value]] = []
    for row in overview.matrix:
        crowding = row.crowding
        rows.append(
            (
                codelists.PILLAR_PREFIX.get(row.code, row.code),
                _label(row.scheme, row.code),
                sum(row.counts.values()),
                _("gap") if row.is_gap else "",
                crowding.overlaps if crowding else None,
                crowding.months if crowding else None,
                *(row.counts.get(slug) for slug, _name, _count in overview.organisations),
            )
        )
    return columns, rows


def _overlap_columns() -> list[Column]:
    return [
        (_("Number"), 10),
        (_("State"), 16),
        (_("Outcome"), 30),
        (_("Decided on"), 12),
        (_("Kind"), 24),
        (_("Probability"), 12),
        (_("Months in common"), 10),
        (_("USD in common"), 16),
        (_("Registered by"), 18),
        (_("Identifier"), 22),
        (_("Title"), 50),
        (_("Registered by"), 18),
        (_("Identifier"), 22),
        (_("Title"), 50),
    ]


def _overlap(overlap: CountryOverlap) -> Sequence[Value]:
    return (
        overlap.case_id,
        _label("overlap_states", overlap.state),
        _label("overlap_outcomes", overlap.outcome),
        overlap.decided_at,
        _label("overlap_kinds", overlap.kind),
        round(overlap.probability, 4),
        overlap.months,
        overlap.usd,
        *(
            text
            for one in (overlap.a, overlap.b)
            for text in (one.organisation_name, one.identifier, one.title)
        ),
    )


def _request_columns() -> list[Column]:
    return [
        (_("Number"), 10),
        (_("What is asked for"), 60),
        (_("In full"), 80),
        (_("Measures"), 24),
        (_("By when"), 26),
        (_("Filed on"), 12),
    ]


def _request(request: AssistanceRequest) -> Sequence[Value]:
    return (
        request.id,
        request.title,
        request.text,
        "; ".join(request.measures),
        _label("request_urgencies", request.urgency),
        request.filed_at,
    )


def _contact_columns() -> list[Column]:
    return [(_("Organisation"), 40), (_("Name"), 50), (_("E-mail"), 36), (_("Telephone"), 24)]


def _contacts(overview: CountryOverview) -> list[Sequence[Value]]:
    return [
        (organisation.name, point.name, point.email, point.phone)
        for point, organisation in overview.contact_points
    ]


def _label(scheme: str, code: str | None) -> str:
    return codelists.label(scheme, code, language()) if code else ""
