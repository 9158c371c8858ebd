"""What SAP's orders hold by BAPI_SALESORDER_GETSTATUS, to be compared with what was ordered. Source: BAPISDSTAT."""

from __future__ import annotations

from decimal import Decimal, localcontext

from orderflow.connectors.sap.payload import ITEM_STEP
from orderflow.connectors.sap.rfc.config import SapRfcConfig
from orderflow.connectors.sap.rfc.values import Structure
from orderflow.connectors.sap.units import orders_units
from orderflow.domain.answer_details import Details, LineAnswer, LineStatus, Others
from orderflow.http import UnreadableError
from orderflow.http.odata import number_of

REJECTION = "REA_FOR_RE"
"""The field that says why SAP rejects an item (BAPISDSTAT)."""


def details_of(rows: list[Structure], config: SapRfcConfig) -> Details:
    """Return what an order holds, item by item: of each there is a row for each of its deliveries.

    Raises:
        UnreadableError: It is not SAP's.
    """
    items: dict[int, Structure] = {}
    for row in rows:
        items.setdefault(item_number(row), row)
    with localcontext(prec=50):
        lines = tuple(_line(number, row, config) for number, row in sorted(items.items()))
    return Details(lines, Others.DROPPED, str(rows[0].get("CURRENCY") or "") or None)


def is_rejected(details: Details) -> bool:
    """Return whether each item has a reason for rejection."""
    return bool(details.lines) and all(line.status is LineStatus.REJECTED for line in details.lines)


def item_number(row: Structure) -> int:
    """Return an item's number. Raises UnreadableError: it has none."""
    try:
        return int(str(row["ITM_NUMBER"]))
    except (KeyError, ValueError):
        raise UnreadableError("an item without its number") from None


def _line(number: int, row: Structure, config: SapRfcConfig) -> LineAnswer:
    line_no, rest = divmod(number, ITEM_STEP)
    unit = str(row.get("SALES_UNIT") or "")
    ordered, confirmed = number_of(row.get("REQ_QTY")), number_of(row.get("CUM_CF_QTY"))
    less = ordered is not None and confirmed is not None and confirmed < ordered
    return LineAnswer(
        line_no=line_no if not rest else None,
        status=_status(row, less=less),
        sku=material_of(row, config) or None,
        uom=unit or None,
        same_units=orders_units(unit, config.units),
        qty=confirmed if less else ordered,
        unit_price=None if config.conditions else _price(row, ordered),
        code=str(row.get(REJECTION) or "")[:10] or None,
    )


def _status(row: Structure, *, less: bool) -> LineStatus:
    if row.get(REJECTION):
        return LineStatus.REJECTED
    return LineStatus.BACKORDERED if less else LineStatus.ACCEPTED


def material_of(row: Structure, config: SapRfcConfig) -> str:
    """Return an item's material, as orders call it."""
    material = str(row.get("MATERIAL_LONG") or row.get("MATERIAL") or "")
    return material.lstrip("0") if config.pads_numbers and material.isdigit() else material


def _price(row: Structure, ordered: Decimal | None) -> Decimal | None:
    """Return what one unit costs: the net price if it is for the unit of sale, else value by quantity."""
    price, per = number_of(row.get("NET_PRICE")), number_of(row.get("COND_P_UNT"))
    if price is not None and row.get("COND_UNIT") in ("", None, row.get("SALES_UNIT")):
        return (price / (per or 1)).normalize() + 0
    value = number_of(row.get("NET_VALUE"))
    if value is None or not ordered:
        return None
    return (value / ordered).quantize(Decimal("1e-9")).normalize() + 0
