"""`/connectors/{slug}` and `/connectors/{slug}/test` for every type of connector: the type is in the address."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Request
from pydantic import AfterValidator, BaseModel, WithJsonSchema, create_model

from orderflow.connectors.registry import ConnectorRegistry
from orderflow.entrypoints.api.connector_schemas import (
    ConfigToTest,
    Connector,
    ConnectorSettings,
    TestPassed,
    plain_json,
)
from orderflow.entrypoints.api.connector_types import slug_of
from orderflow.entrypoints.api.connectors import Editor, Tester, create, try_it
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.work import Work, slow

router = ApiRouter("/connectors", "Connectors")


def _add(connector_type: str) -> None:
    metadata = ConnectorRegistry.metadata(connector_type)
    slug, name = slug_of(connector_type), metadata.display_name
    identifier = slug.replace("-", "_")

    def save(request: Request, caller: Editor, body: Any) -> Connector:
        return create(request, caller, connector_type, body)

    def test(request: Request, caller: Tester, body: Any) -> TestPassed:
        return try_it(request, caller, connector_type, body)

    settings = _with_config(ConnectorSettings, f"{metadata.connector_type.title()}Settings", metadata.config_schema)
    to_test = _with_config(ConfigToTest, f"{metadata.connector_type.title()}ToTest", metadata.config_schema)
    save.__annotations__ = {"request": Request, "caller": Editor, "body": settings, "return": Connector}
    test.__annotations__ = {"request": Request, "caller": Tester, "body": to_test, "return": TestPassed}
    save.__doc__, test.__doc__ = f"Add a connector: {name}.", f"Test a configuration without saving it: {name}."
    save.__name__, test.__name__ = f"create_{identifier}", f"test_{identifier}"
    router.post(f"/{slug}", status_code=201, responses=answers(400, 409))(slow(Work.TEST)(save))
    router.post(f"/{slug}/test", responses=answers(400, 404, 409))(slow(Work.TEST)(test))


def _with_config(base: type[BaseModel], name: str, schema: dict[str, Any]) -> type[BaseModel]:
    """Return `base` with `config` documented by the connector's own schema; it is checked when it is saved."""
    if "$defs" in schema:
        return create_model(name, __base__=base)
    config = Annotated[dict[str, Any], AfterValidator(plain_json), WithJsonSchema(schema)]
    return create_model(name, __base__=base, config=(config, ...))


for known in ConnectorRegistry.types():
    _add(known)
