"""Refitting the model: on labels, cross-validated by country, into a file of its own."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select

from registry.database import Database
from registry.models import Change, OverlapCase, OverlapPair
from registry.overlap.decisions import decided_set, write_set
from registry.overlap.detector import detect, examine
from registry.overlap.evaluation import Scored, measure
from registry.overlap.fitting import fit_weights, labelled_pairs, read_prior
from registry.overlap.judging import likelier
from registry.overlap.labelled import UnusableSet
from registry.overlap.learning import elsewhere, folds_of, log_loss, refit, write_model
from registry.overlap.model import (
    DOUBLE_REGISTRATION,
    DUPLICATED_ASSISTANCE,
    KINDS_OF_OVERLAP,
    judging_with,
    logistic,
    model_in_use,
    read_model,
)
from registry.overlap.pairs import KEPT_FROM
from registry.overlap.versions import judged_by_another
from registry.permissions import COMMAND_LINE
from registry.settings import settings
from tests.builders import a_decision, a_project

SHIPPED = read_model().version
OWN_SET = Path(__file__).parents[2] / "data" / "overlap"
COURSE = {
    "title": "Courses for judges and prosecutors",
    "description": "Judges and prosecutors learn in two-day courses how to hear witnesses and to "
    "read bank records in trafficking cases. A mock trial closes each course.",
    "reporting_org_type": "un-agency",
    "status": "implementation",
    "start_date": "2025-01-01",
    "end_date": "2026-12-31",
    "pillars": ["prosecution"],
    "measures": ["PROS-2"],
    "activity_types": ["training"],
    "target_groups": ["judges-prosecutors"],
}


def a_set(folder: Path, countries: dict[str, Sequence[str]], labels: Sequence[str]) -> Path:
    """A set of courses: name -> countries, and labels as 'A B label'."""
    projects = [
        {**COURSE, "id": name, "reporting_org": f"Org {name}", "countries": list(codes)}
        for name, codes in countries.items()
    ]
    said = [dict(zip(("a", "b", "label"), line.split(), strict=True)) for line in labels]
    folder.mkdir(exist_ok=True)
    for file, lines in (("projects.jsonl", projects), ("labels.jsonl", said)):
        (folder / file).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture
def three_countries(tmp_path: Path) -> Path:
    """Pairs in Kenya, Moldova and Ghana, and a regional project in two of them."""
    return a_set(
        tmp_path / "set",
        {"K1": ["KE"], "K2": ["KE"], "M1": ["MD"], "M2": ["MD"], "G1": ["GH"], "G2": ["GH"],
         "R": ["KE", "MD"]},
        ["K1 K2 duplicated-assistance", "M1 M2 umbrella", "G1 G2 double-registration",
         "K1 R undecided"],
    )  # fmt: skip


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


def test_undecided_pairs_teach_nothing_unlabelled_ones_are_unrelated(three_countries: Path) -> None:
    said = {
        tuple(str(one.record.identifier) for one in (pair.a, pair.b)): pair.label
        for pair in labelled_pairs(three_countries)
    }
    assert said == {
        ("K1", "K2"): "duplicated-assistance",
        ("M1", "M2"): "umbrella",
        ("G1", "G2"): "double-registration",
        ("K2", "R"): "",
        ("M1", "R"): "",
        ("M2", "R"): "",
    }


def test_no_country_is_in_two_folds(three_countries: Path) -> None:
    folds = folds_of(labelled_pairs(three_countries))
    assert sorted(code for fold in folds for code in fold) == ["GH", "KE", "MD"]
    assert len(folds_of(labelled_pairs(OWN_SET, "tuning"))) == 10


def test_what_judges_a_pair_has_seen_no_project_at_work_in_its_country(
    three_countries: Path,
) -> None:
    pairs = labelled_pairs(three_countries)
    learned_from = {
        min(fold): {code for pair in elsewhere(pairs, fold) for code in pair.countries}
        for fold in folds_of(pairs)
    }
    # The regional project is at work in Kenya and Moldova: neither learns from its pairs.
    assert learned_from == {"KE": {"GH", "MD"}, "MD": {"GH", "KE"}, "GH": {"KE", "MD"}}


def test_sets_are_fitted_on_together_and_no_country_is_apart(
    three_countries: Path, tmp_path: Path
) -> None:
    other = a_set(
        tmp_path / "other", {"K1": ["KE"], "K3": ["KE"], "N1": ["NG"], "N2": ["NG"]},
        ["K1 K3 not-an-overlap"],
    )  # fmt: skip
    found = refit([three_countries, other], None)

    assert [(s.pairs, s.labelled, s.overlaps) for s in found.sources] == [(6, 3, 2), (2, 1, 0)]
    assert found.folds == [["KE"], ["GH"], ["MD"], ["NG"]]
    assert found.before[DUPLICATED_ASSISTANCE].pairs == 7  # all but the double registration
    assert found.after is not None
    assert found.after[DOUBLE_REGISTRATION].overlaps == 1


def test_one_country_alone_can_not_be_cross_validated(tmp_path: Path) -> None:
    one = a_set(tmp_path / "one", {"A": ["KE"], "B": ["KE"]}, ["A B umbrella"])
    found = refit([one], None)
    assert (found.folds, found.after) == ([], None)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["A B duplicate-assistance"], "labels.jsonl, line 1: 'duplicate-assistance' is none of"),
        (["A X umbrella"], "labels.jsonl, line 1: there is no project X"),
        (["A B undecided"], "nothing to fit on"),
    ],
)
def test_a_set_that_can_not_be_learned_from_says_why(
    tmp_path: Path, labels: list[str], said: str
) -> None:
    wrong = a_set(tmp_path / "wrong", {"A": ["KE"], "B": ["KE"]}, labels)
    with pytest.raises(UnusableSet, match=said):
        refit([wrong], None)


def test_a_line_that_is_no_object_says_where(three_countries: Path) -> None:
    with (three_countries / "labels.jsonl").open("a") as file:
        file.write("K1 K2 umbrella\n")
    with pytest.raises(UnusableSet, match=r"labels\.jsonl, line 5"):
        refit([three_countries], None)


def test_fitted_weights_keep_their_signs_and_add_up_to_the_probability() -> None:
    pairs = labelled_pairs(OWN_SET, "tuning")
    kinds = fit_weights(pairs, read_prior())
    for kind, prior in read_prior().kinds.items():
        for name, weight in prior.weights.items():
            assert kinds[kind].weights[name] * weight >= 0, name
    model = replace(read_prior(), kinds=kinds)
    for pair in pairs:
        found = likelier(pair.a, pair.b, pair.evidence, model)
        total = sum(contribution.weight for contribution in found.contributions)
        assert found.probability == pytest.approx(logistic(total))


def test_a_refitted_model_says_what_it_was_fitted_on(tmp_path: Path) -> None:
    found = refit([OWN_SET], "tuning", note="Just to see.")
    path = tmp_path / "model.json"
    write_model(path, found.model)

    written = read_model(path)
    assert written == found.model
    assert written.version == str(int(model_in_use().version) + 1)
    (source,) = written.fitted_on["sets"]
    assert (source["folder"], source["half"]) == ("overlap", "tuning")
    assert 0 < source["overlaps"] < source["labelled"] < source["pairs"]
    assert written.fitted_on["cross_validated"].keys() == set(KINDS_OF_OVERLAP)
    for figures in (found.before, found.after or {}):
        for kind in figures.values():
            assert 0 < (kind.log_loss or 0) < 0.5
            assert 0.5 < (kind.average_precision or 0) <= 1
            assert 0 < (kind.calibration_error or 0) < 0.2

    with pytest.raises(FileExistsError):
        write_model(path, replace(found.model, note="Another one."))
    assert read_model(path).note == "Just to see."


def test_log_loss() -> None:
    likely = Scored(frozenset("ab"), DUPLICATED_ASSISTANCE, 0.75, True, True, ("en", "en"))
    assert log_loss([likely]) == pytest.approx(0.2877)
    assert log_loss([replace(likely, label="umbrella")]) == pytest.approx(1.3863)
    assert log_loss([]) is None


async def test_another_model_is_measured_as_it_judges(
    committed: Database, three_countries: Path
) -> None:
    (three_countries / "halves.json").write_text('{"tuning": ["GH"], "testing": ["KE", "MD"]}')
    used = model_in_use()
    always = replace(used.kinds[DUPLICATED_ASSISTANCE], bias=60.0)
    with judging_with(replace(used, version="always", kinds=dict.fromkeys(used.kinds, always))):
        found = await measure(three_countries, "testing", committed)

    async with committed.session() as session:
        pairs = (await session.exec(select(OverlapPair))).all()
    assert {pair.model_version for pair in pairs} == {"always"}
    assert (found.set, found.half) == ("set", "testing")
    # The umbrella is the one labelled pair that must not be flagged.
    assert sum(one.pairs for one in found.calibration) == 5  # of six: K1 and R are undecided
    (wrong,) = found.wrong
    assert (wrong.a, wrong.b, wrong.label) == ("M1", "M2", "umbrella")
    assert wrong.organisation_a == "Org M1"
    assert wrong.flagged
    assert found.figures["average_precision"] is not None


@pytest.mark.parametrize("full", [False, True])
async def test_what_people_talk_about_is_judged_however_improbable(
    committed: Database, full: bool
) -> None:
    async with committed.session() as session:
        a = await a_project(session, reporting_org="Bench and Bar")
        b = await a_project(session, reporting_org="Justice Works")
        await examine(session, [a.id or 0, b.id or 0])
        (case,) = (await session.exec(select(OverlapCase))).all()
        await a_decision(session, case.id or 0)
    used = model_in_use()
    never = replace(used.kinds[DUPLICATED_ASSISTANCE], bias=-60.0)
    with judging_with(replace(used, version="never", kinds=dict.fromkeys(used.kinds, never))):
        if full:
            await detect(committed, full=True)
        else:
            async with committed.session() as session:
                await examine(session, [a.id or 0])

    (pair,) = (await the_pairs(committed)).values()
    assert (pair.case_id, pair.model_version, pair.flagged) == (case.id, "never", False)
    assert pair.probability < KEPT_FROM
    assert sum(part["weight"] for part in pair.evidence) < -40


async def test_decisions_teach_a_model_that_judges_otherwise(
    committed: Database, chosen: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Decide cases, export them, fit, write, take into use: the same pairs are flagged no more."""
    countries = "KE MD GH NG UG PE LK NP KH JO MA AL".split()
    async with committed.session() as session:
        for country in countries:
            for who in ("Bench and Bar", "Justice Works", "Court Watch"):
                text = {"title": COURSE["title"], "description": COURSE["description"]}
                await a_project(session, reporting_org=who, country=country, **text)
    await detect(committed, full=True)
    async with committed.session() as session:
        cases = (await session.exec(select(OverlapCase))).all()
        assert len(cases) == len(countries)
        for case in cases[:-1]:
            await a_decision(session, case.id or 0, reason="Each court asked for its own.")
        write_set(tmp_path / "decisions", await decided_set(session, COMMAND_LINE))
    before = await the_pairs(committed)

    found = refit([tmp_path / "decisions"], "tuning")
    write_model(tmp_path / "model-2.json", found.model)
    assert (found.after or {})[DUPLICATED_ASSISTANCE].log_loss < (  # type: ignore[operator]
        found.before[DUPLICATED_ASSISTANCE].log_loss
    )
    chosen.setenv("CONVENE_OVERLAP_MODEL", str(tmp_path / "model-2.json"))
    settings.cache_clear()
    async with committed.session() as session:
        assert await judged_by_another(session)
    await detect(committed, full=True)

    after = await the_pairs(committed)
    # What nobody decided is gone, its case too; the others keep theirs.
    gone = [pair.case_id for key, pair in before.items() if key not in after]
    assert gone == [cases[-1].id] * 3
    for key, pair in after.items():
        assert before[key].flagged and not pair.flagged
        assert pair.probability < before[key].probability
        assert before[key].model_version == SHIPPED
        assert pair.model_version == found.model.version
    async with committed.session() as session:
        assert not await judged_by_another(session)
        kept = (await session.exec(select(OverlapCase))).all()
        assert {case.id for case in kept} == {case.id for case in cases[:-1]}
        assert {case.state for case in kept} == {"decided"}
        raised = await session.exec(select(Change).where(Change.action == "opened"))
        assert {change.after["model_version"] for change in raised} == {SHIPPED}


async def the_pairs(database: Database) -> dict[tuple[int, int], OverlapPair]:
    async with database.session() as session:
        pairs = (await session.exec(select(OverlapPair))).all()
    return {(pair.a_id, pair.b_id): pair for pair in pairs}
