"""Order Response: what the seller will do with an order, line by line.

Source: OASIS UBL 2.1 (OrderResponse-2), Peppol BIS Ordering 3 (transaction T76) and Advanced Ordering 3 (T116).
"""

from __future__ import annotations

from collections.abc import Iterator

from orderflow.documents.xml import read_xml
from orderflow.domain.answer_details import Level, Others
from orderflow.domain.answer_files import Answer, OrderNumber, Reference, UnreadableError
from orderflow.domain.states import Kind
from orderflow.formats.answer_fields import words
from orderflow.formats.edi.changes import answered_change
from orderflow.formats.edi.response import UnitNames, business_answer, order_number, told_at, unit_names
from orderflow.formats.ubl.codes import UNITS
from orderflow.formats.ubl.line_answers import notes, period, read_line, tells_status
from orderflow.formats.ubl.meant import check_meant
from orderflow.formats.ubl.reading import Part
from orderflow.formats.ubl.settings import UblSettings
from orderflow.formats.ubl.writing import NAMESPACE

RECEIPT, REFUSED = "AB", "RE"
DECISIONS = {"AP": Others.AS_ORDERED, "CA": Others.UNANSWERED, "RE": Others.UNANSWERED, "": Others.UNANSWERED}
"""What becomes of the order (UNCL 4343), and so of lines that are not named: AP accepted, CA with changes that lines
tell, RE rejected. Plain UBL may leave it to the lines alone."""


def read_answers(content: bytes, settings: UblSettings) -> Iterator[Answer]:
    """Yield what a file says.

    Raises:
        UnfinishedError, UnreadableError: As `Format.read` does.
    """
    root = Part(read_xml(content))
    if (root.space, root.name) != (NAMESPACE.format("OrderResponse"), "OrderResponse"):
        raise UnreadableError(f"It is {root.name[:40]!r}, which is not read as an answer to an order.")
    about = order_number(reference.value("ID") for reference in root.all("OrderReference"))
    with told_at(about):
        check_meant(root, settings)
        yield _answer(root, _answered(root, about), unit_names(UNITS | settings.units))


def _answered(root: Part, order: OrderNumber) -> Reference:
    """Return what is answered: the order, or the change of it that is named. Raises UnreadableError: it is not ours."""
    change = root.value("OrderChangeDocumentReference", "ID")
    if not change:
        return order
    found = answered_change(change, order)
    if found is None or found[0] is not Kind.CHANGE:
        raise UnreadableError(f"It answers the change {change[:40]!r}, which this connection did not send.")
    return found[1]


def _answer(root: Part, about: Reference, units: UnitNames) -> Answer:
    code = root.value("OrderResponseCode")
    named = [line for line in root.all("OrderLine") if code != REFUSED or tells_status(line)]
    lines = [read_line(line, units, accepted=code == "AP") for line in named]
    if code == RECEIPT and not lines:
        return Answer("ACKED", message=words(notes(root)), about=about, level=Level.UNDERSTOOD)
    if code not in DECISIONS:
        raise UnreadableError(f"Its code is {code[:10]!r}, by which nobody knows what becomes of the order.")
    if not lines and code not in ("AP", REFUSED):
        raise UnreadableError("It says neither what becomes of the order nor of any line.")
    if code != REFUSED:
        root.check_without("AllowanceCharge")
    days = period(root.one("Delivery", "PromisedDeliveryPeriod"))
    promised = f"Delivery from {days[0]} to {days[-1]}." if len(days) > 1 else ""
    return business_answer(
        about,
        lines,
        refused=code == REFUSED,
        others=DECISIONS[code],
        message=" ".join(filter(None, (notes(root), promised))),
        code=code if code == REFUSED else "",
        erp_order_id=root.value("SalesOrderID"),
        currency=root.value("DocumentCurrencyCode"),
        delivery_date=days[-1] if days else None,
    )
