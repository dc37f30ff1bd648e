"""Requests for assistance: filed, revised and closed; their history is kept."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.history import difference, record_change
from registry.messages import message
from registry.models import AssistanceRequest, now
from registry.models.organisation import as_json
from registry.permissions import Actor, require
from registry.personal_data import suspicious_parts

LONGEST_TITLE = 200
LONGEST_TEXT = 5_000
"""Letters."""
CLOSED = ("answered", "withdrawn")
"""How a request may end."""
OF_A_COUNTRY = 200
"""Open requests of a country that its page may name."""


@dataclass(frozen=True)
class RequestRecord:
    """What somebody asks for."""

    country: str
    title: str
    text: str
    measures: Sequence[str]
    urgency: str
    language: str = "en"


@dataclass(frozen=True)
class RequestPage:
    """One page of requests, and how many there are in all."""

    total: int
    requests: list[AssistanceRequest]


async def file_request(
    session: AsyncSession, actor: Actor, record: RequestRecord, *, looked: bool = False
) -> AssistanceRequest:
    """Store a request. `looked`: a person has seen that nothing in it identifies a victim.

    Raises NotAllowed, Invalid.
    """
    require(actor, "request.file")
    check(record, looked)
    request = AssistanceRequest(**_columns(record), filed_by=actor.account_id)
    session.add(request)
    await session.flush()
    await _remember(session, actor, request, "filed", {})
    return request


async def revise_request(
    session: AsyncSession,
    actor: Actor,
    request_id: int,
    record: RequestRecord,
    *,
    version: int,
    looked: bool = False,
) -> AssistanceRequest:
    """Change an open request from the version that the person saw.

    Raises NotFound, NotAllowed, Invalid, and Conflict when somebody else was faster.
    """
    require(actor, "request.file")
    check(record, looked)
    request = await _locked(session, request_id, version)
    before = as_json(request)
    for name, value in _columns(record).items():
        setattr(request, name, value)
    return await _stored(session, actor, request, "revised", before)


async def close_request(
    session: AsyncSession, actor: Actor, request_id: int, state: str, outcome: str, *, version: int
) -> AssistanceRequest:
    """Close an open request as answered or withdrawn, and say what became of it.

    Raises NotFound, NotAllowed, Invalid, and Conflict when somebody else was faster.
    """
    require(actor, "request.file")
    errors = []
    if state not in CLOSED:
        errors.append(FieldError("state", message("Say whether it is answered or withdrawn.")))
    if not outcome.strip():
        errors.append(FieldError("outcome", message("Say in a sentence what became of it.")))
    elif len(outcome) > LONGEST_TEXT:
        errors.append(FieldError("outcome", _too_long(LONGEST_TEXT)))
    errors += [FieldError("outcome", found) for found in suspicious_parts(outcome)]
    if errors:
        raise Invalid(errors)
    request = await _locked(session, request_id, version)
    before = as_json(request)
    request.state, request.outcome, request.closed_at = state, outcome.strip(), now()
    return await _stored(session, actor, request, state, before)


async def get_request(session: AsyncSession, request_id: int) -> AssistanceRequest:
    """Return a request. Raises NotFound."""
    found = await session.get(AssistanceRequest, request_id) if request_id < 2**31 else None
    if found is None:
        raise NotFound("There is no request with this number.")
    return found


async def list_requests(
    session: AsyncSession,
    *,
    country: str | None = None,
    measure: str | None = None,
    state: str | None = None,
    page: int = 1,
    size: int = 20,
) -> RequestPage:
    """Return the requests of a country, for a measure, in a state: open ones first, then newest."""
    conditions: list[Any] = []
    if country:
        conditions.append(AssistanceRequest.country == country)
    if measure:
        conditions.append(col(AssistanceRequest.measures).any(measure))  # type: ignore[arg-type]
    if state:
        conditions.append(AssistanceRequest.state == state)
    counted = await session.exec(
        select(func.count()).select_from(AssistanceRequest).where(*conditions)
    )
    rows = await session.exec(
        select(AssistanceRequest)
        .where(*conditions)
        .order_by(
            (col(AssistanceRequest.state) == "open").desc(),
            col(AssistanceRequest.filed_at).desc(),
            col(AssistanceRequest.id).desc(),
        )
        .limit(size)
        .offset((page - 1) * size)
    )
    return RequestPage(counted.one(), list(rows))


async def open_requests(session: AsyncSession, country: str) -> list[AssistanceRequest]:
    """Return the open requests of a country, the newest first, at most OF_A_COUNTRY."""
    rows = await session.exec(
        select(AssistanceRequest)
        .where(AssistanceRequest.country == country, AssistanceRequest.state == "open")
        .order_by(col(AssistanceRequest.filed_at).desc(), col(AssistanceRequest.id).desc())
        .limit(OF_A_COUNTRY)
    )
    return list(rows)


def check(record: RequestRecord, looked: bool = False) -> None:
    """Raise Invalid with everything that is wrong with a request.

    What looks like personal data is wrong too, unless somebody `looked` at it.
    """
    errors = []
    if record.country not in codelists.countries():
        errors.append(FieldError("country", message("Choose the country.")))
    for name, text, longest in (
        ("title", record.title, LONGEST_TITLE),
        ("text", record.text, LONGEST_TEXT),
    ):
        if not text.strip():
            errors.append(FieldError(name, message("This is needed.")))
        elif len(text) > longest:
            errors.append(FieldError(name, _too_long(longest)))
        elif not looked:
            errors += [FieldError(name, found) for found in suspicious_parts(text)]
    if not record.measures:
        errors.append(FieldError("measures", message("Choose at least one measure.")))
    elif not set(record.measures) <= set(codelists.scheme("measures")):
        errors.append(FieldError("measures", message("One of these measures does not exist.")))
    if record.urgency not in codelists.scheme("request_urgencies"):
        errors.append(FieldError("urgency", message("Say by when it is needed.")))
    if record.language not in codelists.LANGUAGES:
        errors.append(FieldError("language", message("Choose the language of the text.")))
    if errors:
        raise Invalid(errors)


def _too_long(longest: int) -> Any:
    return message("Use at most {longest} letters.", longest=longest)


def _columns(record: RequestRecord) -> dict[str, Any]:
    known = codelists.scheme("measures")
    return {
        **asdict(record),
        "title": record.title.strip(),
        "text": record.text.strip(),
        "measures": [measure for measure in known if measure in record.measures],
    }


async def _locked(session: AsyncSession, request_id: int, version: int) -> AssistanceRequest:
    """Return the open request for a change, if it is still as the person saw it."""
    await get_request(session, request_id)
    rows = await session.exec(
        select(AssistanceRequest)
        .where(AssistanceRequest.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    request = rows.one()
    if request.version != version:
        raise Conflict("Somebody else changed this request meanwhile.")
    if request.state != "open":
        raise Conflict("This request is closed.")
    return request


async def _stored(
    session: AsyncSession,
    actor: Actor,
    request: AssistanceRequest,
    action: str,
    before: dict[str, Any],
) -> AssistanceRequest:
    request.version += 1
    request.updated_at = now()
    session.add(request)
    await session.flush()
    await _remember(session, actor, request, action, before)
    return request


async def _remember(
    session: AsyncSession,
    actor: Actor,
    request: AssistanceRequest,
    action: str,
    before: dict[str, Any],
) -> None:
    was, is_now = difference(before, as_json(request))
    await record_change(session, actor, "request", request.id or 0, action, was, is_now)
