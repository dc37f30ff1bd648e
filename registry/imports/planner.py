"""Deciding, for a chunk of records at a time, what an import does with each."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, Text, any_, literal, or_, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import FieldError
from registry.exchange.merging import differences, merge
from registry.exchange.record import ProjectRecord
from registry.exchange.source import LateRow, Row
from registry.folding import fold
from registry.imports.items import digest, dump
from registry.imports.plan import Item
from registry.imports.refused import cells_of
from registry.messages import Message, message
from registry.models import Organisation, Project
from registry.organisations import resolve_organisations
from registry.permissions import Actor, may
from registry.personal_data import personal_data_in
from registry.projects import identifier_for, load_records, missing_for_publication
from registry.suggestions import suggested_codes

_TEXTS = frozenset({"title", "description"})
_MOST_SAID = 100
"""Errors, and warnings, that are kept of one record; a damaged one may have thousands."""


Pair = tuple[Row, Item]


@dataclass(frozen=True)
class _Registered:
    """A project that the registry has already."""

    id: Any
    version: int
    state: str
    identifier: str
    iati_identifier: str | None


class Planner:
    """Plans chunk after chunk of one file; it keeps nothing between them but new organisations."""

    def __init__(
        self,
        actor: Actor,
        default: Organisation | None,
        *,
        as_drafts: bool,
        overruled: Mapping[str, bool],
        new_organisations: dict[str, str],
    ) -> None:
        self.actor = actor
        self.default = default
        self.as_drafts = as_drafts
        self.overruled = overruled
        self.new_organisations = new_organisations
        """Folded name or identifier -> name of organisations that the import has to register."""

    async def plan_chunk(self, session: AsyncSession, rows: Sequence[Row]) -> list[Item]:
        """Return one item for each row, in order.

        A row becomes a record only when it is wanted: most activities of a donor's file concern
        other things.
        """
        items = [_item_of(row) for row in rows]
        pairs = [(row, item) for row, item in zip(rows, items, strict=True) if not row.errors]
        pairs = await self._settle_known_organisations(session, pairs)
        registered = await self._find_registered(session, pairs)
        pairs = self._leave_out_other_things(pairs, registered)
        records = await load_records(session, [found.id for found in registered.values()])
        for row, item in pairs:
            item.record = dataclasses.replace(_record_of(row))
            item.warnings = [*row.warnings, *item.warnings]
            found = registered.get(item.index)
            self._settle_organisation(row, item, item.record)
            if not item.errors:
                item.digest = digest(dump(item.record))
                if found is None:
                    self._plan_new(row, item, item.record)
                else:
                    self._plan_known(row, item, item.record, found, records[found.id])
            if item.outcome == "refused":
                item.raw = cells_of(row)
            else:
                item.key = digest(_owner(item), item.identifier or "")
        for item in items:
            _shorten(item.errors)
            _shorten(item.warnings)
        return items

    async def _settle_known_organisations(
        self, session: AsyncSession, pairs: list[Pair]
    ) -> list[Pair]:
        """Find out whose the rows are; return those of organisations the actor may import for.

        Rows of organisations that nobody knows are among them.
        """
        names = {key for row, _ in pairs for key in row.organisation_keys if key}
        known = await resolve_organisations(session, names) if names else {}
        for row, item in pairs:
            found = next((known[key] for key in row.organisation_keys if key in known), None)
            if found is None and self.default is not None and self._may_stand_in(row):
                found = self.default
                item.warnings.append(_unknown_name(row, self.default))
            if found is None:
                continue
            item.organisation, item.organisation_id = found.name, found.id
            if not may(self.actor, "project.import", found.id):
                _refuse(item, _not_yours(found, self.default))
                # What concerns other things is not made into a record for that.
                item.raw = cells_of(row) if row.is_concerned else row.raw
        return [(row, item) for row, item in pairs if not item.errors]

    def _leave_out_other_things(
        self, pairs: list[Pair], registered: Mapping[int, _Registered]
    ) -> list[Pair]:
        """Return what concerns trafficking, what people want, and what is registered already."""
        wanted: list[Pair] = []
        for row, item in pairs:
            reasons = row.concerns[1] if row.concerns else []
            said = self.overruled.get(item.identifier or "")
            if item.index in registered:
                wanted.append((row, item))
                continue
            if said or (row.is_concerned and said is None):
                item.reasons = [message("Somebody took it in by hand.")] if said else reasons
                wanted.append((row, item))
            elif said is False:
                _leave_out(row, item, [message("Somebody left it out by hand.")])
            else:
                _leave_out(row, item, reasons)
        return wanted

    def _may_stand_in(self, row: Row) -> bool:
        """Tell whether the default organisation reports what names an unknown one.

        The secretariat said so; and an IATI file is published by the organisation itself, often
        under a name and identifier that nobody has registered yet. A row of a table that a member
        uploads is more likely about somebody else.
        """
        return may(self.actor, "organisation.register") or bool(row.texts)

    def _settle_organisation(self, row: Row, item: Item, record: ProjectRecord) -> None:
        """Give the record its organisation, which the import may have to register."""
        if item.organisation_id is not None:
            record.reporting_org = item.organisation
            return
        item.organisation = record.reporting_org
        if not may(self.actor, "organisation.register"):
            _refuse(item, _not_registered(item.organisation))
            return
        keys = [key for name in (item.organisation, *row.organisation_keys) if (key := fold(name))]
        if not fold(item.organisation):
            _refuse(item, FieldError("reporting_org", message("This is not a name.")))
            return
        known = (self.new_organisations[key] for key in keys if key in self.new_organisations)
        item.organisation = next(known, item.organisation)
        for key in keys:
            self.new_organisations.setdefault(key, item.organisation)
        # A reference that the file gave to another organisation before is not this one's.
        reference = row.organisation_ref
        owner = self.new_organisations.get(fold(reference)) if reference else None
        item.organisation_ref = reference if owner in (None, item.organisation) else None
        record.reporting_org = item.organisation

    async def _find_registered(
        self, session: AsyncSession, pairs: list[Pair]
    ) -> dict[int, _Registered]:
        """Return, by the item's index, the project that the registry has under its identifier."""
        called = {item.index: _identifiers_of(row, item) for row, item in pairs}
        known = [item for _, item in pairs if item.organisation_id is not None]
        if not known:
            return {}
        # One array: the statement is the same for any number of names, and is written once.
        names = any_(literal([n for i in known for n in called[i.index].names], ARRAY(Text)))
        connection = await session.connection()
        rows: Any = await connection.execute(
            select(
                col(Project.id),
                col(Project.version),
                col(Project.state),
                col(Project.identifier),
                col(Project.iati_identifier),
                col(Project.reporting_organisation_id),
            ).where(
                col(Project.reporting_organisation_id).in_({i.organisation_id for i in known}),
                or_(col(Project.identifier) == names, col(Project.iati_identifier) == names),
            )
        )
        by_key: dict[tuple[str, int, str], _Registered] = {}
        for *values, organisation in rows:
            found = _Registered(*values)
            by_key["own", organisation, found.identifier] = found
            if found.iati_identifier:
                by_key["iati", organisation, found.iati_identifier] = found
        hits = ((item.index, _match(item, called[item.index], by_key)) for item in known)
        return {index: hit for index, hit in hits if hit is not None}

    def _plan_new(self, row: Row, item: Item, record: ProjectRecord) -> None:
        record.identifier = item.identifier
        if not record.suggestions and not record.pillars and row.texts:
            record.suggestions = suggested_codes(record)
        item.outcome = "created"
        item.warnings += personal_data_in(record)
        item.missing = missing_for_publication(record)
        item.draft = self.as_drafts or bool(item.missing)
        item.publish = not item.draft

    def _plan_known(
        self, row: Row, item: Item, read: ProjectRecord, found: _Registered, before: ProjectRecord
    ) -> None:
        item.project_id, item.version, item.identifier = found.id, found.version, found.identifier
        merged = merge(before, read, row.given)
        item.record = merged
        item.missing = missing_for_publication(merged)
        item.differences = differences(before, merged)
        if not item.differences:
            item.outcome = "unchanged"
            return
        if found.state == "published" and item.missing:
            for lacking in item.missing:
                _refuse(
                    item,
                    FieldError(
                        lacking.field,
                        message(
                            "The project is published and can't lose this. {what}",
                            what=str(lacking.message),
                        ),
                    ),
                )
            return
        if found.state == "withdrawn":
            item.warnings.append(
                FieldError(
                    "state", message("The project is withdrawn; it is revised, not published.")
                )
            )
        item.outcome = "updated"
        if {name.partition("_")[0] for name in item.differences} & _TEXTS:
            item.warnings += personal_data_in(merged)
        item.draft = found.state != "published" and (self.as_drafts or bool(item.missing))
        item.publish = not item.draft and found.state != "withdrawn"


