"""`convene overlaps --as-labels` and `convene fit`: decisions become labels, labels a model."""

import asyncio
import json
from pathlib import Path

import pytest
from sqlmodel import select

from registry.database import Database
from registry.models import OverlapCase
from registry.overlap.model import read_model
from registry.settings import settings
from tests.builders import a_decision
from tests.registry.overlap.test_learning import a_set
from tests.web.test_cli import GOOD, Command, convene, home

__all__ = ["convene", "home"]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A labelled set with a half for testing."""
    names = [(f"{code}{n}", [code]) for code in ("KE", "MD", "GH", "NG") for n in (1, 2, 3)]
    said = "{0}1 {0}2 duplicated-assistance", "{0}1 {0}3 umbrella", "{0}2 {0}3 double-registration"
    lines = [one.format(code) for code in ("KE", "MD", "GH", "NG") for one in said]
    folder = a_set(tmp_path / "labelled", dict(names), lines)
    (folder / "halves.json").write_text('{"tuning": ["KE", "MD"], "testing": ["GH", "NG"]}')
    return folder


@pytest.fixture
def decided(convene: Command, tmp_path: Path) -> Command:
    """The command on a registry in which two of three overlaps are decided."""
    file = tmp_path / "twins.jsonl"
    rows = [
        GOOD | {"identifier": f"{country}-{who}", "countries": [country], "reporting_org": who}
        for country in ("KE", "UG", "GH")
        for who in ("UNODC", "IOM")
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert convene("import", file) == 0
    assert convene.json("detect", "--full", "--workers", "1")["flagged"] >= 3
    asyncio.run(_decide_two())
    return convene


async def _decide_two() -> None:
    database = await Database.open(settings())
    async with database.session() as session:
        cases = await session.exec(select(OverlapCase).where(OverlapCase.state == "open"))
        for case in cases.all()[:-1]:
            await a_decision(session, case.id or 0, reason="Two teams of one office.")
    await database.close()


def test_decisions_are_lines_of_json(decided: Command) -> None:
    assert decided("overlaps", "--as-labels") == 0
    labels = [json.loads(line) for line in decided.out.splitlines()]
    assert {label["label"] for label in labels} == {"not-an-overlap"}
    assert labels[0]["why"] == "Two teams of one office."
    assert {"a", "b", "kind", "probability", "model_version", "decided"} <= labels[0].keys()


def test_a_folder_of_decisions_is_evaluated_and_fitted_on_as_it_stands(
    decided: Command, labelled: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "decisions"
    written = decided.json("overlaps", "--as-labels", "-o", folder)
    assert written["labels"] >= 2
    assert written["projects"] >= 4
    assert decided("overlaps", "--as-labels", "-o", folder) == 1
    assert "name another folder" in decided.err

    figures = decided.json("evaluate", folder)
    assert figures["refused"] == 0
    assert figures["flagged_share"]["not-an-overlap"] == 1.0

    model = tmp_path / "model-2.json"
    fitted = decided.json("fit", labelled, folder, "--write", model, "--note", "Both.")
    assert [one["half"] for one in fitted["sets"]] == ["tuning", None]
    shipped = read_model().version
    assert fitted["before"]["version"] == shipped
    assert fitted["after"]["version"] == str(int(shipped) + 1)
    for kind in ("duplicated-assistance", "double-registration"):
        assert fitted["after"]["kinds"][kind]["log_loss"] > 0
    codes = [code for fold in fitted["folds"] for code in fold]
    assert len(codes) == len(set(codes))
    assert fitted["file"] == str(model)
    assert fitted["model"]["evaluation"]["half"] == "testing"
    assert read_model(model).note == "Both."

    assert decided("fit", labelled, "--write", model) == 1
    assert "never written over" in decided.err
    assert read_model(model).note == "Both."


def test_fitting_shows_before_and_after_and_writes_nothing_by_itself(
    decided: Command, labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert decided("fit", labelled) == 0
    assert f"before (model {read_model().version})" in decided.out
    assert "after (cross-validated)" in decided.out
    assert decided.out.count("average precision") == 2
    assert "Nothing was written" in decided.out
    assert sorted(tmp_path.rglob("*")) == before


def test_with_all_of_a_set_nothing_is_left_to_measure_on(
    convene: Command, labelled: Path, tmp_path: Path
) -> None:
    model = tmp_path / "all.json"
    fitted = convene.json("fit", labelled, "--half", "all", "--write", model, "--name", "all-1")
    assert fitted["sets"][0]["half"] is None
    assert fitted["model"]["version"] == "all-1"
    assert read_model(model).evaluation is None


def test_another_model_in_use_is_told_of_until_all_is_judged_anew(
    decided: Command, labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model-2.json"
    assert decided("fit", labelled, "--half", "all", "--write", model) == 0
    assert f"CONVENE_OVERLAP_MODEL={model}" in decided.out
    assert decided("detect") == 0
    assert decided.err == ""
    monkeypatch.setenv("CONVENE_OVERLAP_MODEL", str(model))
    settings.cache_clear()

    assert decided.json("detect")["projects"] == 0
    assert "'convene detect --full' judges them anew" in decided.err
    findings = decided.json("doctor", status=1)["findings"]
    assert [one["name"] for one in findings if not one["well"]] == ["overlaps"]
    assert decided("detect", "--full") == 0
    assert decided.err == ""
    assert {pair["model_version"] for pair in decided.json("overlaps", "--candidates")} == {
        read_model(model).version
    }
    # Other tests of this file judge with the model that is shipped.
    monkeypatch.delenv("CONVENE_OVERLAP_MODEL")
    settings.cache_clear()
    assert decided("detect", "--full", "--workers", "1") == 0


@pytest.mark.parametrize(
    "command", [("detect",), ("serve", "--port", "0"), ("evaluate", "labelled")]
)
def test_a_file_that_is_no_model_is_told_of_before_anything_is_judged(
    convene: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[object, ...]
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"version": "9", "kinds": {"double-registration": {}}}')
    monkeypatch.setenv("CONVENE_OVERLAP_MODEL", str(broken))
    settings.cache_clear()

    assert convene(*command) == 1
    assert convene.out == ""
    assert len(convene.err.splitlines()) == 1
    assert f"{broken} is no model of overlaps" in convene.err
    assert "kinds.duplicated-assistance is missing" in convene.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("overlaps", "--as-labels", "--candidates"),
        ("overlaps", "--as-labels", "--state", "open"),
        ("overlaps", "-o", "folder"),
        ("fit",),
        ("fit", "labelled", "--half", "testing"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(
    convene: Command, arguments: tuple[object, ...]
) -> None:
    assert convene(*arguments) == 2
    assert len(convene.err.splitlines()) == 1
