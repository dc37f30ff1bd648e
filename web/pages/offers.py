"""Offers for a request: the form on which one sees what others offer, and what is done to them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.exchange.amounts import currency_beside, read_amount
from registry.exchange.values import Unreadable
from registry.messages import message
from registry.models import AssistanceOffer, AssistanceRequest
from registry.offer_record import OfferRecord, check
from registry.offer_views import OfferView, offers_shown, overlapping
from registry.offers import (
    OffersChanged,
    Seen,
    answer_offer,
    join_offer,
    leave_offer,
    make_offer,
    revise_offer,
    take_back_offer,
)
from registry.permissions import Actor, require
from registry.personal_data import suspicious_parts
from registry.request_states import WAITING, Forbidden
from registry.requests import get_request
from web import i18n
from web.form_fields import text_in, version_in
from web.rendering import page, redirect
from web.request_page import show_request

_DAY = message("Give the day, as 2027-03-31.")


@get("/requests/{request_id:int}/offer")
async def offer_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, request_id: int
) -> Response[Any]:
    """Show the form for an offer, with all that others offer for the same request."""
    require(reader, "request.offer", reader.organisation_id)
    asked = await get_request(session, request_id)
    if asked.state not in WAITING:
        return await show_request(request, session, reader, request_id, overtaken=True)
    standing = await _standing(session, reader, asked)
    own = [view.offer for view in standing if view.organisation.id == reader.organisation_id]
    if own:  # one offer an organisation: it is changed, or stands on the page of the request
        path = f"/requests/{request_id}/offers/{own[0].id}/edit"
        return redirect(request, path if own[0].state == "made" else f"/requests/{request_id}")
    taken = {code for view in standing for code in view.offer.measures}
    # What nobody offers yet is ticked; the rest has to be chosen knowingly.
    record = OfferRecord(
        text="",
        measures=[code for code in asked.measures if code not in taken],
        starts_on=None,
        ends_on=None,
        language=i18n.language_of(request),
    )
    return _form(request, reader, asked, standing, record)


@post("/requests/{request_id:int}/offer", status_code=200)
async def offer(
    request: HTMXRequest, session: AsyncSession, reader: Actor, request_id: int
) -> Response[Any]:
    """Store an offer; when something was offered since the form was opened, show that first."""
    require(reader, "request.offer", reader.organisation_id)
    form = await request.form()
    asked = await get_request(session, request_id)
    (record, errors), looked = _read(form), bool(form.get("looked"))
    changed = False
    try:
        if errors:
            raise Invalid(_with_others(errors, check(asked, record, looked)))
        async with session.begin_nested():
            await make_offer(session, reader, request_id, record, _seen(form), looked=looked)
    except Invalid as error:
        errors = [*error.errors]
    except OffersChanged:
        changed = True
    except Forbidden:
        session.expire_all()
        return await show_request(
            request, session, reader, request_id, {"text": record.text}, overtaken=True
        )
    if changed or errors:
        await session.refresh(asked)
        standing = await _standing(session, reader, asked)
        seen = None if changed else _seen(form)
        return _form(
            request, reader, asked, standing, record, errors, changed=changed, seen=seen, form=form
        )
    return redirect(
        request,
        f"/requests/{request_id}",
        notice=message("The offer is made; the State is told."),
    )


@get("/requests/{request_id:int}/offers/{offer_id:int}/edit")
async def edit_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, request_id: int, offer_id: int
) -> Response[Any]:
    """Show the form of an offer that waits for the State."""
    asked, own = await _own(session, reader, request_id, offer_id)
    require(reader, "request.offer", own.organisation_id)
    if own.state != "made":
        return await show_request(request, session, reader, request_id, overtaken=True)
    standing = await _standing(session, reader, asked)
    return _form(request, reader, asked, standing, _record(own), own=own)


@post("/requests/{request_id:int}/offers/{offer_id:int}/edit", status_code=200)
async def revise(
    request: HTMXRequest, session: AsyncSession, reader: Actor, request_id: int, offer_id: int
) -> Response[Any]:
    """Change an offer."""
    asked, own = await _own(session, reader, request_id, offer_id)
    form = await request.form()
    (record, errors), looked = _read(form), bool(form.get("looked"))
    changed = False
    try:
        if errors:
            raise Invalid(_with_others(errors, check(asked, record, looked)))
        async with session.begin_nested():
            await revise_offer(
                session,
                reader,
                offer_id,
                record,
                _seen(form),
                version=version_in(form, "own"),
                looked=looked,
            )
    except Invalid as error:
        errors = [*error.errors]
    except OffersChanged:
        changed = True
    except Conflict:
        session.expire_all()
        return await show_request(
            request, session, reader, request_id, {"text": record.text}, overtaken=True
        )
    if changed or errors:
        await session.refresh(asked)
        await session.refresh(own)
        standing = await _standing(session, reader, asked)
        seen = None if changed else _seen(form)
        return _form(
            request, reader, asked, standing, record, errors,
            changed=changed, seen=seen, own=own, form=form,
        )  # fmt: skip
    return redirect(request, f"/requests/{request_id}", notice=message("The offer is changed."))


@post("/requests/{request_id:int}/offers/{offer_id:int}/join", status_code=200)
async def join(
    request: HTMXRequest, session: AsyncSession, reader: Actor, request_id: int, offer_id: int
) -> Response[Any]:
    """Join the offer of another organisation."""
    await _of_request(session, reader, request_id, offer_id)
    form = await request.form()
    name = f"joining-{offer_id}"
    typed = {name: text_in(form, name)}
    try:
        async with session.begin_nested():
            await join_offer(session, reader, offer_id, typed[name], _seen(form))
    except Invalid as error:
        errors = [_at(one, "joining", offer_id) for one in error.errors]
        return await show_request(request, session, reader, request_id, typed, errors)
    except Conflict:
        session.expire_all()
        return await show_request(request, session, reader, request_id, typed, overtaken=True)
    return redirect(
        request, f"/requests/{request_id}", notice=message("You have joined the offer.")
    )


@post("/requests/{request_id:int}/offers/{offer_id:int}/leave", status_code=200)
async def leave(
    request: HTMXRequest, session: AsyncSession, reader: Actor, request_id: int, offer_id: int
) -> Response[Any]:
    """Leave an offer that one's organisation has joined."""
    await _of_request(session, reader, request_id, offer_id)
    try:
        async with session.begin_nested():
            await leave_offer(session, reader, offer_id)
    except Conflict:
        session.expire_all()
        return await show_request(request, session, reader, request_id, overtaken=True)
    return redirect(request, f"/requests/{request_id}", notice=message("You have left the offer."))