def _owner(item: Item) -> str:
    """Return what tells whose project an item is: the organisation, or its name if it is new."""
    return str(item.organisation_id or _folded(item.organisation))


_folded = lru_cache(maxsize=1_000)(fold)
"""A file names few organisations, each of them in many records."""


@dataclass(frozen=True, slots=True)
class _Identifiers:
    """By what a row may be found: the organisation's own identifier, and those of IATI."""

    own: str
    iati: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, the surest first."""
        return (*self.iati, self.own)


def _identifiers_of(row: Row, item: Item) -> _Identifiers:
    """Return a row's identifiers, and give one to a row that has none."""
    if isinstance(row, LateRow) and row.identifier:
        return _Identifiers(row.identifier, (row.identifier, *row.former_identifiers))
    record = _record_of(row)
    if not item.identifier:
        named = dataclasses.replace(record, reporting_org=item.organisation or record.reporting_org)
        item.identifier = record.iati_identifier or identifier_for(named)
    iati = (record.iati_identifier, *row.former_identifiers)
    return _Identifiers(item.identifier, tuple(name for name in iati if name))


def _match(
    item: Item, called: _Identifiers, by_key: dict[tuple[str, int, str], _Registered]
) -> _Registered | None:
    """Find an item's project: by the own identifier first, then by those of IATI."""
    organisation = item.organisation_id
    if organisation is None:
        return None
    kinds = [("own", called.own), *(("iati", name) for name in called.names)]
    hits = (by_key.get((kind, organisation, name)) for kind, name in kinds)
    return next((hit for hit in hits if hit is not None), None)


