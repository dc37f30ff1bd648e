"""The house keeps its shape: directions of imports, places of things, checks of the code."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("registry", "search", "web")
"""From the cellar up: each may import itself and those before it."""
LONGEST_FILE = 400
LONGEST_SUITE = 600
"""Lines of a file of tests: examples of one thing may stand together."""
TOP_LEVEL = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "compose.yaml",
    "migrations",
    "pyproject.toml",
    "registry",
    "search",
    "tests",
    "uv.lock",
    "web",
}
VAGUE_NAMES = {"common", "helpers", "manager", "misc", "utils"}


def tracked() -> list[Path]:
    """The files of the repository; of an unpacked archive, all files."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        return [path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*")]
    files = [Path(name) for name in listed.stdout.split("\0") if name]
    return [file for file in files if (ROOT / file).is_file()]


def modules(room: str) -> list[Path]:
    return [file for file in tracked() if file.parts[0] == room and file.suffix == ".py"]


def imported_rooms(source: str, file: str) -> Iterator[tuple[int, str]]:
    """Line and first package of every import, those inside functions too."""
    for node in ast.walk(ast.parse(source, file)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, (node.module or "").split(".")[0]


def wrong_directions(room: str, source: str, file: str) -> list[str]:
    above = {*ROOMS[ROOMS.index(room) + 1 :], "tests", "migrations"}
    return [
        f"{file}:{line} imports {name}"
        for line, name in imported_rooms(source, file)
        if name in above
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_downwards(room: str) -> None:
    wrong = [
        complaint
        for file in modules(room)
        for complaint in wrong_directions(room, (ROOT / file).read_text(), str(file))
    ]
    assert wrong == []


def test_an_import_upwards_would_be_noticed() -> None:
    source = "def late():\n    from web.rendering import page\n"
    assert wrong_directions("registry", source, "x.py") == ["x.py:2 imports web"]
    assert wrong_directions("web", "import search.query, registry", "x.py") == []


def test_the_top_level_has_what_it_should_and_nothing_else() -> None:
    there = {file.parts[0] for file in tracked() if not file.parts[0].startswith(".")}
    assert there == TOP_LEVEL


@pytest.mark.parametrize("room", [*ROOMS, "tests"])
def test_files_are_short_and_their_names_say_something(room: str) -> None:
    longest = LONGEST_SUITE if room == "tests" else LONGEST_FILE
    long = [
        f"{file}: {lines} lines"
        for file in modules(room)
        if (lines := len((ROOT / file).read_text().splitlines())) > longest
    ]
    assert long == []
    assert [file for file in modules(room) if file.stem in VAGUE_NAMES] == []


def test_every_package_that_is_imported_is_shipped() -> None:
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = shipped["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(packages) == {*ROOMS, "migrations"}


@pytest.mark.parametrize(
    "arguments", [("check", "."), ("format", "--check", ".")], ids=["style", "format"]
)
def test_ruff_has_nothing_to_say(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
