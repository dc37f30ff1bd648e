"""What a newcomer meets first: make, the README, the containers."""

import argparse
import os
import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from registry.settings import Settings
from web.cli import build_parser

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def make(*arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run make with nothing but `path` to find programs in."""
    return subprocess.run(
        [shutil.which("make") or "make", *arguments],
        cwd=path.parent,
        env={"PATH": str(path), "HOME": str(path.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout on a machine that has a shell and its small programs, and nothing else."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "echo", "id", "true", "touch", "sed", "expand", "nproc"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    for name in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return programs


def test_without_python_make_says_in_one_line_what_is_missing(bare: Path) -> None:
    done = make("--silent", "run", path=bare)
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert said == [
        "Convene needs Python 3.11 or newer (on Debian: apt-get install python3 python3-venv)."
    ]


def test_an_old_python_is_no_python(bare: Path) -> None:
    old = bare / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # what `sys.exit(sys.version_info < (3, 11))` answers
    old.chmod(0o755)
    assert "Python 3.11 or newer" in make("run", path=bare).stderr


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_a_chromium_that_is_there_is_used(bare: Path, name: str) -> None:
    (bare / name).symlink_to(bare / "true")
    assert make("chromium", path=bare).returncode == 0


def test_without_chromium_make_says_in_one_line_what_to_install(bare: Path) -> None:
    done = make("--silent", "chromium", path=bare)  # there is no apt-get here either
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1
    assert "apt-get install chromium" in said[0]


def test_what_make_can_do_is_listed(bare: Path) -> None:
    listed = make("help", path=bare).stdout
    for target in ("run", "test", "lint", "format", "types", "bench", "messages"):
        assert f"make {target} " in listed


def test_ci_is_a_program_and_ends_in_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[0] == "#!/usr/bin/env bash"
    assert script.read_text().rstrip().endswith("exec make test")


def commands() -> dict[str, argparse.ArgumentParser]:
    """Every command, 'user add' for one inside another."""
    found: dict[str, argparse.ArgumentParser] = {}

    def collect(parser: argparse.ArgumentParser, prefix: str) -> None:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, child in action.choices.items():
                    collect(child, f"{prefix} {name}".strip())
                return
        found[prefix] = parser

    collect(build_parser(), "")
    return found


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found is not None, f"README.md has no section '{title}'"
    return found[1]


@pytest.mark.parametrize("name", sorted(commands()))
def test_readme_knows_every_command_and_its_options(name: str) -> None:
    row = next(
        (line for line in section("Commands").splitlines() if f"`convene {name}" in line), None
    )
    assert row is not None, f"README.md does not explain `convene {name}`"
    options = {
        option
        for action in commands()[name]._actions
        for option in action.option_strings
        if option.startswith("--") and option not in {"--help", "--json"}
    }
    assert options - set(re.findall(r"--[a-z-]+", row)) == set()


def test_readme_knows_no_command_that_is_not_there() -> None:
    named = re.findall(r"^\| `convene ([a-z]+(?: add)?)", section("Commands"), re.MULTILINE)
    assert set(named) == set(commands())


def test_readme_knows_every_setting_and_no_other() -> None:
    source = (ROOT / "registry" / "settings.py").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)`", section("Configuration"), re.MULTILINE))
    assert documented == set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', source))
    assert len(documented) <= len(fields(Settings))


def test_readme_shows_a_picture_that_is_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).is_file(), picture


def test_links_between_the_documents_lead_somewhere() -> None:
    for document in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / document).read_text()
        for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text):
            assert (ROOT / link).exists(), f"{document}: {link}"


def test_containers_have_no_password_that_works_by_itself() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    for name in ("POSTGRES_PASSWORD", "MEILI_MASTER_KEY", "CONVENE_SECRET"):
        assert f"${{{name}:?" in compose
        assert f"\n{name}=\n" in (ROOT / ".env.example").read_text()


def test_the_application_never_holds_the_master_key() -> None:
    application = (ROOT / "compose.yaml").read_text().partition("  app:")[2].partition("\n\n")[0]
    assert "MEILI_KEY_FILE:" in application
    assert "MASTER_KEY" not in application


def test_the_image_runs_as_an_ordinary_user_and_says_how_it_is() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER convene$", dockerfile, re.MULTILINE)
    assert "HEALTHCHECK" in dockerfile
    copied = set(re.findall(r"^COPY (?!--from)(\w+) ", dockerfile, re.MULTILINE))
    assert {"registry", "search", "web", "migrations"} <= copied
