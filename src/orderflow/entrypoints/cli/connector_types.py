"""`orderflow connector-types`: the connectors that are installed here, and the settings of each."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from orderflow.domain.connector_port import ConnectorMetadata, ERPConnectorPort
from orderflow.entrypoints.cli.options import AsJson
from orderflow.entrypoints.cli.output import print_json, print_table


def add_to(root: typer.Typer) -> None:
    """Hang this command into the tree."""
    root.command("connector-types", epilog="Example: orderflow connector-types REST_JSON")(connector_types)


def connector_types(
    connector_type: Annotated[str | None, typer.Argument(metavar="[TYPE]", help="Explain its settings.")] = None,
    json: AsJson = False,
) -> None:
    """List the connector types that are installed; of one, its settings."""
    from orderflow.connectors.registry import ConnectorRegistry

    if connector_type is not None:
        known_type(connector_type)
        found = ConnectorRegistry.metadata(connector_type)
        print_json(found) if json else _print_settings(found)
        return
    types = [ConnectorRegistry.metadata(name) for name in ConnectorRegistry.types()]
    print_json(types) if json else _print_types(types)


def known_type(connector_type: str) -> ERPConnectorPort:
    """Return the connector of that type. Raises InputError: there is none."""
    from orderflow.connectors.registry import ConnectorRegistry
    from orderflow.flow.setup.connections import known_connector

    return known_connector(ConnectorRegistry.get, connector_type)


def _print_types(types: list[ConnectorMetadata]) -> None:
    rows = [
        {
            "connector_type": found.connector_type,
            "display_name": found.display_name,
            "capabilities": ", ".join(sorted(found.capabilities)),
            "needs": ", ".join(found.config_schema.get("required", ())),
        }
        for found in types
    ]
    columns = {"connector_type": "type", "display_name": "name", "capabilities": "can", "needs": "must be set"}
    print_table(rows, columns, empty="No connectors are installed.")


def _print_settings(found: ConnectorMetadata) -> None:
    needed = found.config_schema.get("required", ())
    rows = [
        {"name": name, "default": _default(field, needed=name in needed), "description": field.get("description")}
        for name, field in found.config_schema.get("properties", {}).items()
    ]
    columns = {"name": "setting", "default": "default", "description": "what it is"}
    print_table(rows, columns, empty=f"{found.connector_type} has no settings.")


def _default(field: dict[str, Any], *, needed: bool) -> Any:
    if needed:
        return "must be set"
    secret = any(kind.get("writeOnly") for kind in (field, *field.get("anyOf", ())))
    return "secret" if secret else field.get("default")
