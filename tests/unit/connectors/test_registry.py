"""Connectors by hand and by entry point; what is broken is named and takes nothing else away."""

from __future__ import annotations

import time
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import BaseModel, SecretStr
from structlog.testing import capture_logs

from orderflow.connectors import registry
from orderflow.connectors.mock import MockConnector
from orderflow.connectors.registry import GROUP, ConnectorRegistry


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> type[ConnectorRegistry]:
    """The registry of a process that has just begun."""
    monkeypatch.setattr(ConnectorRegistry, "_connectors", {})
    monkeypatch.setattr(ConnectorRegistry, "_discovered", False)
    return ConnectorRegistry


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """What other packages bring; nothing at first."""
    found: list[EntryPoint] = []
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [entry for entry in found if entry.group == group])
    return found


class Other(MockConnector):
    class config_model(BaseModel):  # noqa: N801  # the port's own name
        token: SecretStr
        host: str

    display_name: ClassVar[str] = "Other ERP"


def test_our_own_are_found_where_no_package_is_installed(fresh, packages):
    files = ["BUSINESS_CENTRAL", "DROPZONE_CSV_V1", "DROPZONE_JSON_V1", "EDIFACT_ORDERS"]
    erps = ["ODOO", "REST_JSON", "SAP_IDOC", "SAP_ODATA", "SAP_RFC"]
    assert fresh.types() == [*files, "MOCK", *erps, "TEMPLATE_DOCUMENT", "TRYTON", "UBL_ORDER", "X12_850"]
    assert isinstance(fresh.get("MOCK"), MockConnector)


def test_what_is_ours_is_listed_once():
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert "entry-points" not in project, "connectors/registry.py and channels/registry.py list what is ours"


def test_one_instance_serves_every_call(fresh):
    assert fresh.get("MOCK") is fresh.get("MOCK")


def test_a_class_or_an_instance_may_be_registered(fresh):
    instance = Other()
    fresh.register("A", Other)
    fresh.register("B", instance)
    assert isinstance(fresh.get("A"), Other)
    assert fresh.get("B") is instance
    assert {"A", "B"} <= set(fresh.types())


def test_registering_by_hand_goes_before_what_a_package_brings(fresh):
    fresh.register("MOCK", Other)
    fresh.types()
    assert isinstance(fresh.get("MOCK"), Other)


def test_registering_again_replaces(fresh):
    fresh.get("MOCK")
    fresh.register("MOCK", Other)
    assert isinstance(fresh.get("MOCK"), Other)


@pytest.mark.parametrize("thing", [dict, "MockConnector", object(), lambda: None])
def test_what_is_no_connector_is_refused_by_name(fresh, thing):
    with pytest.raises(TypeError, match=r"(dict|str|object|function) is no connector: it must extend"):
        fresh.register("X", thing)


def test_what_is_no_connector_is_not_even_made(fresh):
    class Bomb:
        def __init__(self):
            raise AssertionError

    with pytest.raises(TypeError, match="Bomb is no connector"):
        fresh.register("X", Bomb)


def test_an_unknown_type_is_named_beside_the_known_ones(fresh, packages):
    fresh.register("A", Other)
    with pytest.raises(ValueError, match=r"^Unknown connector type: 'X'. Known types: A, .*MOCK"):
        fresh.get("X")


def test_a_package_brings_a_connector(fresh, packages):
    packages.append(EntryPoint("THEIRS", "orderflow.connectors.mock:MockConnector", GROUP))
    packages.append(EntryPoint("NOT_OURS", "orderflow.connectors.mock:MockConnector", "console_scripts"))
    assert isinstance(fresh.get("THEIRS"), MockConnector)
    assert "NOT_OURS" not in fresh.types()


@pytest.mark.parametrize("target", ["no_such_package:X", "orderflow.connectors.mock:Missing", "collections:Counter"])
def test_a_broken_package_is_reported_and_the_others_stay(fresh, packages, target):
    packages.append(EntryPoint("BROKEN", target, GROUP))
    with capture_logs() as logs:
        assert "BROKEN" not in fresh.types()
    assert [line["type"] for line in logs if line["log_level"] == "warning" and line["source"] == target] == ["BROKEN"]
    assert "MOCK" in fresh.types()


def test_packages_are_looked_through_once(fresh, packages, monkeypatch):
    fresh.types()
    monkeypatch.setattr(registry, "entry_points", lambda **_: pytest.fail("looked again"))
    assert "MOCK" in fresh.types()


def test_the_schema_marks_secrets(fresh):
    fresh.register("A", Other)
    told = fresh.metadata("A")
    assert (told.connector_type, told.display_name) == ("A", "Other ERP")
    token = told.config_schema["properties"]["token"]
    assert (token["writeOnly"], token["format"]) == (True, "password")
    assert "writeOnly" not in told.config_schema["properties"]["host"]


def test_a_connector_without_fields_has_an_empty_schema(fresh):
    class Bare(MockConnector):
        config_model = None  # type: ignore[assignment]  # its parent has one
        display_name = ""

    fresh.register("BARE", Bare)
    assert fresh.metadata("BARE").config_schema == {"type": "object"}
    assert fresh.metadata("BARE").display_name == "BARE"


def test_the_hot_path_is_a_lookup(fresh):
    fresh.get("MOCK")
    rounds = []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(10_000):
            fresh.get("MOCK")
        rounds.append((time.perf_counter() - started) / 10_000)
    assert min(rounds) < 1e-6
