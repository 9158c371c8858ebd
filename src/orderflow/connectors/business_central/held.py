"""What Business Central's orders hold: quantities and prices, to be compared with what was ordered."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

from orderflow.connectors.business_central.config import BusinessCentralConfig
from orderflow.connectors.business_central.payload import DECIMALS, LINE_STEP
from orderflow.connectors.business_central.service import Row
from orderflow.domain.answer_details import Details, LineAnswer, Others
from orderflow.http import UnreadableError
from orderflow.http.odata import number_of


def details_of(row: Row, config: BusinessCentralConfig) -> Details:
    """Return what an order holds, line by line.

    Raises:
        UnreadableError: Its lines are not all there, or not Business Central's.
    """
    lines = row.get("salesOrderLines")
    if not isinstance(lines, list) or row.get("salesOrderLines@odata.nextLink"):
        raise UnreadableError("an order without all of its lines")
    gross = row.get("pricesIncludeTax") is True
    with localcontext(prec=50):
        held = tuple(_line(line, config, gross=gross) for line in lines if _counts(line, config))
    return Details(held, Others.DROPPED, str(row.get("currencyCode") or "") or None)


def is_open(row: Row) -> bool:
    """Return whether people may still change it: what the page calls Open is Draft in the API."""
    return row.get("status") == "Draft"


def is_released(row: Row) -> bool:
    """Return whether it was released: what the page calls Released is Open in the API."""
    return row.get("status") == "Open"


def has_shipped(row: Row) -> bool:
    """Return whether some of it was shipped. Raises UnreadableError: it cannot be told."""
    lines = row.get("salesOrderLines")
    if not isinstance(lines, list):
        raise UnreadableError("an order without its lines")
    return any(number_of(line.get("shippedQuantity")) for line in lines)


def _counts(line: Any, config: BusinessCentralConfig) -> bool:
    """Return whether a line is one of the order's: not a comment, nor a charge that we have put there."""
    if not isinstance(line, dict):
        raise UnreadableError("lines that are none")
    if line.get("lineType") == "Account":
        return str(line.get("lineObjectNumber")) not in config.charges.values()
    return line.get("lineType") not in ("Comment", " ", "_x0020_", "", None)


def _line(line: Row, config: BusinessCentralConfig, *, gross: bool) -> LineAnswer:
    sequence = line.get("sequence")
    if not isinstance(sequence, int):
        raise UnreadableError("a line without its number")
    line_no, rest = divmod(sequence, LINE_STEP)
    unit = str(line.get("unitOfMeasureCode") or "")
    quantity = number_of(line.get("quantity"))
    return LineAnswer(
        line_no=line_no if not rest else None,
        sku=str(line.get("lineObjectNumber") or "") or None,
        uom=unit or None,
        same_units=tuple(code for code, known in config.units.items() if known == unit.upper()),
        qty=quantity,
        unit_price=_net(line, quantity) if gross else number_of(line.get("unitPrice")),
    )


def _net(line: Row, quantity: Decimal | None) -> Decimal | None:
    """Return the price without tax, of an order whose prices somebody has made to include it."""
    amount = number_of(line.get("amountExcludingTax"))
    if amount is None or not quantity:
        return None
    return (amount / quantity).quantize(Decimal(10) ** -DECIMALS).normalize() + 0
