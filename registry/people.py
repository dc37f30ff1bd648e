"""Who has an account: what those who look after accounts are shown."""

import secrets
from dataclasses import dataclass

from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import NotAllowed, NotFound
from registry.models import Account, Organisation, SignIn
from registry.permissions import Actor, require

PAGE_SIZE = 50


@dataclass(frozen=True)
class Person:
    """An account with its organisation, and whether somebody has ever signed in with it."""

    account: Account
    organisation: Organisation | None
    signed_in: bool
    """A sign-in of this account lasts at present."""


async def own_account(session: AsyncSession, reader: Actor) -> tuple[Account, Organisation | None]:
    """Return the reader's own account and organisation. Raises NotAllowed for a visitor."""
    account = await session.get(Account, reader.account_id) if reader.account_id else None
    if account is None:
        raise NotAllowed("Sign in to see your account.")
    if account.organisation_id is None:
        return account, None
    return account, await session.get(Organisation, account.organisation_id)


async def one_person(
    session: AsyncSession, actor: Actor, account_id: int
) -> tuple[Account, Organisation | None]:
    """Return any account with its organisation. Raises NotFound; NotAllowed for others' accounts.

    Whoever may not look after accounts is not told which ones there are.
    """
    account = await session.get(Account, account_id) if account_id < 2**31 else None
    require(actor, "organisation.members", account.organisation_id if account else None)
    if account is None:
        raise NotFound("There is no such account.")
    if account.organisation_id is None:
        return account, None
    return account, await session.get(Organisation, account.organisation_id)


async def find_people(
    session: AsyncSession,
    actor: Actor,
    *,
    organisation_id: int | None = None,
    text: str = "",
    page: int = 1,
    size: int = PAGE_SIZE,
) -> tuple[int, list[Person]]:
    """Return how many accounts there are, and one page of them by organisation and name.

    `text` is looked for in name, e-mail and organisation. Without `organisation_id` it is all
    accounts, which only the secretariat may see.
    """
    require(actor, "organisation.members", organisation_id)
    conditions = []
    if organisation_id is not None:
        conditions.append(col(Account.organisation_id) == organisation_id)
    if text.strip():
        fields = (Account.name, Account.email, Organisation.name, Organisation.acronym)
        conditions.append(
            or_(*(col(one).icontains(text.strip(), autoescape=True) for one in fields))
        )
    signed_in = select(SignIn.token_hash).where(col(SignIn.account_id) == col(Account.id)).exists()
    people = (
        select(Account, Organisation, signed_in)
        .join(Organisation, col(Organisation.id) == col(Account.organisation_id), isouter=True)
        .where(*conditions)
    )
    total = await session.exec(select(func.count()).select_from(people.subquery()))
    rows = await session.exec(
        people.order_by(
            col(Account.active).desc(),
            col(Organisation.name).nulls_first(),
            Account.name,
            col(Account.id),
        )
        .limit(size)
        .offset((page - 1) * size)
    )
    return total.one(), [Person(*row) for row in rows]


def first_password() -> str:
    """Return a password to hand over: four groups of letters and digits that read unlike others."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    groups = ("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))
    return "-".join(groups)
