"""An order of 500 lines written in EDIFACT, X12 and UBL, and the partner's response to all of its lines read."""

from __future__ import annotations

import gc
import re
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from lxml import etree
from mockedi import edifact, x12
from pydifact.segmentcollection import Interchange

from benchmarks.interleaved import medians
from benchmarks.orders import LARGE, SMALL, make_orders
from benchmarks.table import Row
from orderflow.domain.delivery import Delivery
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder, DraftOrderLine
from orderflow.formats.edi.segments import Marks, SegmentWriter
from orderflow.formats.edifact import EdifactFormat, EdifactSettings
from orderflow.formats.ubl import UblFormat, UblSettings
from orderflow.formats.ubl.writing import AGGREGATE, BASIC, NAMESPACE, document, group, leaf
from orderflow.formats.x12 import X12Format, X12Settings
from orderflow.schematron.runner import Runner
from orderflow.schematron.transpile import transpile

EDIFACT = EdifactSettings(sender="US", receiver="THEM", units={"M": "MTR"})
X12 = X12Settings(sender="US", receiver="THEM", units={"M": "MR"})
UBL = UblSettings(
    seller_endpoint="0088:4000001000005", seller_name="US", seller_country="DE", endpoints={"4711": "0088:1"},
    units={"M": "MTR"}, sku_as_name=True,
)  # fmt: skip
BELOW = 10
"""Milliseconds."""


def measure(full: bool) -> Iterator[Row]:
    warnings.simplefilter("ignore")  # pydifact misses files that it does not ship
    rounds = 31 if full else 11
    [order] = make_orders(1, LARGE)
    delivery = Delivery(new_id(), datetime.now(UTC), control_number=7)
    edi, ansi = EdifactFormat(), X12Format()
    yield row("ORDERS of 500 lines written", {"ours": lambda: edi.render(order, delivery, EDIFACT)}, rounds)
    yield row("850 of 500 lines written", {"ours": lambda: ansi.render(order, delivery, X12)}, rounds)
    ordrsp, acknowledgment = _ordrsp(order), _acknowledgment(order)
    readers: dict[str, Callable[[], object]] = {
        "ours": lambda: list(edi.read("any", ordrsp, EDIFACT)),
        "mock-edi, cut into segments": lambda: edifact.parse(ordrsp.decode("latin-1")),
        "pydifact, cut into segments": lambda: list(Interchange.from_str(ordrsp.decode("latin-1")).get_messages()),
    }
    yield row("ORDRSP to 500 lines read", readers, rounds)
    readers = {
        "ours": lambda: list(ansi.read("any", acknowledgment, X12)),
        "mock-edi, cut into segments": lambda: x12.parse(acknowledgment.decode("latin-1")),
    }
    yield row("855 to 500 lines read", readers, rounds)
    yield from _measure_ubl(order, delivery, rounds)


def _measure_ubl(order: DraftOrder, delivery: Delivery, rounds: int) -> Iterator[Row]:
    ubl, response = UblFormat(), _order_response(order)
    yield row("UBL Order of 500 lines written", {"ours": lambda: ubl.render(order, delivery, UBL)}, rounds)
    readers: dict[str, Callable[[], object]] = {
        "ours": lambda: list(ubl.read("any", response, UBL)),
        "lxml, parsed": lambda: etree.fromstring(response),
    }
    yield row("UBL Order Response to 500 lines read", readers, rounds)
    small = ubl.render(make_orders(1, SMALL)[0], delivery, UBL).content.decode()
    runner, sheet = Runner(), transpile(_schematron(small))
    programs: dict[str, Callable[[], object]] = {"ours": lambda: runner.run("a", sheet, small)}
    yield row("400 rules tried on a UBL Order of 3 lines", programs, rounds, 30, time.perf_counter)
    runner.close()


def _ordrsp(order: DraftOrder) -> bytes:
    out = SegmentWriter(Marks("+", ":", "'", "?"), "\n")
    out.add("UNB", "UNOC:3", "THEM:14", "US:14", "261129:1015", "9")
    out.add("UNH", "9", "ORDRSP:D:96A:UN")
    out.add("BGM", "231", "R-1", "4")
    out.add("RFF", f"ON:{order.external_order_number}")
    for line in order.lines:
        out.add("LIN", str(line.line_no), "5", f"{line.internal_sku}:SA")
        out.add("QTY", f"21:{line.qty}:MTR")
        out.add("QTY", f"113:{line.qty}:MTR")
        out.add("DTM", "67:20261201:102")
        out.add("PRI", f"AAA:{line.unit_price}")
    out.add("UNS", "S")
    out.add("UNT", str(len(out.written)), "9")
    out.add("UNZ", "1", "9")
    return out.text().encode()


