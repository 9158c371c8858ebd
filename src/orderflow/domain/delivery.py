"""One delivery of one order to one connection: what a connector is handed, and what it hands back."""

from __future__ import annotations

import mimetypes
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from uuid import UUID

from orderflow.domain import clock
from orderflow.domain.answer_details import Details, Level
from orderflow.domain.answer_files import ControlNumber, OrderNumber, Reference, can_be_meant
from orderflow.domain.proof import Proof
from orderflow.domain.states import Kind

if TYPE_CHECKING:
    from orderflow.domain.orders import DraftOrder

Name = TypeVar("Name", bound=Reference)
"""What a delivery is called by; who asks by file names alone gets file names."""


class Lease:
    """The right to work on a batch for some seconds, known by its token.

    The end is kept on this machine's monotonic clock, counted from before the database granted it, so that we
    always believe it to end earlier than the database does.
    """

    def __init__(self, token: UUID, seconds: float) -> None:
        self.token = token
        self.seconds = seconds
        self.extend(clock.monotonic(), seconds)

    def extend(self, asked_at: float, seconds: float) -> None:
        """Note that the database, asked at `asked_at` (`clock.monotonic()`), granted `seconds` more."""
        self._ends = asked_at + seconds
        self._margin = seconds / 4

    def revoke(self) -> None:
        """Note that the lease is lost: somebody else may hold it now."""
        self._ends = float("-inf")

    def may_start(self) -> bool:
        """Return whether enough is left to begin another open or rename."""
        return clock.monotonic() < self._ends - self._margin


@dataclass(slots=True)
class Document:
    """The bytes that go to the ERP, and the name they go by.

    Attributes:
        filename: A plain file name, no path; fixed for the life of the export.
        content: The bytes, built once; every resend uses these.
        media_type: As in an HTTP `Content-Type`; stored with the bytes, and given back with them on every attempt.
        format_version: `orderflow_export_json_v1` and the like; stored likewise.
    """

    filename: str
    content: bytes
    media_type: str
    format_version: str


def media_type_of(filename: str) -> str:
    """Return the media type of a document that an older release stored, which kept none: by the ending of its name."""
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Sent:
    """The delivery that brought an order to the ERP, as a recall or a change of it refers to it.

    Attributes:
        export_id: That delivery's id.
        requested_at: When its push was requested, UTC.
        reference: Its document's file name.
        staged_path: The address under which the file was staged; None if it was not.
        dropzone_path: Where the file was put; None if it is no file.
        erp_order_id: The ERP's number, if it has given one.
        control_number: That its document carries; 0 if its format counts none.
        led_to: Where its connection led when it was sent, as a digest; None: not known, or it was staged.
        changed: A change of it was sent after it, or may have been.
    """

    export_id: UUID
    requested_at: datetime
    reference: str
    staged_path: str | None = None
    dropzone_path: str | None = None
    erp_order_id: str | None = None
    control_number: int = 0
    led_to: str | None = None
    changed: bool = False


@dataclass(slots=True)
class Delivery:
    """What a connector needs to know about this delivery beyond the order.

    Attributes:
        export_id: The export's id; the idempotency key towards ERPs that take one.
        requested_at: When the push was requested, UTC; with `export_id` it makes the file name, so that a
            document built again after a crash has the same name.
        attempt_no: Counts up per order and never restarts.
        control_number: Counts up per connection and is never given twice, for formats that number their documents; the
            same on each attempt. 0 in previews, and for all other formats.
        in_doubt: True if an earlier attempt began and nobody knows how it ended.
        last_begun_at: When the last attempt that sent anything began, UTC; None if none ever did. An attempt that
            only asks leaves it, and so does one with which the target surely did nothing.
        refusals: How often the target has said, in a receipt, that it did nothing with this delivery's message.
        document: The stored bytes; None until they were built.
        staged_path: Where an earlier attempt staged the file (the `.tmp` file's address), if it did.
        orphan_token: The token of an earlier attempt that died before it staged; its `.tmp` may be removed.
        lease: The right to deliver; None when a connector is called by hand.
        kind: What it asks of the ERP. Anything but an order comes only to who says so (`ERPConnectorPort.kinds`).
        sent: The delivery that a recall is about; None where an order is delivered.
        reason: Why it is recalled, in a person's words.
        before: The order as the ERP has it, where this is a change of it.
    """

    export_id: UUID
    requested_at: datetime
    attempt_no: int = 1
    control_number: int = 0
    in_doubt: bool = False
    last_begun_at: datetime | None = None
    refusals: int = 0
    document: Document | None = None
    staged_path: str | None = None
    orphan_token: UUID | None = None
    lease: Lease | None = None
    kind: Kind = Kind.ORDER
    sent: Sent | None = None
    reason: str | None = None
    before: DraftOrder | None = None

    def at_once(self, takes_back: bool) -> bool:
        """Return whether this is a recall that the connector does by itself, in one step; `takes_back`: it can.

        One whose document is staged may have been published: its ERP answers it.
        """
        return takes_back and self.kind is Kind.RECALL and self.staged_path is None

    def begins(self, stages: bool, takes_back: bool) -> bool:
        """Return whether an attempt counts as begun before anything is sent: what is neither staged nor in doubt."""
        return not ((stages and not self.at_once(takes_back)) or self.in_doubt)

    @property
    def reference(self) -> str | None:
        """The name by which the ERP knows this delivery: the document's file name."""
        return self.document.filename if self.document else None

    @property
    def token(self) -> UUID:
        """The token that makes this attempt's temporary names its own."""
        return self.lease.token if self.lease else self.export_id

    def may_start(self) -> bool:
        """Return whether the lease allows another open or rename to begin."""
        return self.lease is None or self.lease.may_start()