@post("/requests/{request_id:int}/offers/{offer_id:int}/answer", status_code=200)
async def answer(
    request: HTMXRequest, session: AsyncSession, reader: Actor, request_id: int, offer_id: int
) -> Response[Any]:
    """Accept an offer or decline it, for the State; or take it back, for who made it."""
    await _of_request(session, reader, request_id, offer_id)
    form = await request.form()
    name, action = f"answer-{offer_id}", str(form.get("action", ""))
    typed = {name: text_in(form, name)}
    version = version_in(form, "own")
    try:
        async with session.begin_nested():
            if action == "take back":
                await take_back_offer(session, reader, offer_id, typed[name], version=version)
            else:
                await answer_offer(session, reader, offer_id, action, typed[name], version=version)
    except Invalid as error:
        errors = [_at(one, "answer", offer_id) for one in error.errors]
        return await show_request(request, session, reader, request_id, typed, errors)
    except Conflict:
        session.expire_all()
        return await show_request(request, session, reader, request_id, typed, overtaken=True)
    notices = {
        "accept": message("The offer is accepted; the organisation is told."),
        "decline": message("The offer is declined; the organisation is told."),
        "take back": message("The offer is taken back; the State is told."),
    }
    return redirect(request, f"/requests/{request_id}", notice=notices[action])


async def _of_request(
    session: AsyncSession, reader: Actor, request_id: int, offer_id: int
) -> tuple[AssistanceRequest, OfferView]:
    """Return a request and an offer for it that the reader may see. Raises NotFound."""
    asked = await get_request(session, request_id)
    shown = (await offers_shown(session, reader, [asked])).get(request_id, [])
    for view in shown:
        if view.offer.id == offer_id:
            return asked, view
    require(reader, "request.offer", reader.organisation_id)  # a visitor is asked to sign in
    raise NotFound("There is no offer with this number.")