def _record_of(row: Row) -> ProjectRecord:
    if row.record is None:
        raise ValueError("A row without errors has a record.")
    return row.record


def _item_of(row: Row) -> Item:
    """Return an item for a row that nothing is known of yet, but its errors."""
    refused = bool(row.errors)
    return Item(
        "refused",
        row.kind,
        row.number,
        row.index,
        identifier=row.identifier,
        title=row.title,
        organisation=_organisation_named(row),
        errors=list(row.errors),
        warnings=list(row.warnings) if refused else [],
        raw=row.raw if refused else {},
    )


def _organisation_named(row: Row) -> str:
    """Return what the file calls the reporting organisation."""
    return row.organisation or next(filter(None, reversed(row.organisation_keys)), "")


def _leave_out(row: Row, item: Item, reasons: list[Message]) -> None:
    item.outcome, item.reasons = "not_relevant", reasons
    item.key = digest(_owner(item), item.identifier or "")
    item.digest = row.digest or digest(*row.texts)


def _refuse(item: Item, error: FieldError) -> None:
    item.outcome = "refused"
    item.record = None
    item.errors.append(error)


def _shorten(said: list[FieldError]) -> None:
    more = len(said) - _MOST_SAID
    if more > 0:
        rest = message("And {more} further remarks.", more=more)
        said[_MOST_SAID:] = [FieldError("record", rest)]


def _unknown_name(row: Row, default: Organisation) -> FieldError:
    return FieldError(
        "reporting_org",
        message(
            "'{name}' is not known to the registry; the project is taken for one of {default}.",
            name=_organisation_named(row) or "?",
            default=default.name,
        ),
    )


def _not_registered(name: str) -> FieldError:
    return FieldError(
        "reporting_org",
        message(
            "'{name}' is not an organisation of the registry. Use a name that it is known by, or "
            "ask the secretariat to register it.",
            name=name,
        ),
    )


def _not_yours(owner: Organisation, own: Organisation | None) -> FieldError:
    return FieldError(
        "reporting_org",
        message(
            "The project belongs to {owner}; you may import for {own} only. Leave it to {owner}, "
            "or correct the reporting organisation.",
            owner=owner.name,
            own=own.name if own else "?",
        ),
    )
