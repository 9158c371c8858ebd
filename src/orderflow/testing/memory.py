"""Targets in memory: an API that takes orders one by one, and a dropzone that stages and renames."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar
from uuid import UUID

from orderflow.channels.zone.arrived import read_arrived
from orderflow.connectors.reading import JSON_ANSWERS
from orderflow.domain.connector_port import ERPConnectorPort, Staged
from orderflow.domain.delivery import Ack, Arrived, ExportResult, TestResult, Waiting, WaitingExport
from orderflow.domain.errors import ConnectorError, InDoubtError, LeaseEndingError, RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind

Script = list[Exception | None]


class _Scripted(ERPConnectorPort):
    """Remembers its calls, and fails where its script says so: one entry per call, `None` for success."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, UUID]] = []
        self.script: dict[str, Script] = defaultdict(list)
        self.test_result = TestResult(success=True)
        self._lock = threading.Lock()

    def test_connection(self, config: dict[str, Any]) -> TestResult:
        """Return `test_result`."""
        return self.test_result

    def _play(self, what: str, order: DraftOrder) -> None:
        """Do what the script says, unless too little of the lease is left. Raises ConnectorError."""
        if not order.delivery.may_start():
            raise LeaseEndingError("Too little of the lease is left to begin with this order.")
        with self._lock:
            self.calls.append((what, order.id))
            error = self.script[what].pop(0) if self.script[what] else None
        if error is not None:
            raise error


