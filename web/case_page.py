"""What the page of a case shows of one pair of projects, reckoned before it is written."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from registry.case_view import CaseView
from registry.catalogue import ProjectView
from registry.models import Organisation
from registry.overlap.listing import PairView
from web import charts, comparison


@dataclass(frozen=True)
class Side:
    """One of the two projects, with what stands at its head."""

    view: ProjectView
    organisation: Organisation
    start: date | None
    end: date | None


@dataclass(frozen=True)
class Shown:
    """One pair: both sides, what differs, and the months in common."""

    pair: PairView
    a: Side
    b: Side
    texts: comparison.Texts
    rows: list[comparison.Row]
    months: charts.MonthsInCommon
    common: tuple[date, date] | None
    """First and last day on which both run."""


def chosen_pair(view: CaseView, wanted: int | None) -> PairView:
    """Return the pair of this id, else the likeliest of the case."""
    return next((one for one in view.pairs if one.pair.id == wanted), view.pairs[0])


def shown(view: CaseView, pair: PairView) -> Shown:
    """Return everything about one pair of a case."""
    by_id = {one.project.id: one for one in view.projects}
    a = _side(by_id[pair.pair.a_id])
    b = _side(by_id[pair.pair.b_id])
    today = datetime.now(UTC).date()
    return Shown(
        pair=pair,
        a=a,
        b=b,
        texts=comparison.compared_texts(a.view.record, b.view.record),
        rows=comparison.compared_fields(a.view, b.view),
        months=charts.months_in_common((a.start, a.end), (b.start, b.end), today),
        common=_common(a, b),
    )


def short_names(view: CaseView) -> list[str]:
    """Return the organisations whose projects these are, by acronym where they have one."""
    found = (one.organisation.acronym or one.organisation.name for one in view.projects)
    return list(dict.fromkeys(found))


def organisation_names(view: CaseView) -> dict[int, str]:
    """Return id -> name of the organisations that registered or take part in the projects."""
    names: dict[int, str] = {}
    for project in view.projects:
        names[project.organisation.id or 0] = project.organisation.name
    for project in view.projects:
        for _role, _name, organisation in project.participations:
            if organisation is not None and organisation.id not in names:
                names[organisation.id or 0] = organisation.name
    return names


def _side(view: ProjectView) -> Side:
    return Side(view, view.organisation, view.record.start_date, view.record.end_date)


def _common(a: Side, b: Side) -> tuple[date, date] | None:
    if not (a.start and a.end and b.start and b.end):
        return None
    first, last = max(a.start, b.start), min(a.end, b.end)
    return (first, last) if first <= last else None
