"""What is set, where it is from, and what of it cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orderflow.domain.errors import OrderFlowError
from orderflow.entrypoints.cli.app import app
from orderflow.settings import Settings

SECRETS = {"ENCRYPTION_MASTER_KEY": "4f" * 31 + "a1", "JWT_SECRET": "hush-" * 7, "PASSWORD_PEPPER": "hush-hush"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORDERFLOW_HOME", str(tmp_path / "home"))
    for name in ("ORDERFLOW_ALLOWED_NETWORKS", "ORDERFLOW_ALLOWED_FOLDERS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["config", *arguments], env={"COLUMNS": "200"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def told(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def test_each_setting_with_its_place_and_no_secret(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "pepper").write_text("hush-of-a-file\n")
    (place / ".env").write_text(
        "LOG_LEVEL=WARNING\nORDERFLOW_BATCH_SIZE=64\nPASSWORD_PEPPER_FILE=pepper\nPASSWORD_PEPPER=\n"
    )
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hush@db/orderflow")
    monkeypatch.setenv("ORDERFLOW_NOTIFY_WEBHOOK_URL", "https://user:hush@hooks.example/x?token=hush")
    monkeypatch.setenv("ORDERFLOW_NOTIFY_WEBHOOK_SECRET", "whsec_" + "aHVzaGh1c2hodXNoaHVzaGh1c2hodXNoaHVzaA==")
    monkeypatch.setenv("ORDERFLOW_SERVICE_HOST", "10.0.0.1")
    assert Settings.load().pepper() == "hush-of-a-file"
    rows = {row["name"]: row for row in told("show")}
    assert (rows["LOG_LEVEL"]["value"], rows["LOG_LEVEL"]["from"]) == ("DEBUG", "environment")
    assert (rows["ORDERFLOW_BATCH_SIZE"]["value"], rows["ORDERFLOW_BATCH_SIZE"]["from"]) == (64, ".env")
    assert rows["PASSWORD_PEPPER"]["from"] == "pepper"
    assert rows["DATABASE_URL"]["value"] == "postgresql://app:***@db/orderflow"
    assert rows["ORDERFLOW_SERVICE_HOST"]["from"] == "nobody reads it"
    assert "ORDERFLOW_LEASE_SECONDS" not in rows
    for output in (run("show"), run("show", "--all"), str(rows)):
        assert "hush" not in output.lower()
        assert "aHVz" not in output
    assert {row["name"]: row["from"] for row in told("show", "--all")}["ORDERFLOW_LEASE_SECONDS"] == "default"


def test_a_check_tells_what_a_start_would(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told("check")["usable"]
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hush@db.acme.com/x?sslmode=require")
    for name, value in SECRETS.items():
        with pytest.raises(OrderFlowError, match=name):
            run("check")
        monkeypatch.setenv(name, value)
    checked = told("check")
    assert [doubt.split()[0] for doubt in checked["doubts"]] == ["DATABASE_URL", "ORDERFLOW_OFFER_MOCK"]
    assert "hush" not in str(checked)
    assert not Path("home").exists()
    monkeypatch.setenv("ORDERFLOW_BATCH_SIZE", "0")
    with pytest.raises(OrderFlowError, match="ORDERFLOW_BATCH_SIZE"):
        run("check")


def test_every_secret_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, field in Settings.variables().items():
        if Settings.secret(field) and not name.endswith(("_URL", "_KEYS", "_SECRET")) and name not in SECRETS:
            monkeypatch.setenv(name, "hush-hush-hush")
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    shown = run("show", "--all")
    assert "hush" not in shown
    assert SECRETS["ENCRYPTION_MASTER_KEY"] not in shown
