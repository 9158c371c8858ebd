"""What a connection to SAP's OData service is configured with: one list that checks, masks and draws the form."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from orderflow.channels.http.settings import PatienceSettings
from orderflow.connectors.whole_orders import FieldName
from orderflow.http.settings import (
    SignInSettings,
    TLSSettings,
    check_encrypted,
    check_sign_in,
    check_together,
    field,
)
from orderflow.http.urls import ServerUrl

SERVICE = "/sap/opu/odata/sap/API_SALES_ORDER_SRV"

Code = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True)]
Condition = Annotated[Code, StringConstraints(pattern=r"^[A-Z0-9]{4}$")]
Unit = Annotated[str, StringConstraints(pattern=r"^\S{1,3}$")]
TextId = Annotated[Code, StringConstraints(pattern=r"^[A-Z0-9]{1,4}$")]
PartnerFunction = Annotated[Code, StringConstraints(pattern=r"^[A-Z0-9]{2}$")]


class _Server(BaseModel):
    """Where SAP is."""

    url: Annotated[ServerUrl, field("Address", "Where SAP is, as https://my300000-api.s4hana.cloud.sap.", "Server")]
    service: Annotated[
        str,
        Field(max_length=200, pattern=r"^(/[A-Za-z0-9_.;=-]+)+$"),
        field("Service", "The path of API_SALES_ORDER_SRV (OData V2) there.", "Server"),
    ] = SERVICE
    client: Annotated[
        str,
        Field(pattern=r"^([0-9]{3})?$"),
        field("Client", "SAP's client, as 100. Empty: the system's own.", "Server"),
    ] = ""


class SapSignIn(SignInSettings):
    """Who we are, as SAP lets in whom it knows."""

    auth: Annotated[
        Literal["basic", "oauth2", "bearer", "api_key", "none"],
        field(
            "Kind",
            "How OrderFlow proves who it is. basic: a communication user. oauth2: client credentials. none: by a "
            "client certificate, under TLS.",
            "Sign-in",
        ),
    ] = "basic"


class SapAccess(TLSSettings, SapSignIn):
    """How SAP is reached, and lets us in; whoever inherits says where it is (`url`)."""

    MAY_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"price_condition", "client"})
    """Fields whose being empty says something else than their default."""

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_empty(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value not in ("", None) or name in cls.MAY_BE_EMPTY}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_sign_in(self)
        check_together(self, [("client_certificate", "client_key")])
        if self.auth == "none" and self.client_certificate is None:
            raise ValueError("auth none needs client_certificate and client_key")
        check_encrypted(self, ["url", "token_url"])
        return self


class _SalesArea(BaseModel):
    """Where orders are made, and in which language."""

    language: Annotated[
        Code,
        Field(pattern=r"^[A-Z]{2}$"),
        field(
            "Language",
            "Of SAP's messages and of the texts that are sent (ISO 639), as EN. Units and partner functions are also "
            "called as in it.",
            "Server",
            destination=False,
        ),
    ] = "EN"
    sales_organization: Annotated[
        Code, Field(pattern=r"^[A-Z0-9]{1,4}$"), field("Sales organization", "As 1710.", "Orders")
    ]
    distribution_channel: Annotated[
        Code, Field(pattern=r"^[A-Z0-9]{1,2}$"), field("Distribution channel", "As 10.", "Orders")
    ]
    division: Annotated[Code, Field(pattern=r"^[A-Z0-9]{1,2}$"), field("Division", "As 00.", "Orders")]
    order_type: Annotated[
        Code, Field(pattern=r"^[A-Z0-9]{1,4}$"), field("Type of order", "SAP's sales document type.", "Orders")
    ] = "OR"


RejectionReason = Annotated[
    Code,
    Field(pattern=r"^[A-Z0-9]{0,2}$"),
    field(
        "Reason for rejection",
        "SAP's key with which all items of a recalled order are rejected, as 50. Empty: SAP is not asked to take "
        "orders back.",
        "Orders",
    ),
]
TakesChanges = Annotated[
    bool,
    field(
        "Changes",
        "SAP is asked to change orders that it has. Our user needs the right to change sales orders, too.",
        "Orders",
        destination=False,
    ),
]


class _Orders(BaseModel):
    """How orders stand in SAP."""

    reference_in: Annotated[
        Literal["ship_to_reference", "customer_reference"],
        field(
            "Found by",
            "ship_to_reference: each delivery's own key stands in 'Customer reference of the ship-to party', and an "
            "order whose answer was lost is found by it. customer_reference: found by the customer's order number and "
            "the sold-to party, for customers who use no number twice; an order that SAP has already is refused then.",
            "Orders",
        ),
    ] = "ship_to_reference"
    confirmed_when: Annotated[
        Literal["there", "not_blocked"],
        field(
            "Confirmed when",
            "there: SAP has the order. not_blocked: and neither credit nor delivery nor billing is blocked. What SAP "
            "holds is then compared with what was ordered.",
            "Orders",
        ),
    ] = "there"
    rejection_reason: RejectionReason = ""
    takes_changes: TakesChanges = False
    ship_to_function: Annotated[
        PartnerFunction, field("Ship-to", "The partner function of who gets the goods, in 'Language'.", "Orders")
    ] = "SH"
    bill_to_function: Annotated[
        PartnerFunction, field("Bill-to", "The partner function of who gets the invoice.", "Orders")
    ] = "BP"


class _PricesAndTexts(BaseModel):
    """As what prices and texts are sent."""

    price_condition: Annotated[
        Condition | Literal[""],
        field(
            "Price's condition",
            "The manual condition as which prices are sent, as PMP0 or PR00. Empty: SAP finds its own price, which is "
            "compared with the order's.",
            "Orders",
        ),
    ] = "PMP0"
    note_text: Annotated[
        TextId, field("Text of an order", "The text's id in SAP for notes, as TX01 or 0001.", "Orders")
    ] = "TX01"
    line_text: Annotated[
        TextId,
        field("Text of a line", "The same for notes of a line, and descriptions of more than 40 characters.", "Orders"),
    ] = "TX01"


class _Mapping(BaseModel):
    """What orders say, in SAP's words."""

    units: Annotated[
        dict[str, Unit],
        field(
            "Units",
            "Unit in the orders: unit in SAP, where they differ, as CTN: CAR. Known are the codes of UN/ECE "
            "Recommendation 20 for pieces (PC), kg, g, t, m, cm, mm, l and hours.",
            "Mapping",
            destination=False,
        ),
    ] = {}
    countries: Annotated[
        dict[str, Annotated[Code, StringConstraints(pattern=r"^[A-Z]{2,3}$")]],
        field("Countries", "SAP's keys for countries that orders call by name, as Germany: DE.", "Mapping"),
    ] = {}
    regions: Annotated[
        dict[str, Annotated[str, StringConstraints(max_length=3)]],
        field("Regions", "SAP's keys for regions that orders call by name, as Bavaria: BY.", "Mapping"),
    ] = {}
    payment_terms: Annotated[
        dict[str, Annotated[Code, StringConstraints(pattern=r"^[A-Z0-9]{1,4}$")]],
        field("Payment terms", "SAP's keys for those of orders, as net 30 days: 0001.", "Mapping"),
    ] = {}
    incoterms: Annotated[
        dict[str, Annotated[Code, StringConstraints(pattern=r"^[A-Z]{3}$")]],
        field("Delivery terms", "Incoterms for terms that do not begin with one, as free house: DDP.", "Mapping"),
    ] = {}
    conditions: Annotated[
        dict[str, Condition],
        field(
            "Allowances and charges",
            "Conditions for those of orders by their codes, as FC: HD00. An order with another one is refused.",
            "Mapping",
        ),
    ] = {}
    left_out: Annotated[
        list[FieldName],
        field(
            "Left out",
            "Fields that are not sent, as gtin or ship_to.email. Without an entry, what has no place in SAP refuses "
            "the order.",
            "Mapping",
        ),
    ] = []


class OrderSettings(_Mapping, _PricesAndTexts, _SalesArea):
    """What it takes to write a sales order, whichever way it goes."""


class SapODataConfig(PatienceSettings, OrderSettings, _Orders, SapAccess, _Server):
    """An SAP S/4HANA that takes sales orders by OData."""

    # Of the parents, the last one's fields come first in the form.
    model_config = ConfigDict(extra="forbid", frozen=True, title="SAP S/4HANA (OData)", hide_input_in_errors=True)

    MAY_BE_EMPTY: ClassVar[frozenset[str]] = SapAccess.MAY_BE_EMPTY | {"rejection_reason"}

    @property
    def root(self) -> str:
        """The service's address."""
        return f"{self.url}{self.service}"

    @property
    def logon(self) -> dict[str, str]:
        """Where and how we sign in, as headers of every request."""
        given = {"sap-client": self.client, "sap-language": self.language}
        return {name: value for name, value in given.items() if value}
