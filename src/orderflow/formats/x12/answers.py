"""TA1, 997 and 999: what a partner says about an interchange and a group. 855 and 865 are the business's.

Source: ASC X12 004010 and 005010, segments TA1, AK1 to AK9, IK3 to IK5; data elements 715, 717, 718, 720, 723, I18.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orderflow.domain.answer_details import Level
from orderflow.domain.answer_files import Answer, ControlNumber, UnreadableError
from orderflow.domain.states import Kind
from orderflow.formats.edi.codes import X12_355
from orderflow.formats.edi.envelopes import Envelope
from orderflow.formats.edi.response import DUPLICATE, control_number, decimal, failure, the_one, unit_names
from orderflow.formats.edi.segments import Segment
from orderflow.formats.x12.acknowledgment import read_acknowledgment
from orderflow.formats.x12.settings import X12Settings
from orderflow.formats.x12.syntax import read_interchanges

ACCEPTED = {"A", "E"}
REJECTED = {"R", "M", "W", "X"}
PARTLY = "P"
REAL = {"P", ""}
"""What an interchange says (I14) that is no test."""

GROUPS = {"PO": {Kind.ORDER}, "PC": {Kind.CHANGE, Kind.RECALL}}
"""What we send, by the code of its group."""

SEGMENT_ERRORS = {
    "1": "unrecognized", "2": "unexpected", "3": "mandatory and missing", "4": "occurs too often",
    "5": "used too often", "6": "not in the set", "7": "not in the proper sequence", "8": "has errors in elements",
}  # fmt: skip
ELEMENT_ERRORS = {
    "1": "mandatory and missing", "2": "required by another, and missing", "3": "too many elements", "4": "too short",
    "5": "too long", "6": "invalid character", "7": "invalid code", "8": "invalid date", "9": "invalid time",
    "10": "not allowed beside another",
}  # fmt: skip
SET_ERRORS = {
    "1": "set not supported", "2": "trailer missing", "3": "control numbers do not match",
    "4": "number of segments does not match", "5": "segments in error", "6": "invalid set",
    "7": "invalid control number",
}  # fmt: skip
GROUP_ERRORS = {
    "1": "group not supported", "2": "version not supported", "3": "trailer missing",
    "4": "control numbers do not match", "5": "number of sets does not match", "6": "invalid control number",
}  # fmt: skip


def read_answers(content: bytes, settings: X12Settings) -> Iterator[Answer]:
    """Yield what a file says: an interchange's TA1 first, then set by set.

    Raises:
        UnfinishedError, UnreadableError: As `Format.read` does.
    """
    for interchange in read_interchanges(content):
        _check_test(interchange, settings)
        for segment in interchange.segments:
            if segment.tag == "TA1":
                _check_addresses(interchange, None, settings)
                yield _ta1(segment)
        for group in interchange.inner:
            for one in group.inner:
                yield _answer(one, group, interchange, settings)


def _answer(one: Envelope, group: Envelope, interchange: Envelope, settings: X12Settings) -> Answer:
    match one.header.get(1):
        case "997" | "999":
            _check_addresses(interchange, group, settings)
            return _functional(one.segments)
        case "855" | "865":
            _check_addresses(interchange, group, settings)
            return read_acknowledgment(one.segments, unit_names(X12_355 | settings.units))
        case other:
            raise UnreadableError(f"It is {other[:10]!r}, which is no answer to an order.")


def _check_test(interchange: Envelope, settings: X12Settings) -> None:
    """Check that a test answers no order that is meant. Raises UnreadableError."""
    if interchange.header.get(15) not in REAL and not settings.test:
        raise UnreadableError("It is a test (ISA15), and this connection's orders are none.")


def _check_receiver(interchange: Envelope, group: Envelope | None, settings: X12Settings) -> None:
    """Check that an answer is for us. Raises UnreadableError."""
    given = interchange.header.get(8)
    if given != settings.sender and _code(group, 3) != settings.codes[0]:
        raise UnreadableError(f"It is for {given[:20]!r}, and this connection sends as {settings.sender!r}.")


def _check_addresses(interchange: Envelope, group: Envelope | None, settings: X12Settings) -> None:
    """Check that it is from our partner, too: numbers alone are the same for many. Raises UnreadableError."""
    _check_receiver(interchange, group, settings)
    given = interchange.header.get(6)
    if given != settings.receiver and _code(group, 2) != settings.codes[1]:
        raise UnreadableError(f"It is from {given[:20]!r}, and this connection sends to {settings.receiver!r}.")


def _code(group: Envelope | None, place: int) -> str:
    return group.header.get(place) if group else ""


def _ta1(segment: Segment) -> Answer:
    about = control_number(segment.get(1))
    code, note = segment.get(4), segment.get(5)
    if note == "025":
        raise UnreadableError(DUPLICATE, about)
    if code == "R":
        return failure(about, note, f"TA1 rejects the interchange (note {note or 'none'}).", Level.RECEIVED)
    if code not in ACCEPTED:
        raise UnreadableError("TA1 says neither that it accepts nor that it rejects.", about)
    return Answer("ACKED", about=about, level=Level.RECEIVED)


def _functional(segments: Sequence[Segment]) -> Answer:
    """Read what was accepted or rejected: the group by AK9, our set in it by AK5."""
    group = the_one((segment for segment in segments if segment.tag == "AK1"), "AK1")
    if group is None or group.get(1) not in GROUPS:
        what = group.get(1)[:10] if group else "nothing"
        raise UnreadableError(f"It acknowledges {what!r}, and this connection sends PO.")
    about = control_number(group.get(2), GROUPS[group.get(1)])
    _check_sets(segments, about)
    of_sets, of_groups = _codes(segments, "AK5", "IK5"), _codes(segments, "AK9")
    if rejected := sorted(of_sets & REJECTED) or sorted(of_groups & REJECTED):
        reasons = "; ".join(["The partner's EDI rejects it", *_reasons(segments)])
        return failure(about, rejected[0], reasons, Level.UNDERSTOOD)
    if not of_groups or not (of_sets or of_groups) <= ACCEPTED or not of_groups <= {*ACCEPTED, PARTLY}:
        raise UnreadableError("It says neither that it accepts nor that it rejects.", about)
    _check_counts(segments, about)
    return Answer("ACKED", about=about, level=Level.UNDERSTOOD)


def _check_sets(segments: Sequence[Segment], about: ControlNumber) -> None:
    """Check that the sets named are the one that the group held. Raises UnreadableError."""
    named = [control_number(segment.get(2), about.kinds) for segment in segments if segment.tag == "AK2"]
    if named not in ([], [about]):
        raise UnreadableError(
            f"It names {len(named)} sets in group {about.number}, and not just the one that we sent.", about
        )


def _check_counts(segments: Sequence[Segment], about: ControlNumber) -> None:
    """Check that a group of which nothing was rejected was accepted as a whole. Raises UnreadableError."""
    for group in segments:
        if group.tag == "AK9" and group.get(1) in ACCEPTED and decimal(group.get(3)) != decimal(group.get(4)):
            raise UnreadableError(
                f"It accepts the group, of which it took {group.get(4)[:9]} sets of {group.get(3)[:9]}.", about
            )


def _codes(segments: Sequence[Segment], *tags: str) -> set[str]:
    return {segment.get(1) for segment in segments if segment.tag in tags}


def _reasons(segments: Sequence[Segment]) -> Iterator[str]:
    for segment in segments:
        match segment.tag:
            case "AK3" | "IK3":
                yield f"segment {segment.get(1)} ({segment.get(2)}): {_worded(SEGMENT_ERRORS, segment.get(4))}"
            case "AK4" | "IK4":
                yield f"its element {segment.get(1)}: {_worded(ELEMENT_ERRORS, segment.get(3))}"
            case "AK5" | "IK5":
                yield from (_worded(SET_ERRORS, segment.get(n)) for n in range(2, len(segment) + 1) if segment.get(n))
            case "AK9":
                yield from (_worded(GROUP_ERRORS, segment.get(n)) for n in range(5, len(segment) + 1) if segment.get(n))


def _worded(words: dict[str, str], code: str) -> str:
    return f"{words.get(code, 'error')} ({code or 'no code'})"
