"""An order that SAP has is changed, or taken back: by one call of BAPI_SALESORDER_CHANGE, committed as an order's own.

All of it or nothing: nothing is kept without the commit, so that nothing has to be undone. Whether it was done is seen
by what SAP holds (BAPI_SALESORDER_GETSTATUS), before the call and after the commit; one that is repeated does what is
left. So only what can be read there is changed: quantities, items, the date asked for.

Source: "BAPI_SALESORDER_CHANGE" (help.sap.com): UPDATEFLAG `U` changes and `I` adds; what is changed is marked by `X`
in the table of the same name with an X; structures BAPISDH1X, BAPISDITMX, BAPISCHDLX, BAPICONDX, BAPISDSTAT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from orderflow.channels.http.session import check_lease
from orderflow.connectors.changes import BY_HAND, Changes, Row, changes_of, row_of, rows_to_remove
from orderflow.connectors.one_by_one import sent_as, the_sent
from orderflow.connectors.sap.payload import ITEM_STEP
from orderflow.connectors.sap.rfc.config import SapRfcConfig
from orderflow.connectors.sap.rfc.functions import SapFunctions
from orderflow.connectors.sap.rfc.held import REJECTION, item_number, material_of
from orderflow.connectors.sap.rfc.tables import line_tables, told
from orderflow.connectors.sap.rfc.values import Structure
from orderflow.connectors.sap.take_back import NOT_DELIVERED
from orderflow.connectors.whole_orders import Entity
from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import ConnectorError, InDoubtError, RejectedError, UnavailableError
from orderflow.domain.orders import DraftOrder, DraftOrderLine
from orderflow.http import UnreadableError
from orderflow.http.odata import number_of

RowT = TypeVar("RowT", bound=Row)
TOLD = {"requested_delivery_date": "REQ_DATE_H"}
TOLD_OF_LINES = frozenset({"internal_sku", "qty"})
MARK = {
    "ORDER_HEADER_IN": "ORDER_HEADER_INX",
    "ORDER_ITEM_IN": "ORDER_ITEM_INX",
    "SCHEDULE_LINES": "SCHEDULE_LINESX",
    "CONDITIONS_IN": "CONDITIONS_INX",
}
"""Where what is changed is marked."""

_KEYS = ("ITM_NUMBER", "SCHED_LINE", "COND_TYPE")
_ASK = "Ask SAP's people. Once it is cancelled there, confirm the recall by hand."


class _Edits:
    """What one call does: rows, and beside them what of each is changed."""

    def __init__(self) -> None:
        self.head: Entity = {}
        self._tables: dict[str, list[Entity]] = {}

    def add(self, table: str, row: Entity, flag: str = "U") -> None:
        """Have a row changed, or added by the flag `I`."""
        keys = {name: row[name] for name in _KEYS if name in row}
        marks = {name: "X" for name in row if name not in keys}
        self._tables.setdefault(table, []).append(row)
        self._tables.setdefault(MARK[table], []).append(keys | {"UPDATEFLAG": flag} | marks)

    def texts(self, rows: list[Entity]) -> None:
        """Have texts added."""
        if rows:
            self._tables.setdefault("ORDER_TEXT", []).extend(rows)

    def reject(self, rows: Iterable[Row], reason: str) -> None:
        """Have items rejected."""
        for row in rows:
            self.add("ORDER_ITEM_IN", {"ITM_NUMBER": row["ITM_NUMBER"], "REASON_REJ": reason})

    def parameters(self) -> Entity:
        """Return the call's parameters; none: there is nothing to do."""
        if not self.head and not self._tables:
            return {}
        marks = {"UPDATEFLAG": "U"} | dict.fromkeys(self.head, "X")
        return self._tables | {"ORDER_HEADER_IN": self.head, "ORDER_HEADER_INX": marks}


def change(functions: SapFunctions, order: DraftOrder) -> str:
    """Have an order that was sent say what it says now; returns SAP's number.

    Raises:
        RejectedError: SAP keeps it as it was.
        ConnectorError: Any other; it is safe to repeat.
    """
    number = _number_of(functions, order)
    parameters = _plan(functions, order, _rows(functions, number))
    if parameters:
        try:
            _call(functions, order, number, parameters)
        except RejectedError as error:
            said = f"SAP keeps the order as it was: {error.message}"
            raise RejectedError(said, code=error.code, hint=BY_HAND) from None
        _check_shown(lambda: not _plan(functions, order, _rows(functions, number)), number)
    return number


def is_changed(functions: SapFunctions, order: DraftOrder) -> str | None:
    """Ask whether an order says by now what it shall say; returns SAP's number, None: it does not.

    Raises:
        ConnectorError: There was no clear answer.
    """
    number = _number_of(functions, order)
    try:
        return None if _plan(functions, order, _rows(functions, number)) else number
    except RejectedError as error:
        raise InDoubtError(f"Whether SAP has changed the order {number} is unknown: {error.message}") from None


def take_back(functions: SapFunctions, order: DraftOrder) -> ExportResult:
    """Have all items of a sent order rejected.

    Raises:
        RejectedError: SAP keeps it; TOO_LATE: some of it was delivered.
        ConnectorError: It is not known how far it got; it is safe to repeat.
    """
    number = _number_of(functions, order)
    stands = _standing(_rows(functions, number))
    if stands:
        _check_not_delivered(stands, _ASK)
        edits = _Edits()
        edits.reject(stands, functions.config.rejection_reason)
        try:
            _call(functions, order, number, edits.parameters())
        except RejectedError as error:
            raise RejectedError(f"SAP keeps the order: {error.message}", code=error.code, hint=_ASK) from None
        _check_shown(lambda: not _standing(_rows(functions, number)), number)
    about = {"erp_order_id": number, "rejected_items": len(stands)}
    return ExportResult(True, order.delivery.export_id, connector_metadata=about, inferred=not stands)


