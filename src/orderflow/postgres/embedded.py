"""The PostgreSQL that comes with OrderFlow: started when needed, shared by all processes of one home folder.

The server is a process of its own and outlives a `kill -9` of the one that started it; the next to start finds it by
its `postmaster.pid`. Every process that uses it holds a shared file lock, which the kernel drops when the process
ends in whatever way; at a clean end the one that finds no other holder stops the server.

The server listens on a Unix socket only, in a folder that only its owner (and root) may enter; that is what stands in
for passwords here.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import URL

from orderflow.postgres.errors import DatabaseError
from orderflow.postgres.home import default_home
from orderflow.postgres.programs import PgPrograms, hint

DATABASE = "orderflow"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    # We promise that what was accepted is on disk.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "wal_buffers": "16MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",  # of the pages that are written whole after each checkpoint
    "autovacuum_naptime": "10s",  # plans made for the empty tables of a first day are soon made anew
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than our short statements take
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Seven files, one per weekday, each begun anew: the log cannot fill the disk over months.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}
_LEAST_BUFFERS, _MOST_BUFFERS = 128, 1024
_OF_MEMORY = 16
"""What share of the memory pages are kept in: a quarter is advised for a machine of PostgreSQL's own, and this is none.
Source: https://www.postgresql.org/docs/18/runtime-config-resource.html#GUC-SHARED-BUFFERS"""

_SOCKET_NAME = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 100  # sockaddr_un holds 104 bytes on macOS, 108 on Linux


def buffers(memory: int) -> str:
    """Return how much of so many bytes of memory PostgreSQL keeps pages in, as it is written for it: `256MB`."""
    return f"{min(max(memory // _OF_MEMORY // 2**20, _LEAST_BUFFERS), _MOST_BUFFERS)}MB"


def _memory() -> int:
    """Return the bytes of memory that there are, or that this container may use (`memory.max` of cgroup v2)."""
    memory = psutil.virtual_memory().total
    with suppress(OSError, ValueError):  # there is none, or it is `max`
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return memory


