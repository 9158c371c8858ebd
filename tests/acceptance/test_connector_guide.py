"""docs/connectors.md keeps its word: every code block runs, in its order, and the connector that it builds passes."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from orderflow import ConnectorRegistry, Customer, DraftOrder, DraftOrderLine
from orderflow.connectors.dropzone import DropzoneConfig
from orderflow.testing.engine import an_order

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "connectors.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", GUIDE, re.DOTALL)
ORDER = {
    "external_order_number": "PO-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711", "name": "Müller & Söhne"},
    "lines": [{"line_no": 1, "internal_sku": "INT-9", "qty": 10.125, "uom": "M", "unit_price": 1.23}],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder where the guide is followed, with the package that step 1 makes installed."""
    folder = tmp_path_factory.mktemp("guide")
    for kind, block in BLOCKS:
        if kind == "python":
            name = re.match(r"# (\w+\.py)\n", block)
            assert name, f"a block does not say which file it belongs to: {block[:60]}"
            with (folder / name[1]).open("a") as file:
                file.write("\n" + block[name.end() :])
    (folder / "order.json").write_text(json.dumps(ORDER))
    (folder / "config.json").write_text(json.dumps({"url": "https://erp.example", "token": "s3cret-token"}))
    return folder


def run(command, folder):
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        shell=isinstance(command, str),
        cwd=folder,
        env=kept | {"PATH": path, "PYTHONPATH": os.pathsep.join([str(folder), str(folder / "installed")])},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_shell_block_runs_in_its_order(place):
    new, test, try_ = [block for kind, block in BLOCKS if kind == "sh"]
    run(new, place)
    assert (place / "acme-erp" / "pyproject.toml").exists()
    offline = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check")
    install = [sys.executable, "-m", "pip", "install", "-q", *offline, "--target", place / "installed", "./acme-erp"]
    run(install, place)
    assert " passed" in run(
        test.replace("pytest", f"{sys.executable} -m pytest -p no:cacheprovider test_shop.py"), place
    )
    assert '"qty":10.125' in run(try_, place)


def test_the_other_blocks_say_what_is_so(place):
    run([sys.executable, "register.py"], place)
    run([sys.executable, "own_document.py"], place)
    assert " passed" in run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_later.py"], place)
    (table,) = [tomllib.loads(block) for kind, block in BLOCKS if kind == "toml"]
    assert table["project"]["entry-points"]["orderflow.connectors"] == {"SHOP": "shop:ShopConnector"}
    assert {kind for kind, _ in BLOCKS} == {"sh", "python", "toml"}


def test_the_fields_of_an_order_are_those_that_the_guide_names():
    named = set(re.findall(r"`(\w+)`", GUIDE[GUIDE.index("## 10.") : GUIDE.index("## What else")]))
    for kind in (DraftOrder, DraftOrderLine, Customer):
        # Of no use to a connector:
        ours = {"org_id", "status", "erp_order_id", "created_at", "delivery_in_progress", "priority", "import_id"}
        assert {field.name for field in dataclasses.fields(kind)} - ours <= named


def test_the_guides_links_lead_somewhere():
    for page in ("connectors.md", *(f"connector-{name}.md" for name in ("rest-json", "dropzone-csv", "mock"))):
        for link in re.findall(r"\]\(([^)#]+)", (DOCS / page).read_text("utf-8")):
            assert link.startswith("https://") or (DOCS / link).exists(), f"{page}: {link}"


@pytest.mark.parametrize(
    ("page", "connector_type"),
    [
        ("connector-rest-json.md", "REST_JSON"),
        ("connector-dropzone-csv.md", "DROPZONE_CSV_V1"),
        ("connector-mock.md", "MOCK"),
    ],
)
def test_the_examples_of_a_connectors_page_can_be_used(page, connector_type):
    connector = ConnectorRegistry.get(connector_type)
    text = (DOCS / page).read_text("utf-8")
    examples = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    assert len(examples) >= 2
    whole = examples[0]
    for example in examples:
        given = whole | example if "url" in whole and "url" not in example else dict(example)  # more for the first one
        given |= {"token": "s3cret-token"} if given.get("auth") == "bearer" else {}
        given |= {"signature_secret": "s3cret-key"} if given.get("auth") == "signature" else {}
        assert connector.preview(an_order(), given).document.content
    assert connector.config_model
    named = set(connector.config_model.model_fields) - set(DropzoneConfig.model_fields)
    places = {"connect_timeout", "timeout", "max_in_flight", "method", "body_format", "client_auth", "status_number"}
    assert [name for name in sorted(named - places) if name not in text] == []
