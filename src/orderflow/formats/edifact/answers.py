"""CONTRL, APERAK and ORDRSP: what a partner says about an interchange, a message and an order.

Sources: ISO 9735 (CONTRL: code lists 0083 and 0085), UN/EDIFACT D.96A and EANCOM 1997 (APERAK, ORDRSP).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orderflow.domain.answer_details import Level
from orderflow.domain.answer_files import Answer, Reference, UnreadableError
from orderflow.formats.answer_fields import words
from orderflow.formats.edi.codes import REC_20
from orderflow.formats.edi.envelopes import Envelope
from orderflow.formats.edi.response import DUPLICATE, control_number, failure, order_number, unit_names
from orderflow.formats.edi.segments import Segment
from orderflow.formats.edifact.order_response import read_order_response
from orderflow.formats.edifact.settings import EdifactSettings
from orderflow.formats.edifact.syntax import MESSAGE, read_interchanges

ACTIONS = {"UCI": 4, "UCF": 4, "UCM": 3}
"""Where the action stands (0083), in front of the error (0085)."""

ERRORS = {
    "2": "syntax version or level not supported", "7": "we are not the recipient meant", "12": "invalid value",
    "13": "missing", "14": "value not supported in this position", "15": "not supported in this position",
    "16": "too many constituents", "17": "no agreement", "18": "unspecified error", "19": "invalid decimal notation",
    "21": "invalid characters", "22": "invalid service characters", "23": "unknown sender", "24": "too old",
    "25": "test indicator not supported", "26": "duplicate", "28": "references do not match",
    "29": "control count does not match", "32": "lower level empty", "35": "too many repetitions",
    "37": "invalid type of characters", "39": "data element too long", "40": "data element too short",
}  # fmt: skip


def read_answers(content: bytes, settings: EdifactSettings) -> Iterator[Answer]:
    """Yield what a file says, message by message.

    Raises:
        UnfinishedError, UnreadableError: As `Format.read` does.
    """
    for interchange in read_interchanges(content):
        for message in _messages(interchange):
            yield _answer(message, interchange, settings)


def _messages(envelope: Envelope) -> Iterator[Envelope]:
    for inner in envelope.inner:
        if inner.level is MESSAGE:
            yield inner
        else:
            yield from _messages(inner)


def _answer(message: Envelope, interchange: Envelope, settings: EdifactSettings) -> Answer:
    receiver = interchange.header.get(3)
    if receiver != settings.sender:
        raise UnreadableError(f"It is for {receiver[:40]!r}, and this connection sends as {settings.sender!r}.")
    match message.header.get(2):
        case "CONTRL":
            return _contrl(message, settings)
        case "APERAK":
            return _aperak(message)
        case "ORDRSP":
            return read_order_response(message.segments, unit_names(REC_20 | settings.units))
        case other:
            raise UnreadableError(f"It is {other[:10]!r}, which is no answer to an order.")


def _contrl(message: Envelope, settings: EdifactSettings) -> Answer:
    """Read what was acknowledged or rejected: the interchange by UCI, our message in it by UCM."""
    header = next((segment for segment in message.segments if segment.tag == "UCI"), None)
    if header is None:
        raise UnreadableError("CONTRL names no interchange.")
    about = control_number(header.get(1))
    if (header.get(2), header.get(3)) != (settings.sender, settings.receiver):
        raise UnreadableError(
            f"CONTRL is about an interchange from {header.get(2)[:40]!r} to {header.get(3)[:40]!r}, which is not "
            "this connection's."
        )
    said = [(segment.get(at), segment.get(at + 1)) for segment in message.segments if (at := ACTIONS.get(segment.tag))]
    others = [s.get(1) for s in message.segments if s.tag == "UCM" and s.get(1) != header.get(1)]
    if others:
        raise UnreadableError(f"CONTRL names the message {others[0][:40]!r}, which is not ours.", about)
    return _verdict(about, said, message.segments)


def _verdict(about: Reference, said: list[tuple[str, str]], segments: list[Segment]) -> Answer:
    actions = {action for action, _ in said}
    if not actions <= {"4", "7", "8"}:
        raise UnreadableError("CONTRL says neither that it acknowledges nor that it rejects.", about)
    if "4" not in actions:
        return Answer("ACKED", about=about, level=Level.RECEIVED if "8" in actions else Level.UNDERSTOOD)
    code = next((code for action, code in said if action == "4" and code), "")
    if "26" in {code for _, code in said}:
        raise UnreadableError(DUPLICATE, about)
    return failure(about, code, "; ".join(["CONTRL rejects it", *_reasons(code, segments)]), Level.UNDERSTOOD)


def _reasons(code: str, segments: list[Segment]) -> Iterator[str]:
    if code:
        yield _worded(code)
    place = ""
    for segment in segments:
        if segment.tag == "UCS":
            place = f"segment {segment.get(1)}"
            if segment.get(2):
                yield f"{place}: {_worded(segment.get(2))}"
        elif segment.tag == "UCD":
            at = ".".join(part for part in (segment.get(2), segment.get(2, 2)) if part)
            yield f"{place}, element {at}: {_worded(segment.get(1))}"


def _worded(code: str) -> str:
    return f"{ERRORS.get(code, 'error')} ({code})"


def _aperak(message: Envelope) -> Answer:
    """Read whether the partner's application took the message; that it did confirms nothing yet."""
    segments = message.segments
    references: Mapping[str, str] = {s.get(1): s.get(1, 2) for s in reversed(segments) if s.tag == "RFF"}
    about = order_number([references.get("ON") or references.get("ACW") or ""])
    begin = next((segment for segment in segments if segment.tag == "BGM"), None)
    says = {begin.get(1), begin.get(3), begin.get(4)} if begin else set()
    errors = [segment.get(1) for segment in segments if segment.tag == "ERC"]
    told = "; ".join(" ".join(s.all(4)) for s in segments if s.tag == "FTX")
    if begin and (begin.get(1) == "313" or begin.get(3) in ("12", "27") or begin.get(4) == "RE"):
        return failure(about, errors[0] if errors else "", told or "APERAK rejects it.", Level.UNDERSTOOD)
    if errors and not says & {"312", "29", "AP"}:
        raise UnreadableError(
            f"APERAK names the error {errors[0][:20]!r}, and not whether the order is taken: {told[:300]}", about
        )
    return Answer("ACKED", message=words(told), about=about, level=Level.UNDERSTOOD)
