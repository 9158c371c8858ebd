"""The guide to the API keeps its word: its client takes orders from nothing to CONFIRMED, its example is an order."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from orderflow.bootstrap import open_app
from orderflow.domain.access import Role
from orderflow.domain.orders import missing_for_ready
from orderflow.entrypoints.api import create_app
from orderflow.flow.order.reading import read_order
from orderflow.flow.people.users import create_user
from orderflow.flow.ports import Actor
from orderflow.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "api.md").read_text("utf-8")
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)]


@pytest.fixture
def environment(embedded_home: Path, secret: Callable[[str], str], monkeypatch: Any) -> Iterator[dict[str, str]]:
    """A server with its engine, and what the client needs to know of it."""
    settings = Settings(
        _env_file=None, orderflow_home=embedded_home, ack_poll_seconds=0.5, sweep_seconds=0.3, jwt_secret=secret("jwt")
    )
    password = secret("password")
    app = open_app(settings)
    org_id = app.create_organization("api-guide")
    create_user(
        app.store, app.passwords, org_id, Actor("setup"), email="it@guide.example", password=password, role=Role.ADMIN
    )
    server = uvicorn.Server(uvicorn.Config(create_app(app), port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    account = {"ORDERFLOW_EMAIL": "it@guide.example", "ORDERFLOW_PASSWORD": password}
    yield {"url": f"http://127.0.0.1:{port}", **account}
    server.should_exit = True
    thread.join()
    app.close()


def test_from_nothing_to_confirmed(environment, tmp_path):
    url = environment.pop("url")
    folders = [tmp_path / "out", tmp_path / "acks"]
    for folder in folders:
        folder.mkdir()
    orders = tmp_path / "orders.jsonl"
    numbers = [f"PO-{number}" for number in range(3)]
    orders.write_text("\n".join(json.dumps({**EXAMPLES[0], "external_order_number": number}) for number in numbers))
    reader = [DOCS / "dropzone_reader.py", *folders, "--database", tmp_path / "erp.sqlite3"]
    with subprocess.Popen([sys.executable, *map(str, reader)], stdout=subprocess.DEVNULL) as erp:
        done = subprocess.run(
            [sys.executable, DOCS / "api_client.py", url, orders, *folders],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        erp.terminate()
    assert done.returncode == 0, done.stderr
    confirmed = [re.fullmatch(r"(PO-\d): CONFIRMED SO-\d{6}", line) for line in done.stdout.splitlines()]
    assert [match and match[1] for match in confirmed] == numbers


def test_the_guides_example_is_an_order_that_is_ready():
    (example,) = EXAMPLES
    assert missing_for_ready(read_order(example)) == []


def test_the_guide_names_addresses_that_exist():
    addresses = set(create_app(engine=False).openapi()["paths"])
    named = set(re.findall(r"^(?:GET|POST|PUT|PATCH)\s+(/\S+)", GUIDE, re.MULTILINE))
    known = {_unnamed(address.removeprefix("/api/v1")) for address in addresses}
    assert named
    assert {address for address in named if _unnamed(address) not in known} == set()


def _unnamed(address: str) -> str:
    return re.sub(r"\{\w+\}", "{}", address)
