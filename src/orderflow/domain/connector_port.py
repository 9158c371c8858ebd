"""The one port between OrderFlow and any ERP."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from orderflow.domain.change_document import change_document
from orderflow.domain.delivery import Ack, Arrived, Document, ExportResult, Leftover, TestResult, Waiting, WaitingExport
from orderflow.domain.document import export_document
from orderflow.domain.errors import (
    BusyError,
    ConnectorError,
    InDoubtError,
    InputError,
    LeaseEndingError,
    NeedsAttentionError,
    UnavailableError,
)
from orderflow.domain.orders import DraftOrder
from orderflow.domain.port_redaction import METHODS, redacting
from orderflow.domain.recall_document import recall_document
from orderflow.domain.states import Kind

if TYPE_CHECKING:
    from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class ConnectorMetadata:
    """What the registry tells about a connector type.

    Attributes:
        connector_type: Its name in the registry, as `DROPZONE_JSON_V1`.
        display_name: For people.
        config_schema: JSON Schema of its configuration; secrets carry `"writeOnly": true`.
        capabilities: What it can do beyond export and test: `acks`, `find`, `staging`.
    """

    connector_type: str
    display_name: str
    config_schema: dict[str, Any]
    capabilities: frozenset[str] = field(default_factory=frozenset)


@dataclass(slots=True)
class Staged:
    """A document that lies at the target under a temporary name, whole and checked.

    Attributes:
        order: The order it belongs to, with its `delivery`.
        path: The temporary file's address (`sftp://user@host:22/out/x.json.<token>.tmp`): what is committed
            before the rename, and what a recovery renames.
    """

    order: DraftOrder
    path: str


@dataclass(slots=True)
class Preview:
    """What would be sent for an order.

    Attributes:
        document: The file, or the request's body.
        destination: Where it would go, as `POST https://erp.example/orders`; None if only delivery decides.
        headers: What goes with it, without credentials.
    """

    document: Document
    destination: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def for_the_others(error: ConnectorError) -> ConnectorError | None:
    """Return how the orders of a batch end that are not tried any more because of `error`; None: it is one order's."""
    if isinstance(error, UnavailableError | NeedsAttentionError):
        return error
    if error.rests_for is not None:
        return BusyError(error.message, hint=error.hint, rests_for=error.rests_for)
    return None


CERTIFICATE_WARNED = timedelta(days=30)
"""How long before a side has no certificate left a person is told."""


