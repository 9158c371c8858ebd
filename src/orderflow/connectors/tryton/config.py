"""What a Tryton connection is configured with: one list that checks input, marks secrets and draws the form."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from orderflow.connectors.api_fields import ServerUrl, form

_RPC = {"api": ["jsonrpc"]}


class TrytonConfig(BaseModel):
    """A Tryton server that takes orders as sales."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Tryton", hide_input_in_errors=True)

    url: ServerUrl = Field(
        title="Address",
        description="Where Tryton is, as https://tryton.example.com. With http:// the key travels unencrypted.",
        json_schema_extra=form("Server"),
    )
    database: str = Field(
        min_length=1,
        max_length=63,
        pattern=r"^[\w.-]+$",
        title="Database",
        description="The name that Tryton's sign-in asks for.",
        json_schema_extra=form("Server"),
    )
    api: Literal["rest", "jsonrpc"] = Field(
        "rest",
        title="Way in",
        description="rest: with an application key, which can be revoked; Tryton 8. jsonrpc: with a user and password.",
        json_schema_extra=form("Sign-in"),
    )
    application_key: SecretStr | None = Field(
        None,
        title="Application key",
        description="Of a Tryton user who may create sales; validated by that user in the preferences.",
        json_schema_extra=form("Sign-in", {"api": ["rest"]}, writeOnly=True),
    )
    username: str | None = Field(
        None,
        max_length=255,
        title="User",
        description="A Tryton user who may create sales.",
        json_schema_extra=form("Sign-in", _RPC),
    )
    password: SecretStr | None = Field(
        None, title="Password", description="Of that user.", json_schema_extra=form("Sign-in", _RPC, writeOnly=True)
    )
    on_arrival: Literal["draft", "quote", "confirm"] = Field(
        "draft",
        title="On arrival",
        description="draft: a person looks at each sale in Tryton. quote: it becomes a quotation with a number. "
        "confirm: it is confirmed at once, and Tryton goes on to ship and invoice.",
        json_schema_extra=form("Orders"),
    )
    customer_by: Literal["code", "tax_identifier"] = Field(
        "code",
        title="Customer number is",
        description="What the order's customer number means in Tryton: a party's code, or its tax identifier (VAT).",
        json_schema_extra=form("Orders"),
    )
    units: dict[str, str] = Field(
        default_factory=dict,
        title="Units",
        description="Unit in the orders → symbol in Tryton, where they differ: {'CTN': 'box'}.",
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
        if self.api == "rest" and not self.application_key:
            raise ValueError("application_key is needed for the REST interface")
        if self.api == "jsonrpc" and not (self.username and self.password):
            raise ValueError("username and password are needed for JSON-RPC")
        return self