@dataclass(slots=True)
class ExportResult:
    """How an export went.

    Attributes:
        success: True if the ERP's side has it.
        export_id: The export's id, where one was made.
        error_message: For a person, if `success` is False.
        storage_key: Where the document lies in the object store.
        dropzone_path: Where the file was put.
        connector_metadata: Further facts for the log. Never secrets.
        erp_order_id: The ERP's own number; lifted from `connector_metadata["erp_order_id"]` if it is not given.
        inferred: Delivery was concluded, not seen; lifted from `connector_metadata["inferred"]` likewise.
        received: The target said that it has the document, which is a receipt and confirms nothing.
        given_back: Of a recall: the ERP has given the order back by now. Without it the recall has arrived, and the ERP
            answers it later.
        not_shown: Of a recall: that the order was given back is concluded from that the ERP does not show it. It counts
            once the ERP would have shown it (`commits_within`); until then it is asked again.
        nothing_done: With `success` False: the ERP surely did nothing, so that it is tried again. Without it nobody
            knows, and the order is in doubt.
        proof: What the target signed about it.
    """

    success: bool
    export_id: UUID | str | None = None
    error_message: str | None = None
    storage_key: str | None = None
    dropzone_path: str | None = None
    connector_metadata: dict[str, Any] = field(default_factory=dict)
    erp_order_id: str | None = None
    inferred: bool = False
    nothing_done: bool = False
    received: bool = False
    given_back: bool = False
    not_shown: bool = False
    proof: Proof | None = None

    def __post_init__(self) -> None:
        number = self.connector_metadata.get("erp_order_id")
        if self.erp_order_id is None and number not in (None, ""):
            self.erp_order_id = str(number)
        self.inferred = self.inferred or self.connector_metadata.get("inferred") is True


