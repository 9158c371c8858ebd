"""Dropzones' forms are composed of the parts of channels and formats; nothing that is stored of them changed.

`forms_of_0_1.json` has the forms as they were when each was one list: names, kinds, defaults, choices, groups. What is
added since is free, as ways are that need neither a host nor a folder.
"""

import json
from pathlib import Path

import pytest

from orderflow.connectors.registry import ConnectorRegistry

BEFORE = json.loads(Path(__file__).with_name("forms_of_0_1.json").read_text("utf-8"))
OF_0_1 = {"sftp", "ftps", "ftp", "filesystem"}


def kinds(field):
    return field.get("anyOf", [field])


def choices(field):
    return [choice for kind in kinds(field) for choice in kind.get("enum", [])]


@pytest.mark.parametrize("connector_type", BEFORE)
def test_every_field_is_what_it_was(connector_type):
    was, form = BEFORE[connector_type], ConnectorRegistry.metadata(connector_type).config_schema
    assert (form["title"], set(was["required"]) - set(form.get("required", []))) == (was["title"], {"export_path"})
    for name, field in was["properties"].items():
        now = form["properties"][name]
        types = sorted({kind.get("type", "object" if "$ref" in kind else "") for kind in kinds(now)})
        shown = {key: sorted(values) for key, values in now.get("show_when", {}).items()}
        if "mode" in shown and set(shown["mode"]) >= OF_0_1:
            del shown["mode"]
        elif "mode" in shown:
            shown["mode"] = sorted(OF_0_1 & set(shown["mode"]))
        assert (sorted({*types} - {"null"}), now.get("default"), now.get("writeOnly", False)) == (
            sorted({*field["type"]} - {"null"}),
            field.get("default"),
            field.get("secret", False),
        ), name
        assert set(field.get("enum", [])) <= set(choices(now)), name
        assert (shown, now.get("group")) == (field.get("show_when", {}), field.get("group")), name


@pytest.mark.parametrize("connector_type", BEFORE)
def test_every_field_says_what_it_is(connector_type):
    for name, field in ConnectorRegistry.metadata(connector_type).config_schema["properties"].items():
        assert field["title"], name
        assert field["description"], name