class ERPConnectorPort(ABC):
    """Carries orders into one kind of ERP. Stateless: every call brings its configuration.

    A connector must have `export` and `test_connection`. Everything else has a default that is right for an
    ERP that takes one order at a time and never answers later.
    """

    connector_type: ClassVar[str] = ""
    display_name: ClassVar[str] = ""
    config_model: ClassVar[type[BaseModel] | None] = None
    capabilities: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **options: Any) -> None:
        """See to it that nothing which a connector says holds a secret of its configuration."""
        super().__init_subclass__(**options)
        for name in METHODS:
            if name in vars(cls):
                setattr(cls, name, redacting(vars(cls)[name]))

    @abstractmethod
    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Deliver one order.

        Raises:
            ConnectorError: Sorted by what follows; see `orderflow.domain.errors`.
        """

    @abstractmethod
    def test_connection(self, config: dict[str, Any]) -> TestResult:
        """Return whether orders could be delivered now. Never raises for a bad target."""

    def render(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        """Build the document for `draft_order`: same order and delivery, same bytes and name. No I/O.

        Raises:
            RejectedError: The order cannot be expressed in this format.
        """
        match draft_order.delivery.kind:
            case Kind.ORDER:
                return export_document(draft_order)
            case Kind.CHANGE:
                return change_document(draft_order)
            case Kind.RECALL:
                return recall_document(draft_order)

    def kinds(self, config: dict[str, Any]) -> frozenset[Kind]:
        """Return what this ERP can be asked over this connection: to take an order, and what else.

        A delivery of another kind never reaches a connector that does not name it: `Delivery.kind` says what is asked,
        in `render` and `export` too.
        """
        return frozenset({Kind.ORDER, Kind.RECALL} if self.takes_back(config) else {Kind.ORDER})

    def takes_back(self, config: dict[str, Any]) -> bool:
        """Return whether `take_back` takes a sent order back, so that its recall is no document for the ERP."""
        return False

    def take_back(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Take a sent order (`draft_order.delivery.sent`) back, and return once that is so.

        Safe to repeat: it is called again where nobody knows how a call ended, and answers for all of them.

        Raises:
            RejectedError: The ERP keeps the order; its code and message say why, as `TOO_LATE`.
            ConnectorError: Any other: it is tried again, or asked about, as for an order.
        """
        raise TypeError(f"{type(self).__name__} says that it takes orders back, but has no take_back")

    def receipt_checks(self, draft_orders: Sequence[DraftOrder], config: dict[str, Any]) -> dict[UUID, str]:
        """Return what a receipt that comes by itself has to name as the digest of a document, by the order's id.

        It is noted before anything is sent, so that such a receipt proves what a process sent that died of it. No I/O.
        """
        return {}

    def numbered(self, config: dict[str, Any]) -> bool:
        """Return whether `render` needs a `Delivery.control_number`; where it does not, none is counted."""
        return False

    def preview(self, draft_order: DraftOrder, config: dict[str, Any]) -> Preview:
        """Show what `export` would send, without sending it. No I/O, and no secrets in it.

        Raises:
            ConnectorError: It cannot be made of this order and configuration.
        """
        return Preview(self.render(draft_order, config))

    def export_many(
        self, draft_orders: Sequence[DraftOrder], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Deliver a batch; yields one `(order id, outcome)` per order, in any order, and raises for none.

        Once the target is found to be down or busy, the others are not tried.
        """
        shut: ConnectorError | None = None
        for order in draft_orders:
            lease = order.delivery.lease
            if shut is None and lease is not None and not lease.may_start():
                shut = LeaseEndingError("Too little of the lease is left to begin with this order.")
            if shut is not None:
                yield order.id, shut
                continue
            try:
                yield order.id, self.export(order, config)
            except ConnectorError as error:
                yield order.id, error
                shut = for_the_others(error)

    def can_find(self, config: dict[str, Any]) -> bool:
        """Return whether `find` can ask the ERP; where it cannot, what is in doubt waits for a person."""
        return "find" in self.capabilities

    def commits_within(self, config: dict[str, Any]) -> float:
        """Return the seconds within which the ERP shows an order whose answer got lost; a connection may say another.

        `find` saying that the order is not there counts only after so long: an ERP may still be at it.
        """
        return 900.0

    def processes(self, config: dict[str, Any]) -> int | None:
        """Return how many processes of ours may be signed in at a time to deliver; None: all that there are."""
        return None

    def idempotent(self, config: dict[str, Any]) -> bool:
        """Return whether the ERP takes an order once however often it is sent, by the key that goes with it."""
        return False

    def find(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult | None:
        """Ask whether the ERP has this delivery already, because an earlier attempt's end is unknown.

        Returns:
            A result if it is there, None if the ERP clearly said that it is not.

        Raises:
            ConnectorError: Of any kind: there was no clear answer. It is asked again, and nothing is sent.
        """
        raise InDoubtError("This connector cannot ask the ERP whether the order arrived.")

    def certificate_ends(self, config: dict[str, Any]) -> datetime | None:
        """Return when the last certificate ends that deliveries need, so that a person is told in time; None: none."""
        return None

    def understand(
        self, draft_order: DraftOrder, config: dict[str, Any], status: int, headers: Mapping[str, str], body: bytes
    ) -> ExportResult:
        """Return what an HTTP answer to a delivery would mean for the order; sends nothing. For APIs only.

        Raises:
            ConnectorError: What `export` would raise.
            InputError: This connector reads no HTTP answers, or not one alone.
        """
        raise InputError(f"{self.connector_type} does not show what an answer would mean.", hint="REST_JSON does.")

    def further_secrets(self, config: dict[str, Any]) -> Iterable[str]:
        """Return secrets that were got by those of the configuration, as access tokens; they are hidden like those."""
        return ()

    def expects_acks(self, config: dict[str, Any]) -> bool:
        """Return whether the ERP answers over this connection."""
        return False

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        """Read the ERP's answers. Changes nothing at the target: that is for `finish_acks`."""
        return iter(())

    def finish_acks(self, acks: Sequence[Ack], config: dict[str, Any]) -> None:  # noqa: B027  # optional by design
        """Put away answers that are recorded now. Safe to repeat."""

    def bring_back(self, source: str, digest: str | None, config: dict[str, Any]) -> bool:
        """Put an answer that could not be read back to where `poll_acks` finds it. Safe to repeat.

        Args:
            source: The `source` of its `Ack`.
            digest: That of its `Ack`.

        Returns:
            Whether there is something to be read; False, too, where answers are not put away.

        Raises:
            ConnectorError: It cannot be put back now.
        """
        return False

    def takes_answers(self, config: dict[str, Any]) -> bool:
        """Return whether `read_arrived` reads what the ERP sends by itself (`POST /api/v1/answers/{connection id}`)."""
        return False

    def read_arrived(
        self, arrived: Sequence[Arrived], config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]
    ) -> Iterator[Ack]:
        """Read answers that came by themselves; each `Ack` has the `source` of what it was read from. No I/O."""
        raise InputError(f"{self.connector_type} reads no answers that come by themselves.")

    def answer_secret(self, config: dict[str, Any]) -> str | None:
        """Return the secret with which the ERP signs such answers (Standard Webhooks, `whsec_…`), if it does."""
        return None

    def stages(self, config: dict[str, Any]) -> bool:
        """Return whether deliveries go in two steps, `stage_many` then `publish_many`, with a commit between."""
        return False

    def stage_many(
        self, draft_orders: Sequence[DraftOrder], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, Staged | ConnectorError]]:
        """Put each document at the target under a temporary name of this attempt's own, and check it."""
        raise TypeError(f"{type(self).__name__} says that it stages, but has no stage_many")

    def publish_many(
        self, staged: Sequence[Staged], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Rename what was staged to its final name.

        A temporary file that is gone was published before: that is a success with `inferred: True`.
        """
        raise TypeError(f"{type(self).__name__} says that it stages, but has no publish_many")

    def discard(self, staged: Sequence[Staged], config: dict[str, Any]) -> None:  # noqa: B027  # optional by design
        """Remove temporary files of this attempt that will not be published. Failing to is no error."""

    def leftovers(self, config: dict[str, Any]) -> Iterator[Leftover]:
        """Return temporary files that lie at the target, whichever attempt left them.

        Raises:
            ConnectorError: The target cannot be looked at.
        """
        return iter(())

    def remove_leftovers(self, leftovers: Sequence[Leftover], config: dict[str, Any]) -> None:  # noqa: B027  # optional
        """Remove temporary files that nobody needs. That one is gone is no error."""

    def close(self) -> None:  # noqa: B027  # optional by design
        """Close whatever is kept open between calls; called when the process ends. The next call opens it again."""
