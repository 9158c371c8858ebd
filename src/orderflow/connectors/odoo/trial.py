"""Would Odoo take orders now? Asked without making anything."""

from __future__ import annotations

from typing import Any

from orderflow.connectors.catalog import check_units
from orderflow.connectors.odoo.answers import forbidden
from orderflow.connectors.odoo.api import OdooApi, search_read
from orderflow.connectors.odoo.catalog import read_pricelists
from orderflow.connectors.odoo.config import OdooConfig
from orderflow.domain.errors import ConnectorError, RejectedError

NEEDED = {
    "sale.order": ("create", "read", "write"),
    "sale.order.line": ("create", "read", "write"),
    "res.partner": ("read",),
    "product.product": ("read",),
    "uom.uom": ("read",),
}


def try_out(api: OdooApi, config: OdooConfig) -> dict[str, Any]:
    """Check all that a delivery needs; returns what is safe to show.

    Raises:
        ConnectorError: What is missing, by name.
    """
    api.call("res.users", "context_get")
    check_rights(api)
    check_units("Odoo", config.units, [unit["name"] for unit in search_read(api, "uom.uom", [], ["name"])])
    read_pricelists(api, config)
    return {"database": config.database, "on_arrival": config.on_arrival}


def check_rights(api: OdooApi) -> None:
    """Check that our user may do what a delivery does.

    Raises:
        NeedsAttentionError: It may not, and all that is missing is named; or the app is not installed.
    """
    missing = [f"{verb} {model}" for model, verbs in NEEDED.items() for verb in verbs if not api.may(model, verb)]
    if missing:
        raise forbidden(f"missing are {', '.join(missing)}.")


def why(api: OdooApi, error: RejectedError) -> ConnectorError:
    """Return what stands behind a refusal: `load` words a missing permission like a broken rule."""
    if error.code != "ERP_REJECTED":
        return error
    try:
        check_rights(api)
    except ConnectorError as problem:
        return problem if problem.code == "PERMISSION_DENIED" else error
    return error
