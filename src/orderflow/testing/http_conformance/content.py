"""The whole content of the order is in its document."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import Document
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.testing.engine import an_order
from orderflow.testing.evidence import holds
from orderflow.testing.http_conformance.calls import answer_of
from orderflow.testing.http_conformance.fields import ALIKE, DATES, DAY, FIELDS, little_orders, one_line, plain_order
from orderflow.testing.http_conformance.suite import HttpSuite

_PRICE = re.compile(r"price|preis", re.IGNORECASE)
_QUANTITY = re.compile(r"qty|quant|menge|anzahl|pieces", re.IGNORECASE)
_DATE_OF_JSON = re.compile(rb"\\?/Date\((-?\d+)[^)]*\)\\?/")


class Content(HttpSuite):
    """The whole content of the order is in its document."""

    def test_the_order_is_left_as_it_was(self, connector: ERPConnectorPort, good_config: dict[str, Any]) -> None:
        """It is shown, compared and sent again."""
        order = an_order()
        before = copy.deepcopy(order)
        connector.preview(order, good_config)
        connector.export(order, good_config)
        assert replace(order, delivery_in_progress=None) == replace(before, delivery_in_progress=None), "it was changed"

    def test_all_that_the_order_holds_is_in_the_document(
        self, connector: ERPConnectorPort, good_config: dict[str, Any]
    ) -> None:
        """Or is named in `leaves_out`: what is dropped quietly is missed by those who get the goods."""
        missing = []
        for name, change in FIELDS.items():
            before = FIELDS.get(name.rpartition(".")[0], lambda order: order)  # a part of it changes in what is there
            contents = [_rendered(connector, made(plain_order()), good_config) for made in (before, change)]
            if None not in contents and contents[0] == contents[1]:
                missing.append(name)
        dropped = [name for name in missing if not _is_in(name, self.leaves_out)]
        assert not dropped, f"not in the document: {', '.join(dropped)}"

    def test_what_is_nearly_alike_stays_apart(self, connector: ERPConnectorPort, good_config: dict[str, Any]) -> None:
        """Nothing is cut, rounded, or written in other letters; and a price of 0 is one."""
        alike = []
        for name, one, other in ALIKE:
            contents = [_rendered(connector, made(plain_order()), good_config) for made in (one, other)]
            if None not in contents and contents[0] == contents[1] and not _is_in(name, self.leaves_out):
                alike.append(name)
        assert not alike, f"orders that differ in these have one document: {', '.join(alike)}"

    def test_a_day_stays_that_day(self, connector: ERPConnectorPort, good_config: dict[str, Any]) -> None:
        """Whatever the time zones of the two servers."""
        for name, change in DATES.items():
            content = _rendered(connector, change(DAY)(plain_order()), good_config)
            if content is not None:
                beside = [day for day in (DAY - timedelta(1), DAY + timedelta(1)) if _has_day(content, day)]
                assert _has_day(content, DAY) or not beside, f"{name} is {beside[0]} in the document, and was {DAY}"

    def test_lines_stay_apart_and_texts_whole(self, connector: ERPConnectorPort, good_config: dict[str, Any]) -> None:
        """Two lines of one article are two; nothing is cut."""
        line = an_order().lines[0]
        lines = [replace(line, line_no=1, qty=Decimal("7.125")), replace(line, line_no=2, qty=Decimal("8.375"))]
        content = connector.render(plain_order(lines=lines), good_config).content.replace(b",", b".")
        assert b"7.125" in content, "lines are merged"
        assert b"8.375" in content, "lines are merged"
        if _is_in("lines.product_description", self.leaves_out):
            return
        long = "Hose, reinforced, " * 20 + "end"
        told = _rendered(connector, plain_order(lines=[replace(line, product_description=long)]), good_config)
        assert told is None or holds(told, long), "a text is cut"

    def test_lines_stay_in_their_order_each_with_its_own_values(
        self, connector: ERPConnectorPort, good_config: dict[str, Any]
    ) -> None:
        """A person compares them line by line; and a price is no quantity."""
        line, given = an_order().lines[0], (("INT-A", "7.125"), ("INT-B", "8.375"), ("INT-C", "9.625"))
        lines = [
            replace(line, line_no=number, internal_sku=sku, qty=Decimal(qty))
            for number, (sku, qty) in enumerate(given, 1)
        ]
        content = connector.render(plain_order(lines=lines), good_config).content.replace(b",", b".")
        for values in zip(*given, strict=True):
            places = [content.find(value.encode()) for value in values]
            assert places == sorted(places), f"{values[0]} and the like are in another order than the lines"
        changed = one_line(qty=Decimal("77.125"), unit_price=Decimal("88.5625"))(plain_order())
        content = connector.render(changed, good_config).content
        assert not any(map(_PRICE.search, _names_of(content, "77.125"))), "the quantity is in the place of a price"
        assert not any(map(_QUANTITY.search, _names_of(content, "88.5625"))), "the price is in the place of a quantity"

    def test_an_order_that_says_little_is_written_or_refused(
        self, connector: ERPConnectorPort, good_config: dict[str, Any]
    ) -> None:
        """With no exception of Python's: few orders have every field."""
        for what, order in little_orders():
            told = answer_of(connector.render, order, good_config)
            assert isinstance(told, Document | RejectedError), f"of {what} it makes {type(told).__name__}"


def _rendered(connector: ERPConnectorPort, order: DraftOrder, config: dict[str, Any]) -> bytes | None:
    """Return the document; None if the order is refused, which is not quiet."""
    try:
        return connector.render(order, config).content
    except RejectedError:
        return None


def _is_in(name: str, fields: Collection[str]) -> bool:
    """Return whether a field is one of some, or a part of one."""
    parts = name.split(".")
    return any(".".join(parts[:count]) in fields for count in range(1, len(parts) + 1))


def _has_day(content: bytes, day: date) -> bool:
    plain = _DATE_OF_JSON.sub(_as_time, content)
    forms = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y")
    return any(day.strftime(form).encode() in plain for form in forms)


def _as_time(found: re.Match[bytes]) -> bytes:
    """Return a date of OData's JSON as others write it. Source: OData V2, section 4 of its JSON format."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1]))).isoformat().encode()


def _names_of(content: bytes, number: str) -> list[str]:
    """Return the names under which JSON or XML has a number."""
    text, value = content.decode("utf-8", "replace"), re.escape(number)
    return re.findall(rf'"([^"]+)"\s*:\s*"?{value}\b', text) + re.findall(rf"<([\w:.-]+)[^>]*>\s*{value}\s*<", text)
