"""One line of an Order Response.

Source: OASIS UBL 2.1 (OrderLine, LineItem), Peppol BIS Ordering 3 (transaction T76).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache

from orderflow.domain.answer_details import LineAnswer, LineStatus, Schedule
from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.answer_fields import LONGEST_CODE, number, words
from orderflow.formats.edi.response import KEPT, UnitNames, decimal, line_number, price_for_one
from orderflow.formats.ubl.reading import Part

STATUSES = {
    "3": LineStatus.CHANGED,
    "5": LineStatus.ACCEPTED,
    "7": LineStatus.REJECTED,
    "42": LineStatus.CHANGED,
}
"""What becomes of a line (UNCL 1229). 42 is delivered already: a person has to look what of it."""

SUBSTITUTE = "SellerSubstitutedLineItem"

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)


def read_line(line: Part, units: UnitNames, *, accepted: bool) -> LineAnswer:
    """Return what an OrderLine says.

    Args:
        units: What orders may call the units.
        accepted: The order is accepted as a whole, and so is a line that does not say otherwise.

    Raises:
        UnreadableError: It contradicts itself, or what it says is not known here.
    """
    if "LineItem" not in line:
        raise UnreadableError("It has a line without a LineItem.")
    return _Line(line, units, accepted=accepted).answer()


def tells_status(line: Part) -> bool:
    """Return whether an OrderLine says what becomes of it, and not only what was ordered."""
    return bool(line.part("LineItem").value("LineStatusCode")) or SUBSTITUTE in line


def notes(part: Part) -> str:
    """Return the notes of a document or a line."""
    return "; ".join([text for text in part.texts("Note") if text])


def period(part: Part) -> Sequence[date]:
    """Return the first and the last day of a period, as far as it names them; one day is both."""
    first, last = part.value("StartDate"), part.value("EndDate")
    return sorted({_day(text) for text in (first, last) if text})


class _Line:
    def __init__(self, line: Part, units: UnitNames, *, accepted: bool) -> None:
        self.line, self.item, self.units, self.accepted = line, line.part("LineItem"), units, accepted
        self.number = line_number(line.part("OrderLineReference").value("LineID"))
        self.name = f"Line {self.number or '(without a number)'}"
        self.code = self.item.value("LineStatusCode")
        self.quantity, unit = self.item.with_unit("Quantity")
        self.waiting, unit_of_waiting = self.item.with_unit("MaximumBackorderQuantity")
        self.substitute = line.part(SUBSTITUTE)
        price = self.item.part("Price")
        self.price, self.currency = price.with_unit("PriceAmount")
        self.basis, unit_of_basis = price.with_unit("BaseQuantity")
        self.unit_codes = {unit, unit_of_waiting, unit_of_basis} - {""}

    def answer(self) -> LineAnswer:
        unit, *same_units = self._units() or (None,)
        status = self._status()
        if status is not LineStatus.REJECTED:
            self.line.check_without("SellerProposedSubstituteLineItem")
            self.item.check_without("AllowanceCharge")
        return LineAnswer(
            self.number,
            status,
            decimal(self.quantity),
            unit,
            price_for_one(decimal(self.price), decimal(self.basis), self.name),
            self._currency(),
            number(self._article(status), "article"),
            self._schedules(),
            words(self.code, LONGEST_CODE),
            words(notes(self.item)),
            tuple(same_units),
        )

    def _status(self) -> LineStatus:
        status = LineStatus.ACCEPTED if self.accepted and not self.code else STATUSES.get(self.code)
        if status is None:
            raise UnreadableError(f"{self.name} has the status {self.code[:10]!r}, which is not known.")
        if status is LineStatus.REJECTED:
            return status
        if SUBSTITUTE in self.line:
            return LineStatus.SUBSTITUTED
        return LineStatus.BACKORDERED if decimal(self.waiting) else status

    def _article(self, status: LineStatus) -> str:
        """Return the article by the number that we sent as the seller's own, a substitute by any that it has."""
        if status is not LineStatus.SUBSTITUTED:
            return _sellers_number(self.item.part("Item"))
        item = self.substitute.part("Item")
        return _sellers_number(item) or item.part("StandardItemIdentification").value("ID") or item.value("Name")

    def _units(self) -> list[str]:
        if len(self.unit_codes) > 1:
            raise UnreadableError(f"{self.name} counts in several units.")
        return [name for code in self.unit_codes for name in self.units.get(code, (code,))]

    def _currency(self) -> str | None:
        _, of_all = self.item.with_unit("LineExtensionAmount")
        if self.currency and of_all and of_all != self.currency:
            raise UnreadableError(f"{self.name} has amounts in several currencies.")
        return self.currency or of_all or None

    def _schedules(self) -> tuple[Schedule, ...]:
        """Return when it comes: of a part of it the last day, of all of it the period's first day and last."""
        schedules: list[Schedule] = []
        for delivery in self.item.parts("Delivery"):
            days, qty = period(delivery.part("PromisedDeliveryPeriod")), decimal(delivery.with_unit("Quantity")[0])
            schedules += [Schedule(day, qty) for day in (days if qty is None else days[-1:])]
        return tuple(schedules)


def _sellers_number(item: Part) -> str:
    return item.part("SellersItemIdentification").value("ID")


@lru_cache(KEPT)
def _day(text: str) -> date:
    found = _DATE.fullmatch(text)
    with suppress(ValueError):
        if found:
            return date.fromisoformat(found[1])
    raise UnreadableError(f"{text[:40]!r} stands where a date belongs.")
