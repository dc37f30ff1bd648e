"""What the meeting pack says of recommendations and of the work plan: the same for PDF and DOCX."""

from collections.abc import Sequence
from typing import Any

from registry.meeting_pack import MeetingPack
from registry.recommendation_view import ListedRecommendation
from registry.work_plan_view import ListedAction
from web import formats
from web.follow_up_tables import body_of, state_of
from web.i18n import gettext as _


def follow_up_parts(pack: MeetingPack) -> list[dict[str, Any]]:
    """Return the tables that are not empty, each with its title, head and rows of four texts."""
    parts = [
        _recommendations(_("Recommendations of this meeting"), pack.recommended),
        _actions(_("Actions agreed in this meeting"), pack.agreed),
        _recommendations(_("Recommendations that wait for an answer"), pack.waiting),
        _actions(_("Work plan: what is still to be done"), pack.undone),
    ]
    return [one for one in parts if one["rows"]]


def _recommendations(title: str, found: Sequence[ListedRecommendation]) -> dict[str, Any]:
    return {
        "title": title,
        "head": [_("Recommendation"), _("Addressed to"), _("Due"), _("State")],
        "rows": [
            [
                one.recommendation.text,
                body_of(one.recommendation, one.organisation),
                formats.day(one.recommendation.due_on),
                _with_note(
                    state_of(one.recommendation.state, "recommendation_states", one.overdue),
                    one.recommendation.note,
                ),
            ]
            for one in found
        ],
    }


def _actions(title: str, found: Sequence[ListedAction]) -> dict[str, Any]:
    return {
        "title": title,
        "head": [_("Action"), _("Who does it"), _("Due"), _("State")],
        "rows": [
            [
                "\n".join(filter(None, (one.action.title, one.action.text))),
                "\n".join(
                    filter(None, (one.organisation.acronym or one.organisation.name, one.person))
                ),
                formats.day(one.action.due_on),
                _with_note(
                    state_of(one.action.state, "action_states", one.overdue), one.action.note
                ),
            ]
            for one in found
        ],
    }


def _with_note(state: str, note: str) -> str:
    return f"{state}\n{note}" if note else state
