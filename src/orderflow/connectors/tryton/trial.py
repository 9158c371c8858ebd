"""Would Tryton take orders now? Asked without making anything."""

from __future__ import annotations

from typing import Any

from orderflow.connectors.catalog import check_units
from orderflow.connectors.tryton.answers import forbidden
from orderflow.connectors.tryton.api import TrytonApi, search_read
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.domain.errors import ConnectorError, NeedsAttentionError, RejectedError

NEEDED = {
    "sale.sale": ("create", "read", "write", "delete"),
    "sale.line": ("create", "read", "write"),
    "party.party": ("read",),
    "product.product": ("read",),
    "currency.currency": ("read",),
}


def try_out(api: TrytonApi, config: TrytonConfig) -> dict[str, Any]:
    """Check all that a delivery needs; returns who we are there, safe to show.

    Raises:
        ConnectorError: What is missing, by name.
    """
    preferences = api.call("res.user", "get_preferences", context_only=True)
    if not preferences.get("company"):
        raise NeedsAttentionError(
            "Tryton's user belongs to no company, so it cannot sell.",
            code="COMPANY_MISSING",
            hint="Give the user a current company in Tryton (Administration → Users), then test the connection.",
        )
    _check_module(api)
    check_rights(api)
    check_units("Tryton", config.units, [unit["symbol"] for unit in search_read(api, "product.uom", [], ["symbol"])])
    return {
        "database": config.database,
        "company": preferences.get("company.rec_name"),
        "on_arrival": config.on_arrival,
    }


def check_rights(api: TrytonApi) -> None:
    """Check that our user may do what a delivery does.

    Raises:
        NeedsAttentionError: It may not; all that is missing is named.
    """
    rights = api.call("ir.model.access", "get_access", models=list(NEEDED))
    missing = [f"{verb} {model}" for model, verbs in NEEDED.items() for verb in verbs if not rights[model][verb]]
    if missing:
        raise forbidden(f"missing are {', '.join(missing)}.")


def why(api: TrytonApi, error: RejectedError) -> ConnectorError:
    """Return what stands behind a refusal: Tryton words a missing permission like a broken rule."""
    if error.code != "ERP_REJECTED":
        return error
    try:
        check_rights(api)
    except ConnectorError as problem:
        return problem if problem.code == "PERMISSION_DENIED" else error
    return error


def _check_module(api: TrytonApi) -> None:
    try:
        api.call("ir.model.access", "get_access", models=["sale.sale"])
    except ConnectorError as error:
        if error.code != "ERP_FAULT":
            raise
        raise NeedsAttentionError(
            "Tryton has no sales: its module 'sale' is not activated in this database.",
            code="MODULE_MISSING",
            hint="Activate the module 'sale' in Tryton (Administration → Modules), then test the connection.",
        ) from None
