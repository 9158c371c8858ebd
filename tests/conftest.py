"""What every test may rely on: no setting of the developer's own reaches it, and no secret gets out of it.

Every secret that a test configures is searched for in all that the test wrote, answered, raised and stored: captured
output and logs, errors, HTTP answers, and every row of its database. Finding one fails the test. All of that is also
kept until the end of the run, of every process that took part, and searched once more for each secret of the whole
run: one that came out later, or elsewhere, fails the run.
"""

from __future__ import annotations

import functools
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from _pytest.nodeid import NodeId
from hypothesis import HealthCheck
from hypothesis import settings as drawing
from pydantic import SecretStr
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.domain.errors import OrderFlowError
from orderflow.engine.logs import configure_logs
from orderflow.entrypoints.api import middleware
from orderflow.postgres.errors import DatabaseError
from orderflow.secrets.encryption import EncryptionService
from orderflow.secrets.passwords import Passwords
from orderflow.storage.database import Database

# Drawn examples are not timed: on a busy machine a slow one is no finding. Here, and so before any test is imported.
drawing.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
drawing.load_profile("steady")

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
_SHOWN_IN_DOCS = "correct horse battery"
_NO_SECRETS = ("_url", "_name", "_in", "_header")  # as token_url and api_key_name: what they are about is one
_READABLE = text("""
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND has_table_privilege(oid, 'SELECT')
""")
_RECORD = "TEST_RECORD"
"""Names the folder in which the processes of a run (pytest-xdist's workers) keep what is searched at its end."""


@pytest.fixture(autouse=True)
def logs() -> None:
    """Log as a server does, so that what a test finds in the logs is what a server would write."""
    configure_logs("DEBUG", json=True)


# The servers and folders of tests are on this machine, where the API lets no connection lead by itself.
_HERE = {
    "ORDERFLOW_ALLOWED_NETWORKS": "public,private,127.0.0.0/8,::1",
    "ORDERFLOW_ALLOWED_FOLDERS": tempfile.gettempdir(),
}
os.environ.update(_HERE)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(_OURS) and name not in _HERE:
            monkeypatch.delenv(name)


