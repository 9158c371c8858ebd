"""The embedded PostgreSQL: shared, found again after a crash, stopped by the last one out."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from orderflow.postgres.embedded import EmbeddedPostgres, buffers
from orderflow.postgres.errors import DatabaseError

START = """
import sys
from pathlib import Path
from orderflow.postgres.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print("up", flush=True)
sys.stdin.readline()
print(server.stop_if_unused(), flush=True)
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="of-"))
    server = EmbeddedPostgres(folder)
    server.start()
    server.stop_if_unused()
    yield folder
    server.start()
    server.stop_if_unused()
    shutil.rmtree(folder)


def test_processes_that_start_at_once_share_one_server_and_the_last_stops_it(home: Path) -> None:
    processes = [_process(home) for _ in range(3)]
    assert [process.stdout.readline() for process in processes if process.stdout] == ["up\n"] * 3
    answers = [process.communicate("\n")[0] for process in processes]
    assert answers == ["False\n", "False\n", "True\n"]
    assert not (home / "postgres" / "postmaster.pid").exists()


def test_it_outlives_a_killed_process_and_is_found_again(home: Path) -> None:
    process = _process(home)
    assert process.stdout
    process.stdout.readline()
    pid = _pid(home)
    process.kill()
    process.communicate()
    server = EmbeddedPostgres(home)
    server.start()
    assert _pid(home) == pid
    assert server.stop_if_unused()


def test_a_killed_server_comes_back_with_what_was_committed(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    _execute(server, "CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS one")
    os.kill(_pid(home), signal.SIGKILL)
    server.start()
    assert _execute(server, "SELECT one FROM kept") == (1,)
    assert server.stop_if_unused()


def test_the_server_is_told_nothing_of_our_secrets(
    home: Path, monkeypatch: pytest.MonkeyPatch, secret: Callable[[str], str]
) -> None:
    for name in ("ENCRYPTION_MASTER_KEY", "JWT_SECRET", "ORDERFLOW_SMTP_PASSWORD"):
        monkeypatch.setenv(name, secret(name))
    server = EmbeddedPostgres(home)
    server.start()
    running = psutil.Process(_pid(home))
    told = f"{running.environ()} {running.cmdline()}"
    assert server.stop_if_unused()
    assert "postgres" in told
    assert "canary" not in told


def test_a_pid_file_from_before_a_reboot_is_no_hindrance(home: Path) -> None:
    data = home / "postgres"
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n1\n5432\n{data}\n\n1 1\nready\n")
    server = EmbeddedPostgres(home)
    server.start()
    assert _execute(server, "SELECT 1") == (1,)
    assert server.stop_if_unused()


def test_a_long_path_gets_its_socket_elsewhere() -> None:
    top = Path(tempfile.mkdtemp(prefix="of-"))
    server = EmbeddedPostgres(top / ("long" * 30))
    server.start()
    assert _execute(server, "SELECT 1") == (1,)
    assert server.stop_if_unused()
    shutil.rmtree(top)


def test_nothing_is_promised_without_durability(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert _execute(server, f"SHOW {setting}") == ("on",)
    assert _execute(server, "SHOW listen_addresses") == ("",)
    assert server.stop_if_unused()


def test_it_keeps_pages_in_a_share_of_the_memory(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    with psycopg.connect(server.url("postgres").replace("+psycopg", "")) as connection:
        kept = connection.execute(
            "SELECT pg_size_bytes(current_setting('shared_buffers')), pg_size_bytes('128MB'), pg_size_bytes('1GB')"
        ).fetchone()
    server.stop_if_unused()
    assert kept is not None
    assert kept[1] <= kept[0] <= max(kept[1], min(kept[2], psutil.virtual_memory().total // 16))


@pytest.mark.parametrize(
    ("memory", "kept"), [(2**29, "128MB"), (2**32, "256MB"), (2**33 + 1, "512MB"), (2**40, "1024MB")]
)
def test_a_small_machine_keeps_some_pages_and_a_large_one_not_all(memory: int, kept: str) -> None:
    assert buffers(memory) == kept


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    settings = home / "postgres" / "postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("max_wal_senders = 'nonsense'\n")
    try:
        with pytest.raises(DatabaseError, match=r"nonsense|max_wal_senders|configuration file"):
            EmbeddedPostgres(home).start()
    finally:
        settings.write_text(before)


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match=r"cannot be started in .*file"):
        EmbeddedPostgres(tmp_path / "file" / "home").start()


def test_a_data_directory_of_an_unknown_version_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(DatabaseError, match="made by PostgreSQL 9"):
        EmbeddedPostgres(tmp_path).start()


def _process(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", START, str(home)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _pid(home: Path) -> int:
    return int((home / "postgres" / "postmaster.pid").read_text().split()[0])


def _execute(server: EmbeddedPostgres, statement: str) -> tuple[object, ...] | None:
    url = server.url("postgres").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def test_a_system_user_that_cannot_be_made_is_told_in_one_sentence(home, monkeypatch):
    def refused(_name):
        raise subprocess.CalledProcessError(
            10, "useradd", stderr="useradd: cannot lock /etc/passwd; try again later.\n"
        )

    monkeypatch.setattr("orderflow.postgres.programs.os.geteuid", lambda: 0)
    monkeypatch.setattr("orderflow.postgres.programs.ensure_user_exists", refused)
    with pytest.raises(DatabaseError, match=r"'pgserver'.*cannot lock /etc/passwd") as failed:
        EmbeddedPostgres(home / "other").start()
    assert "DATABASE_URL" in failed.value.hint
