"""OrderFlow from outside: the command, in processes of its own, on an embedded PostgreSQL of the test's own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from httpx import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orderflow.bootstrap import App, open_app
from orderflow.domain.access import Role
from orderflow.entrypoints.api import create_app
from orderflow.entrypoints.api.page import page_folder
from orderflow.flow.people.users import create_user
from orderflow.flow.ports import Actor
from orderflow.postgres.embedded import EmbeddedPostgres
from orderflow.settings import Settings
from orderflow.storage.database import Database
from orderflow.storage.tables.roles import APP_ROLE

collect_ignore = [] if page_folder() else ["test_page.py"]
"""There is nothing to try in a browser where Node was not there to build the page; `make test` says so."""

SOURCE = Path(__file__).parents[2] / "src"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATIENCE = 60_000
"""Milliseconds for which something may be awaited: a busy machine takes its time, and nothing here is about time."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_numbers = count(1)


@dataclass
class CommandLine:
    """Runs `orderflow …` with a home of its own."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, *arguments: object, exits: int = 0, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command and check its exit code; a traceback is never allowed."""
        done = subprocess.run(
            [sys.executable, "-m", "orderflow", *map(str, arguments)],
            env=os.environ
            | {"PYTHONPATH": str(SOURCE), "ORDERFLOW_HOME": str(self.home), "COLUMNS": "200"}
            | self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == exits, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: object, exits: int = 0, stdin: str | None = None) -> Any:
        """Run a command with `--json` and return what it printed."""
        return json.loads(self(*arguments, "--json", exits=exits, stdin=stdin).stdout)


@contextmanager
def home_with_database() -> Iterator[Path]:
    """A home whose PostgreSQL stays up, so that each command need not start its own."""
    home = Path(tempfile.mkdtemp(prefix="of-test-"))
    home.chmod(0o711)  # run by root, the database works as another user and has to pass
    embedded = EmbeddedPostgres(home)
    embedded.start()
    yield home
    Database(embedded.url(APP_ROLE)).close()  # so that its rows are searched for secrets
    embedded.stop_if_unused()
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def embedded_home() -> Iterator[Path]:
    """The home that most tests share, each with an organization of its own."""
    with home_with_database() as home:
        yield home


@pytest.fixture
def own_orderflow() -> Iterator[CommandLine]:
    """The command on an installation of the test's own, for what touches every organization."""
    with home_with_database() as home:
        yield CommandLine(home)


@pytest.fixture
def orderflow(embedded_home: Path) -> CommandLine:
    return CommandLine(embedded_home)


@dataclass
class Recorder:
    """Keeps what the API answered, to look for secrets in it."""

    app: ASGIApp
    answers: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def kept(message: Message) -> None:
            if message["type"] == "http.response.body" and scope["path"].startswith("/api/"):
                self.answers.append(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, kept if scope["type"] == "http" else send)


@dataclass
class Site:
    """A served organization with its people."""

    url: str
    password: str
    slug: str
    recorder: Recorder
    faults: list[str] = field(default_factory=list)

    def email(self, role: Role) -> str:
        return f"{role.lower()}@{self.slug}.example"

    def client(self, role: Role = Role.ADMIN) -> Client:
        base = f"{self.url}/api/v1"
        login = httpx.post(
            f"{base}/auth/login", json={"email": self.email(role), "password": self.password}, timeout=60
        )
        return Client(base_url=base, timeout=60, headers={"Authorization": f"Bearer {login.json()['access_token']}"})


@pytest.fixture(scope="module")
def app(embedded_home: Path) -> Iterator[App]:
    opened = open_app(Settings(_env_file=None, orderflow_home=embedded_home, ack_poll_seconds=1, sweep_seconds=1))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def served(app: App) -> Iterator[tuple[str, Recorder]]:
    recorder = Recorder(create_app(app))
    server = uvicorn.Server(uvicorn.Config(recorder, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", recorder
    server.should_exit = True
    thread.join()


@pytest.fixture
def site(app: App, served: tuple[str, Recorder]) -> Site:
    slug = f"page-{next(_numbers)}-{secrets.token_hex(3)}"
    org_id = app.create_organization(slug, "Muster GmbH")
    site = Site(served[0], f"pw-{secrets.token_hex(12)}", slug, served[1])
    for role in Role:
        email = site.email(role)
        create_user(app.store, app.passwords, org_id, Actor("setup"), email=email, password=site.password, role=role)
    return site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Opens the page, signed in; at the end no page may have complained on its console."""
    contexts: list[BrowserContext] = []

    def open_page(role: Role = Role.ADMIN, **options: Any) -> Page:
        context = browser.new_context(**{"reduced_motion": "reduce", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: site.faults.append(message.text) if _is_fault(message) else None)
        page.on("pageerror", lambda error: site.faults.append(str(error)))
        page.goto(site.url)
        page.get_by_label("E-mail").fill(site.email(role))
        page.get_by_role("textbox", name="Password").fill(site.password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("navigation", name="Pages").wait_for(state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not site.faults


def _is_fault(message: Any) -> bool:
    """Tell what our page complains of; the browser also notes each refusal of the API, which the page shows."""
    return message.type == "error" and "Failed to load resource" not in message.text
