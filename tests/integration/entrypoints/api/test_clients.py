"""Clients that generators make of the document live an order's life, exact to the last decimal, and make no warning.

Three generators: openapi-python-client; openapi-typescript with openapi-fetch; @hey-api/openapi-ts. They are brought by
pip and npm, as whoever uses them does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.entrypoints.api import create_app
from tests.integration.entrypoints.api.conftest import Tenant

HERE = Path(__file__).parents[3] / "clients"
QTY, PRICE = "123456789012345.678", "12345678901234.5678"
GENERATOR = "openapi-python-client>=0.29,<0.30"
LIFE = """
import json, sys, time
from orderflow_client import AuthenticatedClient
from orderflow_client.api.orders import approve, create_order, get_order, push, update_order
from orderflow_client.models import OrderBody

url, key, qty, price = sys.argv[1:]
prefer = {"Prefer": "decimals=string"}
client = AuthenticatedClient(base_url=url, token=key, headers=prefer, raise_on_unexpected_status=True)
line = {"line_no": 1, "internal_sku": "INT-9", "qty": qty, "uom": "M", "unit_price": price}
said = {"currency": "EUR", "customer": {"erp_customer_number": "4711"}, "lines": [line]}
made = create_order.sync(client=client, body=OrderBody.from_dict(said))
order = get_order.sync(made.id, client=client)
again = said | {"lines": [line.to_dict() for line in order.lines]}
update_order.sync(made.id, client=client, body=OrderBody.from_dict(again))
approve.sync(made.id, client=client)
push.sync(made.id, client=client)
while order.status not in ("PUSHED", "CONFIRMED"):
    assert order.status != "ERROR", order.error
    time.sleep(0.1)
    order = get_order.sync(made.id, client=client)
print(json.dumps([order.status, order.lines[0].qty, order.lines[0].unit_price]))
"""


def exact_document() -> dict[str, Any]:
    document: dict[str, Any] = create_app(engine=False).state.described.document("string")
    return document


def test_the_document_is_made_for_generators() -> None:
    document = exact_document()
    bodies = [
        operation["requestBody"]
        for path in document["paths"].values()
        for operation in path.values()
        if "requestBody" in operation
    ]
    schemas = [content.get("schema", {}) for body in bodies for content in body["content"].values()]
    assert not [schema for schema in schemas if {"type": "null"} in schema.get("anyOf", ())], "a marker would be sent"
    text = json.dumps(document)
    assert '"default": null' not in text, "every field would be asked for"
    fields = [
        field for one in document["components"]["schemas"].values() for field in one.get("properties", {}).values()
    ]
    assert not [field for field in fields if isinstance(field.get("title"), str)], "types would be named by labels"


@pytest.fixture
def url(app: App, acme: Tenant, serving: Callable[[FastAPI], AbstractContextManager[str]]) -> Iterator[str]:
    """A server that delivers to an ERP which takes everything."""
    acme.call("POST", "/connectors", json={"connector_type": "MOCK", "config": {}})
    with serving(create_app(app, engine=True)) as address:
        yield address


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "document.json").write_text(json.dumps(exact_document()))
    return tmp_path


def run(work: Path, *command: str, **more: str) -> str:
    """Run a command; what it says, on both channels. Fails with that if it does."""
    environment = {**os.environ, **more}
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def lived(said: str) -> None:
    status, qty, price = json.loads(said.splitlines()[-1])
    assert status in {"PUSHED", "CONFIRMED"}
    assert (qty, price) == (QTY, PRICE)


@pytest.mark.large
def test_a_client_of_openapi_python_client(acme: Tenant, url: str, work: Path) -> None:
    libraries = str(work / "libraries")
    run(work, sys.executable, "-m", "pip", "install", "--quiet", "--target", libraries, GENERATOR)
    options = ("--output-path", "orderflow_client", "--meta", "none", "--config", str(HERE / "python.yaml"))
    generate = (sys.executable, "-m", "openapi_python_client", "generate", "--path", "document.json", *options)
    said = run(work, *generate, PYTHONPATH=libraries, NO_COLOR="1")
    assert "WARNING" not in said.upper().replace("WARNINGS", ""), said
    assert "removal" not in said, said
    life = (sys.executable, "-c", LIFE, url, acme.keys[Role.ADMIN], QTY, PRICE)
    lived(run(work, *life, PYTHONPATH=os.pathsep.join((libraries, str(work)))))


@pytest.mark.large
@pytest.mark.parametrize(
    ("generate", "life"),
    [
        (("openapi-typescript", "document.json", "--output", "schema.d.ts"), "life_fetch"),
        (("openapi-ts", "--input", "document.json", "--output", "hey"), "life_hey"),
    ],
)
def test_clients_of_typescript(acme: Tenant, url: str, work: Path, generate: tuple[str, ...], life: str) -> None:
    for name in ("package.json", "package-lock.json", ".npmrc", f"{life}.ts"):
        shutil.copy(HERE / name, work / name)
    run(work, "npm", "ci", "--silent")
    tool, *options = generate
    said = run(work, f"node_modules/.bin/{tool}", *options)
    assert "warn" not in said.lower(), said
    compiled = ("--strict", "--skipLibCheck", "--target", "es2022", "--module", "commonjs")
    run(work, "node_modules/.bin/tsc", *compiled, "--moduleResolution", "node10", "--outDir", "out", f"{life}.ts")
    (work / "out" / "package.json").write_text('{"type": "commonjs"}')
    lived(run(work, "node", f"out/{life}.js", url, acme.keys[Role.ADMIN], QTY, PRICE))
