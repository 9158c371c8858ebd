"""Would Business Central take orders now? Asked without making anything."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from orderflow.connectors.business_central.service import Company, Row
from orderflow.domain.errors import NeedsAttentionError
from orderflow.domain.ids import new_id
from orderflow.formats.order_fields import sample_order

_ONLY_A_DELIVERY_SHOWS = (
    "Business Central was reached, lets us in and can be asked; only a delivery shows that the application may create "
    "orders (permission to insert Sales Header and Sales Line)."
)
_MOST_NAMED = 20


def try_out(company: Company) -> dict[str, Any]:
    """Check all that a delivery needs, as far as that can be asked; returns what is safe to show.

    Raises:
        ConnectorError: What is missing, by name.
    """
    nobodys = sample_order()
    nobodys.external_order_number = f"TEST-{new_id().hex[-12:]}"
    if company.find(nobodys, new_id()):
        raise NeedsAttentionError(
            "Business Central finds an order that was never sent.",
            code="WRONG_FIND",
            hint="What stands between OrderFlow and Business Central must pass $filter on. Then test the connection.",
        )
    for entity in ("customers", "items"):
        if not company.entities(entity, {"$top": 1, "$select": "number"}):
            raise _missing(f"The company has no {entity}.", "Take another company, or enter them there; then test.")
    return {
        "reached": True,
        "signed_in": True,
        "company": company.path.removeprefix("companies"),
        "may_create": None,
        **_check_mapping(company),
        "note": _ONLY_A_DELIVERY_SHOWS,
    }


def _check_mapping(company: Company) -> dict[str, Any]:
    """See that what the connection names is there; returns what else could be named."""
    config = company.config
    units = {str(row.get("code")) for row in company.entities("unitsOfMeasure", {"$select": "code"})}
    if unknown := sorted(set(config.units.values()) - units):
        raise _missing(f"The company has no unit called {', '.join(unknown)}.", "Correct 'Units', then test.")
    if config.charges:
        accounts = {str(row.get("number")) for row in company.entities("accounts", {"$select": "number"})}
        if unknown := sorted(set(config.charges.values()) - accounts):
            raise _missing(f"The company has no G/L account {', '.join(unknown)}.", "Correct 'Charges', then test.")
    return {
        "payment_terms": _checked(company, "paymentTerms", config.payment_terms),
        "shipment_methods": _checked(company, "shipmentMethods", config.shipment_methods),
    }


def _checked(company: Company, entity: str, named: dict[str, UUID]) -> dict[str, str]:
    there: list[Row] = company.entities(entity, {"$select": "id,code"})
    ids = {str(row.get("id")).lower(): str(row.get("code")) for row in there}
    if unknown := sorted(text for text, value in named.items() if str(value) not in ids):
        raise _missing(
            f"The company has nothing with the id that stands for {', '.join(unknown)}.",
            f"Take one of: {', '.join(f'{code} = {key}' for key, code in list(ids.items())[:_MOST_NAMED])}.",
        )
    return {code: key for key, code in list(ids.items())[:_MOST_NAMED]}


def _missing(what: str, hint: str) -> NeedsAttentionError:
    return NeedsAttentionError(what, code="SETUP_MISSING", hint=hint)
