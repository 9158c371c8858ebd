"""A format on a channel: orders are written by the one and go out, and answers come in, by the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import structlog
from pydantic import SecretStr

from orderflow.channels.channel import Parcel, Ready, Session
from orderflow.channels.zone import trial
from orderflow.connectors.base import BaseConnector
from orderflow.connectors.dropzone.config import READS, Dropzone, Form
from orderflow.connectors.dropzone.opening import open_zone
from orderflow.connectors.reading import Reading
from orderflow.domain.connector_port import Preview, Staged
from orderflow.domain.delivery import Ack, Arrived, Document, ExportResult, Leftover, TestResult, Waiting, WaitingExport
from orderflow.domain.errors import ConnectorError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.formats.format import Format
from orderflow.formats.json_v1 import JsonV1Format

log = structlog.get_logger(__name__)
Result = TypeVar("Result")
UNANSWERED = "No answers are read over this connection, so a person has to say how each recall ended."


@dataclass(frozen=True, slots=True)
class Opened:
    """A configuration that was checked, and the session that lives by it."""

    form: Dropzone
    session: Session

    def close(self) -> None:
        """Close the session."""
        self.session.close()


class DropzoneConnector(BaseConnector):
    """A format on every channel. A child adds its type, its name and its `format`, or a `render` of its own."""

    format: ClassVar[Format] = JsonV1Format()
    config_model = Form()
    capabilities: ClassVar[frozenset[str]] = frozenset({"staging", "acks", "find"})

    def open_session(self, settings: Dropzone) -> Opened:
        """Return what lives by a configuration; connects to nothing yet."""
        return Opened(settings, open_zone(settings))

    def render(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        """Write the order in the format. Raises RejectedError if it cannot express it."""
        if draft_order.delivery.kind not in self.format.kinds:  # a recall that is no document for the ERP
            return super().render(draft_order, config)
        with self.session(config) as opened:
            return self.format.render(draft_order, draft_order.delivery, opened.form.of_format)

    def kinds(self, config: dict[str, Any]) -> frozenset[Kind]:
        """Return what the format can write, as far as the connection says that the ERP reads it; what a rename does."""
        with self.session(config) as opened:
            reads = {kind for kind, name in READS.items() if getattr(opened.form, name, False)}
            written = self.format.kinds & {Kind.ORDER, *reads}
        return written | super().kinds(config)

    def takes_back(self, config: dict[str, Any]) -> bool:
        """Return whether a file can be taken back before the ERP takes it."""
        with self.session(config) as opened:
            return bool(opened.session.takes_back)

    def take_back(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Take a file back. Raises RejectedError: the ERP took it before; ConnectorError: as `export`."""
        with self.session(config) as opened:
            taken: ExportResult = opened.session.take_back(draft_order.delivery)
        return taken

    def numbered(self, config: dict[str, Any]) -> bool:
        """Return whether the format counts its documents."""
        return self.format.numbered

    def preview(self, draft_order: DraftOrder, config: dict[str, Any]) -> Preview:
        """Show the document, and where it would lie."""
        parcel = self._parcel(draft_order, config)
        with self.session(config) as opened:
            session: Session = opened.session
            return Preview(parcel.document, session.destination(parcel.document.filename), session.headers(parcel))

    def stages(self, config: dict[str, Any]) -> bool:
        """Return whether delivery has an atomic last step, such as a rename."""
        with self.session(config) as opened:
            return bool(opened.session.stages)

    def processes(self, config: dict[str, Any]) -> int | None:
        """Return how many processes may be signed in at a time, where the server has a limit."""
        with self.session(config) as opened:
            most: int | None = opened.session.processes
        return most

    def expects_acks(self, config: dict[str, Any]) -> bool:
        """Return whether the ERP answers over this connection."""
        with self.session(config) as opened:
            return bool(opened.session.answers)

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Deliver one order.

        Raises:
            ConnectorError: Sorted by what follows.
        """
        ((_, outcome),) = self.export_many([draft_order], config)
        if isinstance(outcome, ConnectorError):
            raise outcome
        return outcome

    def export_many(
        self, draft_orders: Sequence[DraftOrder], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Deliver a batch."""
        return self._each(draft_orders, config, lambda session, parcels: session.deliver(parcels))

    def stage_many(
        self, draft_orders: Sequence[DraftOrder], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, Staged | ConnectorError]]:
        """Put each document at the target so that the ERP does not see it yet, and check it."""
        orders = {order.id: order for order in draft_orders}
        for order_id, outcome in self._each(draft_orders, config, lambda session, parcels: session.stage(parcels)):
            yield order_id, Staged(orders[order_id], outcome.address) if isinstance(outcome, Ready) else outcome

    def publish_many(
        self, staged: Sequence[Staged], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Let the ERP have what was staged; what is gone was published before.

        Yields InDoubtError (TARGET_CHANGED) for what was staged where this connection does not point any more.
        """
        ready = [_ready(item) for item in staged]

        def publish() -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
            with self.session(config) as opened:
                yield from opened.session.publish(ready)

        return _one_for_each([item.order for item in staged], publish)

    def discard(self, staged: Sequence[Staged], config: dict[str, Any]) -> None:
        """Remove what was staged, as far as possible."""
        try:
            with self.session(config) as opened:
                opened.session.discard([_ready(item) for item in staged])
        except ConnectorError as error:
            log.info("temporary files were left behind", files=len(staged), reason=error.code)

    def leftovers(self, config: dict[str, Any]) -> Iterator[Leftover]:
        """Yield what dead attempts left at the target."""
        with self.session(config) as opened:
            yield from opened.session.leftovers()

    def remove_leftovers(self, leftovers: Sequence[Leftover], config: dict[str, Any]) -> None:
        """Remove what dead attempts left."""
        with self.session(config) as opened:
            opened.session.remove_leftovers(leftovers)

    def certificate_ends(self, config: dict[str, Any]) -> datetime | None:
        """Return when the first field, or the channel by its own account, has no certificate left."""
        form: Dropzone = self.parse(config)
        ends = (super().certificate_ends(config), form.channel.certificate_ends(form.of_channel))
        return min((one for one in ends if one is not None), default=None)

    def can_find(self, config: dict[str, Any]) -> bool:
        """Return whether the target can be asked for a document."""
        with self.session(config) as opened:
            return bool(opened.session.can_find)

    def idempotent(self, config: dict[str, Any]) -> bool:
        """Return whether the target takes a document once."""
        with self.session(config) as opened:
            return bool(opened.session.idempotent)

    def find(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult | None:
        """Look for the document at the target. Raises ConnectorError: it cannot be known."""
        parcel = self._parcel(draft_order, config)
        with self.session(config) as opened:
            found: ExportResult | None = opened.session.find(parcel)
        return found

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        """Read the answers."""
        with self.session(config) as opened:
            yield from opened.session.incoming(waiting, Reading(self.format, opened.form.of_format))

    def finish_acks(self, acks: Sequence[Ack], config: dict[str, Any]) -> None:
        """Put away answers that are recorded."""
        with self.session(config) as opened:
            opened.session.put_away(acks)

    def takes_answers(self, config: dict[str, Any]) -> bool:
        """Return True: the format reads them, however they come."""
        return True

    def read_arrived(
        self, arrived: Sequence[Arrived], config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]
    ) -> Iterator[Ack]:
        """Read answers that came by themselves."""
        with self.session(config) as opened:
            yield from opened.session.arrived(arrived, waiting, Reading(self.format, opened.form.of_format))

    def answer_secret(self, config: dict[str, Any]) -> str | None:
        """Return the secret of the form."""
        with self.session(config) as opened:
            secret: SecretStr | None = getattr(opened.form, "answer_secret", None)
        return secret.get_secret_value() if secret else None

    def bring_back(self, source: str, digest: str | None, config: dict[str, Any]) -> bool:
        """Put an answer back from `error/`; what lies in the folder is read there."""
        with self.session(config) as opened:
            return bool(opened.session.bring_back(source, digest))

    def test_connection(self, config: dict[str, Any]) -> TestResult:
        """Do all that a push and a poll do, within 5 seconds, under names that no ERP picks up."""
        # A session of its own: one that is open already would not notice a password changed since.
        with self.measure_latency("test") as timer:
            outcome = trial.run(lambda: open_zone(self.parse(config), apart=uuid4().hex, patience=trial.LIMIT - 1))
        if outcome.error is None:
            notes = (outcome.note, self.format.note(self.parse(config).of_format), self._nobody_answers(config))
            note = " ".join(filter(None, notes))
            details = {"steps": outcome.steps} | ({"note": note} if note else {})
            return self.build_test_result(True, None, timer.latency_ms, details)
        return trial.failed(outcome, timer.latency_ms)

    def _nobody_answers(self, config: dict[str, Any]) -> str | None:
        asks = Kind.RECALL in self.kinds(config) and not self.takes_back(config)
        return UNANSWERED if asks and not self.expects_acks(config) else None

    def receipt_checks(self, draft_orders: Sequence[DraftOrder], config: dict[str, Any]) -> dict[UUID, str]:
        """Return what the channel says that receipts of these have to name."""
        with self.session(config) as opened:
            if not opened.session.receipts_later:
                return {}
            checks: dict[UUID, str] = opened.session.checks([self._parcel(order, config) for order in draft_orders])
        return checks

    def _parcel(self, order: DraftOrder, config: dict[str, Any]) -> Parcel:
        return Parcel(order.id, self.document(order, config), order.delivery, self.format.receipt)

    def _each(
        self,
        orders: Sequence[DraftOrder],
        config: dict[str, Any],
        act: Callable[[Session, Sequence[Parcel]], Iterator[tuple[UUID, Result | ConnectorError]]],
    ) -> Iterator[tuple[UUID, Result | ConnectorError]]:
        """Act on the orders' documents; an order whose document cannot be made has that as its outcome."""

        def outcomes() -> Iterator[tuple[UUID, Result | ConnectorError]]:
            parcels = []
            for order in orders:
                try:
                    parcels.append(self._parcel(order, config))
                except ConnectorError as error:
                    yield order.id, error
            with self.session(config) as opened:
                yield from act(opened.session, parcels) if parcels else ()

        return _one_for_each(orders, outcomes)


def _ready(staged: Staged) -> Ready:
    return Ready(staged.order.id, staged.order.delivery, staged.path)


def _one_for_each(
    orders: Sequence[DraftOrder], outcomes: Callable[[], Iterator[tuple[UUID, Result | ConnectorError]]]
) -> Iterator[tuple[UUID, Result | ConnectorError]]:
    """Pass outcomes on; an error of the whole session becomes that of every order that has none yet."""
    left = {order.id for order in orders}
    try:
        for order_id, outcome in outcomes():
            left.discard(order_id)
            yield order_id, outcome
    except ConnectorError as error:
        yield from [(order.id, error) for order in orders if order.id in left]


def over_channels(connector_type: str, format_class: type[Format]) -> type[DropzoneConnector]:
    """Return the connector that puts a format on every channel."""
    name = f"Dropzone ({format_class.title})"
    about = {"connector_type": connector_type, "display_name": name, "format": format_class()}
    return type(f"{format_class.__name__}OnChannels", (DropzoneConnector,), about)
