"""What a connection to Business Central is configured with: one list that checks, masks and draws the form."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from orderflow.channels.http.settings import PatienceSettings
from orderflow.connectors.whole_orders import FieldName
from orderflow.http.settings import SignInSettings, TrustSettings, Url, check_encrypted, check_sign_in, field
from orderflow.http.urls import ServerUrl

NAME = "Business Central"
SCOPE = "https://api.businesscentral.dynamics.com/.default"
"""Source: "Service-to-Service (S2S) authentication", Microsoft Learn."""

Code = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^\S.{0,9}$")]
Account = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^\S{1,20}$")]


class _Server(BaseModel):
    """Where the company is."""

    tenant: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9.-]{1,100}$"),
        field("Tenant", "The directory's id in Entra, or its domain, as contoso.onmicrosoft.com.", "Server"),
    ]
    environment: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9_-]{0,30}$"),
        field("Environment", "As Production. Empty: installed on premises.", "Server"),
    ] = "Production"
    company: Annotated[
        str,
        Field(min_length=1, max_length=100),
        field("Company", "Its name as under 'Companies', as CRONUS International Ltd., or its id.", "Server"),
    ]
    url: Annotated[
        ServerUrl,
        field("Address", "On premises the server's, with its instance: https://nav.contoso.com:7048/BC.", "Server"),
    ] = "https://api.businesscentral.dynamics.com"


class _SignIn(SignInSettings):
    """Who we are: an application that Entra knows."""

    auth: Annotated[
        Literal["oauth2", "basic"],
        field("Kind", "oauth2: an application in Entra. basic: on premises, a user's web service access key.",
              "Sign-in"),
    ] = "oauth2"  # fmt: skip
    client_auth: Annotated[
        Literal["body", "basic", "certificate"],
        field(
            "Client signs in by",
            "body, basic: its secret. certificate: an assertion that its private key signs.",
            "Sign-in",
            {"auth": ["oauth2"]},
        ),
    ] = "body"
    token_url: Annotated[
        Url | None,
        field("Token URL", "Empty: Entra's, for the tenant. Another one in national clouds.", "Sign-in",
              {"auth": ["oauth2"]}),
    ] = None  # fmt: skip
    scope: Annotated[
        str | None, field("Scope", "Business Central's own, unless on premises.", "Sign-in", {"auth": ["oauth2"]})
    ] = SCOPE


class _Orders(BaseModel):
    """How orders stand there."""

    reference_in: Annotated[
        Literal["number_and_key", "number"],
        field(
            "Found by",
            "number_and_key: the external document number is the customer's order number with a short key of ours "
            "behind it, as PO-77/K7Q3M9QW, and an order whose answer was lost is found by it. number: the customer's "
            "number alone, for customers who use none twice; an order that is there already is refused then.",
            "Orders",
        ),
    ] = "number_and_key"
    confirmed_when: Annotated[
        Literal["there", "released", "shipped"],
        field(
            "Confirmed when",
            "there: Business Central has the order. released: somebody has released it. shipped: all of it was "
            "shipped. What it holds is then compared with what was ordered.",
            "Orders",
        ),
    ] = "there"
    deletes_recalled: Annotated[
        bool,
        field(
            "Delete recalled orders",
            "An order that is asked back is deleted, as long as it is open (not released) and nothing of it is "
            "shipped.",
            "Orders",
        ),
    ] = False
    takes_changes: Annotated[
        bool,
        field(
            "Changes",
            "Business Central is asked to change orders that it has, as long as they are open and nothing is shipped.",
            "Orders",
            destination=False,
        ),
    ] = False
    shipping_days: Annotated[
        int,
        Field(ge=0, le=100),
        field(
            "Days on the way",
            "A line that is wanted on a day of its own is to be shipped so many days before it.",
            "Orders",
        ),
    ] = 0


class _Mapping(BaseModel):
    """What orders say, in the company's words."""

    units: Annotated[
        dict[str, Code],
        field("Units", "Unit in the orders: unit code in Business Central, where they differ, as PCE: PCS.", "Mapping",
              destination=False),
    ] = {}  # fmt: skip
    countries: Annotated[
        dict[str, Code],
        field("Countries", "Country codes for countries that orders call by name, as Germany: DE.", "Mapping"),
    ] = {}
    payment_terms: Annotated[
        dict[str, UUID],
        field("Payment terms", "Ids of payment terms for those of orders; the connection's test lists them.",
              "Mapping"),
    ] = {}  # fmt: skip
    shipment_methods: Annotated[
        dict[str, UUID],
        field("Delivery terms", "Ids of shipment methods for delivery terms; the connection's test lists them.",
              "Mapping"),
    ] = {}  # fmt: skip
    charges: Annotated[
        dict[str, Account],
        field(
            "Charges",
            "G/L accounts for charges by their codes, as FC: 6810. An order with another one is refused.",
            "Mapping",
        ),
    ] = {}
    left_out: Annotated[
        list[FieldName],
        field(
            "Left out",
            "Fields that are not sent, as gtin or ship_to.email. Without an entry, what has no place in Business "
            "Central refuses the order.",
            "Mapping",
        ),
    ] = []


class _Patience(PatienceSettings):
    """How long we wait; the limits of Business Central online are 10 minutes for a request, and 5 requests at once."""

    timeout: Annotated[
        float,
        Field(gt=0, le=600),
        field(
            "Time for a request",
            "Seconds for all of it. Business Central ends a request after 10 minutes; what we do not wait for is "
            "looked for later.",
            "Advanced",
        ),
    ] = 120
    max_in_flight: Annotated[
        int,
        Field(ge=1, le=64),
        field("Orders at once", "Requests under way. Business Central works at 5 of one user at a time.", "Advanced"),
    ] = 4


class BusinessCentralConfig(_Patience, _Mapping, _Orders, TrustSettings, _SignIn, _Server):
    """A company in Business Central, online or on premises."""

    # Of the parents, the last one's fields come first in the form.
    model_config = ConfigDict(
        extra="forbid", frozen=True, title="Dynamics 365 Business Central", hide_input_in_errors=True
    )

    @property
    def root(self) -> str:
        """Where the API is. Source: "API endpoint structure", Microsoft Learn."""
        online = f"/v2.0/{quote(self.tenant)}/{self.environment}" if self.environment else ""
        return f"{self.url}{online}/api/v2.0"

    @model_validator(mode="before")
    @classmethod
    def _complete_what_is_empty(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        told = {name: value for name, value in given.items() if value not in ("", None) or name == "environment"}
        if told.get("auth", "oauth2") == "oauth2" and isinstance(told.get("tenant"), str):
            entra = f"https://login.microsoftonline.com/{quote(told['tenant'], safe='')}/oauth2/v2.0/token"
            told.setdefault("token_url", entra)
        return told

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_sign_in(self)
        check_encrypted(self, ["url", "token_url"])
        if self.takes_changes and self.reference_in == "number":
            raise ValueError("takes_changes needs reference_in number_and_key: a change is found by its key")
        return self
