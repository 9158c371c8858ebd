"""The page's templates set what the connectors know, and to what they take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orderflow.connectors.registry import ConnectorRegistry

FRONTEND = Path(__file__).parents[3] / "frontend"
TEMPLATES = json.loads((FRONTEND / "src/connectors/setup/templates.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template["name"])
def test_a_template_sets_what_there_is(template: dict[str, object]) -> None:
    config = template["config"]
    assert isinstance(config, dict)
    fields = ConnectorRegistry.metadata(str(template["type"])).config_schema["properties"]
    assert config.keys() <= fields.keys()
    for name, value in config.items():
        choices = fields[name].get("enum")
        assert choices is None or value in choices, name
