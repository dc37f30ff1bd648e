"""Deciding, for a chunk of records at a time, what an import does with each."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import FieldError
from registry.exchange.merging import differences, merge
from registry.exchange.record import ProjectRecord
from registry.exchange.source import Row
from registry.folding import fold
from registry.imports.items import digest, dump
from registry.imports.plan import Item
from registry.messages import message
from registry.models import Organisation, Project
from registry.organisations import resolve_organisations
from registry.permissions import Actor, may
from registry.personal_data import personal_data_in
from registry.projects import identifier_for, load_records, missing_for_publication
from registry.relevance import relevance
from registry.suggestions import suggested_codes

_TEXTS = frozenset({"title", "description"})


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
        all_activities: bool,
        as_drafts: bool,
        overruled: Mapping[str, bool],
        new_organisations: dict[str, str],
    ) -> None:
        self.actor = actor
        self.default = default
        self.all_activities = all_activities
        self.as_drafts = as_drafts
        self.overruled = overruled
        self.new_organisations = new_organisations
        """Folded name or identifier -> name of organisations that the import has to register."""

    async def plan_chunk(self, session: AsyncSession, rows: Sequence[Row]) -> list[Item]:
        """Return one item for each row, in order."""
        items = [_item_of(row) for row in rows]
        pairs = [
            (row, item) for row, item in zip(rows, items, strict=True) if item.record is not None
        ]
        await self._settle_organisations(session, pairs)
        pairs = [(row, item) for row, item in pairs if item.record is not None]
        registered = await self._find_registered(session, [item for _, item in pairs])
        records = await load_records(session, [found.id for found in registered.values()])
        for row, item in pairs:
            assert item.record is not None  # noqa: S101
            item.digest = digest(dump(item.record))
            found = registered.get(item.index)
            if found is None:
                self._plan_new(row, item)
            else:
                self._plan_known(row, item, found, records[found.id])
            if item.outcome != "refused":
                item.key = digest(_owner(item), item.identifier or "")
        return items

    async def _settle_organisations(
        self, session: AsyncSession, pairs: list[tuple[Row, Item]]
    ) -> None:
        """Find out who reports each project, and whether the actor may import for them."""
        names = {key for row, _ in pairs for key in row.organisation_keys if key}
        known = await resolve_organisations(session, names) if names else {}
        for row, item in pairs:
            assert item.record is not None  # noqa: S101
            found = next((known[key] for key in row.organisation_keys if key in known), None)
            if found is None and self.default is not None and self._may_stand_in(row):
                found = self.default
                item.warnings.append(_unknown_name(item, self.default))
            if found is None:
                self._settle_new_organisation(row, item)
                continue
            item.organisation, item.organisation_id = found.name, found.id
            item.record.reporting_org = found.name
            if not may(self.actor, "project.import", found.id):
                _refuse(item, _not_yours(found, self.default))

    def _may_stand_in(self, row: Row) -> bool:
        """Tell whether the default organisation reports what names an unknown one.

        The secretariat said so; and an IATI file is published by the organisation itself, often
        under a name and identifier that nobody has registered yet. A row of a table that a member
        uploads is more likely about somebody else.
        """
        return may(self.actor, "organisation.register") or bool(row.texts)

    def _settle_new_organisation(self, row: Row, item: Item) -> None:
        if not may(self.actor, "organisation.register"):
            _refuse(
                item,
                FieldError(
                    "reporting_org",
                    message(
                        "'{name}' is not an organisation of the registry. Use a name that it is "
                        "known by, or ask the secretariat to register it.",
                        name=item.organisation,
                    ),
                ),
            )
            return
        keys = [key for name in (item.organisation, *row.organisation_keys) if (key := fold(name))]
        if not fold(item.organisation):
            _refuse(item, FieldError("reporting_org", message("This is not a name.")))
            return
        known = (self.new_organisations[key] for key in keys if key in self.new_organisations)
        item.organisation = next(known, item.organisation)
        self.new_organisations |= dict.fromkeys(keys, item.organisation)
        item.new_organisation = True
        item.organisation_ref = row.organisation_ref
        if item.record is not None:
            item.record.reporting_org = item.organisation

    async def _find_registered(
        self, session: AsyncSession, items: list[Item]
    ) -> dict[int, _Registered]:
        """Return, by the item's index, the project that the registry has under its identifier."""
        for item in items:
            if item.record is not None and not item.record.identifier:
                item.record.identifier = item.record.iati_identifier or identifier_for(item.record)
                item.identifier = item.record.identifier
        known = [item for item in items if item.organisation_id is not None]
        if not known:
            return {}
        names = {i.record.identifier for i in known if i.record}
        iati = {i.record.iati_identifier for i in known if i.record and i.record.iati_identifier}
        connection = await session.connection()
        rows = await connection.execute(
            select(
                col(Project.id),
                col(Project.version),
                col(Project.state),
                col(Project.identifier),
                col(Project.iati_identifier),
                col(Project.reporting_organisation_id),
            ).where(
                col(Project.reporting_organisation_id).in_({i.organisation_id for i in known}),
                or_(
                    col(Project.identifier).in_(names),
                    col(Project.iati_identifier).in_(iati | names),
                ),
            )
        )
        by_key: dict[tuple[str, int, str], _Registered] = {}
        for row in rows:
            found = _Registered(row[0], row[1], row[2], row[3], row[4])
            by_key["own", row[5], found.identifier] = found
            if found.iati_identifier:
                by_key["iati", row[5], found.iati_identifier] = found
        hits = ((item.index, _match(item, by_key)) for item in known)
        return {index: hit for index, hit in hits if hit is not None}

    def _plan_new(self, row: Row, item: Item) -> None:
        record = item.record
        assert record is not None  # noqa: S101
        wanted = self.overruled.get(item.identifier or "")
        if wanted is False:
            item.outcome, item.reasons = "not_relevant", [message("Somebody left it out by hand.")]
            return
        if wanted is None and not self.all_activities and not _has_codes(record):
            judged = relevance(
                row.texts or (record.title, record.description), row.sectors, row.tags
            )
            item.reasons = judged.reasons
            if not judged.concerned:
                item.outcome = "not_relevant"
                return
        if not record.suggestions and not record.pillars and row.texts:
            record.suggestions = suggested_codes(record)
        item.outcome = "created"
        item.warnings += personal_data_in(record)
        item.missing = missing_for_publication(record)
        item.draft = self.as_drafts or bool(item.missing)
        item.publish = not item.draft

    def _plan_known(self, row: Row, item: Item, found: _Registered, before: ProjectRecord) -> None:
        assert item.record is not None  # noqa: S101
        item.project_id, item.version, item.identifier = found.id, found.version, found.identifier
        merged = merge(before, item.record, row.given)
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
    return str(item.organisation_id or fold(item.organisation))


