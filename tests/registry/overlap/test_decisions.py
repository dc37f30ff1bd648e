"""What reviewers decided, as labels."""

import json
from pathlib import Path

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import Conflict
from registry.models import OverlapCase, OverlapPair, Project
from registry.overlap.decisions import LABEL_OF_OUTCOME, DecidedSet, decided_set, write_set
from registry.overlap.detector import examine
from registry.overlap.labelled import LABELS, read_set
from registry.overlap.model import model_in_use
from registry.permissions import COMMAND_LINE, VISITOR
from registry.projects import load_records, revise_project, withdraw_project
from tests.builders import Participant, Related, a_decision, a_project, an_organisation

TEXT = (
    "Sixty prosecutors and thirty judges attend workshops on the trafficking act, on the "
    "protection of witnesses and on electronic evidence. A mock trial closes each course."
)
REASON = "One is the donor's record of the other."


async def projects(session: AsyncSession, *reporting: str, **values: object) -> list[Project]:
    """Records of one course, each by another organisation."""
    sides = [Participant("funding", "Sida"), Participant("implementing", "UNODC")]
    texts = {"title": "Better trials", "description": TEXT, "participating_orgs": sides}
    made = [await a_project(session, reporting_org=name, **texts, **values) for name in reporting]
    await examine(session, [project.id or 0 for project in made])
    return made


async def decide_all(session: AsyncSession, outcome: str) -> None:
    unodc = await an_organisation(session, "UNODC")
    for case in (await session.exec(select(OverlapCase))).all():
        await a_decision(session, case.id or 0, outcome, REASON, unodc)


async def revise(session: AsyncSession, project: Project, **values: object) -> None:
    (record,) = (await load_records(session, [project.id or 0])).values()
    for name, value in values.items():
        setattr(record, name, value)
    await revise_project(session, COMMAND_LINE, project.id or 0, record, version=project.version)


def test_every_outcome_says_something_of_the_pair() -> None:
    assert LABEL_OF_OUTCOME.keys() == codelists.scheme("overlap_outcomes").keys()
    assert set(LABEL_OF_OUTCOME.values()) <= set(LABELS)


async def test_a_decision_is_a_label(session: AsyncSession) -> None:
    a, b = await projects(session, "Sida", "UNODC")
    await decide_all(session, "merged-double-registration")

    found = await decided_set(session, COMMAND_LINE)

    (label,) = found.labels
    pair = (await session.exec(select(OverlapPair))).one()
    assert (label["a"], label["b"]) == (a.identifier, b.identifier)
    assert (label["label"], label["why"]) == ("double-registration", REASON)
    assert label["outcome"] == "merged-double-registration"
    assert label["kind"] == pair.kind
    assert label["probability"] == round(pair.probability, 4)
    assert label["model_version"] == model_in_use().version
    assert label["decided"].startswith("20")
    assert "changed" not in label
    assert [project["id"] for project in found.projects] == [a.identifier, b.identifier]


async def test_pairs_of_its_projects_that_nobody_decided_are_undecided(
    session: AsyncSession, tmp_path: Path
) -> None:
    a, b, c = await projects(session, "Sida", "UNODC", "OSCE")
    pairs = (await session.exec(select(OverlapPair).where(OverlapPair.flagged))).all()
    assert len(pairs) == 3
    open_one = next(pair for pair in pairs if {pair.a_id, pair.b_id} == {a.id, c.id})
    apart = OverlapCase()
    session.add(apart)
    await session.flush()
    decided, open_one.case_id = open_one.case_id, apart.id
    await session.flush()
    await a_decision(session, decided or 0, reason=REASON)

    write_set(tmp_path / "new" / "decisions", await decided_set(session, COMMAND_LINE))

    known = read_set(tmp_path / "new" / "decisions")
    assert not known.refused
    said = {pair: label.label for pair, label in known.labels.items()}
    assert said == {
        frozenset((a.identifier, b.identifier)): "not-an-overlap",
        frozenset((b.identifier, c.identifier)): "not-an-overlap",
        frozenset((a.identifier, c.identifier)): "undecided",
    }


async def test_a_decision_on_records_that_have_changed_since_counts_no_more(
    session: AsyncSession, tmp_path: Path
) -> None:
    a, _ = await projects(session, "Sida", "UNODC")
    await decide_all(session, "joint-programme")
    await revise(session, a, url="https://example.org/a")
    assert "changed" not in (await decided_set(session, COMMAND_LINE)).labels[0]

    # As decided, one record now declares the other.
    await revise(session, a, related=[Related("joint-programme", "T-1")])

    found = await decided_set(session, COMMAND_LINE)
    assert found.labels[0]["changed"] > found.labels[0]["decided"]
    write_set(tmp_path, found)
    assert [label.label for label in read_set(tmp_path).labels.values()] == ["undecided"]


async def test_contacts_and_restricted_fields_stay_at_home(session: AsyncSession) -> None:
    secrets = {
        "partner_contacts": "Quillwort", "shelter_locations": "Skimmia",
        "contact_name": "Tansyleaf", "contact_email": "umbelwort@example.org",
        "source": {"note": "Restharrow"},
    }  # fmt: skip
    await projects(session, "Sida", "UNODC", **secrets)
    await decide_all(session, "not-an-overlap")

    found = await decided_set(session, COMMAND_LINE)

    written = json.dumps([found.labels, found.projects]).lower()
    assert "better trials" in written
    for word in ("quillwort", "skimmia", "tansyleaf", "umbelwort", "restharrow"):
        assert word not in written


async def test_nobody_learns_of_projects_that_they_may_not_read(session: AsyncSession) -> None:
    await projects(session, "Sida", "UNODC", visibility="restricted")
    await decide_all(session, "not-an-overlap")

    assert len((await decided_set(session, COMMAND_LINE)).projects) == 2
    assert await decided_set(session, VISITOR) == DecidedSet([], [])


async def test_what_was_withdrawn_since_still_teaches(session: AsyncSession) -> None:
    a, b = await projects(session, "Sida", "UNODC")
    await decide_all(session, "merged-double-registration")
    await withdraw_project(session, COMMAND_LINE, a.id or 0, version=1, reason="Registered twice.")
    await examine(session, [a.id or 0, b.id or 0])

    found = await decided_set(session, COMMAND_LINE)

    assert [label["label"] for label in found.labels] == ["double-registration"]
    assert len(found.projects) == 2


async def test_only_decisions_of_a_country(session: AsyncSession) -> None:
    await projects(session, "Sida", "UNODC", country="KE")
    await projects(session, "Sida", "UNODC", country="MD")
    await decide_all(session, "not-an-overlap")

    found = await decided_set(session, COMMAND_LINE, country="KE")

    assert len(found.labels) == 1
    assert [project["countries"][0]["code"] for project in found.projects] == ["KE", "KE"]


async def test_an_identifier_that_two_organisations_use_is_told_apart(
    session: AsyncSession,
) -> None:
    await projects(session, "Sida", "UNODC", identifier="P-1")
    await decide_all(session, "not-an-overlap")

    found = await decided_set(session, COMMAND_LINE)

    assert [project["id"] for project in found.projects] == ["sida:P-1", "unodc:P-1"]
    assert {found.labels[0]["a"], found.labels[0]["b"]} == {"sida:P-1", "unodc:P-1"}


async def test_no_set_is_written_over(session: AsyncSession, tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text("precious")
    with pytest.raises(Conflict, match="name another folder"):
        write_set(tmp_path, DecidedSet([], []))
    assert (tmp_path / "labels.jsonl").read_text() == "precious"
