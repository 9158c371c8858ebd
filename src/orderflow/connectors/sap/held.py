"""What SAP's orders hold: quantities, prices and confirmed dates, to be compared with what was ordered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from orderflow.connectors.sap.config import SapODataConfig
from orderflow.connectors.sap.payload import ITEM_STEP
from orderflow.connectors.sap.service import REJECTED, Row, SapService
from orderflow.connectors.sap.units import orders_units
from orderflow.domain.answer_details import Details, LineAnswer, LineStatus, Others, Schedule
from orderflow.domain.errors import TransientError
from orderflow.formats.currencies import minor_units
from orderflow.http import UnreadableError
from orderflow.http.odata import day_of, number_of

BLOCKED = ("B", "C")
"""Of TotalBlockStatus: partly, or wholly."""

Item = tuple[str, int]
"""An order's number, and its item's."""


@dataclass(frozen=True, slots=True)
class Held:
    """An order as SAP has it: that it was rejected, or its lines."""

    number: str
    rejected: bool
    blocked: bool
    details: Details


def held_of(service: SapService, heads: Sequence[Row]) -> list[Held]:
    """Return what orders hold.

    Raises:
        ConnectorError: SAP does not tell, or not in a way that can be read.
    """
    numbers = [number_of_order(head) for head in heads]
    if not numbers:
        return []
    items, schedules, conditions = service.items(numbers), service.schedules(numbers), service.conditions(numbers)
    try:
        reading = _Reading(service.config, items, schedules, conditions)
        return [reading.held(head) for head in heads]
    except (UnreadableError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        what = str(error) if isinstance(error, UnreadableError) else "entities that are not SAP's"
    raise TransientError(f"What do the orders hold? SAP gave {what}.", code="FIND_FAILED")


def number_of_order(head: Row) -> str:
    """Return SAP's number of an order."""
    return str(head.get("SalesOrder") or "")


class _Reading:
    def __init__(
        self, config: SapODataConfig, items: Iterable[Row], schedules: Iterable[Row] | None, conditions: Iterable[Row]
    ) -> None:
        self._config = config
        self._items: dict[str, list[Row]] = defaultdict(list)
        for item in items:
            if not _number(item.get("HigherLevelItem")):  # a part of a set is what its head says
                self._items[item["SalesOrder"]].append(item)
        self._schedules = None if schedules is None else _by_item(schedules)
        self._conditions = _by_item(row for row in conditions if not row.get("ConditionInactiveReason"))

    def held(self, head: Row) -> Held:
        number, currency = number_of_order(head), str(head.get("TransactionCurrency") or "")
        items = sorted(self._items[number], key=lambda item: _number(item["SalesOrderItem"]))
        with localcontext(prec=50):
            lines = tuple(self._line(item, minor_units(currency)) for item in items)
        all_rejected = bool(lines) and all(line.status is LineStatus.REJECTED for line in lines)
        rejected = all_rejected or head.get("OverallSDDocumentRejectionSts") == REJECTED
        blocked = head.get("TotalBlockStatus") in BLOCKED
        return Held(number, rejected, blocked, Details(lines, Others.DROPPED, currency or None))

    def _line(self, item: Row, places: int) -> LineAnswer:
        key = (item["SalesOrder"], _number(item["SalesOrderItem"]))
        line_no, rest = divmod(key[1], ITEM_STEP)
        unit = str(item.get("RequestedQuantityUnit") or "")
        about: dict[str, Any] = {
            "line_no": line_no if not rest else None,
            "sku": str(item.get("Material") or "") or None,
            "uom": unit or None,
            "same_units": orders_units(unit, self._config.units),
        }
        if reason := item.get("SalesDocumentRjcnReason"):
            return LineAnswer(**about, status=LineStatus.REJECTED, code=str(reason)[:10])
        requested = number_of(item.get("RequestedQuantity"))
        price = self._price(item, key, places)
        schedules = self._confirmed(key)
        confirmed = None if schedules is None else sum((part.qty or Decimal(0) for part in schedules), Decimal(0))
        if confirmed is not None and requested is not None and confirmed < requested:
            return LineAnswer(
                **about, status=LineStatus.BACKORDERED, qty=confirmed, unit_price=price, schedules=schedules or ()
            )
        return LineAnswer(**about, qty=requested, unit_price=price, schedules=schedules or ())

    def _confirmed(self, key: Item) -> tuple[Schedule, ...] | None:
        """Return what is confirmed of an item, the first first; None: this release does not tell."""
        if self._schedules is None:
            return None
        parts = []
        for row in self._schedules[key]:
            qty, day = number_of(row.get("ConfdOrderQtyByMatlAvailCheck")), day_of(row.get("ConfirmedDeliveryDate"))
            if qty and day:
                parts.append(Schedule(day, qty))
        return tuple(sorted(parts, key=lambda part: part.date))

    def _price(self, item: Row, key: Item, places: int) -> Decimal | None:
        """Return what one unit costs: the price's condition if the item's amount comes of it, else what that makes.

        What our own allowances and charges make of it is taken off before: the price alone is compared.
        """
        net, qty = number_of(item.get("NetAmount")), number_of(item.get("RequestedQuantity"))
        if net is None or not qty:
            return None
        ours = set(self._config.conditions.values())
        rows = self._conditions[key]
        added = [number_of(row.get("ConditionAmount")) for row in rows if row["ConditionType"] in ours]
        net -= sum((amount for amount in added if amount is not None), Decimal(0))
        rates = [_rate(row, item) for row in rows if row["ConditionType"] not in ours]
        for rate in rates:
            if rate is not None and abs(rate * qty - net) * 2 <= Decimal(10) ** -places:
                return rate
        return (net / qty).quantize(Decimal("1e-9")).normalize() + 0


def _rate(row: Row, item: Row) -> Decimal | None:
    """Return a price for one unit of the item; None: it is for another unit."""
    rate, per = number_of(row.get("ConditionRateValue")), number_of(row.get("ConditionQuantity"))
    if rate is None or row.get("ConditionQuantityUnit") not in (None, "", item.get("RequestedQuantityUnit")):
        return None
    return rate / (per or 1)


def _by_item(rows: Iterable[Row]) -> dict[Item, list[Row]]:
    found: dict[Item, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["SalesOrder"], _number(row["SalesOrderItem"])].append(row)
    return found


def _number(value: Any) -> int:
    return int(value or 0)