@dataclass(slots=True)
class TestResult:
    """How a connection test went; `latency_ms` in milliseconds, `details` safe to show (code, hint, fingerprint).

    `details["note"]` tells a person what a good test leaves open; without it, orders can be delivered.
    """

    __test__ = False  # not a test class, whatever pytest thinks of its name

    success: bool
    error_message: str | None = None
    latency_ms: int = 0
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A temporary file that an attempt left at the target.

    Attributes:
        reference: The document that it was to become.
        token: That attempt's.
        path: Its address, as in `Staged`.
        age: Seconds since it was last written, by the target's own clock.
    """

    reference: str
    token: UUID
    path: str
    age: float


AckStatus = Literal["ACKED", "FAILED", "UNREADABLE", "UNMATCHED"]


@dataclass(slots=True)
class Ack:
    """The ERP's answer to one export.

    Attributes:
        reference: The export's file name, as the answer named it.
        status: ACKED or FAILED as the ERP said; UNREADABLE for an answer that cannot be understood, UNMATCHED
            for one that belongs to no export of this connection.
        export_id: The export it was matched to; None for UNMATCHED, and where it is unknown for UNREADABLE.
        erp_order_id: The ERP's order number, if it gave one.
        error_code, message: The ERP's words, or for UNREADABLE what is wrong with the answer.
        processed_at: When the ERP handled it, as it wrote it.
        source: Where the answer lies (a path or a URL), for `finish_acks`.
        excerpt: For UNREADABLE, and for what may turn out to be (`details`, `by_order_number`): the beginning of what
            came, printable and at most 500 characters; None if nothing of it can be shown.
        digest: Likewise, the SHA-256 of what came, in hex: the same answer is told once. None where it was not even
            read; then it stays where it lies.
        level: What it proves; only `answered` confirms an order, and FAILED is a refusal at any level.
        details: What it says about lines; None: nothing.
        proof: What the target signed about it.
        by_order_number: It names the order alone, so that it may be about another document of it.
    """

    reference: str
    status: AckStatus
    export_id: UUID | None = None
    erp_order_id: str | None = None
    error_code: str | None = None
    message: str | None = None
    processed_at: str | None = None
    source: str | None = None
    excerpt: str | None = None
    digest: str | None = None
    level: Level = Level.ANSWERED
    details: Details | None = None
    proof: Proof | None = None
    by_order_number: bool = False


ARRIVED = "inbound:"


LIGHTEST = 4_096
"""Bytes that something which came by itself counts as at least, so that there are never too many to be counted."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a partner sent by itself, as it was kept before it was read.

    Attributes:
        name: What it is called, as a file in a folder is; empty: it came without a name, and says itself what it is.
        media_type: As in an HTTP `Content-Type`.
        message_id: The sender's own, where it gave one.
        age: Seconds since it came.
    """

    id: UUID
    name: str
    content: bytes
    media_type: str | None = None
    message_id: str | None = None
    age: float = 0.0

    @property
    def source(self) -> str:
        """The `source` of the `Ack`s that are read from it."""
        return f"{ARRIVED}{self.id}"


def arrived_id(source: str | None) -> UUID | None:
    """Return which `Arrived` an answer was read from; None: it lies at the target."""
    return UUID(source.removeprefix(ARRIVED)) if source and source.startswith(ARRIVED) else None


@dataclass(slots=True)
class WaitingExport:
    """An export that was sent, or may have been, as an ack poller sees it.

    Attributes:
        order_number: The order's external number, where it was read.
        led_to: As `Sent.led_to`, where it was read.
        sent_again: It may have been sent more than once since its doubt began.
    """

    export_id: UUID
    draft_order_id: UUID
    reference: str
    sent_at: datetime | None = None
    erp_reference: str | None = None
    order_number: str | None = None
    control_number: int | None = None
    receipt_check: str | None = None
    refusals: int = 0
    kind: Kind = Kind.ORDER
    led_to: str | None = None
    sent_again: bool = False


class Waiting:
    """The exports of one connection that the ERP may still answer.

    Iterating gives those without an answer that this ERP can be asked about. `match` also knows the ones that were
    answered before, so that a second answer is recognised instead of being reported as nobody's.

    Args:
        destination: Where the connection leads, as `OpenTarget.destination`. Another target may know another order by
            the ERP's number, or say that it has none: what was sent there is not asked about here. Empty: all is.

    Attributes:
        elsewhere: Those that were not asked about for that.
    """

    def __init__(self, exports: Iterable[WaitingExport] = (), destination: str = "") -> None:
        self._exports = {export.reference: export for export in exports}
        self._destination = destination
        self.elsewhere: set[UUID] = set()

    @classmethod
    def of(cls, waiting: Waiting | Iterable[WaitingExport]) -> Waiting:
        """Return `waiting` itself, or the exports given wrapped as one."""
        return waiting if isinstance(waiting, Waiting) else cls(waiting)

    def __iter__(self) -> Iterator[WaitingExport]:
        for export in self._unanswered():
            if self._destination and export.led_to not in (None, self._destination):
                self.elsewhere.add(export.export_id)
            else:
                yield export

    def match(self, references: Iterable[Name]) -> dict[Name, WaitingExport]:
        """Return those of the named exports that belong to this connection, by what they were called.

        An order's number means the last export of the order that has it, where that is one order alone. What an answer
        names may be anything; what nothing can be called means none.
        """
        wanted = {name for name in references if can_be_meant(name)}
        known = by_any_name(self._called(wanted))
        return {name: found for name in wanted if (found := _meant(name, known))}

    def _unanswered(self) -> Iterable[WaitingExport]:
        return self._exports.values()

    def _called(self, _names: Collection[Reference]) -> Iterable[WaitingExport]:
        """Return the exports that may be called that, the older first; more of them do no harm."""
        return self._exports.values()


def by_any_name(exports: Iterable[WaitingExport]) -> dict[Reference, WaitingExport]:
    """Return exports, the older first, by their files' names, their ids, and the numbers that one order alone has."""
    known: dict[Reference, WaitingExport] = {}
    orders: dict[Reference, set[UUID]] = {}
    for export in exports:
        known[export.reference] = known[export.export_id] = export
        if export.control_number:
            known[ControlNumber(export.control_number)] = export
        if export.order_number and export.kind is Kind.ORDER:
            number = OrderNumber(export.order_number)
            known[number] = export
            orders.setdefault(number, set()).add(export.draft_order_id)
    return {name: export for name, export in known.items() if len(orders.get(name, ())) < 2}


def _meant(name: Reference, known: dict[Reference, WaitingExport]) -> WaitingExport | None:
    if not isinstance(name, ControlNumber):
        return known.get(name)
    export = known.get(ControlNumber(name.number))
    return export if export and name.means(export.kind, export.order_number) else None
