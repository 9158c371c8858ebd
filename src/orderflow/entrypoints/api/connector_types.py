"""Which kinds of connectors there are, and what each needs to know."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request, Response
from pydantic import Field

from orderflow.connectors.registry import ConnectorRegistry
from orderflow.domain.connector_port import ConnectorMetadata
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.languages import language, told_form, told_text
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import Out

router = ApiRouter("/connector-types", "Connectors")


class ConnectorType(Out):
    """A kind of connector; any installed package may bring one."""

    type: str = Field(examples=["DROPZONE_JSON_V1"])
    slug: str = Field(description="As in the address `/connectors/{slug}`", examples=["dropzone-json-v1"])
    display_name: str = Field(examples=["Dropzone (JSON files)"])
    config_schema: dict[str, Any] = Field(
        description="JSON Schema of `config`: secrets are `writeOnly`; `group` and `show_when` arrange a form. Its "
        "titles and descriptions are in the language of `Accept-Language`, where `labels` say what the values of an "
        "`enum` mean; names and values are the same in each",
        examples=[{"type": "object", "properties": {"host": {"type": "string", "title": "Host", "group": "Server"}}}],
    )
    capabilities: list[str] = Field(
        description="What it can do beyond delivering and testing: `acks`, `find`, `staging`",
        examples=[["acks", "staging"]],
    )


class ConnectorTypes(Out):
    """All kinds."""

    items: list[ConnectorType]


@router.get("")
def list_connector_types(
    request: Request, response: Response, _caller: Annotated[Caller, Depends(require(Permission.READ))]
) -> ConnectorTypes:
    """List the kinds of connectors that are installed and offered."""
    response.headers["Content-Language"] = language.get()
    withheld = app_of(request).wiring.withheld
    offered = [kind for kind in ConnectorRegistry.types() if kind not in withheld]
    return ConnectorTypes(items=[_shown(ConnectorRegistry.metadata(kind)) for kind in offered])


def slug_of(connector_type: str) -> str:
    """Return a type's part of an address: DROPZONE_JSON_V1 → dropzone-json-v1."""
    return connector_type.lower().replace("_", "-")


def _shown(metadata: ConnectorMetadata) -> ConnectorType:
    return ConnectorType(
        type=metadata.connector_type,
        slug=slug_of(metadata.connector_type),
        display_name=told_text(metadata.display_name, language.get()),
        config_schema=told_form(metadata.config_schema, language.get()),
        capabilities=sorted(metadata.capabilities),
    )
