"""Accounts: sign-in with e-mail and password, sessions on the server, a guard against guessing."""

import asyncio
import hashlib
import secrets
from base64 import b64encode
from datetime import timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from sqlalchemy import and_, delete
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import history
from registry.errors import ConveneError, FieldError, Invalid, NotAllowed, NotFound
from registry.messages import message
from registry.models import Account, Organisation, SignIn, SignInFailure, now
from registry.models.organisation import NATIONAL_AUTHORITY
from registry.permissions import ROLES, VISITOR, Actor, require
from registry.settings import settings

SHORTEST_PASSWORD = 10
"""Characters. Length is what counts (NIST SP 800-63B)."""
FAILURES_PER_EMAIL = 5
FAILURES_PER_ADDRESS = 30
FAILURE_WINDOW = timedelta(minutes=15)

_hasher = PasswordHasher()  # argon2id with the library's current parameters


def _hash_of_nobody() -> str:
    """Return a hash that no password fits; to find that out takes as long as with any other.

    It is put together, not computed: that would take a fifth of a second at each start.
    """
    sizes = (_hasher.salt_len, _hasher.hash_len)
    salt, digest = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in sizes)
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


_NOBODY = _hash_of_nobody()


class TooManyAttempts(ConveneError):
    """Signing in failed too often from this address or for this e-mail; wait a while."""


async def add_account(
    session: AsyncSession,
    actor: Actor,
    *,
    email: str,
    name: str,
    role: str,
    password: str,
    organisation_id: int | None = None,
) -> Account:
    """Create an account. An organisation's administrator may add members of that organisation."""
    require(actor, "organisation.members", organisation_id)
    _may_grant(actor, role)
    email = email.strip().lower()
    errors = []
    if "@" not in email.strip("@"):
        errors.append(FieldError("email", message("Give an e-mail address, such as a@b.org.")))
    elif (await session.exec(select(Account.id).where(Account.email == email))).first():
        errors.append(FieldError("email", message("There is an account with this e-mail already.")))
    if role not in ROLES or role == "visitor":
        errors.append(FieldError("role", message("'{role}' is not a role.", role=role)))
    if role != "secretariat" and organisation_id is None:
        errors.append(FieldError("organisation", message("Say which organisation it belongs to.")))
    errors += _password_errors(password)
    if errors:
        raise Invalid(errors)
    account = Account(
        email=email,
        name=name.strip() or email,
        role=role,
        organisation_id=organisation_id,
        password_hash=await asyncio.to_thread(_hasher.hash, password),
    )
    session.add(account)
    await session.flush()
    await _remember(session, actor, account, "added", after=_public(account))
    return account


async def set_password(
    session: AsyncSession, actor: Actor, account_id: int, password: str, *, current: str | None
) -> None:
    """Change a password and end all sign-ins of the account; one's own needs the current one."""
    account = await _account(session, account_id)
    if actor.account_id == account_id:
        if current is None or not await _verify(account.password_hash, current):
            raise Invalid([FieldError("current", message("This is not your current password."))])
    else:
        require(actor, "organisation.members", account.organisation_id)
        _may_grant(actor, account.role)
    if errors := _password_errors(password):
        raise Invalid(errors)
    account.password_hash = await asyncio.to_thread(_hasher.hash, password)
    session.add(account)
    await _end_sign_ins(session, account_id)
    await _remember(session, actor, account, "password changed")


async def change_account(
    session: AsyncSession, actor: Actor, account_id: int, *, role: str, active: bool
) -> Account:
    """Change the role of an account, or switch it off; its sign-ins end at once."""
    account = await _account(session, account_id)
    require(actor, "organisation.members", account.organisation_id)
    _may_grant(actor, account.role)
    _may_grant(actor, role)
    if actor.account_id == account_id:
        raise NotAllowed("You can't change your own role. Ask somebody else to do it.")
    if role not in ROLES or role == "visitor":
        raise Invalid([FieldError("role", message("'{role}' is not a role.", role=role))])
    before = _public(account)
    account.role, account.active = role, active
    session.add(account)
    await _end_sign_ins(session, account_id)
    was, became = history.difference(before, _public(account))
    await _remember(session, actor, account, "changed", before=was, after=became)
    return account


async def list_accounts(
    session: AsyncSession, actor: Actor, organisation_id: int | None = None
) -> list[Account]:
    """Return the accounts of an organisation, or all of them for the secretariat."""
    require(actor, "organisation.members", organisation_id)
    query = select(Account).order_by(Account.email)
    if organisation_id is not None:
        query = query.where(Account.organisation_id == organisation_id)
    return list(await session.exec(query))


