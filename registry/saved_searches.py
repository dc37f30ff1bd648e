"""Searches that a person keeps: save, rename, be told of news, follow as a feed, delete.

A search is kept as the query string of its address; what that means is for `search` and `web`.
What is new in it is told by numbers (`registry.news`): one up to which the person has seen the news
on the page, and one up to which they were told by e-mail.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from unicodedata import category
from urllib.parse import parse_qsl, urlencode

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from registry.messages import message
from registry.models import Account, SavedSearch, now
from registry.news import newest_number, take_up
from registry.permissions import Actor

MOST_SEARCHES = 50
"""Searches that one person can keep."""
LONGEST_NAME = 120
"""Characters."""
FREQUENCIES = ("never", "daily", "weekly")
"""How often a message may be sent, if there is something new."""
LANGUAGES = ("en", "fr", "es")
_ORDER_ONLY = {"sort", "page", "size"}


class AlreadySaved(Conflict):
    """The person keeps the same search already: `search`."""

    def __init__(self, search: SavedSearch) -> None:
        self.search = search
        super().__init__("You have saved this search already.")


def query_string(parameters: Iterable[tuple[str, str]]) -> str:
    """Return the parameters of a search as they are kept: without page and size."""
    return urlencode([pair for pair in parameters if pair[0] not in {"page", "size"}])


def parameters_in(query: str) -> list[tuple[str, str]]:
    """Return the parameters of a search that was kept."""
    return parse_qsl(query)


def fingerprint(query: str) -> str:
    """Return what is the same for all query strings that find the same projects."""
    pairs = sorted({pair for pair in parse_qsl(query) if pair[0] not in _ORDER_ONLY})
    return hashlib.sha256(urlencode(pairs).encode()).hexdigest()


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters."""
    controls = {"Cc", "Cs", "Zl", "Zp"}
    return " ".join("".join(" " if category(c) in controls else c for c in text).split())


def next_due(frequency: str, after: datetime, hour: int) -> datetime | None:
    """Return the first full `hour` (UTC) after a moment, of a Monday if weekly; None for never."""
    if frequency == "never":
        return None
    moment = datetime.combine(after.astimezone(UTC).date(), time(hour), UTC)
    while moment <= after or (frequency == "weekly" and moment.weekday() != 0):
        moment += timedelta(days=1)
    return moment


async def save_search(
    session: AsyncSession,
    actor: Actor,
    query: str,
    *,
    name: str,
    frequency: str,
    language: str,
    hour: int,
) -> SavedSearch:
    """Keep a search; what is found now is not new. `hour` is when messages are sent (UTC).

    Raises Invalid; AlreadySaved; NotAllowed for a visitor.
    """
    account_id = await _locked_account(session, actor)
    query = query_string(parameters_in(query))
    mark = fingerprint(query)
    own = SavedSearch.account_id == account_id
    same = await session.exec(select(SavedSearch).where(own, SavedSearch.fingerprint == mark))
    if (known := same.first()) is not None:
        raise AlreadySaved(known)
    name, errors = _checked(name, frequency, language)
    count = await session.exec(select(func.count()).select_from(SavedSearch).where(own))
    if count.one() >= MOST_SEARCHES:
        full = message(
            "You keep {most} searches, which is the most. Delete one that you no longer need.",
            most=MOST_SEARCHES,
        )
        errors.append(FieldError("", full))
    if errors:
        raise Invalid(errors)
    await take_up(session)
    newest = await newest_number(session)
    search = SavedSearch(
        account_id=account_id,
        name=name,
        parameters=query,
        fingerprint=mark,
        language=language,
        frequency=frequency,
        key=_random(),
        seen_number=newest,
        told_number=newest,
        due_at=next_due(frequency, now(), hour),
    )
    session.add(search)
    await session.flush()
    return search


async def own_searches(session: AsyncSession, actor: Actor) -> Sequence[SavedSearch]:
    """Return the searches of a person, by name. Raises NotAllowed for a visitor."""
    found = await session.exec(
        select(SavedSearch)
        .where(SavedSearch.account_id == _account_id(actor))
        .order_by(func.lower(SavedSearch.name), col(SavedSearch.id))
    )
    return found.all()


