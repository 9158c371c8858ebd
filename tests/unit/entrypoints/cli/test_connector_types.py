"""`orderflow connector-types`: what there is, and what one of them needs to know."""

from __future__ import annotations

import json

import pytest
import structlog

from orderflow.entrypoints.cli import main


@pytest.fixture
def told(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments, exits=0):
        with pytest.raises(SystemExit) as exited:
            main(["connector-types", *arguments])
        captured = capsys.readouterr()
        assert (exited.value.code or 0) == exits, captured.err
        return captured.err if exits else captured.out

    yield run
    structlog.reset_defaults()


def test_every_type_and_what_must_be_set(told):
    lines = {line.split()[0]: line for line in told().splitlines()}
    assert {"DROPZONE_CSV_V1", "DROPZONE_JSON_V1", "MOCK", "ODOO", "REST_JSON", "TRYTON"} < set(lines)
    assert "columns" in lines["DROPZONE_CSV_V1"]
    assert lines["REST_JSON"].split()[-1] == "url"


def test_the_settings_of_one(told):
    lines = {line.split()[0]: line for line in told("REST_JSON").splitlines()}
    assert "must be set" in lines["url"]
    assert "secret" in lines["password"]
    assert "POST" in lines["method"]
    assert "JMESPath" in lines["order_number"]


def test_json_for_scripts(told):
    one = json.loads(told("MOCK", "--json"))
    assert one["config_schema"]["properties"]["mode"]["default"] == "success"
    assert one in json.loads(told("--json"))


def test_one_that_is_not_installed(told):
    assert "Unknown connector type: 'NO_ERP'" in told("NO_ERP", exits=2)
