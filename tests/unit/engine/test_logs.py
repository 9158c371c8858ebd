from __future__ import annotations

import json
import logging

import pytest
import structlog

from orderflow.engine.logs import configure_logs


@pytest.fixture(autouse=True)
def untouched():
    level = logging.getLogger().level
    yield
    structlog.reset_defaults()
    logging.getLogger().setLevel(level)


def fail_with_a_secret_at_hand() -> None:
    config = {"password": "hunter2"}
    raise RuntimeError(f"{len(config)} settings")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_never_shows_what_variables_hold(as_json, capsys):
    configure_logs("INFO", json=as_json)
    try:
        fail_with_a_secret_at_hand()
    except RuntimeError:
        structlog.get_logger().exception("it failed")
    shown = capsys.readouterr().err
    assert "fail_with_a_secret_at_hand" in shown
    assert "hunter2" not in shown


def test_what_libraries_log_has_the_form_of_ours(capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    configure_logs("INFO", json=True)
    try:
        fail_with_a_secret_at_hand()
    except RuntimeError:
        logging.getLogger("a.library").exception("no answer from %s", "erp")
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["logger"]) == ("no answer from erp", "error", "a.library")
    assert "hunter2" not in line


def test_json_is_one_object_per_line_and_levels_are_kept(capsys, monkeypatch):
    monkeypatch.setenv("LOG_FORMAT", "json")
    configure_logs("WARNING")
    structlog.get_logger().info("not this")
    structlog.get_logger().warning("this", code="X")
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["code"]) == ("this", "warning", "X")
