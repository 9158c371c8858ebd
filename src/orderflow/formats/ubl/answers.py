"""Order Response: what the seller will do with an order, line by line.

Source: OASIS UBL 2.1 (OrderResponse-2, OrderResponseSimple-2), Peppol BIS Ordering 3 (transaction T76) and Advanced
Ordering 3 (T116), Peppol Business Message Envelope (SBDH).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree

from orderflow.documents.xml import read_xml
from orderflow.domain.answer_details import Level, Others
from orderflow.domain.answer_files import Answer, OrderNumber, Reference, UnreadableError
from orderflow.domain.states import Kind
from orderflow.formats.answer_fields import words
from orderflow.formats.edi.changes import answered_change
from orderflow.formats.edi.response import UnitNames, business_answer, failure, order_number, told_at, unit_names
from orderflow.formats.ubl.codes import UNITS
from orderflow.formats.ubl.line_answers import notes, period, read_line, tells_status
from orderflow.formats.ubl.meant import check_meant
from orderflow.formats.ubl.reading import Part, read_lines
from orderflow.formats.ubl.settings import UblSettings
from orderflow.formats.ubl.writing import NAMESPACE

ORDER_RESPONSE, SIMPLE = (f"{{{NAMESPACE.format(name)}}}{name}" for name in ("OrderResponse", "OrderResponseSimple"))
ENVELOPE = "{http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader}StandardBusinessDocument"

RECEIPT, REFUSED = "AB", "RE"
DECISIONS = {"AP": Others.AS_ORDERED, "CA": Others.UNANSWERED, "RE": Others.UNANSWERED, "": Others.UNANSWERED}
"""What becomes of the order (UNCL 4343), and so of lines that are not named: AP accepted, CA with changes that lines
tell, RE rejected. Plain UBL may leave it to the lines alone."""


def read_answers(content: bytes, settings: UblSettings) -> Iterator[Answer]:
    """Yield what a file says.

    Raises:
        UnfinishedError, UnreadableError: As `Format.read` does.
    """
    root = _unwrapped(read_xml(content))
    if root.tag not in (ORDER_RESPONSE, SIMPLE):
        raise UnreadableError(
            f"It is {etree.QName(root).localname[:40]!r}, which is not read as an answer to an order."
        )
    head, lines = read_lines(root)
    about = order_number(reference.value("ID") for reference in head.parts("OrderReference"))
    with told_at(about):
        check_meant(head, settings)
        if root.tag == SIMPLE:
            yield _simple(head, about)
        else:
            yield _answer(head, lines, _answered(head, about), unit_names(UNITS | settings.units))


def _unwrapped(root: etree._Element) -> etree._Element:
    """Return the document in an envelope of Peppol's network. Raises UnreadableError: there are several, or none."""
    if root.tag != ENVELOPE:
        return root
    documents = [element for element in root if element.tag != f"{ENVELOPE}Header"]
    if len(documents) != 1:
        raise UnreadableError(f"It is an envelope with {len(documents)} documents where it may have one.")
    return documents[0]


def _simple(head: Part, about: Reference) -> Answer:
    """Return what a response without lines says: that the order as a whole is taken, or not."""
    accepted, reason = head.value("AcceptedIndicator"), "; ".join(filter(None, head.texts("RejectionNote")))
    if accepted not in ("true", "1", "false", "0") or (accepted in ("true", "1") and reason):
        raise UnreadableError(f"It does not clearly say whether the order is accepted. {reason}".strip())
    said = "; ".join(filter(None, (reason, notes(head))))
    if accepted in ("false", "0"):
        return failure(about, "", said, Level.ANSWERED)
    return business_answer(about, (), refused=False, others=Others.AS_ORDERED, message=said)


def _answered(head: Part, order: OrderNumber) -> Reference:
    """Return what is answered: the order, or the change of it that is named. Raises UnreadableError: it is not ours."""
    change = head.part("OrderChangeDocumentReference").value("ID")
    if not change:
        return order
    found = answered_change(change, order)
    if found is None or found[0] is not Kind.CHANGE:
        raise UnreadableError(f"It answers the change {change[:40]!r}, which this connection did not send.")
    return found[1]


def _answer(head: Part, lines: Iterable[Part], about: Reference, units: UnitNames) -> Answer:
    code = head.value("OrderResponseCode")
    named = (line for line in lines if code != REFUSED or tells_status(line))
    answers = [read_line(line, units, accepted=code == "AP") for line in named]
    if code == RECEIPT and not answers:
        return Answer("ACKED", message=words(notes(head)), about=about, level=Level.UNDERSTOOD)
    if code not in DECISIONS:
        raise UnreadableError(f"Its code is {code[:10]!r}, by which nobody knows what becomes of the order.")
    if not answers and code not in ("AP", REFUSED):
        raise UnreadableError("It says neither what becomes of the order nor of any line.")
    if code != REFUSED:
        head.check_without("AllowanceCharge")
    days = period(head.part("Delivery").part("PromisedDeliveryPeriod"))
    promised = f"Delivery from {days[0]} to {days[-1]}." if len(days) > 1 else ""
    return business_answer(
        about,
        answers,
        refused=code == REFUSED,
        others=DECISIONS[code],
        message=" ".join(filter(None, (notes(head), promised))),
        code=code if code == REFUSED else "",
        erp_order_id=head.value("SalesOrderID"),
        currency=head.value("DocumentCurrencyCode"),
        delivery_date=days[-1] if days else None,
    )
