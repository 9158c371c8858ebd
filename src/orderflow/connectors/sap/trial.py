"""Would SAP take orders now? Asked without making anything."""

from __future__ import annotations

from typing import Any

from orderflow.connectors.sap.metadata import Metadata
from orderflow.connectors.sap.service import ITEM, ORDER, PRICE, SapService
from orderflow.domain.errors import NeedsAttentionError
from orderflow.domain.ids import new_id
from orderflow.formats.order_fields import sample_order
from orderflow.http import UnreadableError

NEEDED = {
    ORDER: ("SalesOrderType", "SalesOrganization", "DistributionChannel", "OrganizationDivision", "SoldToParty",
            "PurchaseOrderByCustomer", "TransactionCurrency", "to_Item"),
    ITEM: ("Material", "RequestedQuantity", "RequestedQuantityUnit"),
    PRICE: ("ConditionType", "ConditionRateValue", "ConditionCurrency", "ConditionQuantity", "ConditionQuantityUnit"),
}  # fmt: skip
_ONLY_A_DELIVERY_SHOWS = (
    "SAP was reached, lets us in and can be asked; only a delivery shows that our user may create orders in this sales "
    "area."
)


def try_out(service: SapService) -> dict[str, Any]:
    """Check all that a delivery needs, as far as that can be asked; returns what is safe to show.

    Raises:
        ConnectorError: What is missing, by name.
    """
    config = service.config
    try:
        _check_fields(service.metadata, {ORDER: ("PurchaseOrderByShipToParty",)} if _by_key(service) else {})
    except UnreadableError as error:
        raise NeedsAttentionError(
            f"Something else than SAP answers at this address: it gave {error}.",
            code="SERVICE_MISSING",
            hint="Correct address and service in the connection, then test it.",
        ) from None
    service.session.sign_in()
    nobodys = sample_order()
    nobodys.external_order_number = f"TEST-{new_id().hex[-12:]}"
    if service.find(nobodys, new_id()):
        raise NeedsAttentionError(
            "SAP finds an order that was never sent.",
            code="WRONG_FIND",
            hint="What stands between OrderFlow and SAP must pass $filter on. Then test the connection.",
        )
    return {
        "reached": True,
        "signed_in": True,
        "may_create": None,
        "sales_area": f"{config.sales_organization}/{config.distribution_channel}/{config.division}",
        "note": _ONLY_A_DELIVERY_SHOWS,
    }


def _by_key(service: SapService) -> bool:
    return service.config.reference_in == "ship_to_reference"


def _check_fields(metadata: Metadata, more: dict[str, tuple[str, ...]]) -> None:
    missing = [
        f"{entity}/{name}"
        for entity, names in NEEDED.items()
        for name in (*names, *more.get(entity, ()))
        if not metadata.has(entity, name)
    ]
    if missing:
        raise NeedsAttentionError(
            f"SAP's service lacks {', '.join(missing)}.",
            code="FIELD_UNKNOWN",
            hint="The service must be API_SALES_ORDER_SRV (OData V2). Where a release has no "
            "PurchaseOrderByShipToParty, choose 'Found by: customer_reference'.",
        )
