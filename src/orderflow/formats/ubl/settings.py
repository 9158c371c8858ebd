"""What a connection asks for that writes UBL."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from orderflow.domain.codes import identifier_fault
from orderflow.formats.edi.settings import in_document
from orderflow.formats.file_name import PARTS, check_pattern
from orderflow.formats.format import FormatSettings


def _endpoint(code: str) -> str:
    if fault := identifier_fault("endpoint", code):
        raise ValueError(fault)
    return code


Endpoint = Annotated[str, AfterValidator(_endpoint)]
Unit = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,3}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]

_PEPPOL = {"show_when": {"profile": ["peppol"]}}


def _seller(title: str, about: str) -> Any:
    return in_document(title, f"{about} Of the seller, where an order names none.", default=None, group="Seller")


class UblSettings(FormatSettings):
    """Orders as UBL 2.1, as Peppol BIS 3 has it or plain, answered by Order Response."""

    model_config = ConfigDict(title="UBL Order")

    profile: Literal["peppol", "ubl"] = in_document(
        "Profile",
        "peppol: Order of Peppol BIS 3 (T01), and nothing that it does not take. ubl: UBL 2.1 without Peppol's limits.",
        default="peppol",
    )
    process: Literal["order_only", "ordering", "advanced_ordering"] = in_document(
        "Process",
        "Of Peppol (ProfileID). order_only: no answer comes. ordering: by Order Response. advanced_ordering: also "
        "changes and cancellations.",
        default="ordering",
        extra=_PEPPOL,
    )
    seller_endpoint: Endpoint | None = _seller(
        "Seller's endpoint",
        "Electronic address with its scheme, as 0088:4000001000005. Responses of others are not read.",
    )
    seller_name: Annotated[str, StringConstraints(max_length=200)] | None = _seller("Seller's name", "As registered.")
    seller_country: Country | None = _seller("Seller's country", "Two letters (ISO 3166-1), as DE.")
    endpoints: dict[str, Endpoint] = in_document(
        "Buyers' endpoints",
        "Electronic addresses by customer number, as 4711: 9930:DE123456789, for orders whose buyer brings none.",
        default={},
        group="Mapping",
    )
    units: dict[str, Unit] = in_document(
        "Units",
        "Codes (UN/ECE Recommendation 20) of units that orders call otherwise, as Stk: H87. A code needs no entry.",
        default={},
        group="Mapping",
    )
    countries: dict[str, Country] = in_document(
        "Countries",
        "Codes of countries (ISO 3166, two letters) that orders call by name, as Germany: DE. A code needs no entry.",
        default={},
        group="Mapping",
    )
    sku_as_name: bool = in_document(
        "Article number as name",
        "A line without a description is named by its article's number. Off: the order is refused, since each item "
        "must have a name.",
        default=False,
    )
    file_name: Annotated[str, Field(min_length=8, max_length=120), AfterValidator(check_pattern)] = in_document(
        "File name",
        f"May hold {', '.join('{' + part + '}' for part in PARTS)}; {{export}} and an extension are musts.",
        default="sales_order_{draft_order_id}_{timestamp}_{export}.xml",
    )

    @property
    def is_peppol(self) -> bool:
        """Whether the documents are Peppol's."""
        return self.profile == "peppol"

    @property
    def seller(self) -> dict[str, str | None]:
        """The seller of orders that name none."""
        return {
            "endpoint": self.seller_endpoint,
            "name": self.seller_name,
            "country_code": self.seller_country,
        }