async def sign_in(session: AsyncSession, email: str, password: str, address: str) -> str:
    """Return a new session's token. Raises Invalid or TooManyAttempts.

    A failure has to be remembered even though the request fails: the caller commits either way.
    """
    email = email.strip().lower()
    await _guard(session, email, address)
    account = (await session.exec(select(Account).where(Account.email == email))).first()
    # Somebody who does not exist takes as long as somebody who does.
    right = await _verify(account.password_hash if account else _NOBODY, password)
    if account is None or not right or not account.active:
        for key in (_email_key(email), _address_key(address)):
            session.add(SignInFailure(key=key))
        await session.flush()
        raise Invalid(
            [FieldError("password", message("This e-mail and password do not belong together."))]
        )
    if _hasher.check_needs_rehash(account.password_hash):
        account.password_hash = await asyncio.to_thread(_hasher.hash, password)
        session.add(account)
    assert account.id is not None  # noqa: S101
    token = secrets.token_urlsafe(32)
    lifetime = timedelta(seconds=settings().session_lifetime)
    session.add(
        SignIn(token_hash=_token_hash(token), account_id=account.id, expires_at=now() + lifetime)
    )
    await session.exec(delete(SignInFailure).where(col(SignInFailure.key) == _email_key(email)))
    await session.exec(delete(SignIn).where(col(SignIn.expires_at) < now()))
    await session.flush()
    return token


async def actor_of(session: AsyncSession, token: str | None) -> Actor:
    """Return who holds this token; a visitor when nobody does."""
    if not token:
        return VISITOR
    found = (
        await session.exec(
            select(Account, Organisation.home_country)
            .join(SignIn, col(SignIn.account_id) == col(Account.id))
            .outerjoin(
                Organisation,
                and_(
                    col(Organisation.id) == col(Account.organisation_id),
                    col(Organisation.type) == NATIONAL_AUTHORITY,
                ),
            )
            .where(
                SignIn.token_hash == _token_hash(token),
                SignIn.expires_at > now(),
                col(Account.active),
            )
        )
    ).first()
    if found is None:
        return VISITOR
    return actor_for(*found)


def actor_for(account: Account, speaks_for: str | None = None) -> Actor:
    """Return an account as somebody who acts, for a State if it is one of its authorities'."""
    return Actor(account.id, account.name, account.role, account.organisation_id, speaks_for)


async def sign_out(session: AsyncSession, token: str) -> None:
    """End the session with this token."""
    await session.exec(delete(SignIn).where(col(SignIn.token_hash) == _token_hash(token)))


async def _guard(session: AsyncSession, email: str, address: str) -> None:
    """Refuse further attempts after too many failures, by e-mail and by network address."""
    # One attempt after the other: of many at once, each would find that none has failed yet.
    await session.exec(
        select(func.pg_advisory_xact_lock(func.hashtextextended(_email_key(email), 0)))
    )
    since = now() - FAILURE_WINDOW
    await session.exec(delete(SignInFailure).where(col(SignInFailure.at) < since))
    for key, allowed in (
        (_email_key(email), FAILURES_PER_EMAIL),
        (_address_key(address), FAILURES_PER_ADDRESS),
    ):
        failures = await session.exec(
            select(func.count()).select_from(SignInFailure).where(SignInFailure.key == key)
        )
        if failures.one() >= allowed:
            raise TooManyAttempts("Too many failed attempts. Try again in 15 minutes.")


def _may_grant(actor: Actor, role: str) -> None:
    if role in {"reviewer", "secretariat"} and actor.role != "secretariat":
        raise NotAllowed("Only the secretariat appoints reviewers and secretariat members.")


def _password_errors(password: str) -> list[FieldError]:
    if len(password) >= SHORTEST_PASSWORD:
        return []
    return [
        FieldError(
            "password",
            message("Use at least {n} characters; several words are good.", n=SHORTEST_PASSWORD),
        )
    ]


async def _verify(password_hash: str, password: str) -> bool:
    try:
        return await asyncio.to_thread(_hasher.verify, password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


async def _account(session: AsyncSession, account_id: int) -> Account:
    account = await session.get(Account, account_id, with_for_update=True)
    if account is None:
        raise NotFound("There is no such account.")
    return account


async def _end_sign_ins(session: AsyncSession, account_id: int) -> None:
    await session.exec(delete(SignIn).where(col(SignIn.account_id) == account_id))


async def _remember(
    session: AsyncSession,
    actor: Actor,
    account: Account,
    action: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    assert account.id is not None  # noqa: S101
    await history.record_change(
        session, actor, "account", account.id, action, before or {}, after or {}
    )


def _public(account: Account) -> dict[str, Any]:
    return account.model_dump(include={"email", "name", "role", "organisation_id", "active"})


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _email_key(email: str) -> str:
    return "email:" + hashlib.sha256(email.encode()).hexdigest()


def _address_key(address: str) -> str:
    return "address:" + address