class EmbeddedPostgres:
    """The embedded server of one home folder.

    Args:
        home: The folder that holds `postgres`, the data directory; `ORDERFLOW_HOME` by default.
        start_timeout: Seconds to wait for a server that starts or recovers from a crash.
    """

    def __init__(self, home: Path | None = None, *, start_timeout: float = 120) -> None:
        self.home = home or default_home()
        self.data = self.home / "postgres"
        self._timeout = start_timeout
        self._use: int | None = None

    def start(self) -> str:
        """Start the server unless it runs, and return the URL of its superuser (`postgresql+psycopg://…`).

        Raises:
            DatabaseError: It cannot be started; the message says what PostgreSQL said.
        """
        try:
            self.home.mkdir(mode=0o755, parents=True, exist_ok=True)
            with self._starting():
                self._run()
                if self._use is None:  # kept even if this object goes: the process uses the server until it ends
                    self._use = self._lock("postgres.use", fcntl.LOCK_SH)
        except OSError as error:
            raise DatabaseError(
                f"The embedded PostgreSQL cannot be started in {self.home}: {error.strerror}.",
                hint="Set ORDERFLOW_HOME to a folder that can be written and has space, or set DATABASE_URL.",
            ) from None
        return self.url("postgres")

    def _run(self) -> None:
        programs = PgPrograms(self.data)
        self._make_data(programs)
        if not self._answers():
            self._launch(programs)
        self._make_database()

    def url(self, user: str, database: str = DATABASE) -> str:
        """Return the SQLAlchemy URL of `database` on the running server for `user`.

        Raises:
            DatabaseError: The server does not run.
        """
        socket = self._socket_folder()
        if socket is None:
            raise DatabaseError("The embedded PostgreSQL does not run.", hint="Start OrderFlow again.")
        made = URL.create("postgresql+psycopg", username=user, database=database, query={"host": str(socket)})
        return made.render_as_string(hide_password=False)

    def stop_if_unused(self) -> bool:
        """Give the server up, and stop it if no other process uses it; return whether it was stopped.

        Raises:
            DatabaseError: It does not stop.
        """
        if self._use is None:
            return False
        with self._starting():
            # Closed, not unlocked: a forked child may share this lock and still need the server.
            os.close(self._use)
            self._use = None
            try:
                os.close(self._lock("postgres.use", fcntl.LOCK_EX | fcntl.LOCK_NB))
            except BlockingIOError:
                return False
            self._stop()
        return True

    def _stop(self) -> None:
        socket = self._socket_folder()
        if socket is not None:
            PgPrograms(self.data).run("pg_ctl", "stop", "-w", "-m", "fast", "-D", str(self.data))
            if socket != self.data:
                shutil.rmtree(socket, ignore_errors=True)

    @contextmanager
    def _starting(self) -> Iterator[None]:
        lock = self._lock("postgres.lock", fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(lock)

    def _lock(self, name: str, how: int) -> int:
        file = os.open(self.home / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, how)
        except OSError:
            os.close(file)
            raise
        return file

    def _make_data(self, programs: PgPrograms) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        # Made beside and renamed: a data directory that is there is whole.
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        programs.give(draft)
        # The built-in locale sorts the same on every machine and after every system upgrade.
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        programs.run(
            "initdb",
            "-D",
            str(draft),
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-instructions",
            *locale,
        )
        draft.rename(self.data)

    def _launch(self, programs: PgPrograms) -> None:
        """Start the server; one that was killed may hold its memory for some moments yet."""
        crashed = self._postmaster() is not None
        self._clear_remains()
        for patience in (0.2, 0.5, 1.0, 2.0, 4.0) if crashed else ():
            try:
                return self._pg_ctl_start(programs)
            except DatabaseError:
                time.sleep(patience)
        return self._pg_ctl_start(programs)

    def _pg_ctl_start(self, programs: PgPrograms) -> None:
        folder = self._folder_for_socket(programs)
        settings = {"shared_buffers": buffers(_memory()), **SETTINGS, "unix_socket_directories": str(folder)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        where = ("-D", str(self.data), "-l", str(self.data / "start.log"))
        try:
            wait = ("-w", "-t", str(int(self._timeout)))
            programs.run("pg_ctl", "start", *wait, *where, "-o", options, timeout=self._timeout + 10)
        except DatabaseError as error:
            reason = self._last_fatal_line()
            raise DatabaseError(
                f"The embedded PostgreSQL does not start: {reason or error}", hint=hint(reason)
            ) from None

    def _last_fatal_line(self) -> str:
        logs = [*self.data.glob("log/*.log"), self.data / "start.log"]
        newest = max((log for log in logs if log.exists()), key=lambda log: log.stat().st_mtime, default=None)
        lines = newest.read_text("utf-8", "replace").splitlines()[-50:] if newest else []
        return next((line for line in reversed(lines) if "FATAL" in line or "PANIC" in line), "")

    def _folder_for_socket(self, programs: PgPrograms) -> Path:
        if len(os.fsencode(self.data / _SOCKET_NAME)) <= _LONGEST_SOCKET_PATH and "'" not in str(self.data):
            return self.data
        folder = Path(tempfile.mkdtemp(prefix="orderflow-pg-", dir="/tmp"))  # private to us, and short
        programs.give(folder)
        return folder

    def _postmaster(self) -> tuple[int, int, Path] | None:
        """Return process id, start (Unix seconds) and socket folder out of `postmaster.pid`.

        Format: PostgreSQL's `src/include/utils/pidfile.h`.
        """
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            return int(lines[0]), int(lines[2]), Path(lines[4])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def _socket_folder(self) -> Path | None:
        """Return where the running server listens; None if it does not run."""
        found = self._postmaster()
        if found is None:
            return None
        try:
            runs = str(self.data) in psutil.Process(found[0]).cmdline()
        except psutil.Error:
            runs = False
        return found[2] if runs else None

    def _clear_remains(self) -> None:
        """Make way where PostgreSQL would take another process for the server that ended."""
        found = self._postmaster()
        if found is None:
            return
        if found[1] < psutil.Process(1).create_time():
            # From before this machine or container started, so nothing of it lives, whoever has its id today.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        with suppress(psutil.Error):
            ended = psutil.Process(found[0])
            if ended.status() == psutil.STATUS_ZOMBIE:
                ended.wait(timeout=5)  # in a container we may be the one that has to take note of its end

    def _answers(self) -> bool:
        """Return whether the server runs; one that is still starting or recovering is waited for."""
        deadline = time.monotonic() + self._timeout
        while self._socket_folder() is not None:
            try:
                self._connect().close()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise DatabaseError(f"The embedded PostgreSQL does not answer: {error}") from None
                time.sleep(0.05)
            else:
                return True
        return False

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self._socket_folder()), user="postgres", dbname="postgres", autocommit=True)

    def _make_database(self) -> None:
        with self._connect() as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
