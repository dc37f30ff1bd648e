"""The page of a case, and everything that people do there."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import case_assignments, case_decisions, case_notices, case_people, review
from registry.case_access import where_now
from registry.case_view import CaseView, get_case
from registry.catalogue import shared_identifiers
from registry.coordination.agreed_shares import shares_of_case
from registry.coordination.joint_programmes import JOINT, programme_of_case
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.meeting_view import meetings_of_case
from registry.messages import Message, message
from registry.organisations import list_organisations
from registry.permissions import Actor
from registry.work_plan_view import actions_about
from web import case_page
from web.project_fields import field_label
from web.rendering import page, redirect

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@dataclass(frozen=True)
class Typed:
    """What somebody typed into one of the forms of a case, and what is wrong with it."""

    form: str = ""
    """comment, propose, vote, decide, reopen, follow-up, uphold, share or assign."""
    text: str = ""
    outcome: str = ""
    lead: str = ""
    stance: str = ""
    proposal: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    """Of a form with other fields than these: name -> what was typed."""
    errors: tuple[FieldError, ...] = ()
    overtaken: str = ""
    """What somebody else did while this was typed, in the words of the registry."""


@get("/overlaps/{case_id:int}")
async def case_page_of(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int
) -> Response[Any]:
    """Show a case. ?adopt= fills the form of a decision or a proposal, ?pair= chooses a pair."""
    now = await where_now(session, stored(case_id))
    if now != case_id:
        return redirect(request, f"/overlaps/{now}")
    view = await get_case(session, reader, case_id)
    return await _case(request, session, reader, view, _adopted(request, view))


@post("/overlaps/{case_id:int}/comment", status_code=200)
async def comment(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int, data: Form
) -> Response[Any]:
    """Say something about the case."""
    typed = Typed("comment", data.get("comment-text", ""))

    async def act() -> str:
        said = await review.comment(session, reader, stored(case_id), typed.text)
        return f"#said-{said.id}"

    return await done(request, session, reader, case_id, typed, act)


@post("/overlaps/{case_id:int}/propose", status_code=200)
async def propose(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int, data: Form
) -> Response[Any]:
    """Propose how the case should be decided."""
    typed = _typed("propose", data)

    async def act() -> str:
        said = await review.propose(
            session, reader, stored(case_id), typed.outcome, typed.text, number_in(typed.lead)
        )
        return f"#proposal-{said.id}"

    recorded = message("Your proposal is recorded.")
    return await done(request, session, reader, case_id, typed, act, recorded)


@post("/overlaps/{case_id:int}/proposals/{proposal_id:int}/vote", status_code=200)
async def vote(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    case_id: int,
    proposal_id: int,
    data: Form,
) -> Response[Any]:
    """Say for one's organisation what it thinks of a proposal."""
    stance = data.get("vote-stance", "")
    typed = Typed("vote", data.get("vote-reason", ""), stance=stance, proposal=proposal_id)

    async def act() -> str:
        await review.vote(session, reader, stored(case_id), proposal_id, stance, typed.text)
        return f"#proposal-{proposal_id}"

    recorded = message(
        "The vote of your organisation is recorded. It can change it until the decision."
    )
    return await done(request, session, reader, case_id, typed, act, recorded)


@post("/overlaps/{case_id:int}/decide", status_code=200)
async def decide(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int, data: Form
) -> Response[Any]:
    """Record the decision for a proposal, or, for the secretariat, what the quorum left open.

    Of two who decide at once, the second sees what the first decided.
    """
    typed = _typed("decide", data)
    version, proposal = number_in(data.get("version", "")) or 0, number_in(data.get("proposal", ""))

    async def act() -> str:
        if proposal is not None:
            await case_decisions.decide(
                session, reader, stored(case_id), version=version, proposal_id=proposal
            )
        else:
            await case_decisions.decide_left_open(
                session,
                reader,
                stored(case_id),
                version=version,
                outcome=typed.outcome,
                reason=typed.text,
                lead_organisation_id=number_in(typed.lead),
            )
        return ""

    recorded = message("The decision is recorded.")
    return await done(request, session, reader, case_id, typed, act, recorded)


@post("/overlaps/{case_id:int}/reopen", status_code=200)
async def reopen(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int, data: Form
) -> Response[Any]:
    """Put a decided case under review again."""
    return await _later(request, session, reader, case_id, data, "reopen")


@post("/overlaps/{case_id:int}/uphold", status_code=200)
async def uphold(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int, data: Form
) -> Response[Any]:
    """Say that a decision stands though a project has changed."""
    return await _later(request, session, reader, case_id, data, "uphold")


@post("/overlaps/{case_id:int}/follow-up", status_code=200)
async def follow_up(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int, data: Form
) -> Response[Any]:
    """Write down what came of a decision."""
    return await _later(request, session, reader, case_id, data, "follow-up")


