"""What a way to an ERP is: settings of its own, and a session that they open.

A channel is one folder here and one line in `registry.py`. Where documents lie as files, its session is a
`FileStore`, and staging, publishing, answers and tests come with it; any other way is a `Session`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from pydantic import BaseModel

from orderflow.channels.filestore import FileStore
from orderflow.domain.answer_files import Answer
from orderflow.domain.delivery import Ack, Arrived, Delivery, Document, ExportResult, Leftover, Waiting, WaitingExport
from orderflow.domain.errors import ConnectorError, InDoubtError


@dataclass(frozen=True, slots=True)
class Parcel:
    """A document on its way; `delivery` brings lease, token and export id.

    Attributes:
        receipt: Reads what the target answers to it at once, where the channel has such an answer (`Format.receipt`).
    """

    order_id: UUID
    document: Document
    delivery: Delivery
    receipt: Callable[[bytes], Answer | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Ready:
    """What lies staged at the target; `address` is what was committed, and what a recovery publishes."""

    order_id: UUID
    delivery: Delivery
    address: str


class Reader(Protocol):
    """How a connection's format reads what comes in; called with a name and what came under it."""

    @property
    def largest(self) -> int:
        """How many bytes are read at most."""

    def claims(self, name: str) -> bool:
        """Return whether what comes under this name is an answer."""

    def about(self, name: str) -> Sequence[str]:
        """Return which documents a name that is claimed may mean, the likelier first; none: its content says."""

    def __call__(self, name: str, content: bytes) -> Iterable[Answer]:
        """Yield what it says.

        Raises:
            UnfinishedError: It breaks off, and may still be on its way.
            UnreadableError: It cannot be understood.
        """


class Session(ABC):
    """A live way to one target, for several threads at a time. What a channel cannot do it leaves as it is here.

    Methods that take many yield one outcome for each order id, as soon as it is known; an error that concerns the whole
    session (no connection, wrong password) is raised.
    """

    stages: bool = False
    """Whether delivery has an atomic last step of its own: `stage`, then `publish`, with a commit between."""

    answers: bool = False
    """Whether the ERP answers over this session."""

    can_find: bool = False
    """Whether the target can be asked for a document that may have arrived."""

    takes_back: bool = False
    """Whether a document that was delivered can be taken back as long as the ERP has not taken it."""

    receipts_later: bool = False
    """Whether receipts come by themselves, each of which names the digest of what was sent: `checks`."""

    processes: int | None = None
    """How many processes of ours may be signed in at a time to deliver; None: all that there are."""

    idempotent: bool = False
    """Whether the target takes a document once, however often it comes, as its settings say."""

    @property
    def note(self) -> str:
        """What a good test leaves open, for a person."""
        return ""

    @abstractmethod
    def destination(self, filename: str) -> str:
        """Return where a document would go, for a person; no secrets."""

    def headers(self, parcel: Parcel) -> dict[str, str]:
        """Return what goes with a document, for a person; no secrets."""
        return {}

    def checks(self, parcels: Sequence[Parcel]) -> dict[UUID, str]:
        """Return what a receipt that comes by itself has to name as the digest of each, by order id."""
        return {}

    @abstractmethod
    def deliver(self, parcels: Sequence[Parcel]) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Deliver in one step; begin with a parcel only while its lease says `may_start`."""

    @abstractmethod
    def test(self, steps: list[str]) -> None:
        """Do what a delivery and a poll do, creating nothing that an ERP would take; append each step that passed.

        Raises:
            ConnectorError: Orders could not be delivered now.
        """

    def stage(self, parcels: Sequence[Parcel]) -> Iterator[tuple[UUID, Ready | ConnectorError]]:
        """Put documents at the target so that the ERP does not see them yet."""
        raise TypeError(f"{type(self).__name__} does not stage")

    def publish(self, staged: Sequence[Ready]) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Let the ERP have what was staged; what is gone was published before (`inferred`)."""
        raise TypeError(f"{type(self).__name__} does not stage")

    def discard(self, staged: Sequence[Ready]) -> None:  # noqa: B027  # optional by design
        """Remove what was staged and will not be published."""

    def find(self, parcel: Parcel) -> ExportResult | None:
        """Return the delivery if it is at the target, None if it surely is not.

        Raises:
            ConnectorError: It cannot be known, or not now.
        """
        raise InDoubtError("This way to the ERP cannot be asked whether the order arrived.")

    def take_back(self, delivery: Delivery) -> ExportResult:
        """Take a document back that was delivered (`delivery.sent`). Safe to repeat, and true of all repetitions.

        Raises:
            RejectedError: The ERP took it before.
            ConnectorError: It was not taken back now, or nobody knows.
        """
        raise TypeError(f"{type(self).__name__} takes nothing back")

    def leftovers(self) -> Iterator[Leftover]:
        """Return what dead attempts left at the target."""
        return iter(())

    def remove_leftovers(self, leftovers: Sequence[Leftover]) -> None:  # noqa: B027  # optional by design
        """Remove leftovers; one that is gone is no error."""

    def incoming(self, waiting: Waiting | Iterable[WaitingExport], read: Reader) -> Iterator[Ack]:
        """Yield what the ERP answered, read by `read`; changes nothing at the target."""
        return iter(())

    def put_away(self, acks: Sequence[Ack]) -> None:  # noqa: B027  # optional by design
        """Put away answers that are recorded. Safe to repeat."""

    def bring_back(self, source: str, digest: str | None) -> bool:
        """Put an answer that could not be read back where `incoming` finds it; False if it is not there any more."""
        return False

    def arrived(
        self, items: Sequence[Arrived], waiting: Waiting | Iterable[WaitingExport], read: Reader
    ) -> Iterator[Ack]:
        """Yield what came by itself says, read by `read`."""
        from orderflow.channels.zone.arrived import read_arrived  # it reads as a zone does, which is a session itself

        return read_arrived(items, Waiting.of(waiting), read)

    def close(self) -> None:  # noqa: B027  # most sessions hold nothing that would have to be closed
        """Close the session now."""


class Channel(ABC):
    """One way to an ERP."""

    mode: ClassVar[str]
    """Its name in a connection's `mode`."""

    about: ClassVar[str]
    """What it is, for the form: one sentence without a full stop."""

    settings: ClassVar[type[BaseModel]]
    """Its part of the form."""

    def certificate_ends(self, settings: Any) -> datetime | None:
        """Return when the last certificate ends that deliveries need; None: they need none of our keeping."""
        return None

    @abstractmethod
    def open(self, settings: Any, *, apart: str = "") -> FileStore | Session:
        """Return a session for `settings`, an instance of the model above; connects to nothing yet.

        Args:
            apart: If given, a session that shares no connection with others.

        Raises:
            NeedsAttentionError: This machine's operator does not allow that target.
        """
