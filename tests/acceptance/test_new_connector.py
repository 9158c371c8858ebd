"""The package that `orderflow new-connector` makes: installed, it is there, and its own tests pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from orderflow.testing.http_server import MisbehavingHTTPServer

ORDER = {
    "external_order_number": "PO-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711", "name": "Müller & Söhne"},
    "lines": [{"line_no": 1, "internal_sku": "INT-9", "qty": 10.125, "uom": "M", "unit_price": 1.23}],
}


class Author:
    """Somebody at a terminal, with an installation of one's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.installed = folder / "installed"

    def runs(self, *command: object, within: str = ".", exits: int = 0, stdin: str = "") -> str:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        done = subprocess.run(
            [sys.executable, *map(str, command)],
            cwd=self.folder / within,
            env=kept | {"PYTHONPATH": str(self.installed), "ORDERFLOW_HOME": str(self.folder / "home")},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=280,  # its whole suite, on a machine that is busy
            check=False,
        )
        assert done.returncode == exits, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if not exits else done.stderr

    def orderflow(self, *arguments: object, **options: Any) -> str:
        return self.runs("-m", "orderflow", *arguments, **options)


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory) -> Author:
    made = Author(tmp_path_factory.mktemp("author"))
    made.orderflow("new-connector", "acme-erp", "--display-name", "ACME ERP")
    offline = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check")
    made.runs("-m", "pip", "install", "--quiet", *offline, "--target", made.installed, made.folder / "acme-erp")
    return made


def test_its_ci_installs_it_and_runs_its_tests(author):
    workflow = yaml.safe_load((author.folder / "acme-erp" / ".github" / "workflows" / "test.yml").read_text())
    job = workflow["jobs"]["test"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ['pip install --editable ".[test]"', "pytest"]
    project = tomllib.loads((author.folder / "acme-erp" / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={job['strategy']['matrix']['python-version'][0]}"
    assert set(project["optional-dependencies"]) == {"test"}


def test_its_own_tests_pass(author):
    told = author.runs("-m", "pytest", "-q", "-p", "no:cacheprovider", within="acme-erp")
    assert " passed" in told
    assert "failed" not in told


def test_it_is_well_formed(author):
    assert sorted(path.name for path in (author.folder / "acme-erp").iterdir() if path.name != "build") == [
        ".github",
        ".gitignore",
        "README.md",
        "pyproject.toml",
        "src",
        "tests",
    ]
    ruff = Path(sys.executable).with_name("ruff")
    if ruff.exists():
        # In the package's own folder: what lies below `src` where ruff runs is what it sorts as the package's own.
        command = [str(ruff), "check", "--isolated", "--line-length", "120", "."]
        subprocess.run(command, cwd=author.folder / "acme-erp", check=True)
    for path in (author.folder / "acme-erp").rglob("*"):
        if path.is_file() and path.suffix in (".py", ".toml", ".md"):
            assert "{{" not in path.read_text()


def test_its_type_is_known_to_the_command_line_and_the_api(author):
    types = {kind["connector_type"]: kind for kind in json.loads(author.orderflow("connector-types", "--json"))}
    assert types["ACME_ERP"]["display_name"] == "ACME ERP"
    assert types["ACME_ERP"]["config_schema"]["properties"]["token"]["writeOnly"] is True
    program = "from orderflow import ConnectorRegistry as known; print(known.metadata('ACME_ERP').display_name)"
    assert "ACME ERP" in author.runs("-c", program)


def test_it_shows_what_it_would_send_and_then_sends_it(author):
    (author.folder / "order.json").write_text(json.dumps(ORDER))
    with MisbehavingHTTPServer() as server:
        config = json.dumps({"url": server.url, "token": "s3cret-token"})
        command = ("connectors", "try", "ACME_ERP", "--config", "-", "--order", "order.json")
        shown = json.loads(author.orderflow(*command, "--dry-run", "--json", stdin=config))
        assert server.received == []
        told = author.orderflow(*command, stdin=config)
        assert shown["destination"] == f"POST {server.url}/orders"
        assert shown["headers"].keys() == {"Idempotency-Key"}
        assert '"qty":10.125' in shown["text"]
        assert "SO-1" in told
        assert "s3cret-token" not in told + str(shown)
        assert len(server.taken) == 1


def test_a_name_that_cannot_be_is_refused(author):
    assert "no name for a package" in author.orderflow("new-connector", "--", "-x", exits=2)


def test_what_is_there_is_not_overwritten(author):
    before = (author.folder / "acme-erp" / "README.md").read_text()
    assert "is there already" in author.orderflow("new-connector", "acme-erp", exits=2)
    assert (author.folder / "acme-erp" / "README.md").read_text() == before
