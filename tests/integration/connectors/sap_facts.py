"""What SAP publishes of API_SALES_ORDER_SRV (OData V2), as far as we send or read it.

Source: "Sales Order (A2X)" on api.sap.com, its metadata: names, types, lengths, and what may not be written.
A field is `S35` (text of 35 characters), `D15.3` (digits in all, after the point), `T` (date) or the entity that it
leads to; `!` behind it: it may not be created.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).parents[4] / "shared" / "samples" / "sap-odata" / "API_SALES_ORDER_SRV.csn"
"""SAP's own, where it lies beside this project."""

FACTS: dict[str, dict[str, str]] = {
    "A_SalesOrder": {
        "SalesOrder": "S10", "SalesOrderType": "S4", "SalesOrganization": "S4", "DistributionChannel": "S2",
        "OrganizationDivision": "S2", "SoldToParty": "S10", "PurchaseOrderByCustomer": "S35",
        "PurchaseOrderByShipToParty": "S35", "CustomerPurchaseOrderDate": "T", "TransactionCurrency": "S5",
        "RequestedDeliveryDate": "T", "CustomerPaymentTerms": "S4", "IncotermsClassification": "S3",
        "IncotermsLocation1": "S70", "TotalNetAmount": "D16.3!", "TotalBlockStatus": "S1!",
        "OverallDeliveryStatus": "S1!", "OverallSDDocumentRejectionSts": "S1!", "to_Item": "A_SalesOrderItem",
        "to_Partner": "A_SalesOrderHeaderPartner", "to_PricingElement": "A_SalesOrderHeaderPrElement",
        "to_Text": "A_SalesOrderText",
    },
    "A_SalesOrderItem": {
        "SalesOrder": "S10!", "SalesOrderItem": "S6", "HigherLevelItem": "S6", "Material": "S40",
        "MaterialByCustomer": "S35", "SalesOrderItemText": "S40", "RequestedQuantity": "D15.3",
        "RequestedQuantityUnit": "S3", "NetAmount": "D16.3!", "SalesDocumentRjcnReason": "S2",
        "to_PricingElement": "A_SalesOrderItemPrElement", "to_ScheduleLine": "A_SalesOrderScheduleLine",
        "to_Text": "A_SalesOrderItemText",
    },
    "A_SalesOrderScheduleLine": {
        "SalesOrder": "S10!", "SalesOrderItem": "S6!", "ScheduleLine": "S4", "RequestedDeliveryDate": "T",
        "ConfirmedDeliveryDate": "T", "OrderQuantityUnit": "S3", "ScheduleLineOrderQuantity": "D13.3",
        "ConfdOrderQtyByMatlAvailCheck": "D13.3",
    },
    "A_SalesOrderItemPrElement": {
        "SalesOrder": "S10!", "SalesOrderItem": "S6!", "PricingProcedureStep": "S3", "PricingProcedureCounter": "S3",
        "ConditionType": "S4", "ConditionRateValue": "D24.9", "ConditionCurrency": "S5", "ConditionQuantity": "D5.0",
        "ConditionQuantityUnit": "S3", "ConditionAmount": "D16.3!", "ConditionClass": "S1!",
        "ConditionInactiveReason": "S1!",
    },
    "A_SalesOrderHeaderPrElement": {
        "ConditionType": "S4", "ConditionRateValue": "D24.9", "ConditionCurrency": "S5", "ConditionQuantity": "D5.0",
        "ConditionQuantityUnit": "S3",
    },
    "A_SalesOrderText": {"Language": "S2", "LongTextID": "S4", "LongText": "S0"},
    "A_SalesOrderItemText": {"Language": "S2", "LongTextID": "S4", "LongText": "S0"},
    "A_SalesOrderHeaderPartner": {
        "PartnerFunction": "S2", "Customer": "S10", "VATRegistration": "S20",
        "to_Address": "A_SalesOrderPartnerAddress",
    },
    "A_SalesOrderPartnerAddress": {
        "AddresseeFullName": "S80", "OrganizationName1": "S40", "OrganizationName2": "S40", "OrganizationName3": "S40",
        "OrganizationName4": "S40", "CityName": "S40", "PostalCode": "S10", "StreetName": "S60", "Country": "S3",
        "Region": "S3", "EmailAddress": "S241", "PhoneNumber": "S30",
    },
}  # fmt: skip


def published() -> dict[str, dict[str, str]]:
    """Return the same of SAP's own file; of an installation without it, ours."""
    if not PUBLISHED.exists():
        return FACTS
    definitions = json.loads(PUBLISHED.read_text())["definitions"]
    return {name: _of(definitions[f"API_SALES_ORDER_SRV.{name}"]["elements"]) for name in FACTS}


def _of(elements: dict[str, Any]) -> dict[str, str]:
    return {name: _kind(element) + _closed(element) for name, element in elements.items()}


def _closed(element: dict[str, Any]) -> str:
    return "!" if element.get("@sap.creatable") == "false" else ""


def _kind(element: dict[str, Any]) -> str:
    match element["type"]:
        case "cds.Association":
            return str(element["target"]).removeprefix("API_SALES_ORDER_SRV.")
        case "cds.Decimal":
            return f"D{element['precision']}.{element['scale']}"
        case "cds.Date":
            return "T"
        case _:
            return f"S{element.get('length', 0)}"
