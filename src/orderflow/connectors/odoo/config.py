"""What an Odoo connection is configured with: one list that checks input, marks secrets and draws the form."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from orderflow.connectors.api_fields import ServerUrl, form


class OdooConfig(BaseModel):
    """An Odoo that takes orders as quotations."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Odoo", hide_input_in_errors=True)

    url: ServerUrl = Field(
        title="Address",
        description="Where Odoo is, as https://mycompany.odoo.com. With http:// the key travels unencrypted.",
        json_schema_extra=form("Server"),
    )
    database: str = Field(
        min_length=1,
        max_length=63,
        pattern=r"^[\w.-]+$",
        title="Database",
        description="Its name; on odoo.com usually the first part of the address.",
        json_schema_extra=form("Server"),
    )
    api: Literal["json2", "jsonrpc"] = Field(
        "json2",
        title="Way in",
        description="json2: Odoo 19 and later. jsonrpc: Odoo 14 to 18 (19 still has it, 20 will not).",
        json_schema_extra=form("Sign-in"),
    )
    username: str | None = Field(
        None,
        max_length=255,
        title="User",
        description="The sign-in name of an Odoo user who may sell.",
        json_schema_extra=form("Sign-in", {"api": ["jsonrpc"]}),
    )
    api_key: SecretStr = Field(
        min_length=1,
        title="API key",
        description="Of a user who may sell: Preferences → Account Security → New API Key.",
        json_schema_extra=form("Sign-in", writeOnly=True),
    )
    on_arrival: Literal["draft", "confirm"] = Field(
        "draft",
        title="On arrival",
        description="draft: a person looks at each quotation in Odoo. confirm: it becomes a sales order at once.",
        json_schema_extra=form("Orders"),
    )
    customer_by: Literal["ref", "vat"] = Field(
        "ref",
        title="Customer number is",
        description="What the order's customer number means in Odoo: a contact's reference, or its tax id (VAT).",
        json_schema_extra=form("Orders"),
    )
    units: dict[str, str] = Field(
        default_factory=dict,
        title="Units",
        description="Unit in the orders → unit in Odoo, where they differ: {'CTN': 'Pack of 6'}.",
        json_schema_extra=form("Orders"),
    )
    pricelists: dict[str, str] = Field(
        default_factory=dict,
        title="Price lists",
        description="Currency → name of the price list in Odoo that sells in it, for customers without one of their "
        "own: {'EUR': 'Euro'}. Prices stay as ordered.",
        json_schema_extra=form("Orders"),
    )
    timeout: float = Field(
        30,
        gt=0,
        le=600,
        title="Time for a request",
        description="Seconds for all of one request: connecting, sending, and the answer to its last byte.",
        json_schema_extra=form("Advanced"),
    )

    @model_validator(mode="after")
    def _sign_in_is_whole(self) -> Self:
        if self.api == "jsonrpc" and not self.username:
            raise ValueError("username is needed for JSON-RPC")
        return self
