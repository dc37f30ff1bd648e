"""The embedded PostgreSQL keeps what was committed, whatever happens to the processes around it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from registry.embedded_server import EmbeddedServer
from registry.errors import Unavailable

# A process of its own that takes a share in the server, says so, and waits for its input to end.
SHARER = """
import sys
from pathlib import Path
from registry.embedded_server import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
print("up", flush=True)
sys.stdin.read()
server.leave()
"""


def another_process(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SHARER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


async def execute(server: EmbeddedServer, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(server.url("postgres").replace("+asyncpg", ""))
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


def postmaster(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().splitlines()[0])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "home" / "postgres"
    yield place
    if (place / "postmaster.pid").exists():
        EmbeddedServer(place).leave()


async def test_keeps_its_data_over_a_stop(folder: Path) -> None:
    first = EmbeddedServer(folder)
    await execute(first, "CREATE TABLE kept AS SELECT 42 AS answer")
    first.leave()
    assert not (folder / "postmaster.pid").exists()

    began = time.monotonic()
    second = EmbeddedServer(folder)
    assert time.monotonic() - began < 4
    assert (await execute(second, "SELECT answer FROM kept"))[0]["answer"] == 42
    second.leave()


async def test_a_second_process_shares_the_server_and_the_last_one_stops_it(folder: Path) -> None:
    here = EmbeddedServer(folder)
    process = postmaster(folder)
    with another_process(folder) as there:
        assert there.stdout is not None
        assert there.stdout.readline() == "up\n"
        assert postmaster(folder) == process
        here.leave()
        assert postmaster(folder) == process
        there.communicate("")
    assert not (folder / "postmaster.pid").exists()


async def test_two_first_starts_at_the_same_moment_make_one_server(folder: Path) -> None:
    with another_process(folder) as one, another_process(folder) as other:
        assert one.stdout is not None and other.stdout is not None
        assert (one.stdout.readline(), other.stdout.readline()) == ("up\n", "up\n")
        one.communicate("")
        other.communicate("")
    assert not (folder / "postmaster.pid").exists()


async def test_a_killed_user_leaves_no_lock_behind(folder: Path) -> None:
    with another_process(folder) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "up\n"
        killed.kill()
    server = EmbeddedServer(folder)
    assert await execute(server, "SELECT 1")
    server.leave()
    assert not (folder / "postmaster.pid").exists()


COMPUTING = """
import sys, threading
from pathlib import Path
import numpy
from registry.embedded_server import EmbeddedServer
going = True
def compute():
    numbers = numpy.ones((1200, 1200), dtype="float32")
    while going:
        numbers @ numbers
thread = threading.Thread(target=compute)
thread.start()
for _ in range(2):
    EmbeddedServer(Path(sys.argv[1])).leave()
going = False
thread.join()
"""


def test_starts_and_stops_while_other_threads_compute(folder: Path) -> None:
    """The detector may be encoding texts in the moment of Ctrl-C; a plain fork then locks up."""
    subprocess.run([sys.executable, "-c", COMPUTING, str(folder)], check=True, timeout=120)
    assert not (folder / "postmaster.pid").exists()


async def test_starts_again_after_the_server_was_killed(folder: Path) -> None:
    server = EmbeddedServer(folder)
    await execute(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(postmaster(folder), signal.SIGKILL)

    again = EmbeddedServer(folder)
    assert (await execute(again, "SELECT answer FROM kept"))[0]["answer"] == 42
    server.leave()
    again.leave()


async def test_a_number_of_a_process_that_now_is_another_does_not_stop_a_start(
    folder: Path,
) -> None:
    """After the machine went down, postmaster.pid may name any process of today."""
    EmbeddedServer(folder).leave()
    note = folder / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n{folder}\n1\n5432\n{folder}\n\n 1 1\nready\n")
    if os.geteuid() == 0:
        os.chown(note, folder.stat().st_uid, folder.stat().st_gid)
    server = EmbeddedServer(folder)
    assert await execute(server, "SELECT 1")
    server.leave()


async def test_a_path_too_long_for_a_socket_works(tmp_path: Path) -> None:
    folder = tmp_path / ("a long name, with spaces " * 5) / "postgres"
    server = EmbeddedServer(folder)
    assert await execute(server, "SELECT 1")
    other = EmbeddedServer(folder)
    assert other.url() == server.url()
    other.leave()
    server.leave()


async def test_only_the_owner_can_reach_the_server(folder: Path) -> None:
    server = EmbeddedServer(folder)
    assert (await execute(server, "SHOW listen_addresses"))[0][0] == ""
    assert folder.stat().st_mode & 0o077 == 0
    server.leave()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "postgres" / "thesis.txt"
    precious.parent.mkdir()
    precious.write_text("years of work")
    with pytest.raises(Unavailable, match="not empty"):
        EmbeddedServer(precious.parent)
    assert precious.read_text() == "years of work"


async def test_a_folder_of_another_version_says_what_to_do(folder: Path) -> None:
    EmbeddedServer(folder).leave()
    (folder / "PG_VERSION").write_text("9\n")
    with pytest.raises(Unavailable, match="convene backup"):
        EmbeddedServer(folder)


def test_a_folder_of_another_user_says_so(folder: Path) -> None:
    EmbeddedServer(folder).leave()
    become_another = "import os\nos.geteuid() == 0 and (os.setgid(65534), os.setuid(65534))\n"
    code = SHARER.replace("server =", become_another + "server =", 1)
    if os.geteuid() != 0:  # an ordinary user can't become another, but can shut the door
        folder.chmod(0)
    tried = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False
    )
    folder.chmod(0o700)
    assert "belongs to another user" in tried.stderr
    assert "CONVENE_HOME" in tried.stderr