def _match(item: Item, by_key: dict[tuple[str, int, str], _Registered]) -> _Registered | None:
    """Find an item's project: by the own identifier first, then by the one of IATI."""
    record, organisation = item.record, item.organisation_id
    if record is None or organisation is None:
        return None
    for kind, name in (
        ("own", record.identifier),
        ("iati", record.iati_identifier),
        ("iati", record.identifier),
    ):
        if name and (hit := by_key.get((kind, organisation, name))):
            return hit
    return None


def _item_of(row: Row) -> Item:
    record = None if row.record is None else dataclasses.replace(row.record)
    return Item(
        "refused",
        row.kind,
        row.number,
        row.index,
        identifier=row.identifier,
        title=row.title,
        organisation=record.reporting_org if record else "",
        errors=list(row.errors),
        warnings=list(row.warnings),
        record=record,
        raw=row.raw,
    )


def _refuse(item: Item, error: FieldError) -> None:
    item.outcome = "refused"
    item.record = None
    item.errors.append(error)


def _has_codes(record: ProjectRecord) -> bool:
    """Tell whether somebody has placed the activity in the Framework for Action already."""
    return bool(record.pillars or record.measures)


def _unknown_name(item: Item, default: Organisation) -> FieldError:
    return FieldError(
        "reporting_org",
        message(
            "'{name}' is not known to the registry; the project is taken for one of {default}.",
            name=item.organisation,
            default=default.name,
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