@post("/overlaps/{case_id:int}/assign", status_code=200)
async def assign(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int, data: Form
) -> Response[Any]:
    """Take a case, give it to somebody, or give it back."""
    wanted, seen = number_in(data.get("assign-assignee", "")), number_in(data.get("seen", ""))

    async def act() -> str:
        await case_assignments.assign(session, reader, stored(case_id), wanted, seen=seen)
        return ""

    recorded = message("It is recorded who looks after the case.")
    return await done(request, session, reader, case_id, Typed("assign"), act, recorded)


async def _later(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    case_id: int,
    data: dict[str, str],
    form: str,
) -> Response[Any]:
    """Do one of the things that are done with a decided case: each is a text and a version."""
    name = "text" if form == "follow-up" else "reason"
    typed = Typed(form, data.get(f"{form}-{name}", ""))
    version, number = number_in(data.get("version", "")) or 0, stored(case_id)

    async def act() -> str:
        if form == "reopen":
            await case_decisions.reopen(session, reader, number, version=version, reason=typed.text)
        elif form == "uphold":
            await case_decisions.uphold(session, reader, number, version=version, reason=typed.text)
        else:
            await case_decisions.follow_up(
                session, reader, number, version=version, text=typed.text
            )
        return ""

    recorded = {
        "reopen": message("The case is under review again."),
        "uphold": message("It is recorded that the decision stands."),
        "follow-up": message("What came of the decision is recorded."),
    }
    return await done(request, session, reader, case_id, typed, act, recorded[form])


async def done(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    case_id: int,
    typed: Typed,
    act: Callable[[], Awaitable[str]],
    notice: Message | None = None,
) -> Response[Any]:
    """Do it, and lead back to the case; where it was refused, show why, with what was typed."""
    try:
        async with session.begin_nested():
            place = await act()
    except Invalid as error:
        errors = tuple(FieldError(f"{typed.form}-{one.field}", one.message) for one in error.errors)
        shown, status = replace(typed, errors=errors), 422
    except Conflict as error:
        shown, status = replace(typed, overtaken=str(error)), 409
    else:
        return redirect(request, f"/overlaps/{case_id}{place}", notice=notice)
    view = await get_case(session, reader, case_id)
    return await _case(request, session, reader, view, shown, status=status)


def stored(case_id: int) -> int:
    """Return the number if a case can have it (PostgreSQL's integers end at 2^31 - 1)."""
    if case_id >= 2**31:
        raise NotFound("There is no such case, or its projects are not public.")
    return case_id


def _typed(form: str, data: dict[str, str]) -> Typed:
    return Typed(
        form,
        text=data.get(f"{form}-reason", ""),
        outcome=data.get(f"{form}-outcome", ""),
        lead=data.get(f"{form}-lead_organisation_id", ""),
    )


def number_in(text: str) -> int | None:
    """Return a number that somebody sent; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _adopted(request: HTMXRequest, view: CaseView) -> Typed:
    """Return a form filled with a proposal: an earlier one is proposed anew, or the secretariat
    decides after one that has no quorum."""
    wanted = number_in(request.query_params.get("adopt", ""))
    for said in view.comments:
        if said.comment.id == wanted and said.comment.outcome:
            lead = str(said.comment.lead_organisation_id or "")
            form = "decide" if said.comment.round == view.case.round else "propose"
            return Typed(form, said.comment.text, said.comment.outcome, lead)
    return Typed()


async def _case(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    view: CaseView,
    typed: Typed,
    status: int = 200,
) -> Response[Any]:
    chosen = case_page.chosen_pair(view, number_in(request.query_params.get("pair", "")))
    names = case_page.organisation_names(view)
    identifiers = [one.project.identifier for one in view.projects]
    case_id = view.case.id or 0
    joint = view.decided and view.case.outcome == JOINT
    people = await case_people.people_of(session, reader, case_id) if view.may.comment else []
    others = []
    if view.may.propose or view.may.decide or view.may.divide:
        others = [one for one in await list_organisations(session) if one.id not in names]
    return page(
        request,
        "overlaps/case.html",
        status=status,
        view=view,
        case=view.case,
        shown=case_page.shown(view, chosen),
        shorts=case_page.short_names(view),
        titles={one.project.id: one for one in view.projects},
        field_label=field_label,
        names=names,
        others=others,
        shared=await shared_identifiers(session, reader, identifiers),
        people=people,
        handles=case_notices.handles(people),
        programme=await programme_of_case(session, case_id) if joint and view.whole else None,
        shares=await shares_of_case(session, case_id) if view.decided and view.whole else [],
        countries=sorted({code for one in view.pairs for code in one.pair.countries}),
        meetings=await meetings_of_case(session, reader, case_id),
        actions=await actions_about(session, reader, case_id=case_id),
        typed=typed,
    )


handlers = [
    case_page_of,
    comment,
    propose,
    vote,
    decide,
    reopen,
    uphold,
    follow_up,
    assign,
]
