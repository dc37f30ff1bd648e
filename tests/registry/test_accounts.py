"""Accounts: sign-in, sessions, the guard against guessing, who may appoint whom."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from sqlmodel import select

from registry import accounts
from registry.accounts import (
    FAILURES_PER_EMAIL,
    TooManyAttempts,
    actor_of,
    add_account,
    change_account,
    set_password,
    sign_in,
    sign_out,
)
from registry.errors import Invalid, NotAllowed
from registry.models import Account, SignIn, now
from registry.permissions import COMMAND_LINE, VISITOR, may
from tests.builders import PASSWORD, acting, an_account, an_organisation


async def test_signing_in_and_out(session):
    organisation = await an_organisation(session)
    account = await an_account(session, "member", organisation, "ana@example.org")
    token = await sign_in(session, " Ana@Example.org ", PASSWORD, "192.0.2.1")
    assert await actor_of(session, token) == acting(account)
    stored = (await session.exec(select(SignIn.token_hash))).one()
    assert stored != token
    assert account.password_hash.startswith("$argon2id$")
    await sign_out(session, token)
    assert await actor_of(session, token) == VISITOR


async def test_an_old_session_is_nobodys(session):
    account = await an_account(session, "member", await an_organisation(session))
    token = await sign_in(session, account.email, PASSWORD, "192.0.2.1")
    row = (await session.exec(select(SignIn))).one()
    row.expires_at = now() - timedelta(seconds=1)
    session.add(row)
    await session.flush()
    assert await actor_of(session, token) == VISITOR


async def test_guessing_is_stopped_for_a_while(session):
    account = await an_account(session, "member", await an_organisation(session))
    for _ in range(FAILURES_PER_EMAIL):
        with pytest.raises(Invalid):
            await sign_in(session, account.email, "wrong password", "192.0.2.1")
    with pytest.raises(TooManyAttempts):
        await sign_in(session, account.email, PASSWORD, "192.0.2.2")


async def test_an_unknown_and_a_known_email_fail_alike(session):
    account = await an_account(session, "member", await an_organisation(session))
    texts = []
    for email in (account.email, "nobody@example.org"):
        with pytest.raises(Invalid) as refused:
            await sign_in(session, email, "wrong password", "192.0.2.1")
        texts.append(str(refused.value))
    assert texts[0] == texts[1]


def test_passwords_are_hashed_as_strictly_as_rfc_9106_asks() -> None:
    """The tests hash with less; this one was made before they began, as all are in the product."""
    assert extract_parameters(accounts._NOBODY) == RFC_9106_LOW_MEMORY


async def test_a_hash_of_before_is_made_anew_at_sign_in(session):
    account = await an_account(session, "member", await an_organisation(session))
    account.password_hash = before = PasswordHasher(2, 16, 1).hash(PASSWORD)
    assert await sign_in(session, account.email, PASSWORD, "192.0.2.1")
    assert account.password_hash != before
    assert await sign_in(session, account.email, PASSWORD, "192.0.2.1")


async def test_a_new_password_ends_all_sign_ins(session):
    account = await an_account(session, "member", await an_organisation(session))
    token = await sign_in(session, account.email, PASSWORD, "192.0.2.1")
    with pytest.raises(Invalid):
        await set_password(session, acting(account), account.id, "another long one", current="no")
    await set_password(session, acting(account), account.id, "another long one", current=PASSWORD)
    assert await actor_of(session, token) == VISITOR
    assert await sign_in(session, account.email, "another long one", "192.0.2.1")


async def test_a_switched_off_account_is_out_at_once(session):
    account = await an_account(session, "member", await an_organisation(session))
    token = await sign_in(session, account.email, PASSWORD, "192.0.2.1")
    await change_account(session, COMMAND_LINE, account.id, role="member", active=False)
    assert await actor_of(session, token) == VISITOR
    with pytest.raises(Invalid):
        await sign_in(session, account.email, PASSWORD, "192.0.2.1")


async def test_an_administrator_adds_members_of_the_own_organisation_but_no_reviewers(session):
    organisation, other = await an_organisation(session), await an_organisation(session, "IOM")
    administrator = acting(await an_account(session, "organisation-administrator", organisation))
    values = {"email": "new@example.org", "name": "New", "password": PASSWORD}
    for role, where in (("member", other), ("reviewer", organisation)):
        with pytest.raises(NotAllowed):
            await add_account(session, administrator, role=role, organisation_id=where.id, **values)
    added = await add_account(
        session, administrator, role="member", organisation_id=organisation.id, **values
    )
    assert (await session.get(Account, added.id)).organisation_id == organisation.id


async def test_an_account_is_checked(session):
    with pytest.raises(Invalid) as refused:
        await add_account(
            session, COMMAND_LINE, email="nonsense", name="", role="king", password="short"
        )
    assert {e.field for e in refused.value.errors} == {"email", "role", "organisation", "password"}


async def test_no_role_may_what_the_table_does_not_grant():
    assert not may(VISITOR, "project.edit", 1)
    assert may(COMMAND_LINE, "registry.administer")