def _number_of(functions: SapFunctions, order: DraftOrder) -> str:
    first = order.delivery.sent
    if first is not None and first.erp_order_id:
        return first.erp_order_id
    return the_sent(functions.find(order, sent_as(order)), "SAP")


def _rows(functions: SapFunctions, number: str) -> list[Structure]:
    """Return an order's items: of each there is a row for each of its deliveries, and the first is enough.

    Raises:
        ConnectorError: There was no clear answer; InDoubtError: SAP does not have the order.
    """
    rows = functions.status(number)
    if rows is None:
        raise InDoubtError(f"The order {number} is not in SAP any more: it was deleted there, or archived.")
    items: dict[int, Structure] = {}
    try:
        for row in rows:
            number_of(row.get("REQ_QTY"))
            items.setdefault(item_number(row), row)
    except UnreadableError as error:
        raise UnavailableError(f"What does the order {number} hold? SAP gave {error}.", code="FIND_FAILED") from None
    return list(items.values())


def _standing(rows: Iterable[RowT]) -> list[RowT]:
    """Return the items that are not rejected."""
    return [row for row in rows if not row.get(REJECTION)]


def _check_not_delivered(rows: Sequence[Structure], hint: str) -> None:
    if any((row.get("DLV_STAT_H") or "") not in NOT_DELIVERED for row in rows):
        raise RejectedError("Some of the order was delivered already.", code="TOO_LATE", hint=hint)


def _call(functions: SapFunctions, order: DraftOrder, number: str, parameters: Entity) -> None:
    check_lease(order.delivery.may_start())
    functions.change(number, parameters, lambda: check_lease(order.delivery.may_start()))


def _check_shown(is_shown: Callable[[], bool], number: str) -> None:
    """Raise InDoubtError unless SAP shows what it has committed, it says."""
    try:
        why = "" if is_shown() else "it does not show all of it."
    except ConnectorError as error:
        why = error.message
    if why:
        raise InDoubtError(
            f"Whether SAP has kept all that was to be done with the order {number} is unknown: {why}",
            hint="It is looked at again by itself. If that does not help, look in SAP and say how it ended.",
        )


def _plan(functions: SapFunctions, order: DraftOrder, rows: list[Structure]) -> Entity:
    """Return the parameters of what is left to be done; none: all of it was done."""
    config, before = functions.config, order.delivery.before
    now = told(order, config)
    changes = changes_of(now, before and told(before, config), "SAP", TOLD, TOLD_OF_LINES)
    items = [row | _name_of(row, config) for row in rows]
    edits = _Edits()
    for line in changes.changed:
        row = row_of(line, _standing(items), "SAP")
        if number_of(row.get("REQ_QTY")) != line.qty:
            (made,) = line_tables(now, line, config)["SCHEDULE_LINES"]
            key = {"ITM_NUMBER": row["ITM_NUMBER"], "SCHED_LINE": made["SCHED_LINE"]}
            edits.add("SCHEDULE_LINES", key | {"REQ_QTY": made["REQ_QTY"]})
    _drop(edits, changes, items, config)
    for line in changes.added:
        _add(edits, now, line, items, config)
    for name, field in TOLD.items():
        day = getattr(now, name)
        if name in changes.fields and str(rows[0].get(field) or "") != (day.isoformat() if day else ""):
            edits.head[field] = day or ""
    if edits.parameters():
        _check_open(rows)
    return edits.parameters()


def _check_open(rows: Sequence[Structure]) -> None:
    stands = _standing(rows)
    if not stands:
        raise RejectedError("The order was rejected in SAP.", code="CANCELLED_IN_ERP", hint=BY_HAND)
    _check_not_delivered(stands, BY_HAND)


def _drop(edits: _Edits, changes: Changes, items: Sequence[Row], config: SapRfcConfig) -> None:
    if changes.removed and not config.rejection_reason:
        raise RejectedError(
            "SAP rejects items that are dropped, and the connection does not say with which reason.",
            code="NOT_TOLD",
            hint="Set 'Reason for rejection' of the connection, then push the change again.",
        )
    edits.reject(_standing(rows_to_remove(changes.removed, items, "SAP")), config.rejection_reason)


def _add(edits: _Edits, order: DraftOrder, line: DraftOrderLine, items: Sequence[Row], config: SapRfcConfig) -> None:
    there = next((item for item in items if item["sequence"] == line.line_no), None)
    if there is None:
        made = line_tables(order, line, config)
        edits.texts(made.pop("ORDER_TEXT"))
        for table, rows in made.items():
            for row in rows:
                edits.add(table, row, "I")
    elif there["sku"] != line.internal_sku or number_of(there.get("REQ_QTY")) != line.qty:
        raise RejectedError(
            f"SAP has an item {there['ITM_NUMBER']} already, of another article or quantity than line {line.line_no}.",
            code="LINE_CHANGED_IN_ERP",
            hint="Give the new line a number that the order never had, then push the change again.",
        )


def _name_of(row: Structure, config: SapRfcConfig) -> Structure:
    line_no, rest = divmod(item_number(row), ITEM_STEP)
    return {"sequence": None if rest else line_no, "sku": material_of(row, config)}
