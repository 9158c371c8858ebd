"""One line of an Order Response.

Source: OASIS UBL 2.1 (OrderLine, LineItem), Peppol BIS Ordering 3 (transaction T76).
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from decimal import Decimal
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

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)


def read_line(line: Part, units: UnitNames, *, accepted: bool) -> LineAnswer:
    """Return what an OrderLine says.

    Args:
        units: What orders may call the units.
        accepted: The order is accepted as a whole, and so is a line that does not say otherwise.

    Raises:
        UnreadableError: It contradicts itself, or what it says is not known here.
    """
    item = line.one("LineItem")
    if item is None:
        raise UnreadableError("It has a line without a LineItem.")
    return _Line(line, item, units, accepted=accepted).answer()


def tells_status(line: Part) -> bool:
    """Return whether an OrderLine says what becomes of it, and not only what was ordered."""
    return bool(line.value("LineItem", "LineStatusCode") or line.all("SellerSubstitutedLineItem"))


def notes(part: Part) -> str:
    """Return the notes of a document or a line."""
    return "; ".join(note.text for note in part.all("Note") if note.text)


def period(part: Part | None) -> tuple[date, ...]:
    """Return the first and the last day of a period, as far as it names them; one day is both."""
    if part is None:
        return ()
    first, last = part.value("StartDate"), part.value("EndDate")
    return tuple(sorted({_day(text) for text in (first, last) if text}))


class _Line:
    def __init__(self, line: Part, item: Part, units: UnitNames, *, accepted: bool) -> None:
        self.line, self.item, self.units, self.accepted = line, item, units, accepted
        self.number = line_number(line.value("OrderLineReference", "LineID"))
        self.name = f"Line {self.number or '(without a number)'}"
        self.code = item.value("LineStatusCode")
        self.quantity, self.waiting = item.one("Quantity"), item.one("MaximumBackorderQuantity")
        price = item.one("Price")
        self.price, self.basis = (price.one("PriceAmount"), price.one("BaseQuantity")) if price else (None, None)

    def answer(self) -> LineAnswer:
        unit, *same_units = self._units() or (None,)
        substitute = self.line.one("SellerSubstitutedLineItem")
        status = self._status(substitute)
        if status is not LineStatus.REJECTED:
            self._check_all_is_read()
        return LineAnswer(
            self.number,
            status,
            _decimal(self.quantity),
            unit,
            price_for_one(_decimal(self.price), _decimal(self.basis), self.name),
            self._currency(),
            number(self._article(status, substitute), "article"),
            self._schedules(),
            words(self.code, LONGEST_CODE),
            words(notes(self.item)),
            tuple(same_units),
        )

    def _status(self, substitute: Part | None) -> LineStatus:
        status = LineStatus.ACCEPTED if self.accepted and not self.code else STATUSES.get(self.code)
        if status is None:
            raise UnreadableError(f"{self.name} has the status {self.code[:10]!r}, which is not known.")
        if status is LineStatus.REJECTED:
            return status
        if substitute:
            return LineStatus.SUBSTITUTED
        return LineStatus.BACKORDERED if _decimal(self.waiting) else status

    def _check_all_is_read(self) -> None:
        self.line.check_without("SellerProposedSubstituteLineItem")
        self.item.check_without("AllowanceCharge")

    def _article(self, status: LineStatus, substitute: Part | None) -> str:
        """Return the article by the number that we sent as the seller's own, a substitute by any that it has."""
        if status is not LineStatus.SUBSTITUTED or substitute is None:
            return self.item.value("Item", "SellersItemIdentification", "ID")
        ways = (("SellersItemIdentification", "ID"), ("StandardItemIdentification", "ID"), ("Name",))
        return next(filter(None, (substitute.value("Item", *way) for way in ways)), "")

    def _units(self) -> list[str]:
        counts = (self.quantity, self.waiting, self.basis)
        codes = {code for count in counts if count and (code := count.attribute("unitCode"))}
        if len(codes) > 1:
            raise UnreadableError(f"{self.name} counts in several units.")
        return [name for code in codes for name in self.units.get(code, (code,))]

    def _currency(self) -> str | None:
        amounts = (self.price, self.item.one("LineExtensionAmount"))
        currencies = {currency for amount in amounts if amount and (currency := amount.attribute("currencyID"))}
        if len(currencies) > 1:
            raise UnreadableError(f"{self.name} has amounts in several currencies.")
        return next(iter(currencies), None)

    def _schedules(self) -> tuple[Schedule, ...]:
        """Return when it comes: of a part of it the last day, of all of it the period's first day and last."""
        schedules: list[Schedule] = []
        for delivery in self.item.all("Delivery"):
            days, qty = period(delivery.one("PromisedDeliveryPeriod")), _decimal(delivery.one("Quantity"))
            schedules += [Schedule(day, qty) for day in (days if qty is None else days[-1:])]
        return tuple(schedules)


def _decimal(part: Part | None) -> Decimal | None:
    return decimal(part.text) if part else None


@lru_cache(KEPT)
def _day(text: str) -> date:
    found = _DATE.fullmatch(text)
    with suppress(ValueError):
        if found:
            return date.fromisoformat(found[1])
    raise UnreadableError(f"{text[:40]!r} stands where a date belongs.")
