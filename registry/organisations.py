"""What one can do with an organisation: register, recognise by any of its names, revise."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists, history, outbox
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.exchange.values import LONGEST_NAME
from registry.folding import fold, slugify
from registry.messages import message
from registry.models import ContactPoint, Mandate, Organisation, OrganisationName
from registry.models.organisation import NATIONAL_AUTHORITY
from registry.permissions import Actor, require


@dataclass(frozen=True)
class MandateRecord:
    """A mandate and the pillars, measures and regions (M49) in which it is a core competency."""

    mandate: str
    pillars: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContactPointRecord:
    """Whom to call in a country: an office or a function, not a private person."""

    country: str
    name: str
    email: str | None = None
    phone: str | None = None


@dataclass
class OrganisationRecord:
    """An organisation as somebody describes it, before it is checked and stored."""

    name: str
    acronym: str | None = None
    slug: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)
    type: str | None = None
    iati_identifier: str | None = None
    home_country: str | None = None
    website: str | None = None
    icat_member: bool = False
    mandates: list[MandateRecord] = field(default_factory=list)
    contact_points: list[ContactPointRecord] = field(default_factory=list)


_PLAIN_FIELDS = (
    "name",
    "acronym",
    "names",
    "aliases",
    "type",
    "iati_identifier",
    "home_country",
    "website",
    "icat_member",
)


async def register_organisation(
    session: AsyncSession, actor: Actor, record: OrganisationRecord
) -> Organisation:
    """Store a new organisation. Raises Invalid, NotAllowed, or Conflict when a name is taken."""
    require(actor, "organisation.register")
    _check(record)
    organisation = Organisation(
        slug=await _free_slug(session, record.slug or slugify(record.acronym or record.name)),
        **{name: getattr(record, name) for name in _PLAIN_FIELDS},
    )
    session.add(organisation)
    await session.flush()
    await _claim_names(session, organisation)
    await _replace_parts(session, organisation, record)
    await history.record_change(
        session, actor, "organisation", _id(organisation), "registered", {}, _as_json(record)
    )
    return organisation


async def update_organisation(
    session: AsyncSession,
    actor: Actor,
    organisation_id: int,
    record: OrganisationRecord,
    *,
    version: int,
) -> Organisation:
    """Replace what is known of an organisation; ICAT membership is the secretariat's to say."""
    require(actor, "organisation.edit", organisation_id)
    _check(record)
    organisation = await session.get(Organisation, organisation_id, with_for_update=True)
    if organisation is None:
        raise NotFound("There is no such organisation.")
    before = _as_json(await organisation_record(session, organisation))
    if organisation.version != version:
        now_there, wanted = history.difference(before, _as_json(record))
        raise Conflict(
            "Somebody else changed this organisation meanwhile.",
            {key: (now_there[key], wanted[key]) for key in wanted},
        )
    if actor.role != "secretariat":
        record.icat_member = organisation.icat_member
        _keep_to_authorities(organisation, record)
    for name in _PLAIN_FIELDS:
        setattr(organisation, name, getattr(record, name))
    organisation.version += 1
    session.add(organisation)
    await _claim_names(session, organisation)
    await _replace_parts(session, organisation, record)
    was, became = history.difference(before, _as_json(record))
    await history.record_change(
        session, actor, "organisation", organisation_id, "revised", was, became
    )
    await outbox.announce_organisation(session, organisation_id)
    return organisation


async def organisation_record(
    session: AsyncSession, organisation: Organisation
) -> OrganisationRecord:
    """Return an organisation in the form in which one edits it."""
    mandates = await session.exec(
        select(Mandate).where(Mandate.organisation_id == organisation.id).order_by(col(Mandate.id))
    )
    contacts = await session.exec(
        select(ContactPoint)
        .where(ContactPoint.organisation_id == organisation.id)
        .order_by(ContactPoint.country, col(ContactPoint.id))
    )
    return OrganisationRecord(
        slug=organisation.slug,
        mandates=[
            MandateRecord(m.mandate, tuple(m.pillars), tuple(m.measures), tuple(m.regions))
            for m in mandates
        ],
        contact_points=[ContactPointRecord(c.country, c.name, c.email, c.phone) for c in contacts],
        **{name: getattr(organisation, name) for name in _PLAIN_FIELDS},
    )


async def get_organisation(session: AsyncSession, slug: str) -> Organisation:
    """Return the organisation with this address; raises NotFound."""
    found = (await session.exec(select(Organisation).where(Organisation.slug == slug))).first()
    if found is None:
        raise NotFound("There is no organisation at this address.")
    return found


async def list_organisations(session: AsyncSession) -> Sequence[Organisation]:
    """Return all organisations by name. A registry has hundreds of them, not millions."""
    return (await session.exec(select(Organisation).order_by(Organisation.name))).all()


async def find_organisation(session: AsyncSession, name: str) -> Organisation | None:
    """Return the organisation known by this name, acronym, slug or identifier."""
    return (await resolve_organisations(session, {name})).get(name)