class MemoryApi(_Scripted):
    """An ERP with an API: takes an order, or takes it and fails to say so (`lost_answers`).

    Attributes:
        taken: Every order taken, in order of arrival; an order that is in here twice was doubled.
        finds: Whether `find` knows what was taken.
        commits_after: Seconds after which an order that is not found surely is not there.
        lost_answers: How many of the next orders are taken although the caller gets `InDoubtError`.
        number: Whether the answer carries the ERP's own order number.
        gives_back: Whether it can be asked to give an order back; it does so with each that it has taken.
        given_back: Those that it gave back.
        takes_changes: Whether it can be asked to change an order.
        contents: What it holds of each order: its notes.
    """

    connector_type: ClassVar[str] = "MEMORY_API"
    display_name: ClassVar[str] = "API in memory"

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[UUID] = []
        self.finds = True
        self.commits_after = 0.0
        self.lost_answers = 0
        self.number = True
        self.gives_back = False
        self.given_back: list[UUID] = []
        self.takes_changes = False
        self.contents: dict[UUID, str | None] = {}

    def kinds(self, config: dict[str, Any]) -> frozenset[Kind]:
        """Return orders, and what it can be asked beside."""
        return super().kinds(config) | ({Kind.CHANGE} if self.takes_changes else set())

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Take the order, or its change."""
        changes = draft_order.delivery.kind is Kind.CHANGE
        self._play("change" if changes else "export", draft_order)
        with self._lock:
            self.contents[draft_order.id] = draft_order.notes
            if not changes:
                self.taken.append(draft_order.id)
            if self.lost_answers > 0:
                self.lost_answers -= 1
                raise InDoubtError("The answer was lost.")
        return self._result(draft_order)

    def can_find(self, config: dict[str, Any]) -> bool:
        """Return `finds`."""
        return self.finds

    def commits_within(self, config: dict[str, Any]) -> float:
        """Return `commits_after`."""
        return self.commits_after

    def takes_back(self, config: dict[str, Any]) -> bool:
        """Return `gives_back`."""
        return self.gives_back

    def take_back(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Give the order back, also where the caller does not hear of it. Raises RejectedError if it is not there."""
        with self._lock:
            if draft_order.id in self.taken:
                self.taken.remove(draft_order.id)
                self.given_back.append(draft_order.id)
        self._play("take_back", draft_order)
        if draft_order.id not in self.given_back:
            raise RejectedError("It is on the lorry.", code="TOO_LATE")
        return ExportResult(success=True, export_id=draft_order.delivery.export_id)

    def find(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult | None:
        """Look among the orders taken."""
        self._play("find", draft_order)
        if not self.finds:
            return super().find(draft_order, config)
        return self._result(draft_order) if draft_order.id in self.taken else None

    def _result(self, order: DraftOrder) -> ExportResult:
        metadata = {"erp_order_id": f"SO-{order.id.hex[-6:]}"} if self.number else {}
        return ExportResult(success=True, export_id=order.delivery.export_id, connector_metadata=metadata)


class MemoryDropzone(_Scripted):
    """A folder with an ERP behind it that takes each file as soon as it has its final name.

    Attributes:
        staged: Temporary files by name.
        takes: The ERP's own log: the name of every file it took.
        answers: Answers that lie ready.
        finished: Answers that were put away.
        reads_recalls: The ERP takes documents that ask for an order back.
        reads_changes: Likewise documents that change one.
    """

    connector_type: ClassVar[str] = "MEMORY_DROPZONE"
    display_name: ClassVar[str] = "Dropzone in memory"
    capabilities: ClassVar[frozenset[str]] = frozenset({"staging", "acks"})

    def __init__(self) -> None:
        super().__init__()
        self.staged: dict[str, bytes] = {}
        self.takes: list[str] = []
        self.answers: list[Ack] = []
        self.finished: list[Ack] = []
        self.reads_recalls = self.reads_changes = False

    def kinds(self, config: dict[str, Any]) -> frozenset[Kind]:
        """Return orders, and what else the ERP reads."""
        read = {Kind.CHANGE: self.reads_changes, Kind.RECALL: self.reads_recalls}
        return frozenset({Kind.ORDER, *(kind for kind, reads in read.items() if reads)})

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Stage and publish one order."""
        staged = next(iter(self.stage_many([draft_order], config)))[1]
        if isinstance(staged, ConnectorError):
            raise staged
        result = next(iter(self.publish_many([staged], config)))[1]
        if isinstance(result, ConnectorError):
            raise result
        return result

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
        for order in draft_orders:
            try:
                self._play("stage", order)
            except ConnectorError as error:
                yield order.id, error
                continue
            document = order.delivery.document or self.render(order, config)
            path = f"{document.filename}.{order.delivery.token}.tmp"
            self.staged[path] = document.content
            yield order.id, Staged(order, path)

    def publish_many(
        self, staged: Sequence[Staged], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Rename temporary files; the ERP takes them at once."""
        for item in staged:
            try:
                self._play("publish", item.order)
            except ConnectorError as error:
                yield item.order.id, error
                continue
            inferred = self.staged.pop(item.path, None) is None
            name = item.path.rsplit(".", 2)[0]
            if not inferred:
                self.takes.append(name)
            metadata = {"inferred": True} if inferred else {}
            yield item.order.id, ExportResult(success=True, dropzone_path=name, connector_metadata=metadata)

    def discard(self, staged: Sequence[Staged], config: dict[str, Any]) -> None:
        """Remove temporary files."""
        for item in staged:
            self.calls.append(("discard", item.order.id))
            self.staged.pop(item.path, None)

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        """Match the answers that lie ready."""
        known = Waiting.of(waiting).match([ack.reference for ack in self.answers])
        for ack in list(self.answers):
            if ack.reference in known:
                ack.export_id = known[ack.reference].export_id
            elif ack.status in ("ACKED", "FAILED"):
                ack.status = "UNMATCHED"
            yield ack

    def takes_answers(self, config: dict[str, Any]) -> bool:
        """Return True: as JSON that names its delivery."""
        return True

    def read_arrived(
        self, arrived: Sequence[Arrived], config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]
    ) -> Iterator[Ack]:
        """Read answers that came by themselves."""
        return read_arrived(arrived, Waiting.of(waiting), JSON_ANSWERS)

    def finish_acks(self, acks: Sequence[Ack], config: dict[str, Any]) -> None:
        """Put answers away."""
        for ack in acks:
            self.answers.remove(ack)
            self.finished.append(ack)