async def _own(
    session: AsyncSession, reader: Actor, request_id: int, offer_id: int
) -> tuple[AssistanceRequest, AssistanceOffer]:
    asked, view = await _of_request(session, reader, request_id, offer_id)
    require(reader, "request.offer", view.offer.organisation_id)
    return asked, view.offer


async def _standing(
    session: AsyncSession, reader: Actor, asked: AssistanceRequest
) -> list[OfferView]:
    shown = await offers_shown(session, reader, [asked])
    return [view for view in shown.get(asked.id or 0, []) if view.stands]


def _at(error: FieldError, field: str, offer_id: int) -> FieldError:
    """Return an error at the field of one offer among several on a page."""
    return FieldError(f"{field}-{offer_id}" if error.field == field else "", error.message)


def _form(
    request: HTMXRequest,
    reader: Actor,
    asked: AssistanceRequest,
    standing: list[OfferView],
    record: OfferRecord,
    errors: list[FieldError] | None = None,
    *,
    changed: bool = False,
    seen: Seen | None = None,
    own: AssistanceOffer | None = None,
    form: FormMultiDict | None = None,
) -> Response[Any]:
    """Show the form; what of a sent `form` can't be read stands in it as it was typed."""
    others = [view for view in standing if own is None or view.offer.id != own.id]
    complete = record.starts_on is not None and record.ends_on is not None
    scope: Any = record
    own_id = reader.organisation_id
    return page(
        request,
        "requests/offer.html",
        status=409 if changed else 422 if errors else 200,
        one=asked,
        own=own,
        others=others,
        common={
            view.offer.id: found for view, found in overlapping(scope, others, own_id)
        } if complete else {},
        record=record,
        typed={
            name: text_in(form, name) if form else getattr(record, name)
            for name in ("starts_on", "ends_on", "amount")
        },
        errors=errors or [],
        changed=changed,
        seen=seen or Seen(asked.version, asked.offers_version),
        suspicious=[*suspicious_parts(record.text), *suspicious_parts(record.reason)],
        currencies=[(code, code) for code in sorted(codelists.currencies())],
        text_languages={code: i18n.LANGUAGES[code] for code in codelists.LANGUAGES},
    )  # fmt: skip


def _read(form: FormMultiDict) -> tuple[OfferRecord, list[FieldError]]:
    """Return what was typed, and what of it can't be read."""
    errors: list[FieldError] = []

    def day(name: str) -> date | None:
        typed = text_in(form, name)
        try:
            return date.fromisoformat(typed) if typed else None
        except ValueError:
            errors.append(FieldError(name, _DAY))
            return None

    amount, typed_amount = None, text_in(form, "amount")
    try:
        amount = read_amount(typed_amount)
    except Unreadable as error:
        errors.append(FieldError("amount", error.message))
    record = OfferRecord(
        text=text_in(form, "text"),
        measures=[str(one) for one in form.getall("measures", [])],
        starts_on=day("starts_on"),
        ends_on=day("ends_on"),
        places=[one for one in text_in(form, "places").split("\n") if one.strip()],
        amount=amount,
        currency=currency_beside(typed_amount) or text_in(form, "currency") or None,
        reason=text_in(form, "reason"),
        language=text_in(form, "language"),
    )
    return record, errors


def _record(stored: AssistanceOffer) -> OfferRecord:
    return OfferRecord(
        stored.text,
        stored.measures,
        stored.starts_on,
        stored.ends_on,
        stored.places,
        stored.amount,
        stored.currency,
        stored.reason or "",
        stored.language,
    )


def _with_others(unread: list[FieldError], found: list[FieldError]) -> list[FieldError]:
    """Return what can't be read, and what else is wrong with fields that can."""
    fields = {error.field for error in unread}
    return unread + [error for error in found if error.field not in fields]


def _seen(form: Mapping[str, Any]) -> Seen:
    return Seen(version_in(form), version_in(form, "offers"))


handlers = [offer_page, offer, edit_page, revise, join, leave, answer]
