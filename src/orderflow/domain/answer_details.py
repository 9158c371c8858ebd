"""What an answer says beyond yes or no: how far it got, and line by line what the ERP will do.

Every format's answers fit in here, and nothing of one format is in it: an 855 and an ORDRSP, a UBL Order Response, a
file `ack_…`, an order that was read from the ERP itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from orderflow.domain.codes import clean_code


class Level(StrEnum):
    """What an answer proves. Only `answered` confirms an order; a refusal is one at any level."""

    RECEIVED = "received"
    """The document is there: an MDN, a 2xx, a TA1 that takes the interchange, CONTRL with action 8."""

    UNDERSTOOD = "understood"
    """The ERP's side could read it: 997 and 999, CONTRL with action 7, an IDoc's status before it is posted."""

    ANSWERED = "answered"
    """The ERP's business said what becomes of the order: 855, ORDRSP, Order Response, the ERP's own state or number."""


class LineStatus(StrEnum):
    """What the ERP does with a line."""

    ACCEPTED = "accepted"
    CHANGED = "changed"
    BACKORDERED = "backordered"
    SUBSTITUTED = "substituted"
    REJECTED = "rejected"


class Others(StrEnum):
    """What an answer means by the lines that it does not name."""

    UNANSWERED = "unanswered"
    """Nothing: they were answered before, or will be."""

    AS_ORDERED = "as_ordered"
    """They are accepted: 855 with AT, ORDRSP with function 29, Order Response AP."""

    DROPPED = "dropped"
    """The lines named are all that the ERP holds of the order: others are gone, and one that is no line of the order's
    was added there. For connectors that read the ERP's own order."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something of a line comes.

    Attributes:
        date: The day on which it is delivered.
        qty: How much of it, in the line's unit; None: all that the line confirms.
    """

    date: date
    qty: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """What the ERP says about one line. What it does not say is None, and is taken to be as ordered.

    Attributes:
        line_no: Of the order; None: the answer knows no numbers, and `sku` alone means the line.
        qty: What will be delivered of it in all, in the order's unit. Of a line that is BACKORDERED what is certain, so
            that None means nothing is; of one that is REJECTED nothing is, whatever stands here.
        uom: The unit of `qty`, as the order has it.
        unit_price: For one unit, without a rounding; `currency` where the line has its own.
        sku: The article, by the number that the order had for it; of a line that is SUBSTITUTED its substitute.
        schedules: When it comes, the first first.
        code, message: The ERP's words.
        same_units: Further names of the same unit: several stand for one code where the answer came from.
    """

    line_no: int | None
    status: LineStatus = LineStatus.ACCEPTED
    qty: Decimal | None = None
    uom: str | None = None
    unit_price: Decimal | None = None
    currency: str | None = None
    sku: str | None = None
    schedules: tuple[Schedule, ...] = ()
    code: str | None = None
    message: str | None = None
    same_units: tuple[str, ...] = ()

    def counts_in(self, uom: str | None) -> bool:
        """Return whether its quantity is in that unit, as far as it says."""
        return not self.uom or clean_code(uom) in map(clean_code, (self.uom, *self.same_units))


@dataclass(frozen=True, slots=True)
class Details:
    """What an answer says about the lines of an order.

    Attributes:
        currency: Of its prices; None: the answer names none.
        delivery_date: Of the lines that it names without a date; of all, where it accepts the order and names none.
        revision: Of the order, that it answers by its own words; None: it says nothing, and answers what was sent.
    """

    lines: tuple[LineAnswer, ...] = ()
    others: Others = Others.UNANSWERED
    currency: str | None = None
    delivery_date: date | None = None
    revision: int | None = None


class Confirmation(StrEnum):
    """How what the ERP confirmed stands to what was ordered, as far as it spoke of lines."""

    AS_ORDERED = "AS_ORDERED"
    CHANGED = "CHANGED"
    PARTIAL = "PARTIAL"
    """Something of it will not come, or not yet, or nothing was said about it."""
