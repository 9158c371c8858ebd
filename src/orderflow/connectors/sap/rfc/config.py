"""What a connection to SAP's function modules is configured with: one list that checks, masks and draws the form."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from orderflow.channels.http.settings import PatienceSettings
from orderflow.connectors.sap.config import OrderSettings, RejectionReason, SapAccess, TakesChanges
from orderflow.http.settings import field
from orderflow.http.urls import ServerUrl

CREATE = "BAPI_SALESORDER_CREATEFROMDAT2"

Role = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Z0-9]{2}$")]


class _Server(BaseModel):
    """Where SAP is."""

    url: Annotated[ServerUrl, field("Address", "Where SAP is, as https://sap.example:44300.", "Server")]
    service: Annotated[
        str,
        Field(max_length=200, pattern=r"^(/[A-Za-z0-9_.;=-]+)+$"),
        field("Service", "The path of the SOAP service for function modules there.", "Server"),
    ] = "/sap/bc/soap/rfc"
    client: Annotated[
        str,
        Field(pattern=r"^([0-9]{3})?$"),
        field("Client", "SAP's client, as 100. Empty: the system's own.", "Server"),
    ] = ""


class _Calls(BaseModel):
    """How orders are made and found."""

    commit: Annotated[
        Literal["in_session", "by_function"],
        field(
            "Commit",
            "in_session: BAPI_TRANSACTION_COMMIT, in the session of the order's call, which SAP must keep. "
            "by_function: the function module commits by itself, as one of your own around the BAPI.",
            "Orders",
        ),
    ] = "in_session"
    create_function: Annotated[
        str,
        Field(pattern=r"^[A-Z0-9_]{1,30}$"),
        field("Function module", "It has the BAPI's parameters.", "Orders", {"commit": ["by_function"]}),
    ] = CREATE
    reference_in: Annotated[
        Literal["number_and_key", "number"],
        field(
            "Found by",
            "number_and_key: the customer's purchase order number has a short key of ours behind it, as "
            "PO-77/K7Q3M9QW, and an order whose answer was lost is found by it. number: the customer's number alone, "
            "for customers who use none twice; an order that is there already is refused then.",
            "Orders",
        ),
    ] = "number_and_key"
    rejection_reason: RejectionReason = ""
    takes_changes: TakesChanges = False
    sold_to_role: Annotated[Role, field("Sold-to", "The partner role of the customer.", "Orders")] = "AG"
    ship_to_role: Annotated[Role, field("Ship-to", "The role of who gets the goods.", "Orders")] = "WE"
    bill_to_role: Annotated[Role, field("Bill-to", "The role of who gets the invoice.", "Orders")] = "RE"
    pads_numbers: Annotated[
        bool,
        field(
            "Zeros before numbers",
            "Numbers of customers and materials go as SAP keeps them: those of digits alone with zeros before them.",
            "Orders",
        ),
    ] = True


class SapRfcConfig(PatienceSettings, OrderSettings, _Calls, SapAccess, _Server):
    """An SAP ERP or S/4HANA whose function modules can be called by SOAP."""

    # Of the parents, the last one's fields come first in the form.
    model_config = ConfigDict(extra="forbid", frozen=True, title="SAP (BAPI by SOAP)", hide_input_in_errors=True)

    MAY_BE_EMPTY: ClassVar[frozenset[str]] = SapAccess.MAY_BE_EMPTY | {"rejection_reason"}

    @model_validator(mode="after")
    def _committed_in_a_session(self) -> Self:
        if self.commit == "by_function" and (self.takes_changes or self.rejection_reason):
            raise ValueError("takes_changes and rejection_reason need commit in_session: a change has to be committed")
        return self

    @property
    def endpoint(self) -> str:
        """Where the service is."""
        return f"{self.url}{self.service}"

    @property
    def logon(self) -> dict[str, str]:
        """Where and how we sign in, as headers of every request."""
        given = {"sap-client": self.client, "sap-language": self.language}
        return {name: value for name, value in given.items() if value}
