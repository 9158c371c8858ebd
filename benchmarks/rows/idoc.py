"""An order of 500 lines written as an IDoc, XML and flat, and SAP's response to all of its lines read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from lxml import etree

from benchmarks.orders import LARGE, make_orders
from benchmarks.rows.edi import row
from benchmarks.table import Row
from orderflow.domain.delivery import Delivery
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.formats.idoc import IdocFormat, IdocSettings
from orderflow.formats.idoc.document import Segment, as_flat, as_xml

XML = IdocSettings(sender="US", receiver="SAP", units={"M": "MTR"})
FLAT = IdocSettings(sender="US", receiver="SAP", units={"M": "MTR"}, layout="flat")


def measure(full: bool) -> Iterator[Row]:
    rounds = 31 if full else 11
    [order] = make_orders(1, LARGE)
    delivery = Delivery(new_id(), datetime.now(UTC), control_number=7)
    idoc = IdocFormat()
    yield row("IDoc of 500 lines written as XML", {"ours": lambda: idoc.render(order, delivery, XML)}, rounds)
    yield row("IDoc of 500 lines written flat", {"ours": lambda: idoc.render(order, delivery, FLAT)}, rounds)
    control, segments = _response(order)
    in_xml, flat = as_xml(control, segments).encode(), as_flat(control, segments, {}, "\n").encode()
    readers: dict[str, Callable[[], object]] = {
        "ours": lambda: list(idoc.read("any", in_xml, XML)),
        "lxml, its elements alone": lambda: list(etree.fromstring(in_xml).iter()),
    }
    yield row("IDoc ORDRSP to 500 lines read as XML", readers, rounds)
    yield row("IDoc ORDRSP to 500 lines read flat", {"ours": lambda: list(idoc.read("any", flat, FLAT))}, rounds)


def _response(order: DraftOrder) -> tuple[dict[str, str], list[Segment]]:
    control = {"TABNAM": "EDI_DC40", "DOCNUM": f"{9:016}", "IDOCTYP": "ORDERS05", "MESTYP": "ORDRSP", "SNDPRN": "SAP",
               "RCVPRN": "US"}  # fmt: skip
    number = str(order.external_order_number)
    segments = [
        Segment("E1EDK01", {"CURCY": "EUR", "BELNR": "4711"}),
        Segment("E1EDK02", {"QUALF": "001", "BELNR": number}),
    ]
    for line in order.lines:
        quantity = {"POSEX": f"{line.line_no:06}", "ACTION": "004", "MENGE": str(line.qty), "MENEE": "MTR"}
        item = Segment("E1EDP01", quantity | {"VPREI": str(line.unit_price), "PEINH": "1"})
        item.add("E1EDP02", {"QUALF": "001", "BELNR": number, "ZEILE": f"{line.line_no:06}"})
        item.add("E1EDP20", {"WMENG": str(line.qty), "EDATU": "20261201"})
        item.add("E1EDP19", {"QUALF": "002", "IDTNR": str(line.internal_sku)})
        segments.append(item)
    return control, [*segments, Segment("E1EDS01", {"SUMID": "002", "SUMME": "1"})]
