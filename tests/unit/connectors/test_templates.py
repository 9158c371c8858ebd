"""What the page says of our connectors: it knows each of them, and its templates set what they take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orderflow.connectors.registry import OURS, ConnectorRegistry

SETUP = Path(__file__).parents[3] / "frontend/src/connectors/setup"
TEMPLATES = json.loads((SETUP / "templates.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template["id"])
def test_a_template_sets_what_there_is(template: dict[str, object]) -> None:
    config = template["config"]
    assert isinstance(config, dict)
    fields = ConnectorRegistry.metadata(str(template["type"])).config_schema["properties"]
    assert config.keys() <= fields.keys()
    for name, value in config.items():
        choices = fields[name].get("enum")
        assert choices is None or value in choices, name


@pytest.mark.parametrize("connector_type", [entry.name for entry in OURS])
def test_the_page_knows_a_connector_by_its_guide_its_family_and_the_words_of_its_groups(connector_type: str) -> None:
    guides, families = ((SETUP / name).read_text(encoding="utf-8") for name in ("guides.ts", "families.ts"))
    assert f"  {connector_type}: " in guides
    assert f"  {connector_type}: " in families
    schema = ConnectorRegistry.metadata(connector_type).config_schema
    models = (schema, *schema.get("$defs", {}).values())
    groups = {field["group"] for model in models for field in model.get("properties", {}).values() if "group" in field}
    words = (SETUP / "steps.ts").read_text(encoding="utf-8").partition("const WORDS")[2]
    assert [group for group in groups if f"  {group}: " not in words and f'  "{group}": ' not in words] == []
