"""The convene command, as people and scripts use it."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.embedded_server import EmbeddedServer
from registry.settings import settings
from tests.registry.imports.mending import mended
from web.cli import main

ROOT = Path(__file__).parents[2]
GOOD = {
    "identifier": "CLI-1",
    "reporting_org": "UNODC",
    "title": "Strengthening the referral mechanism",
    "description": "Training for the teams of eight districts who refer victims to help.",
    "status": "implementation",
    "start_date": "2025-02-01",
    "end_date": "2027-01-31",
    "countries": ["MD"],
    "pillars": ["protection"],
    "measures": ["PROT-4"],
    "budget": 1200000,
    "currency": "USD",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home folder whose database stays up while this file's tests run."""
    folder = tmp_path_factory.mktemp("convene")
    share = EmbeddedServer(folder / "postgres")
    yield folder
    share.leave()


class Command:
    """The command on one home folder; keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: object) -> int:
        self._capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as stopped:
            status = int(stopped.code or 0)
        self.out, self.err = self._capsys.readouterr()
        return status

    def json(self, *arguments: object, status: int = 0) -> Any:
        assert self(*arguments, "--json") == status, self.err
        return json.loads(self.out)


@pytest.fixture
def convene(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    for name in ("DATABASE_URL", "MEILI_URL", "MEILI_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CONVENE_HOME", str(home))
    settings.cache_clear()
    yield Command(capsys)
    settings.cache_clear()


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    """Three projects, the second without a title."""
    rows = [
        GOOD,
        GOOD | {"identifier": "CLI-2", "title": ""},
        GOOD | {"identifier": "CLI-3", "title": "Only begun", "pillars": [], "countries": []},
    ]
    file = tmp_path / "projects.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_import_tells_what_became_of_every_record(convene: Command, projects: Path) -> None:
    planned = convene.json("import", "--dry-run", projects, status=1)
    assert convene.json("search")["total"] == 0

    done = convene.json("import", projects, status=1)
    assert planned == done
    assert {name: done[name] for name in ("created", "updated", "unchanged", "drafts")} == {
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "drafts": 1,
    }
    assert (done["refused"], done["not_relevant"]) == (1, 0)
    (error,) = done["errors"]
    assert (error["file"], error["line"], error["identifier"], error["field"]) == (
        "projects.jsonl",
        2,
        "CLI-2",
        "title",
    )
    again = convene.json("import", projects, status=1)
    assert (again["created"], again["unchanged"]) == (0, 2)


def test_what_is_refused_can_be_mended_in_a_workbook(
    convene: Command, projects: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "to mend"
    convene.json("import", projects, "--refused", folder, "--dry-run", status=1)
    (table,) = folder.iterdir()
    assert table.name == "projects.jsonl.refused.xlsx"
    assert str(table) in convene.err
    changes = {"CLI-2": {"title": "Mended"}}
    table.write_bytes(mended(table.read_bytes(), "xlsx", changes))
    mending = convene.json("import", table, "--dry-run")
    assert (mending["created"], mending["refused"], mending["drafts"]) == (1, 0, 0)
    again = tmp_path / "nothing"
    convene.json("import", table, "--refused", again, "--dry-run")
    assert not again.exists()


def test_what_was_imported_is_found(convene: Command, projects: Path) -> None:
    convene("import", projects)
    found = convene.json("search", "refferal", "mechanism", "--country", "Moldova")
    assert found["total"] == 1
    assert found["engine"] == "embedded"
    (hit,) = found["hits"]
    assert (hit["identifier"], hit["reporting_organisation"]) == ("CLI-1", "UNODC")
    assert hit["countries"] == ["MD"]
    assert found["facets"]["country"] == {"MD": 1}
    assert convene.json("search", "--organisation", "unodc", "--pillar", "PROTECTION")["total"] == 1
    for mechanism, total in (("CIS", 1), ("cis", 1), ("COMMIT", 0)):
        assert convene.json("search", "--mechanism", mechanism)["total"] == total
    assert convene.json("search", "--organisation", "unodc", "--partner", "UNODC")["total"] == 1
    assert convene.json("search", "--active-on", "2028-01-01")["total"] == 0
    assert convene.json("search", "--year", "2020-", "--budget-from", "1,200,000")["total"] == 1
    assert convene.json("search", "--year", "-2024")["total"] == 0
    assert convene.json("search", "--budget-to", "1199999")["total"] == 0
    assert convene("search", "referral") == 0
    assert "Strengthening the referral mechanism" in convene.out


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--budget-from", "much"), "budget-from: Write the sum in whole US dollars"),
        (("--budget-to=-5",), "budget-to: A budget is not negative"),
        (("--budget-from", "9", "--budget-to", "8"), "The lowest budget is above the highest one"),
        (("--year", "2026-2023"), "year: The first year is after the last one"),
        (("--country", "Atlantis"), "country: 'Atlantis' is not known"),
        (("--mechanism", "Atlantis"), "mechanism: 'Atlantis' is not known"),
    ],
)
def test_a_filter_that_says_nothing_is_refused(
    convene: Command, wrong: tuple[str, ...], said: str
) -> None:
    assert convene("search", *wrong) == 1
    assert said in convene.err


def test_a_file_that_cannot_be_read_does_not_stop_the_others(
    convene: Command, projects: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.csv"
    page.write_text("<!doctype html><title>Not data</title>")
    done = convene.json("import", page, projects, status=1)
    assert done["created"] + done["unchanged"] == 2
    assert done["errors"][0]["file"] == "page.csv"
    assert "web page" in done["errors"][0]["message"]


def test_overlaps_are_detected_and_listed_with_their_evidence(
    convene: Command, tmp_path: Path
) -> None:
    twin = tmp_path / "twin.jsonl"
    rows = [
        GOOD | {"identifier": "TWIN-1", "countries": ["KE"]},
        GOOD | {"identifier": "TWIN-2", "countries": ["KE"], "reporting_org": "IOM"},
    ]
    twin.write_text("".join(json.dumps(row) + "\n" for row in rows))
    convene("import", twin)
    detected = convene.json("detect")
    assert detected["flagged"] >= 1
    assert set(detected) == {"projects", "pairs_compared", "flagged", "seconds"}

    (pair,) = convene.json("overlaps", "--country", "KE")
    assert {pair["a"], pair["b"]} == {"TWIN-1", "TWIN-2"}
    assert pair["flagged"] is True
    assert 0.5 < pair["probability"] <= 1
    for evidence in pair["evidence"]:
        assert {"name", "weight", "detail"} == set(evidence)
        assert isinstance(evidence["detail"], str)
    assert convene.json("overlaps", "--country", "KE", "--state", "decided") == []
    assert convene("overlaps", "--country", "Kenya") == 0
    assert "TWIN-1" in convene.out


def test_what_was_exported_and_imported_again_changes_nothing(
    convene: Command, projects: Path, tmp_path: Path
) -> None:
    convene("import", projects)
    found = convene.json("search")["total"]
    for format, extension in (("csv", "csv"), ("jsonl", "jsonl"), ("xlsx", "xlsx")):
        file = tmp_path / f"all.{extension}"
        assert convene.json("export", "--format", format, "-o", file)["projects"] == found
        again = convene.json("import", file)
        assert (again["unchanged"], again["updated"], again["created"]) == (found, 0, 0), format
    assert (
        convene("export", "--format", "jsonl", "--country", "MD", "--status", "implementation") == 0
    )
    assert [json.loads(line)["identifier"] for line in convene.out.splitlines()] == ["CLI-1"]


def test_validate_needs_no_database(
    convene: Command, projects: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    settings.cache_clear()
    result = convene.json("validate", projects, status=1)
    assert (result["valid"], result["records"]) == (False, 3)
    assert [error["line"] for error in result["errors"]] == [2]


def test_validate_knows_the_schema_of_iati(convene: Command, tmp_path: Path) -> None:
    activity = (
        '<iati-activities version="2.03"><iati-activity><iati-identifier>X-1</iati-identifier>'
        '<reporting-org ref="X" type="10"><narrative>X</narrative></reporting-org>'
        "<title><narrative>A title</narrative></title></iati-activity></iati-activities>"
    )
    file = tmp_path / "activities.xml"
    file.write_text(activity)
    result = convene.json("validate", file, status=1)
    assert any("schema of IATI 2.03" in error["message"] for error in result["errors"])


def test_accounts(convene: Command, projects: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    convene("import", projects)
    added = convene.json(
        "user", "add", "a@example.org", "--role", "member", "--organisation", "UNODC"
    )
    assert added["organisation"] == "UNODC"
    assert len(added["password"]) >= 12
    assert convene("user", "add", "a@example.org", "--role", "secretariat", "--json") == 1
    assert "already" in convene.err

    assert (
        convene("user", "add", "b@example.org", "--role", "member", "--organisation", "Nobody") == 1
    )
    assert "no organisation called 'Nobody'" in convene.err

    password, kept = os.pipe()
    os.write(kept, b"a long password\n")
    os.close(kept)
    with os.fdopen(password) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        given = convene.json(
            "user", "add", "c@example.org", "--role", "secretariat", "--password-stdin"
        )
    assert "password" not in given


def test_reindex_backup_restore_and_doctor(
    convene: Command, projects: Path, tmp_path: Path
) -> None:
    convene("import", projects)
    published = convene.json("search")["total"]
    assert convene.json("reindex") == {"projects": published, "engine": "embedded"}
    file = tmp_path / "registry.zip"
    assert convene.json("backup", file)["projects"] > 0
    assert convene("restore", file) == 1
    assert "--replace" in convene.err
    assert convene.json("restore", file, "--replace")["indexed"] == published

    report = convene.json("doctor")
    assert report["well"] is True
    names = [finding["name"] for finding in report["findings"]]
    assert {"database", "vectors", "index", "meaning", "disk"} <= set(names)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("dance",),
        ("import",),
        ("search", "--sort", "beauty"),
        ("search", "--active-on", "tomorrow"),
        ("overlaps", "--min-probability", "2"),
    ],
)
def test_wrong_usage_is_one_line_and_ends_with_2(
    convene: Command, arguments: tuple[str, ...]
) -> None:
    assert convene(*arguments) == 2
    assert convene.out == ""
    assert len(convene.err.splitlines()) == 1
    assert convene.err.startswith("convene")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "--country", "Atlantis"), "country: 'Atlantis' is not known"),
        (("search", "--page", "0"), "counted from 1"),
        (("import", "--as", "Nobody", "x.csv"), "no organisation called 'Nobody'"),
        (("restore", "nowhere.zip", "--replace"), "no file nowhere.zip"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(
    convene: Command, arguments: tuple[str, ...], said: str
) -> None:
    assert convene(*arguments) == 1
    assert convene.out == ""
    assert len(convene.err.splitlines()) == 1
    assert said in convene.err


def test_no_database_is_said_in_one_line(convene: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    settings.cache_clear()
    assert convene("search") == 1
    assert len(convene.err.splitlines()) == 1
    assert "DATABASE_URL" in convene.err


def serving(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "MEILI_URL"}}
    return subprocess.Popen(
        [sys.executable, "-m", "web.cli", "serve", *arguments],
        cwd=ROOT,
        env=environment | {"CONVENE_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_where_it_is_and_stops_when_told(tmp_path: Path, stop: int) -> None:
    with serving(tmp_path, "--port", "0", "--json") as server:
        assert server.stdout is not None
        where = json.loads(server.stdout.readline())["address"]
        with urllib.request.urlopen(f"{where}/healthz", timeout=10) as answer:
            assert answer.status == 200
        server.send_signal(stop)
        _, err = server.communicate(timeout=30)
    assert server.returncode == 0, err
    assert "Traceback" not in err
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


def test_a_taken_port_is_said_before_anything_is_begun(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with serving(tmp_path, "--port", str(taken.getsockname()[1])) as server:
            _, err = server.communicate(timeout=30)
    assert server.returncode == 1
    assert "--port" in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "postgres").exists()


def test_the_demonstration_is_loaded_once_and_only_into_an_empty_registry(tmp_path: Path) -> None:
    for start in ("first", "second"):
        with serving(tmp_path, "--port", "0", "--demo") as server:
            assert server.stdout is not None
            said = ""
            while "Ctrl-C" not in said:
                line = server.stdout.readline()
                assert line, server.stderr.read() if server.stderr else ""
                said += line
            server.terminate()
            _, err = server.communicate(timeout=60)
        assert "donor@example.org / convene-demo" in said
        assert ("Loaded the demonstration" in err) == (start == "first")
