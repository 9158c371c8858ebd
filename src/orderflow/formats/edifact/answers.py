"""CONTRL, APERAK and ORDRSP: what a partner says about an interchange, a message and an order.

Sources: ISO 9735 (CONTRL: code lists 0083 and 0085), UN/EDIFACT D.96A and EANCOM 1997 (APERAK, ORDRSP).
"""

from __future__ import annotations

from collections.abc import Iterator

from orderflow.domain.answer_details import Level
from orderflow.domain.answer_files import Answer, Reference, UnreadableError
from orderflow.domain.states import Kind
from orderflow.formats.answer_fields import words
from orderflow.formats.edi.codes import REC_20
from orderflow.formats.edi.envelopes import Envelope
from orderflow.formats.edi.response import DUPLICATE, control_number, failure, order_number, the_one, unit_names
from orderflow.formats.edi.segments import Segment
from orderflow.formats.edifact.order_response import read_order_response
from orderflow.formats.edifact.settings import EdifactSettings
from orderflow.formats.edifact.syntax import MESSAGE, read_interchanges

TEST = 11
"""Where UNB says that it is a test (0035)."""

ACTIONS = {"UCI": 4, "UCF": 4, "UCM": 3}
"""Where the action stands (0083), in front of the error (0085)."""

MESSAGES = {"ORDERS": {Kind.ORDER}, "ORDCHG": {Kind.CHANGE, Kind.RECALL}, "": set(Kind)}
"""What we send, by the type of its message, which not every CONTRL names."""

ERRORS = {
    "2": "syntax version or level not supported", "7": "we are not the recipient meant", "12": "invalid value",
    "13": "missing", "14": "value not supported in this position", "15": "not supported in this position",
    "16": "too many constituents", "17": "no agreement", "18": "unspecified error", "19": "invalid decimal notation",
    "21": "invalid characters", "22": "invalid service characters", "23": "unknown sender", "24": "too old",
    "25": "test indicator not supported", "26": "duplicate", "28": "references do not match",
    "29": "control count does not match", "32": "lower level empty", "35": "too many repetitions",
    "37": "invalid type of characters", "39": "data element too long", "40": "data element too short",
}  # fmt: skip


RESPONSES = {"", "AB", "AC", "AD", "AI", "AP", "AQ", "NA", "RE"}
"""What an APERAK may say (4343). By all else, as on conditions, nobody knows whether it takes the message."""


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
    _check_receiver(interchange.header, settings)
    match message.header.get(2):
        case "CONTRL":  # says itself whose interchange it is about; a network on the way may have sent it
            return _contrl(message, settings)
        case "APERAK":
            _check_sender(interchange.header, settings)
            return _aperak(message)
        case "ORDRSP":
            _check_sender(interchange.header, settings)
            return read_order_response(message.segments, unit_names(REC_20 | settings.units))
        case other:
            raise UnreadableError(f"It is {other[:10]!r}, which is no answer to an order.")


def _check_receiver(header: Segment, settings: EdifactSettings) -> None:
    """Check that an answer is for us, and no test where our orders are none. Raises UnreadableError."""
    receiver = header.get(3)
    if receiver != settings.sender:
        raise UnreadableError(f"It is for {receiver[:40]!r}, and this connection sends as {settings.sender!r}.")
    if header.get(TEST) and not settings.test:
        raise UnreadableError("It is a test (UNB 0035), and this connection's orders are none.")


def _check_sender(header: Segment, settings: EdifactSettings) -> None:
    """Check that it is from our partner: orders' numbers are the same for many. Raises UnreadableError."""
    sender = header.get(2)
    if sender != settings.receiver:
        raise UnreadableError(f"It is from {sender[:40]!r}, and this connection sends to {settings.receiver!r}.")


def _contrl(message: Envelope, settings: EdifactSettings) -> Answer:
    """Read what was acknowledged or rejected: the interchange by UCI, our message in it by UCM."""
    header = the_one((segment for segment in message.segments if segment.tag == "UCI"), "UCI")
    if header is None:
        raise UnreadableError("CONTRL names no interchange.")
    ours = [segment for segment in message.segments if segment.tag == "UCM"]
    about = control_number(header.get(1), _kinds(ours))
    if (header.get(2), header.get(3)) != (settings.sender, settings.receiver):
        raise UnreadableError(
            f"CONTRL is about an interchange from {header.get(2)[:40]!r} to {header.get(3)[:40]!r}, which is not "
            "this connection's."
        )
    said = [(segment.get(at), segment.get(at + 1)) for segment in message.segments if (at := ACTIONS.get(segment.tag))]
    others = [segment.get(1) for segment in ours if segment.get(1) != header.get(1)]
    if others:
        raise UnreadableError(f"CONTRL names the message {others[0][:40]!r}, which is not ours.", about)
    return _verdict(about, said, message.segments)


def _kinds(messages: list[Segment]) -> set[Kind]:
    """Return what the message that is named may be. Raises UnreadableError: we send none such."""
    said = the_one((message.get(2) for message in messages), "the type of a message") or ""
    if said not in MESSAGES:
        raise UnreadableError(f"CONTRL is about {said[:10]!r}, and this connection sends ORDERS and ORDCHG.")
    return MESSAGES[said]


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
    about = order_number(_referred(segments, "ON") or _referred(segments, "ACW"))
    begin = the_one((segment for segment in segments if segment.tag == "BGM"), "BGM")
    says = {begin.get(1), begin.get(3), begin.get(4)} if begin else set()
    errors = [segment.get(1) for segment in segments if segment.tag == "ERC"]
    told = "; ".join(" ".join(s.all(4)) for s in segments if s.tag == "FTX")
    if begin and (begin.get(1) == "313" or begin.get(3) in ("12", "27") or begin.get(4) == "RE"):
        return failure(about, errors[0] if errors else "", told or "APERAK rejects it.", Level.UNDERSTOOD)
    if begin and begin.get(4) not in RESPONSES:
        raise UnreadableError(f"APERAK has the response {begin.get(4)[:5]!r}, which is not known: {told[:300]}", about)
    if errors and not says & {"312", "29", "AP"}:
        raise UnreadableError(
            f"APERAK names the error {errors[0][:20]!r}, and not whether the order is taken: {told[:300]}", about
        )
    return Answer("ACKED", message=words(told), about=about, level=Level.UNDERSTOOD)


def _referred(segments: list[Segment], qualifier: str) -> list[str]:
    named = (segment for segment in segments if segment.tag == "RFF" and segment.get(1) == qualifier)
    return [number for segment in named if (number := segment.get(1, 2))]
