"""What every test may rely on: no setting of the developer's own reaches it, and no secret gets out of it.

Every secret that a test configures is searched for in all that the test wrote, answered, raised and stored:
captured output and logs, messages of errors, HTTP answers, and every text in the database. Finding one fails the test.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from _pytest.nodeid import NodeId
from sqlalchemy import text

from orderflow.entrypoints.logs import configure_logs
from orderflow.storage.database import Database
from orderflow.storage.encryption import EncryptionService
from orderflow.storage.errors import DatabaseError

_OURS = (
    "ORDERFLOW_",
    "ENCRYPTION_",
    "DATABASE_",
    "OBJECT_STORAGE_",
    "CELERY_",
    "REDIS_",
    "JWT_SECRET",
    "PASSWORD_PEPPER",
)
_NAMES_OF_SECRETS = ("password", "passphrase", "secret", "token", "api_key", "ssh_key")
_NO_SECRETS = ("_url", "_name", "_in", "_header")  # as token_url and api_key_name: what they are about is one
_TABLES = (
    "organization",
    "app_user",
    "api_key",
    "audit_log",
    "draft_order",
    "erp_connection",
    "erp_export",
    "erp_push_log",
    "notification",
)


@pytest.fixture(autouse=True)
def logs() -> None:
    """Log as a server does, so that what a test finds in the logs is what a server would write."""
    configure_logs("DEBUG", json=True)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(_OURS):
            monkeypatch.delenv(name)


class Canaries:
    """The secrets of the running test, and where they came out."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self.leaks: list[str] = []

    def new(self, kind: str) -> str:
        """Return a secret that nothing else looks like."""
        canary = f"canary-{kind}-{secrets.token_hex(16)}"
        self.secrets.add(canary)
        return canary

    def watch(self, config: Any) -> None:
        """Watch the secrets of a connection's configuration."""
        for name, value in config.items() if isinstance(config, dict) else ():
            sounds = any(part in name for part in _NAMES_OF_SECRETS) and not name.endswith(_NO_SECRETS)
            if isinstance(value, str) and len(value) >= 6 and sounds:
                self.secrets.add(value)

    def search(self, written: str, where: str) -> None:
        """Note a leak if a secret is in `written`."""
        if any(secret in written for secret in self.secrets):
            self.leaks.append(where)

    def search_database(self, database: Database) -> None:
        """Note a leak for every table that holds a secret in any column."""
        with suppress(DatabaseError), database.system() as connection:  # a test may have taken the database away
            for table in _TABLES if self.secrets else ():
                if connection.execute(text("SELECT to_regclass(:table)"), {"table": table}).scalar() is None:
                    continue
                query = f"SELECT count(*) FROM {table} t, unnest(CAST(:all AS text[])) s WHERE strpos(t::text, s) > 0"
                if connection.execute(text(query), {"all": list(self.secrets)}).scalar():
                    self.leaks.append(f"table {table}")


_canaries = Canaries()


@pytest.fixture
def canaries() -> Canaries:
    return _canaries


@pytest.fixture
def secret() -> Callable[[str], str]:
    """Makes a secret, which must not come out anywhere."""
    return _canaries.new


@pytest.fixture(autouse=True)
def watched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch what integration and acceptance tests configure, and what errors and databases say of it."""
    _canaries.secrets.clear()
    if "unit" not in request.path.parts:
        _listen(monkeypatch, EncryptionService, "encrypt_config", lambda _, config, *__: _canaries.watch(config))
        _listen(monkeypatch, Database, "close", _canaries.search_database)


def _listen(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, listener: Callable[..., None]) -> None:
    original = getattr(owner, name)

    def method(*args: Any, **options: Any) -> Any:
        listener(*args)
        return original(*args, **options)

    monkeypatch.setattr(owner, name, method)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the `xdist_group` behind a test's id, by which xdist keeps the tests of one costly server on one worker.

    xdist does so itself, up to 3.8 in a way that pytest 9.2 no longer reads: each worker then starts every server.
    """
    if getattr(config.option, "loadgroup", False):
        for item in items:
            for mark in item.iter_markers("xdist_group"):
                item._id = NodeId.parse(f"{item.nodeid}@{mark.args[0]}")  # there is no public way


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    report = yield
    for title, written in report.sections:
        _canaries.search(written, title)
    if _canaries.leaks and report.passed:
        report.outcome = "failed"
        report.longrepr = f"A secret came out: {', '.join(dict.fromkeys(_canaries.leaks))}."
    _canaries.leaks.clear()
    return report