async def resolve_organisations(
    session: AsyncSession, names: Iterable[str]
) -> dict[str, Organisation]:
    """Return name -> organisation for those of these names that the registry knows."""
    keys = {name: fold(name) for name in names}
    rows = await session.exec(
        select(OrganisationName.key, Organisation)
        .join(Organisation, col(Organisation.id) == col(OrganisationName.organisation_id))
        .where(col(OrganisationName.key).in_(set(keys.values())))
    )
    by_key = dict(rows.all())
    return {name: by_key[key] for name, key in keys.items() if key in by_key}


def _check(record: OrganisationRecord) -> None:
    errors: list[FieldError] = []
    if not fold(record.name):
        errors.append(FieldError("name", message("Give the organisation's name.")))
    errors += _too_long(record)
    _check_code(errors, "type", "organisation_types", [record.type] if record.type else [])
    for mandate in record.mandates:
        _check_code(errors, "mandates", "mandates", [mandate.mandate])
        _check_code(errors, "mandates", "pillars", mandate.pillars)
        _check_code(errors, "mandates", "measures", mandate.measures)
    places = [point.country for point in record.contact_points]
    if record.home_country:
        places.append(record.home_country)
    for place in places:
        if place not in codelists.countries():
            errors.append(
                FieldError(
                    "country",
                    message("'{code}' is not a country code of ISO 3166-1.", code=place),
                )
            )
    if record.website and not record.website.startswith(("https://", "http://")):
        errors.append(
            FieldError("website", message("Begin the address of the website with https://."))
        )
    if errors:
        raise Invalid(errors)


def _keep_to_authorities(organisation: Organisation, record: OrganisationRecord) -> None:
    """Raise Invalid where an organisation would make itself speak for a State, or for another."""
    stays = (record.type, record.home_country) == (organisation.type, organisation.home_country)
    if not stays and NATIONAL_AUTHORITY in (record.type, organisation.type):
        said = message("Only the secretariat says which State an organisation is an authority of.")
        raise Invalid([FieldError("type", said)])


def _too_long(record: OrganisationRecord) -> list[FieldError]:
    spellings = [
        ("name", record.name),
        ("acronym", record.acronym),
        *((f"name_{language}", name) for language, name in record.names.items()),
        *(("aliases", alias) for alias in record.aliases),
        ("iati_identifier", record.iati_identifier),
    ]
    fields = dict.fromkeys(name for name, text in spellings if text and len(text) > LONGEST_NAME)
    return [
        FieldError(name, message("Use at most {limit} characters.", limit=LONGEST_NAME))
        for name in fields
    ]


def _check_code(
    errors: list[FieldError], field_name: str, scheme: str, codes: Iterable[str]
) -> None:
    for code in codes:
        if code not in codelists.scheme(scheme):
            errors.append(
                FieldError(field_name, message("'{code}' is not a code of the list.", code=code))
            )


async def _free_slug(session: AsyncSession, wanted: str) -> str:
    """Return an address that is nobody's: neither as an address nor as a name."""
    taken = await session.exec(
        select(Organisation.slug).where(col(Organisation.slug).startswith(wanted, autoescape=True))
    )
    names = await session.exec(
        select(OrganisationName.key).where(
            col(OrganisationName.key).startswith(fold(wanted), autoescape=True)
        )
    )
    slugs, keys = set(taken), set(names)
    numbered = (wanted, *(f"{wanted}-{number}" for number in range(2, 10_000)))
    return next(slug for slug in numbered if slug not in slugs and fold(slug) not in keys)


async def _claim_names(session: AsyncSession, organisation: Organisation) -> None:
    """Make the organisation known by all its names; a name belongs to one organisation only."""
    spellings = [
        organisation.name,
        organisation.acronym,
        organisation.iati_identifier,
        organisation.slug,
        *organisation.names.values(),
        *organisation.aliases,
    ]
    wanted = {fold(name): name for name in spellings if name and fold(name)}
    held = await session.exec(select(OrganisationName).where(col(OrganisationName.key).in_(wanted)))
    for other in held:
        if other.organisation_id != organisation.id:
            raise Conflict(
                f"Another organisation is already known as '{wanted[other.key]}'. "
                "Add to that one, or use another name."
            )
    await session.exec(
        delete(OrganisationName).where(col(OrganisationName.organisation_id) == organisation.id)
    )
    session.add_all(OrganisationName(key=key, organisation_id=_id(organisation)) for key in wanted)
    await session.flush()


async def _replace_parts(
    session: AsyncSession, organisation: Organisation, record: OrganisationRecord
) -> None:
    owner = _id(organisation)
    await session.exec(delete(Mandate).where(col(Mandate.organisation_id) == owner))
    await session.exec(delete(ContactPoint).where(col(ContactPoint.organisation_id) == owner))
    session.add_all(
        Mandate(
            organisation_id=owner,
            mandate=m.mandate,
            pillars=list(m.pillars),
            measures=list(m.measures),
            regions=list(m.regions),
        )
        for m in record.mandates
    )
    session.add_all(
        ContactPoint(organisation_id=owner, **asdict(point)) for point in record.contact_points
    )
    await session.flush()


def _as_json(record: OrganisationRecord) -> dict[str, Any]:
    values = asdict(record)
    for mandate in values["mandates"]:
        mandate.update({k: list(mandate[k]) for k in ("pillars", "measures", "regions")})
    return values


def _id(organisation: Organisation) -> int:
    assert organisation.id is not None  # stored rows have one  # noqa: S101
    return organisation.id
