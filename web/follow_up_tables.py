"""Recommendations and actions as rows: of the files, and of the sheets of the meeting pack."""

from collections.abc import Iterable, Sequence

from registry import codelists
from registry.models import Organisation, Recommendation
from registry.recommendation_view import ListedRecommendation
from registry.recommendations import OF_A_MEMBER, OTHER
from registry.work_plan_view import ListedAction
from web.i18n import gettext as _
from web.i18n import language
from web.workbook import Column, Value

RECOMMENDATION_FIELDS = (
    "recommendation", "text", "language", "body", "body_name", "organisation", "due_on", "state",
    "overdue", "note", "noted_on", "meeting", "meeting_title", "meeting_day", "overlap",
)  # fmt: skip
ACTION_FIELDS = (
    "action", "title", "text", "language", "organisation", "person", "due_on", "state", "overdue",
    "reason", "note", "noted_on", "done_on", "country", "meeting", "overlap", "joint_programme",
)  # fmt: skip
"""Columns of the CSV files: the same in every language."""


def body_of(one: Recommendation, organisation: Organisation | None) -> str:
    """Return to whom a recommendation is addressed, in the present language."""
    if one.body == OTHER:
        return one.body_name
    if one.body != OF_A_MEMBER:
        return codelists.label("governing_bodies", one.body, language())
    whose = (organisation.acronym or organisation.name) if organisation else ""
    name = one.body_name or _("Governing body")
    return f"{name} ({whose})" if whose else name


def state_of(state: str, scheme: str, overdue: bool) -> str:
    """Return a state, and that it is overdue, in the present language."""
    label = codelists.label(scheme, state, language())
    return f"{label}, {_('overdue')}" if overdue else label


def recommendation_fields(listed: ListedRecommendation) -> list[str]:
    """Return a line of the CSV."""
    one = listed.recommendation
    return [
        str(one.id),
        one.text,
        one.language,
        one.body,
        one.body_name,
        listed.organisation.slug if listed.organisation else "",
        one.due_on.isoformat(),
        one.state,
        "yes" if listed.overdue else "no",
        one.note,
        one.noted_at.date().isoformat() if one.noted_at else "",
        str(listed.meeting.id) if listed.meeting else "",
        listed.meeting.title if listed.meeting else "",
        listed.day.isoformat(),
        str(listed.case_id or ""),
    ]


def recommendation_columns() -> list[Column]:
    """Return the columns of a sheet of recommendations."""
    return [
        (_("Number"), 10),
        (_("Recommendation"), 80),
        (_("Addressed to"), 40),
        (_("Due"), 12),
        (_("State"), 20),
        (_("What has come of it"), 60),
        (_("Said on"), 12),
        (_("Meeting"), 40),
        (_("Day of the meeting"), 12),
        (_("Overlap"), 10),
    ]


def recommendation_rows(found: Iterable[ListedRecommendation]) -> Iterable[Sequence[Value]]:
    """Yield the rows of a sheet of recommendations."""
    for listed in found:
        one = listed.recommendation
        yield (
            one.id,
            one.text,
            body_of(one, listed.organisation),
            one.due_on,
            state_of(one.state, "recommendation_states", listed.overdue),
            one.note,
            one.noted_at.date() if one.noted_at else None,
            listed.meeting.title if listed.meeting else None,
            listed.day,
            listed.case_id,
        )


def action_fields(listed: ListedAction) -> list[str]:
    """Return a line of the CSV."""
    one = listed.action
    return [
        str(one.id),
        one.title,
        one.text,
        one.language,
        listed.organisation.slug,
        listed.person or "",
        one.due_on.isoformat(),
        one.state,
        "yes" if listed.overdue else "no",
        one.reason,
        one.note,
        one.noted_at.date().isoformat() if one.noted_at else "",
        one.finished_on.isoformat() if one.finished_on else "",
        one.country or "",
        str(listed.meeting.id) if listed.meeting else "",
        str(listed.case_id or ""),
        str(listed.programme.id) if listed.programme else "",
    ]


def action_columns() -> list[Column]:
    """Return the columns of a sheet of actions."""
    return [
        (_("Number"), 10),
        (_("Action"), 60),
        (_("In full"), 60),
        (_("Who does it"), 24),
        (_("Person"), 24),
        (_("Due"), 12),
        (_("State"), 20),
        (_("How it goes"), 60),
        (_("Said on"), 12),
        (_("Done on"), 12),
        (_("Country"), 24),
        (_("Meeting"), 40),
        (_("Overlap"), 10),
        (_("Joint programme"), 40),
    ]


def action_rows(found: Iterable[ListedAction]) -> Iterable[Sequence[Value]]:
    """Yield the rows of a sheet of actions."""
    for listed in found:
        one, owner = listed.action, listed.organisation
        yield (
            one.id,
            one.title,
            one.text,
            owner.acronym or owner.name,
            listed.person,
            one.due_on,
            state_of(one.state, "action_states", listed.overdue),
            one.note,
            one.noted_at.date() if one.noted_at else None,
            one.finished_on,
            codelists.country_name(one.country, language()) if one.country else None,
            listed.meeting.title if listed.meeting else None,
            listed.case_id,
            listed.programme.title if listed.programme else None,
        )
