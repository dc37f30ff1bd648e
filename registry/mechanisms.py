"""Regional mechanisms: groups of States that work together against trafficking in persons.

Convene comes with the list of codelists/mechanisms.json; the secretariat edits each mechanism by
itself. What it saved holds in the place of what Convene comes with, and earlier versions are kept.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.codelists.files import read_file
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.folding import fold, slugify
from registry.messages import message
from registry.models import MechanismVersion
from registry.permissions import Actor, require
from registry.statements import one_at_a_time
from registry.web_addresses import is_web_address

LONGEST_TEXT = 1_000
"""Letters of a name, a sentence, or a remark."""
_LANGUAGES = tuple(codelists.LANGUAGES)
_KEY = 0x4D45_4348  # 'MECH': one version is saved at a time


@dataclass(frozen=True)
class Mechanism:
    """A mechanism and its members; the texts are by language, English is always there."""

    slug: str
    names: Mapping[str, str]
    members: tuple[str, ...]
    """Codes of ISO 3166-1, in alphabetical order."""
    acronym: str = ""
    about: Mapping[str, str] | None = None
    """One sentence: what it does on trafficking in persons."""
    remark: Mapping[str, str] | None = None
    """What one should know of the members: who left, who is listed although it takes no part."""
    website: str | None = None
    source: str = ""
    date: str = ""
    """When the list was true: a year, a month or a day."""
    version: int = 0
    """The number of the saved version; 0 for what Convene comes with."""
    at: datetime | None = None
    """When it was saved."""

    def name(self, language: str = "en") -> str:
        """Return the name in a language, else in English."""
        return self.names.get(language) or self.names["en"]

    def short_name(self, language: str = "en") -> str:
        """Return the acronym where it has one, else the name."""
        return self.acronym or self.name(language)

    def about_in(self, language: str) -> str:
        """Return what it does, in a language, else in English, else in any; '' when nobody said."""
        return _said(self.about, language)

    def remark_in(self, language: str) -> str:
        """Return what one should know of the members, likewise."""
        return _said(self.remark, language)


def _said(texts: Mapping[str, str] | None, language: str) -> str:
    known = texts or {}
    return known.get(language) or known.get("en") or next(iter(known.values()), "")


@cache
def shipped() -> dict[str, Mechanism]:
    """Return the mechanisms that Convene comes with, by slug."""
    content = read_file("mechanisms.json")
    return {
        slug: _from_json(slug, {"source": content["source"], **entry})
        for slug, entry in content["mechanisms"].items()
    }


async def list_mechanisms(session: AsyncSession) -> dict[str, Mechanism]:
    """Return all mechanisms by slug, in alphabetical order of their short names."""
    newest = (
        select(MechanismVersion)
        .ext(distinct_on(col(MechanismVersion.slug)))
        .order_by(col(MechanismVersion.slug), col(MechanismVersion.id).desc())
    )
    found = dict(shipped())
    for row in await session.exec(newest):
        if row.content:
            saved = _from_json(row.slug, row.content)
            found[row.slug] = replace(saved, version=row.id or 0, at=row.at)
        else:
            found.pop(row.slug, None)
    return dict(sorted(found.items(), key=lambda one: fold(one[1].short_name())))


def find_mechanism(held: Mapping[str, Mechanism], text: str) -> Mechanism | None:
    """Return the one of this slug or acronym; case and accents do not matter."""
    wanted = fold(text)
    return held.get(text.lower()) or next(
        (one for one in held.values() if one.acronym and fold(one.acronym) == wanted), None
    )


async def get_mechanism(session: AsyncSession, slug: str) -> Mechanism:
    """Return one mechanism as it holds now. Raises NotFound."""
    saved = await _newest(session, slug)
    if saved is None and slug in shipped():
        return shipped()[slug]
    if saved is None or not saved.content:
        raise NotFound("There is no mechanism at this address.")
    return replace(_from_json(slug, saved.content), version=saved.id or 0, at=saved.at)


async def last_held(session: AsyncSession, slug: str) -> Mechanism:
    """Return a mechanism to edit it: as it holds, or as it held before it was taken away.

    `version` is what `save_mechanism` wants to have seen. Raises NotFound.
    """
    newest = await _newest(session, slug)
    version, at = (newest.id or 0, newest.at) if newest else (0, None)
    if newest and not newest.content:
        newest = await _newest(session, slug, with_content=True)
    if newest:
        return replace(_from_json(slug, newest.content), version=version, at=at)
    if slug in shipped():
        return replace(shipped()[slug], version=version, at=at)
    raise NotFound("There is no mechanism at this address.")


async def taken_away(session: AsyncSession) -> list[str]:
    """Return the slugs of mechanisms that are no longer on the list."""
    known = await session.exec(select(MechanismVersion.slug).distinct())
    return sorted({*known, *shipped()} - set(await list_mechanisms(session)))


async def save_mechanism(
    session: AsyncSession, actor: Actor, mechanism: Mechanism, seen: int
) -> MechanismVersion:
    """Save a mechanism that was made from the version `seen` (0: what Convene comes with, or new).

    Raises NotAllowed, Invalid, and Conflict when somebody else saved one meanwhile.
    """
    require(actor, "registry.administer")
    check(mechanism)
    return await _save(session, actor, mechanism.slug, _as_json(mechanism), seen)


async def take_away(session: AsyncSession, actor: Actor, slug: str, seen: int) -> None:
    """Take a mechanism off the list; its versions are kept.

    Raises as `save_mechanism` does, and NotFound for one that was never on it.
    """
    require(actor, "registry.administer")
    await last_held(session, slug)
    await _save(session, actor, slug, {}, seen)


def free_slug(acronym: str, name: str) -> str:
    """Return the address of a new mechanism. Raises Invalid when there is nothing to name it by."""
    slug = slugify(acronym or name)
    if not slug:
        raise Invalid([FieldError("name_en", message("Give the name in English."))])
    return slug


def read_members(text: str) -> tuple[str, ...]:
    """Read codes or names of countries, in any language, one a line or separated by commas.

    What follows # is a remark. Raises Invalid with the field 'line N' for each that is not known.
    """
    found: set[str] = set()
    errors = []
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition("#")[0]
        # 'Korea, Republic of' is one name; a list of codes is many.
        whole = codelists.find_country(content.strip()) if content.strip() else None
        for part in [content] if whole else content.replace(";", ",").split(","):
            code = codelists.find_country(part.strip())
            if code:
                found.add(code)
            elif part.strip():
                why = message("There is no country '{name}' in ISO 3166-1.", name=part.strip())
                errors.append(FieldError(f"line {number}", why))
    if errors:
        raise Invalid(errors)
    return tuple(sorted(found))


def check(mechanism: Mechanism) -> None:
    """Raise Invalid when something is missing, unknown or too long."""
    errors = []
    if not mechanism.names.get("en"):
        errors.append(FieldError("name_en", message("Give the name in English.")))
    if not mechanism.members:
        errors.append(FieldError("members", message("Name at least one member.")))
    unknown = [code for code in mechanism.members if code not in codelists.countries()]
    if unknown:
        why = message("There is no country '{name}' in ISO 3166-1.", name=", ".join(unknown))
        errors.append(FieldError("members", why))
    if not mechanism.source:
        errors.append(FieldError("source", message("Say where the list of members is from.")))
    if not mechanism.date:
        errors.append(FieldError("date", message("Say when the list was true.")))
    if mechanism.website and not is_web_address(mechanism.website):
        errors.append(FieldError("website", message("An address begins with https://.")))
    for field, text in _texts(mechanism):
        if len(text) > LONGEST_TEXT:
            why = message("This has at most {n} letters.", n=LONGEST_TEXT)
            errors.append(FieldError(field, why))
    if errors:
        raise Invalid(errors)


def _texts(mechanism: Mechanism) -> list[tuple[str, str]]:
    by_language = {"name": mechanism.names, "about": mechanism.about, "remark": mechanism.remark}
    return [
        (f"{field}_{language}", text)
        for field, texts in by_language.items()
        for language, text in (texts or {}).items()
    ] + [
        ("acronym", mechanism.acronym),
        ("website", mechanism.website or ""),
        ("source", mechanism.source),
        ("date", mechanism.date),
    ]


async def _newest(
    session: AsyncSession, slug: str, with_content: bool = False
) -> MechanismVersion | None:
    versions = select(MechanismVersion).where(MechanismVersion.slug == slug)
    if with_content:
        versions = versions.where(MechanismVersion.content != {})
    rows = await session.exec(versions.order_by(col(MechanismVersion.id).desc()).limit(1))
    return rows.first()


async def _save(
    session: AsyncSession, actor: Actor, slug: str, content: dict[str, Any], seen: int
) -> MechanismVersion:
    await one_at_a_time(session, _KEY)
    newest = await _newest(session, slug)
    if (newest.id if newest else 0) != seen:
        raise Conflict("Somebody else changed this mechanism meanwhile.")
    saved = MechanismVersion(slug=slug, content=content, account_id=actor.account_id)
    session.add(saved)
    await session.flush()
    return saved


def _from_json(slug: str, content: Mapping[str, Any]) -> Mechanism:
    return Mechanism(slug=slug, **{**content, "members": tuple(content["members"])})


def _as_json(mechanism: Mechanism) -> dict[str, Any]:
    values = asdict(mechanism)
    for name in ("slug", "version", "at"):
        del values[name]
    for name in ("names", "about", "remark"):
        texts = values[name] or {}
        values[name] = {code: texts[code] for code in _LANGUAGES if texts.get(code)}
    return values | {"members": list(mechanism.members)}
