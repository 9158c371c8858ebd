"""What an ERP confirmed beside what was ordered: whether an answer can mean the order at all, and what then differs.

Nothing is rounded and nothing is guessed: quantities and prices are compared as the decimals that they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import Literal

from orderflow.domain.answer_details import Confirmation, Details, LineAnswer, LineStatus, Others, Schedule
from orderflow.domain.codes import clean_code
from orderflow.domain.document import exact
from orderflow.domain.orders import DraftOrder, DraftOrderLine

MOST_DIGITS = 24
"""Of a number in an answer, before the point and after it each; an order's has fewer."""

Field = Literal["line", "status", "qty", "uom", "unit_price", "currency", "sku", "delivery_date"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was ordered.

    Attributes:
        line_no: Of the order; None: a line that the ERP added.
        field: `line`: only the order has it, or only the ERP. `status`: what the ERP does with it, in the words of
            `LineStatus`, or `unanswered`.
        ordered, confirmed: As text; None: nothing was ordered, or is confirmed.
    """

    line_no: int | None
    field: Field
    ordered: str | None
    confirmed: str | None


def applied(ordered: DraftOrder, before: Details | None, now: Details) -> Details:
    """Return all that an ERP says which said `before` already: of each line the newest counts.

    The lines have numbers then, but for those that the ERP added, and quantities and dates of their own. Only for what
    has no `misfits`.
    """
    quantities = {line.line_no: line.qty for line in ordered.lines}
    placed = list(_placed(ordered, now))
    lines = {
        line.line_no: replace(line, qty=confirmed_qty(quantities.get(line.line_no), line))
        for line in placed
        if line.line_no is not None
    }
    added = tuple(line for line in placed if line.line_no is None)
    lines = _promised(quantities, now) | lines
    if before is not None and now.others is Others.UNANSWERED:
        lines = {line.line_no: line for line in before.lines if line.line_no is not None} | lines
        now = replace(now, others=before.others, currency=now.currency or before.currency)
    by_number = tuple(lines[number] for number in sorted(lines))
    return replace(now, lines=by_number + added, delivery_date=None)


def _promised(quantities: Mapping[int, Decimal | None], now: Details) -> dict[int, LineAnswer]:
    """Return the lines of an order that is accepted as a whole for a certain day."""
    if now.others is not Others.AS_ORDERED or now.lines or now.delivery_date is None:
        return {}
    schedules = (Schedule(now.delivery_date),)
    return {number: LineAnswer(number, qty=qty, schedules=schedules) for number, qty in quantities.items()}


def misfits(ordered: DraftOrder, said: Details, revision: int | None = None) -> list[str]:
    """Return, in sentences for a person, why an answer cannot be meant for this order as it was sent; none: it can.

    What the ERP's own order says (`Others.DROPPED`) is the order's, however it was changed there.

    Args:
        revision: Of what was sent, where it is known.
    """
    odd = [f"A number of line {line.line_no or line.sku} is none that an order can have." for line in _odd(said)]
    if odd or said.others is Others.DROPPED:
        return odd
    found = []
    if said.revision is not None and revision is not None and said.revision != revision:
        found.append(f"It answers revision {said.revision} of the order, but revision {revision} was sent.")
    named = list(_placed(ordered, said))
    twice = Counter(line.line_no for line in named if line.line_no is not None)
    found += [f"It answers line {number} {times} times." for number, times in twice.items() if times > 1]
    found += _misfits_of_the_others(ordered, said)
    lines = {line.line_no: line for line in ordered.lines}
    for line in named:
        one = lines.get(line.line_no) if line.line_no is not None else None
        found += [_nobodys(line)] if one is None else _misfits_of(one, line, ordered, said)
    return found


def differences(ordered: DraftOrder, said: Details) -> list[Difference]:
    """Return what is not as ordered, by line, those last that the ERP added.

    Args:
        said: As `applied` returns it.
    """
    answers = {line.line_no: line for line in said.lines if line.line_no is not None}
    found = [
        one for line in ordered.lines for one in _differences_of(line, answers.pop(line.line_no, None), ordered, said)
    ]
    added = [*answers.values(), *(line for line in said.lines if line.line_no is None)]
    return found + [Difference(None, "line", None, _shown(line)) for line in added]


def confirmation(found: Sequence[Difference]) -> Confirmation:
    """Return what differences amount to."""
    if not found:
        return Confirmation.AS_ORDERED
    return Confirmation.PARTIAL if any(_is_less(one) for one in found) else Confirmation.CHANGED


def refuses_all(ordered: DraftOrder, said: Details) -> bool:
    """Return whether an answer rejects every line of the order, whatever it says of the whole."""
    answers = {line.line_no: line.status for line in said.lines}
    return bool(ordered.lines) and all(answers.get(line.line_no) is LineStatus.REJECTED for line in ordered.lines)


def confirmed_qty(ordered: Decimal | None, line: LineAnswer) -> Decimal | None:
    """Return how much of a line is certain to come; None where nothing was ordered, nor said."""
    if line.status is LineStatus.REJECTED:
        return Decimal(0)
    if line.qty is not None:
        return line.qty
    if line.schedules and all(part.qty is not None for part in line.schedules):
        return _in_all(line)
    return Decimal(0) if line.status is LineStatus.BACKORDERED else ordered


def _in_all(line: LineAnswer) -> Decimal:
    with localcontext(prec=4 * MOST_DIGITS):
        return sum((part.qty for part in line.schedules if part.qty is not None), Decimal(0))


def _numbers_by_sku(ordered: DraftOrder) -> dict[str | None, int]:
    """Return the numbers of the lines whose article no other line has."""
    seen = Counter(clean_code(line.internal_sku) for line in ordered.lines)
    skus = ((clean_code(line.internal_sku), line.line_no) for line in ordered.lines)
    return {sku: number for sku, number in skus if sku and seen[sku] == 1}


def _placed(ordered: DraftOrder, said: Details) -> Iterator[LineAnswer]:
    """Yield the answers with the numbers of the lines that they mean, and with dates of their own."""
    numbers = _numbers_by_sku(ordered)
    skus = {line.line_no: clean_code(line.internal_sku) for line in ordered.lines}
    taken: set[int | None] = set()
    for line in said.lines:
        number = line.line_no
        if said.others is Others.DROPPED:
            number = _number_there(line, skus, numbers)
            number = None if number in taken else number
        elif number is None and line.status is not LineStatus.SUBSTITUTED:
            number = numbers.get(clean_code(line.sku))
        taken.add(number)
        yield replace(line, line_no=number, schedules=_schedules(line, said))


def _number_there(line: LineAnswer, skus: dict[int, str | None], numbers: dict[str | None, int]) -> int | None:
    """Return which line one of the ERP's own order is, whose people may have moved it, or put another in its place."""
    sku = clean_code(line.sku)
    if line.line_no is not None and line.line_no in skus and sku in (None, skus[line.line_no]):
        return line.line_no
    return numbers.get(sku)


def _schedules(line: LineAnswer, said: Details) -> tuple[Schedule, ...]:
    if line.schedules or said.delivery_date is None or line.status is LineStatus.REJECTED:
        return line.schedules
    return (Schedule(said.delivery_date),)


def _odd(said: Details) -> Iterator[LineAnswer]:
    """Yield lines with a number that no order has: infinite, less than nothing, or of any length."""
    for line in said.lines:
        amounts = (line.qty, *(part.qty for part in line.schedules))
        prices = () if line.unit_price is None else (line.unit_price,)
        given = [amount for amount in amounts if amount is not None]
        if not all(_is_usual(number) for number in (*given, *prices)) or any(amount < 0 for amount in given):
            yield line


def _is_usual(number: Decimal) -> bool:
    if not number.is_finite():
        return False
    _, digits, exponent = number.as_tuple()
    return -MOST_DIGITS <= int(exponent) <= MOST_DIGITS and len(digits) + max(int(exponent), 0) <= 2 * MOST_DIGITS


def _nobodys(line: LineAnswer) -> str:
    if line.line_no is not None:
        return f"It answers line {line.line_no}, which the order does not have."
    return f"It answers a line without a number, and not one line alone has the article {line.sku or '(none named)'}."


def _misfits_of_the_others(ordered: DraftOrder, said: Details) -> Iterator[str]:
    """Yield what keeps an answer from accepting lines that it does not name."""
    wanted = {line.currency or ordered.currency for line in ordered.lines}
    if said.others is Others.AS_ORDERED and not said.lines and said.currency and said.currency not in wanted:
        yield f"It answers in {said.currency}, but {ordered.currency} was ordered."


def _misfits_of(ordered: DraftOrderLine, line: LineAnswer, order: DraftOrder, said: Details) -> Iterator[str]:
    qty = confirmed_qty(ordered.qty, line)
    most = max((amount for amount in (qty, _in_all(line)) if amount is not None), default=None)
    if most is not None and ordered.qty is not None and most > ordered.qty:
        yield f"It confirms {exact(most)} of line {ordered.line_no}, but {exact(ordered.qty)} were ordered."
    currency = line.currency or said.currency
    if currency and currency != (wanted := ordered.currency or order.currency):
        yield f"It answers line {ordered.line_no} in {currency}, but {wanted} was ordered."
    if not line.counts_in(ordered.uom):
        yield f"It counts line {ordered.line_no} in {line.uom}, but {ordered.uom} was ordered."


def _differences_of(
    ordered: DraftOrderLine, line: LineAnswer | None, order: DraftOrder, said: Details
) -> Iterator[Difference]:
    number = ordered.line_no
    if line is None:
        if said.others is Others.DROPPED:
            yield Difference(number, "line", _qty(ordered.qty), None)
        elif said.others is Others.UNANSWERED:
            yield Difference(number, "status", None, "unanswered")
        return
    if line.status is LineStatus.REJECTED:
        yield Difference(number, "status", None, line.status)
        return
    found = list(_changes(ordered, line, order, said))
    if line.status is not LineStatus.ACCEPTED and not (found and line.status is LineStatus.CHANGED):
        yield Difference(number, "status", None, line.status)
    yield from found


def _changes(ordered: DraftOrderLine, line: LineAnswer, order: DraftOrder, said: Details) -> Iterator[Difference]:
    number, qty = ordered.line_no, confirmed_qty(ordered.qty, line)
    if qty != ordered.qty:
        yield Difference(number, "qty", _qty(ordered.qty), _qty(qty))
    if line.unit_price is not None and line.unit_price != ordered.unit_price:
        yield Difference(number, "unit_price", _qty(ordered.unit_price), _qty(line.unit_price))
    wanted = ordered.currency or order.currency
    for field, was, now in (
        ("currency", wanted, line.currency or said.currency),
        ("uom", clean_code(ordered.uom), None if line.counts_in(ordered.uom) else clean_code(line.uom)),
        ("sku", clean_code(ordered.internal_sku), clean_code(line.sku)),
    ):
        if now and now != was:
            yield Difference(number, field, was, now)  # type: ignore[arg-type]  # one of the three above
    day = ordered.requested_delivery_date or order.requested_delivery_date
    if day is not None and any(part.date != day for part in line.schedules):
        yield Difference(number, "delivery_date", day.isoformat(), _days(line.schedules))


def _qty(number: Decimal | None) -> str | None:
    return None if number is None else str(exact(number))


def _days(schedules: Sequence[Schedule]) -> str:
    parts = sorted(schedules, key=lambda part: part.date)
    return ", ".join(f"{part.date}" + ("" if part.qty is None else f": {exact(part.qty)}") for part in parts)


def _shown(line: LineAnswer) -> str:
    shown = (_qty(line.qty), line.uom, line.sku or line.message)
    return " ".join(part for part in shown if part) or "a line"


def _is_less(one: Difference) -> bool:
    match one.field:
        case "status":
            return one.confirmed in (LineStatus.REJECTED, LineStatus.BACKORDERED, "unanswered")
        case "line":
            return one.confirmed is None
        case "qty":
            return one.ordered is not None and Decimal(one.confirmed or 0) < Decimal(one.ordered)
    return False