class Canaries:
    """The secrets of the running test, where they came out, and the record of the whole run.

    Attributes:
        made_up: What the running test configures is plain words, or generated: found elsewhere, it is there by chance.
        looks_away: The running test shows secrets on purpose.
    """

    def __init__(self, record: Path | None = None) -> None:
        self.secrets: set[str] = set()
        self.leaks: list[str] = []
        self.test = ""
        self.made_up = False
        self._record = record
        self.looks_away = False

    def new(self, kind: str) -> str:
        """Return a secret that nothing else looks like."""
        canary = f"canary-{kind}-{secrets.token_hex(16)}"
        self.add(canary)
        return canary

    def add(self, secret: str) -> None:
        """Watch a secret. What is shorter than six characters would be found by chance; of a key, one line does."""
        lines = [line for line in secret.splitlines() if line and not line.startswith("-----")]
        watched = lines[len(lines) // 2] if lines else ""
        if len(watched) >= 6 and watched != _SHOWN_IN_DOCS:
            self.secrets.add(watched)
            if len(watched) >= 12:  # a plain word may stand in another test's text by chance
                self._keep("secrets", watched)

    def watch(self, config: Any) -> None:
        """Watch the secrets of a connection's configuration."""
        for name, value in config.items() if isinstance(config, dict) and not self.made_up else ():
            sounds = any(part in name for part in _NAMES_OF_SECRETS) and not name.endswith(_NO_SECRETS)
            if isinstance(value, str) and sounds:
                self.add(value)

    def watch_password(self, password: str) -> None:
        """Watch a user's password."""
        if not self.made_up:
            self.add(password)

    def watch_settings(self, settings: Any) -> None:
        """Watch the secrets among an installation's settings; addresses of databases have none here."""
        for name, value in settings if not self.made_up else ():
            if isinstance(value, SecretStr) and not name.endswith("_url"):
                self.add(value.get_secret_value())

    def search(self, written: str, where: str) -> None:
        """Note a leak if a secret is in `written`."""
        if self.looks_away:
            return
        start = self._keep("texts", written)
        self._keep("places", f"{start} {where} in {self.test}")
        if any(secret in written for secret in self.secrets):
            self.leaks.append(where)

    def search_database(self, database: Database) -> None:
        """Note a leak for every table that holds a secret in any column."""
        with suppress(DatabaseError), database.system() as connection:  # a test may have taken the database away
            for table in connection.execute(_READABLE).scalars().all():
                rows = connection.execute(text(f"SELECT t::text FROM {table} t")).scalars()
                self.search("\n".join(rows), f"table {table}")

    @contextmanager
    def look_away(self) -> Iterator[None]:
        """Let a command that shows secrets on purpose do so."""
        self.looks_away = True
        try:
            yield
        finally:
            self.looks_away = False

    def leaks_of_the_run(self) -> list[str]:
        """Return where in the record of all processes one of their secrets came out."""
        known, places = self._folder / "known", set()
        files = list(self._folder.glob("*.secrets"))
        known.write_text("".join(file.read_text("utf-8") for file in files), "utf-8")
        for texts in self._folder.glob("*.texts") if files else ():
            # grep looks for thousands of words at once, in hundreds of megabytes, within a second.
            command = ["grep", "-aboF", "-f", str(known), str(texts)]
            found = subprocess.run(command, capture_output=True, check=False).stdout.splitlines()
            places |= {_place(texts, int(line.split(b":")[0])) for line in found}
        return sorted(places)

    @property
    def _folder(self) -> Path:
        return self._record or Path(os.environ[_RECORD])

    def _keep(self, kind: str, written: str) -> int:
        """Add to a file of the record, one for each process; returns where in it that begins."""
        with (self._folder / f"{os.getpid()}.{kind}").open("ab") as file:
            start = file.tell()
            file.write(f"{written}\n".encode("utf-8", "replace"))
            return start


def _place(texts: Path, offset: int) -> str:
    places = (line.split(" ", 1) for line in texts.with_suffix(".places").read_text("utf-8").splitlines())
    return [place for start, place in places if int(start) <= offset][-1]


_canaries = Canaries()


@pytest.fixture(scope="session")
def canaries() -> Canaries:
    return _canaries


@pytest.fixture
def secret() -> Callable[[str], str]:
    """Makes a secret, which must not come out anywhere."""
    return _canaries.new


@pytest.fixture(scope="session", autouse=True)
def watched() -> Iterator[None]:
    """Watch what is configured, and record what errors, answers, databases and other processes say."""
    with pytest.MonkeyPatch.context() as patch:
        seals = EncryptionService.__dict__["encrypt_config"]  # called on the class and on instances
        _listen(patch, seals, "method", before=lambda _, config, *__: _canaries.watch(config))
        _listen(patch, Passwords, "hash", before=lambda _, password: _canaries.watch_password(password))
        _listen(patch, App, "__init__", before=lambda _, settings, *__: _canaries.watch_settings(settings))
        _listen(patch, Database, "close", before=_canaries.search_database)
        _listen(patch, OrderFlowError, "__init__", after=_note_error)
        _listen(patch, middleware._Sending, "send", before=lambda _, message: _note_answer(message))
        _listen(patch, httpx.Client, "send", after=lambda answer, *_: _note_client(answer))
        _listen(patch, subprocess.Popen, "communicate", after=lambda output, *_: _note_output(output))
        _listen(patch, pytest.CaptureFixture, "readouterr", after=lambda output, *_: _note_output(output))
        yield


def _listen(
    patch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    *,
    before: Callable[..., None] | None = None,
    after: Callable[..., None] | None = None,
) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def method(*args: Any, **options: Any) -> Any:
        if before:
            before(*args)
        result = original(*args, **options)
        if after:
            after(result, *args)
        return result

    patch.setattr(owner, name, method)


def _note_error(_: None, error: OrderFlowError, *__: Any) -> None:
    _canaries.search(f"{error!r} {error} {error.hint} {error.details}", "an error")


def _note_answer(message: dict[str, Any]) -> None:
    if written := message.get("body") or message.get("headers"):
        _canaries.search(_as_text(written), "HTTP answer")


def _note_client(answer: httpx.Response) -> None:
    if answer.is_closed and answer.url.path.startswith("/api/v1/"):
        _canaries.search(f"{answer.headers} {_as_text(answer.content)}", "HTTP answer")


def _note_output(output: tuple[Any, Any]) -> None:
    for written in filter(None, output):
        _canaries.search(_as_text(written), "output")


def _as_text(written: Any) -> str:
    return written.decode("utf-8", "replace") if isinstance(written, bytes) else str(written)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[_RECORD] = tempfile.mkdtemp(prefix="of-record-")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the `xdist_group` behind a test's id, by which xdist keeps the tests of one costly server on one worker.

    xdist does so itself, up to 3.8 in a way that pytest 9.2 no longer reads: each worker then starts every server.
    """
    if getattr(config.option, "loadgroup", False):
        for item in items:
            for mark in item.iter_markers("xdist_group"):
                item._id = NodeId.parse(f"{item.nodeid}@{mark.args[0]}")  # there is no public way


def pytest_runtest_setup(item: pytest.Item) -> None:
    _canaries.secrets.clear()
    _canaries.test = item.nodeid
    _canaries.made_up = "unit" in item.path.parts
    _canaries.looks_away = item.get_closest_marker("tells_secrets") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    for title, written in report.sections:
        if title.endswith(call.when):
            _canaries.search(written, title)
    if _canaries.leaks and report.passed:
        report.outcome = "failed"
        report.longrepr = f"A secret came out: {', '.join(dict.fromkeys(_canaries.leaks))}."
    _canaries.leaks.clear()
    return report


@pytest.hookimpl(trylast=True)  # when pytest-xdist's workers have ended
def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):
        return
    leaks = _canaries.leaks_of_the_run()
    shutil.rmtree(os.environ.pop(_RECORD))
    if leaks and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    for leak in leaks:
        print(f"\nA secret of this run came out: {leak}.")  # noqa: T201  # the terminal's summary is written already