def _acknowledgment(order: DraftOrder) -> bytes:
    out = SegmentWriter(Marks("*", ">", "~"), "\n")
    blanks = " " * 10
    out.add("ISA", "00", blanks, "00", blanks, "ZZ", f"{'THEM':15}", "ZZ", f"{'US':15}", "261129", "1015", "U", "00401",
            "000000009", "0", "P", ">")  # fmt: skip
    out.add("GS", "PR", "THEM", "US", "20261129", "1015", "9", "X", "004010")
    out.add("ST", "855", "0009")
    out.add("BAK", "00", "AD", str(order.external_order_number), "20261101")
    for line in order.lines:
        out.add("PO1", str(line.line_no), str(line.qty), "MR", str(line.unit_price), "", "VP", str(line.internal_sku))
        out.add("ACK", "IA", str(line.qty), "MR", "067", "20261201")
    out.add("CTT", str(len(order.lines)))
    out.add("SE", str(len(out.written) - 1), "0009")
    out.add("GE", "1", "9")
    out.add("IEA", "1", "000000009")
    return out.text().encode()


def _order_response(order: DraftOrder) -> bytes:
    head = leaf("OrderResponseCode", "CA") + leaf("DocumentCurrencyCode", "EUR")
    about = group("OrderReference", leaf("ID", str(order.external_order_number)))
    return document("OrderResponse", head, about, *map(_line_response, order.lines)).encode()


def _line_response(line: DraftOrderLine) -> str:
    item = group(
        "LineItem",
        leaf("ID", str(line.line_no)),
        leaf("LineStatusCode", "5"),
        leaf("Quantity", str(line.qty), unitCode="MTR"),
        group("Delivery", group("PromisedDeliveryPeriod", leaf("StartDate", "2026-12-01"))),
        group("Price", leaf("PriceAmount", str(line.unit_price), currencyID="EUR")),
        group("Item", leaf("Name", "Kabel"), group("SellersItemIdentification", leaf("ID", str(line.internal_sku)))),
    )
    return group("OrderLine", item, group("OrderLineReference", leaf("LineID", str(line.line_no))))


def _schematron(order: str) -> bytes:
    """Return 400 rules such as Peppol has: a list of codes for each path in an order, and for others."""
    tree = etree.fromstring(order.encode()).getroottree()
    named = (re.sub(r"\[\d+\]", "", tree.getpath(element)) for element in tree.iter())
    paths = [path.replace("/*", "/o:Order", 1) for path in dict.fromkeys(named)]
    paths += [f"/o:Order/cac:None/cbc:N{number}" for number in range(400 - len(paths))]
    test = "normalize-space() != '' and not(some $code in $codes satisfies $code = normalize-space(string()))"
    rules = (f'<rule context="{path}"><assert id="R" test="{test}">No.</assert></rule>' for path in paths)
    codes = " ".join(map(str, range(100_000, 102_000)))
    spaces = {"o": NAMESPACE.format("Order"), "cac": AGGREGATE, "cbc": BASIC}
    names = "".join(f'<ns prefix="{prefix}" uri="{uri}"/>' for prefix, uri in spaces.items())
    head = '<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">'
    lists = f"""<let name="codes" value="tokenize('{codes}', ' ')"/>"""
    return f"{head}{names}<pattern>{lists}{''.join(rules)}</pattern></schema>".encode()


def row(
    name: str,
    programs: dict[str, Callable[[], object]],
    rounds: int,
    below: int = BELOW,
    clock: Callable[[], float] = time.process_time,
) -> Row:
    """Return the row of what programs take to do the same, `ours` beside the others.

    Args:
        below: Milliseconds that are the target.
        clock: What is counted: the processor's time of this process, unless another process does the work.
    """
    timed = {who: lambda call=call: _time(call, clock) for who, call in programs.items()}
    medians(timed, 1)  # what is only done once is done
    figures = medians(timed, rounds)
    ours = figures.pop("ours")
    note = "processor time" if clock is time.process_time else ""
    return Row(name, ours, "ms", figures, f"< {below} ms", ours < below, note, figures.spread)


def _time(call: Callable[[], object], clock: Callable[[], float], repetitions: int = 3) -> float:
    gc.disable()  # as `timeit` does
    started = clock()
    for _ in range(repetitions):
        call()
    seconds = clock() - started
    gc.enable()
    return seconds / repetitions * 1e3