async def own_search(
    session: AsyncSession, actor: Actor, search_id: int, *, lock: bool = False
) -> SavedSearch:
    """Return one of a person's searches. Raises NotFound, also for somebody else's."""
    account_id = _account_id(actor)
    found = None
    if search_id < 2**31:
        found = await session.get(SavedSearch, search_id, with_for_update=lock)
    if found is None or found.account_id != account_id:
        raise NotFound("There is no such saved search. It may have been deleted.")
    return found


async def change_search(
    session: AsyncSession,
    actor: Actor,
    search_id: int,
    *,
    version: int,
    name: str,
    frequency: str,
    language: str,
    hour: int,
) -> SavedSearch:
    """Rename a search, or change how often and in which language messages come.

    Who had none before is told of what happens from now on. Raises Invalid, NotFound, and Conflict
    when it was changed since `version`, say in another window.
    """
    search = await own_search(session, actor, search_id, lock=True)
    if search.version != version:
        raise Conflict("You have changed this search in another window meanwhile.")
    name, errors = _checked(name, frequency, language)
    if errors:
        raise Invalid(errors)
    if frequency != search.frequency:
        if search.frequency == "never":
            search.told_number, search.told_at = await newest_number(session), now()
        search.due_at = next_due(frequency, now(), hour)
        search.failures = 0
    search.name, search.frequency, search.language = name, frequency, language
    search.version += 1
    session.add(search)
    return search


async def delete_search(session: AsyncSession, actor: Actor, search_id: int) -> None:
    """Forget a search; its feed and its messages end. Raises NotFound."""
    await session.delete(await own_search(session, actor, search_id, lock=True))


async def mark_seen(session: AsyncSession, actor: Actor, search_id: int, number: int) -> None:
    """Note that the person has seen what is new up to this number. Raises NotFound."""
    search = await own_search(session, actor, search_id, lock=True)
    search.seen_number = max(search.seen_number, min(number, await newest_number(session)))
    session.add(search)


async def renew_feed(session: AsyncSession, actor: Actor, search_id: int) -> SavedSearch:
    """Give a search a new secret address for its feed; an earlier one ends. Raises NotFound."""
    search = await own_search(session, actor, search_id, lock=True)
    search.feed_key = _random()
    session.add(search)
    return search


async def end_feed(session: AsyncSession, actor: Actor, search_id: int) -> None:
    """End the feed of a search. Raises NotFound."""
    search = await own_search(session, actor, search_id, lock=True)
    search.feed_key = None
    session.add(search)


async def search_with_owner(
    session: AsyncSession, search_id: int, *, lock: bool = False
) -> tuple[SavedSearch, Account] | None:
    """Return any saved search, and whose it is: for those who hold a key to it."""
    if search_id >= 2**31:
        return None
    search = await session.get(SavedSearch, search_id, with_for_update=lock)
    if search is None:
        return None
    account = await session.get(Account, search.account_id)
    return None if account is None else (search, account)


async def stop_messages(session: AsyncSession, search_id: int) -> None:
    """Send no more messages about a search; doing it twice changes nothing."""
    found = await search_with_owner(session, search_id, lock=True)
    if found is not None and found[0].frequency != "never":
        search = found[0]
        search.frequency, search.due_at, search.version = "never", None, search.version + 1
        session.add(search)


def _checked(name: str, frequency: str, language: str) -> tuple[str, list[FieldError]]:
    """Return the name on one line, and what is wrong."""
    name, errors = one_line(name), []
    if not name:
        errors.append(FieldError("name", message("Give the search a name.")))
    if len(name) > LONGEST_NAME:
        errors.append(
            FieldError("name", message("A name has at most {most} characters.", most=LONGEST_NAME))
        )
    if frequency not in FREQUENCIES:
        errors.append(FieldError("frequency", message("Choose never, daily or weekly.")))
    if language not in LANGUAGES:
        errors.append(FieldError("language", message("Choose one of the languages.")))
    return name, errors


async def _locked_account(session: AsyncSession, actor: Actor) -> int:
    """Return who it is, and let nobody else save a search for them meanwhile."""
    account_id = _account_id(actor)
    await session.exec(select(Account.id).where(Account.id == account_id).with_for_update())
    return account_id


def _account_id(actor: Actor) -> int:
    if actor.account_id is None:
        raise NotAllowed("Sign in to save searches.")
    return actor.account_id


def _random() -> str:
    return secrets.token_urlsafe(24)
