"""The API over a real database, with one organization and a user of each role."""

from __future__ import annotations

import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from httpx import Client, Response

from orderflow.bootstrap import App, open_app
from orderflow.domain.access import Role
from orderflow.entrypoints.api import create_app, sign_in
from orderflow.flow.people.api_keys import create_key
from orderflow.flow.people.users import create_user
from orderflow.flow.ports import Actor
from orderflow.settings import Settings
from tests.integration.entrypoints.api.receiving import Receiver, listening

SETUP = Actor("setup")
PLAIN = ssl.create_default_context()
"""What a client would load anew for each test, though it speaks HTTP without TLS."""


@dataclass
class Tenant:
    """An organization, and a token for each role."""

    org_id: UUID
    client: Client
    password: str
    emails: dict[Role, str]
    keys: dict[Role, str]
    canaries: Any = None

    def call(self, method: str, path: str, role: Role | None = Role.ADMIN, **options: Any) -> Response:
        """Call `/api/v1{path}` with the API key of a role, or without any."""
        headers = {**options.pop("headers", {})}
        if role:
            headers["Authorization"] = f"Bearer {self.keys[role]}"
        return self.client.request(method, f"/api/v1{path}", headers=headers, **options)

    def login(self, role: Role = Role.ADMIN, password: str | None = None) -> Response:
        body = {"email": self.emails[role], "password": password or self.password}
        return self.client.post("/api/v1/auth/login", json=body)

    def signed_in(self, role: Role = Role.ADMIN) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.login(role).json()['access_token']}"}


@pytest.fixture
def app(app_url: str, admin_url: str, tmp_path: Path, secret: Callable[[str], str]) -> Iterator[App]:
    settings = Settings(
        _env_file=None,
        database_url=app_url,
        database_admin_url=admin_url,
        encryption_master_key=secrets.token_hex(32),
        jwt_secret=secret("jwt"),
        password_pepper=secret("pepper"),
        orderflow_home=tmp_path,
    )
    opened = open_app(settings)
    opened.passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # quick; nobody guesses here
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests need not wait for what keeps attackers waiting."""
    monkeypatch.setattr(sign_in, "REFUSED_AFTER", 0.0)


@pytest.fixture
def client(app: App) -> Iterator[Client]:
    """A client of a real server on a port of its own."""
    with _serving(create_app(app, engine=False)) as url, Client(base_url=url, timeout=30, verify=PLAIN) as client:
        yield client


@pytest.fixture
def serving() -> Callable[[FastAPI], AbstractContextManager[str]]:
    """Runs a real server on a port of its own, as long as its block lasts; gives its address."""
    return _serving


@contextmanager
def _serving(api: FastAPI) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(api, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    assert server.started, "the server did not start"
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def make_tenant(app: App, client: Client, secret: Callable[[str], str], canaries: Any) -> Callable[[str], Tenant]:
    def make(slug: str) -> Tenant:
        org_id = app.create_organization(slug)
        password = secret("password")
        emails = {role: f"{role.lower()}@{slug}.example" for role in Role}
        for role, email in emails.items():
            create_user(app.store, app.passwords, org_id, SETUP, email=email, password=password, role=role)
        keys = {role: create_key(app.store, org_id, SETUP, f"{role} key", role)[1] for role in Role}
        for key in keys.values():
            canaries.add(key)
        return Tenant(org_id, client, password, emails, keys, canaries)

    return make


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A program that takes webhooks."""
    with listening() as receiver:
        yield receiver


@pytest.fixture
def acme(make_tenant: Callable[[str], Tenant]) -> Tenant:
    return make_tenant("acme")
