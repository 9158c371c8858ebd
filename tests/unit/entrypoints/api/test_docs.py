"""What the pages say is what the program does."""

from __future__ import annotations

from pathlib import Path

import yaml

from orderflow.engine.metrics import Metrics
from orderflow.entrypoints.api.openapi import permission_table
from orderflow.settings import Settings

ROOT = Path(__file__).parents[4]


def test_the_table_of_permissions_is_the_one_that_is_checked():
    assert permission_table() in (ROOT / "docs" / "api.md").read_text("utf-8")


def test_every_metric_is_explained():
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    names = [family.name for family in Metrics(list, broker=lambda: True).registry().collect()]
    assert len(names) >= 25
    for name in names:
        assert f"`{'process_…' if name.startswith('process_') else name}" in page


def test_every_variable_of_the_compose_file_is_a_setting():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    known = {field.alias.upper() for field in Settings.model_fields.values() if field.alias} | {"LOG_FORMAT"}
    for name in ("upgrade", "api", "worker", "beat"):
        assert set(services[name]["environment"]) <= known


def test_every_service_that_another_waits_for_says_when_it_is_ready():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    for service in services.values():
        for name, wait in service.get("depends_on", {}).items():
            assert wait["condition"] != "service_healthy" or "test" in services[name]["healthcheck"]
