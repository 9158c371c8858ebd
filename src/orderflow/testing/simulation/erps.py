"""ERPs of a simulation: what they hold is the truth that the books are held against.

Each is a connector and the ERP behind it in one. Whatever it is asked may fail on the way there, on the way back, or
not at all; what it took, it remembers for ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from orderflow.domain.connector_port import ERPConnectorPort, Staged
from orderflow.domain.delivery import Ack, AckStatus, Document, ExportResult, Sent, TestResult, Waiting, WaitingExport
from orderflow.domain.errors import (
    BusyError,
    ConnectorError,
    InDoubtError,
    LeaseEndingError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.testing.simulation.accidents import Accidents
from orderflow.testing.store_in_memory.tables import ExportRow

NOBODYS = "SO-NOBODYS"
"""The ERP's number in an answer that no order may take for its own."""


@dataclass
class Books:
    """What the ERPs did, by order.

    Attributes:
        taken: The deliveries that an ERP took and stands by; more than one of an order is a second lorry.
        refused: The deliveries to which an ERP said no, rightly or wrongly.
        arrived: The deliveries of which anything can be found at an ERP.
        given_back: The deliveries that an ERP had taken, or could have, and gave back: it stands by them no more.
        changed: The changes that an ERP made; more than once is one too many.
        early: Orders of which a change came to an ERP before the order did.
        last: The delivery by which an ERP last learned what an order says, and what that was, by order.
        contents: What was taken, by delivery.
        names: The documents' names, of all ERPs.
    """

    taken: dict[UUID, list[str]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[UUID, set[str]] = field(default_factory=lambda: defaultdict(set))
    arrived: dict[UUID, set[str]] = field(default_factory=lambda: defaultdict(set))
    given_back: dict[UUID, set[str]] = field(default_factory=lambda: defaultdict(set))
    changed: dict[UUID, list[str]] = field(default_factory=lambda: defaultdict(list))
    early: set[UUID] = field(default_factory=set)
    last: dict[UUID, str] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def has(self, order_id: UUID) -> bool:
        """Return whether an ERP has the order, and did not give it back."""
        return any(key not in self.given_back[order_id] for key in self.taken[order_id])

    def note(self, order_id: UUID, key: str, kind: Kind, content: bytes | None) -> None:
        """Note that an ERP took an order, or changed it."""
        (self.changed if kind is Kind.CHANGE else self.taken)[order_id].append(key)
        self.last[order_id] = key
        if content is not None:
            self.contents[key] = content


class SimulatedErp(ERPConnectorPort):
    """What all of them share.

    Args:
        accidents: Decides what goes wrong.
        books: Where it is written down what was taken.
        tell: Called with one sentence about what happened.

    Attributes:
        takes_changes: It can be asked to change an order.
        said: What it answered to each delivery: ACKED, FAILED, or both.
    """

    takes_changes: ClassVar[bool] = True

    def __init__(self, accidents: Accidents, books: Books, tell: Callable[[str], None]) -> None:
        self.accidents = accidents
        self.books = books
        self.tell = tell
        self.said: dict[str, set[str]] = defaultdict(set)

    def content_of(self, order: DraftOrder) -> bytes:
        """Return what an order is for this ERP: another content, or another ERP, is another document."""
        return f"{order.notes} for {self.connector_type}".encode()

    def key_of(self, row: ExportRow) -> str:
        """Return by what this ERP knows a delivery."""
        return str(row.id)

    def render(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        """Return a document of a few bytes."""
        name = f"{draft_order.id.hex[:4]}-{draft_order.delivery.export_id.hex[:8]}.json"
        return Document(name, self.content_of(draft_order), "application/json", "simulated")

    def test_connection(self, config: dict[str, Any]) -> TestResult:
        """Answer that all is well, for the most part."""
        self.accidents.place("testing the connection")
        if self.accidents.happens(6):
            return TestResult(False, "It does not answer.")
        return TestResult(True)

    def kinds(self, config: dict[str, Any]) -> frozenset[Kind]:
        """Return all, or all but changes."""
        return frozenset(Kind) if self.takes_changes else super().kinds(config)

    def takes_back(self, config: dict[str, Any]) -> bool:
        """Return True."""
        return True

    def take_back(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Give the order back, or keep it, or fail to say which. Once given back, it is so however often asked."""
        self.before(draft_order, "recalling")
        self.on_the_way()
        sent = draft_order.delivery.sent
        key = self.key_of_sent(sent) if sent else ""
        gone = key in self.books.given_back[draft_order.id]
        if not gone and (self.accidents.happens(5) or not self.gives_back(key)):
            self.accidents.reply(f"keeping {_name(draft_order)}")
            raise RejectedError("It is on the lorry.", code="TOO_LATE")
        if not gone:
            self.books.given_back[draft_order.id].add(key)
            self.tell(f"the ERP gives {_name(draft_order)} back")
        self.accidents.reply(f"giving {_name(draft_order)} back")
        if self.accidents.happens(4):
            raise InDoubtError("The answer to a recall was lost.")
        return ExportResult(True, draft_order.delivery.export_id)

    def key_of_sent(self, sent: Sent) -> str:
        """Return by what this ERP knows a delivery that is recalled."""
        return str(sent.export_id)

    def gives_back(self, key: str) -> bool:
        """Give a delivery back; False if it is not there, or too late."""
        raise TypeError(f"{type(self).__name__} gives nothing back")

    def shows(self, row: ExportRow) -> bool:
        """Return whether somebody who looks for this delivery finds it."""
        raise TypeError(f"{type(self).__name__} cannot be looked into")

    def on_the_way(self) -> None:
        """Fail before anything was sent. Raises ConnectorError."""
        kinds: tuple[Callable[[], ConnectorError], ...] = (
            lambda: UnavailableError("The ERP is away."),
            lambda: BusyError(rests_for=7.0),
            lambda: TransientError("The ERP says: later."),
            lambda: NeedsAttentionError("The password is wrong."),
        )
        if self.accidents.happens(9):
            error = kinds[self.accidents.scheduler.choices.below(len(kinds))]()
            raise error

    def before(self, order: DraftOrder, what: str) -> None:
        """Begin with one order, if the lease allows. Raises LeaseEndingError."""
        self.accidents.place(f"{what} {_name(order)}")
        if not order.delivery.may_start():
            raise LeaseEndingError


class SimulatedApi(SimulatedErp):
    """Takes orders one by one.

    Attributes:
        can_be_asked: `find` works.
        shows_after: Seconds until an order whose answer was lost is there at most; less than `commits_within`.
        knows_keys: It takes an order once, however often it comes.
    """

    connector_type: ClassVar[str] = "SIMULATED_API"
    can_be_asked: ClassVar[bool] = True
    shows_after: ClassVar[int] = 0
    knows_keys: ClassVar[bool] = False
    answers_later: ClassVar[bool] = False

    def __init__(self, accidents: Accidents, books: Books, tell: Callable[[str], None]) -> None:
        super().__init__(accidents, books, tell)
        self.held: dict[str, float] = {}

    def can_find(self, config: dict[str, Any]) -> bool:
        """Return whether it can be asked."""
        return self.can_be_asked

    def commits_within(self, config: dict[str, Any]) -> float:
        """Return one second more than it takes."""
        return self.shows_after + 1.0

    def idempotent(self, config: dict[str, Any]) -> bool:
        """Return whether it knows keys."""
        return self.knows_keys

    def expects_acks(self, config: dict[str, Any]) -> bool:
        """Return whether it answers later."""
        return self.answers_later

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Take the order, or refuse it, or fail to say which."""
        self.before(draft_order, "sending")
        self.on_the_way()
        key = str(draft_order.delivery.export_id)
        draws = self.accidents.happens
        if key in self.held and not self.knows_keys and draws(2):
            raise RejectedError("There is such an order.")
        changes = draft_order.delivery.kind is Kind.CHANGE
        if changes and not self.books.arrived[draft_order.id]:
            self.books.early.add(draft_order.id)
        if draws(14) or (changes and not self.books.has(draft_order.id)):
            if key not in self.held:
                self.books.refused[draft_order.id].add(key)
                self.said[key].add("FAILED")
            raise RejectedError("The customer is blocked.")
        if draws(12):
            raise InDoubtError("The connection broke off while the order was sent.")
        self.take(draft_order)
        self.accidents.reply(f"taking {_name(draft_order)}")
        if draws(4):
            raise self._lost()
        if key in self.held:  # it may have been given back meanwhile
            self.held[key] = min(self.held[key], self.accidents.scheduler.clock.seconds)
        return self._there(draft_order, key)

    def find(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult | None:
        """Return what it holds by now; unclear at times."""
        if not self.can_be_asked:
            return super().find(draft_order, config)
        self.accidents.place(f"asking for {_name(draft_order)}")
        if self.accidents.happens(4):
            kinds = (RejectedError("404"), TransientError("500"), UnavailableError("away"), InDoubtError("garbage"))
            raise kinds[self.accidents.scheduler.choices.below(len(kinds))]
        key = str(draft_order.delivery.export_id)
        there = key in self.held and self.held[key] <= self.accidents.scheduler.clock.seconds
        self.accidents.reply(f"whether {_name(draft_order)} is there")
        return self._there(draft_order, key) if there else None

    def gives_back(self, key: str) -> bool:
        """Cancel an order that it holds."""
        return self.held.pop(key, None) is not None

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        """Say of what it holds whether it is confirmed."""
        self.accidents.place("reading answers")
        for export in Waiting.of(waiting):
            key = str(export.export_id)
            if key in self.held and not self.accidents.happens(2):
                self.said[key].add("ACKED")
                yield Ack(export.reference, "ACKED", export.export_id, erp_order_id=f"SO-{key[-4:]}")

    def shows(self, row: ExportRow) -> bool:
        """Return whether it holds the order by now."""
        shown_at = self.held.get(str(row.id))
        return shown_at is not None and shown_at <= self.accidents.scheduler.clock.seconds

    def _there(self, order: DraftOrder, key: str) -> ExportResult:
        if self.answers_later:
            return ExportResult(True, order.delivery.export_id)
        self.said[key].add("ACKED")
        return ExportResult(True, order.delivery.export_id, erp_order_id=f"SO-{key[-4:]}")

    def _lost(self) -> ConnectorError:
        """Return what a lost answer ends with, in the words of a careful connector or of a simple one."""
        if not self.accidents.happens(3):
            return InDoubtError("The answer was lost.", rests_for=5.0 if self.accidents.happens(3) else None)
        error = ConnectorError("It failed.")
        error.__context__ = ConnectionResetError("reset by peer")
        return error

    def take(self, order: DraftOrder) -> None:
        """Take an order, and show it some time later."""
        key = str(order.delivery.export_id)
        if key in self.held and self.knows_keys:
            return
        late = self._late()
        self.held[key] = self.accidents.scheduler.clock.seconds + late
        document, kind = order.delivery.document, order.delivery.kind
        self.books.note(order.id, key, kind, document.content if document else None)
        self.books.arrived[order.id].add(key)
        if document is not None:
            self.books.names.append(document.filename)
        self.tell(f"the ERP {'changes' if kind is Kind.CHANGE else 'takes'} {_name(order)}")

    def _late(self) -> int:
        """Return the seconds until an order is shown whose answer is lost: as often as not almost the longest."""
        choices = self.accidents.scheduler.choices
        if not self.shows_after or not choices.below(2):
            return choices.below(self.shows_after) if self.shows_after else 0
        return self.shows_after - 1 - choices.below(5)


class AskedApi(SimulatedApi):
    """Can be asked, and answers later."""

    connector_type: ClassVar[str] = "ASKED_API"
    takes_changes: ClassVar[bool] = False
    answers_later: ClassVar[bool] = True


class SilentApi(SimulatedApi):
    """Cannot be asked."""

    connector_type: ClassVar[str] = "SILENT_API"
    can_be_asked: ClassVar[bool] = False


class LateApi(SimulatedApi):
    """Can be asked, and shows an order only some time after it was sent."""

    connector_type: ClassVar[str] = "LATE_API"
    shows_after: ClassVar[int] = 60


class KeyedApi(SimulatedApi):
    """Takes an order once by its key."""

    connector_type: ClassVar[str] = "KEYED_API"
    can_be_asked: ClassVar[bool] = False
    knows_keys: ClassVar[bool] = True
    takes_changes: ClassVar[bool] = False


@dataclass
class _File:
    order_id: UUID
    key: str
    content: bytes
    kind: Kind = Kind.ORDER


class SimulatedDropzone(SimulatedErp):
    """A folder that renames, with an ERP behind it that takes files and leaves answers."""

    connector_type: ClassVar[str] = "SIMULATED_DROPZONE"

    def __init__(self, accidents: Accidents, books: Books, tell: Callable[[str], None]) -> None:
        super().__init__(accidents, books, tell)
        self.files: dict[str, _File] = {}
        self.answers: list[Ack] = []
        self.put_away: list[Ack] = []
        self.answered: set[str] = set()

    def key_of(self, row: ExportRow) -> str:
        """Return the file's name."""
        return row.filename or ""

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Never used: files are staged."""
        raise TypeError("files are staged")

    def stages(self, config: dict[str, Any]) -> bool:
        """Return True."""
        return True

    def expects_acks(self, config: dict[str, Any]) -> bool:
        """Return True."""
        return True

    def stage_many(
        self, draft_orders: Sequence[DraftOrder], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, Staged | ConnectorError]]:
        """Write temporary files."""
        self.on_the_way()
        for order in draft_orders:
            try:
                self.before(order, "staging")
                document = order.delivery.document or self.render(order, config)
                path = f"{document.filename}.{order.delivery.token}.tmp"
                self.files[path] = _File(order.id, document.filename, document.content, order.delivery.kind)
                self.accidents.reply(f"staging {_name(order)}")
                if self.accidents.happens(10):
                    raise TransientError("The answer to the last write was lost.")
            except ConnectorError as error:
                yield order.id, error
            else:
                yield order.id, Staged(order, path)

    def publish_many(
        self, staged: Sequence[Staged], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Rename temporary files; one that is gone was published."""
        self.on_the_way()
        for item in staged:
            try:
                self.before(item.order, "publishing")
                yield item.order.id, self._rename(item)
            except ConnectorError as error:
                yield item.order.id, error

    def discard(self, staged: Sequence[Staged], config: dict[str, Any]) -> None:
        """Remove temporary files."""
        self.accidents.place("removing what was staged")
        for item in staged:
            self.files.pop(item.path, None)

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        """Match the answers that lie ready."""
        self.accidents.place("reading answers")
        lying = list(self.answers)
        known = Waiting.of(waiting).match([ack.reference for ack in lying])
        for ack in lying:
            export = known.get(ack.reference)
            status = ack.status if export or ack.status == "UNREADABLE" else "UNMATCHED"
            yield Ack(
                ack.reference,
                status,
                export.export_id if export else None,
                source=ack.reference,
                erp_order_id=ack.erp_order_id,
                message=ack.message,
            )

    def finish_acks(self, acks: Sequence[Ack], config: dict[str, Any]) -> None:
        """Put answers away, one after the other."""
        for ack in acks:
            self.accidents.place("putting an answer away")
            lying = next((item for item in self.answers if item.reference == ack.reference), None)
            if lying is not None:
                self.answers.remove(lying)
                self.put_away.append(lying)

    def key_of_sent(self, sent: Sent) -> str:
        """Return the file's name."""
        return sent.reference

    def gives_back(self, key: str) -> bool:
        """Have a file renamed away that still lies there."""
        return self.files.pop(key, None) is not None

    def bring_back(self, source: str, digest: str | None, config: dict[str, Any]) -> bool:
        """Put an answer back that could not be read, mended."""
        self.accidents.place("bringing an answer back")
        cut_off = next((a for a in self.put_away if a.reference == source and a.status == "UNREADABLE"), None)
        if cut_off is None:
            return False
        self.put_away.remove(cut_off)
        self._answer(source, "FAILED" if "FAILED" in self.said[source] else "ACKED")
        return True

    def shows(self, row: ExportRow) -> bool:
        """Return whether the file lies there, or the ERP has taken it."""
        return row.filename in self.books.arrived[row.draft_order_id]

    def unread(self, awaited: Container[str | None]) -> bool:
        """Return whether the ERP has yet to take a file, or the answer to one of the awaited lies there unread.

        An answer that came twice may lie there for ever: nobody looks where nothing is awaited.
        """
        lying = any(ack.reference in awaited and ack.status != "UNREADABLE" for ack in self.answers)
        return lying or any(not path.endswith(".tmp") for path in self.files)

    def look(self) -> None:
        """Take one published file, as the ERP does in its own time, and answer it: rightly, wrongly, twice, or not."""
        published = [path for path in self.files if not path.endswith(".tmp")]
        if not published:
            return
        path = published[self.accidents.scheduler.choices.below(len(published))]
        of = self.files[path].order_id
        path = next(path for path in published if self.files[path].order_id == of)  # what came first, first
        file = self.files.pop(path)
        accepts = not self.accidents.happens(7) and (file.kind is Kind.ORDER or self.books.has(file.order_id))
        if accepts:
            self.books.note(file.order_id, path, file.kind, file.content)
            self.tell(f"the ERP takes {path}")
        lies = self.accidents.happens(15)
        says: AckStatus = "ACKED" if accepts is not lies else "FAILED"
        if self.accidents.happens(12):
            self.answers.append(Ack(path, "UNREADABLE", message="It is cut off."))
        if says == "FAILED":
            self.books.refused[file.order_id].add(path)
        self.answered.add(path)
        self._answer(path, says)
        if self.accidents.happens(10):
            self._answer(path, says)
        if self.accidents.happens(8):
            self._answer_strangely()

    def _answer(self, path: str, status: AckStatus) -> None:
        self.said[path].add(status)
        self.answers.append(Ack(path, status, erp_order_id="SO-1" if status == "ACKED" else None))

    def _answer_strangely(self) -> None:
        """Leave an answer to what another ERP was sent, or to nobody's order."""
        ours = self.answered.union(self.files)  # what was moved here keeps the name that it had there
        names = [*(name for name in self.books.names if name not in ours), "nobodys.json"]
        of = names[self.accidents.scheduler.choices.below(len(names))]
        self.answers.append(Ack(of, "ACKED", erp_order_id=NOBODYS))

    def _rename(self, item: Staged) -> ExportResult:
        target = item.path.rsplit(".", 2)[0]
        file = self.files.pop(item.path, None)
        if file is not None:
            if file.kind is Kind.CHANGE and not self.books.arrived[item.order.id]:
                self.books.early.add(item.order.id)
            self.files[target] = file
            self.books.arrived[item.order.id].add(target)
            self.tell(f"{target} is published")
        self.accidents.reply(f"publishing {target}")
        if self.accidents.happens(10):
            raise InDoubtError("The answer to a rename was lost, twice.")
        return ExportResult(True, item.order.delivery.export_id, dropzone_path=target, inferred=file is None)


ERPS: tuple[type[SimulatedErp], ...] = (
    SimulatedDropzone,
    SimulatedApi,
    AskedApi,
    SilentApi,
    LateApi,
    LateApi,
    KeyedApi,
)
"""Those to choose from; one of them twice, since much has to come together for it to go wrong there."""


def _name(order: DraftOrder) -> str:
    return f"order {order.id.hex[:4]}"
