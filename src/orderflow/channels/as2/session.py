"""AS2 as a session: each document is a message, and the receipt in its answer says what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from email.utils import format_datetime
from uuid import UUID

import structlog

from orderflow.channels.as2.arriving import RECEIPT, Arrival, open_arrival, written
from orderflow.channels.as2.faults import Fault
from orderflow.channels.as2.late_receipts import read_late
from orderflow.channels.as2.mime import quoted
from orderflow.channels.as2.names import own_message_id, written_name
from orderflow.channels.as2.outcome import Sent, outcome
from orderflow.channels.as2.outgoing import Headers, Packed, pack, what_is_checked
from orderflow.channels.as2.receipt import LONGEST, check_of
from orderflow.channels.as2.settings import As2Settings
from orderflow.channels.as2.sides import Sides
from orderflow.channels.as2.trial import test
from orderflow.channels.channel import Parcel, Reader, Session
from orderflow.channels.http.at_once import AtOnce, each_at_once
from orderflow.channels.http.session import check_lease
from orderflow.domain import clock
from orderflow.domain.delivery import Ack, Arrived, Document, ExportResult, Waiting, WaitingExport
from orderflow.domain.errors import ConnectorError, NeedsAttentionError
from orderflow.domain.ids import new_id
from orderflow.http import Answer, HttpClient, tls_context
from orderflow.http.urls import origin_of

log = structlog.get_logger(__name__)
VERSION = "1.1"
"""Of AS2: with compression, and none of the features that 1.2 would have us name."""


class As2Session(Session):
    """A partner's AS2 server."""

    def __init__(self, settings: As2Settings) -> None:
        self._settings, self._sides = settings, Sides.of(settings)
        self.idempotent = settings.same_id_once  # by the Message-ID
        self.receipts_later = settings.receipts == "async"
        self._room = AtOnce(settings.max_in_flight)
        key = settings.client_key.get_secret_value() if settings.client_key else None
        passphrase = settings.client_passphrase.get_secret_value() if settings.client_passphrase else None
        self._client = HttpClient(
            f"The partner at {origin_of(settings.url)[1]}",
            timeout=settings.timeout,
            connect_timeout=settings.connect_timeout,
            tls=tls_context(settings.ca_certificate, settings.client_certificate, key, passphrase),
            most_bytes=LONGEST,
            connections=settings.max_in_flight,
        )

    @property
    def note(self) -> str:
        """What a good test leaves open."""
        return "No message was sent, since every message is a document: whether ours are taken, the first one shows."

    def destination(self, filename: str) -> str:
        """Return whom documents go to, and where."""
        return f"AS2 {self._settings.as2_to} at {self._settings.url}"

    def checks(self, parcels: Sequence[Parcel]) -> dict[UUID, str]:
        """Return what the receipt of each has to name (MIC)."""
        return {parcel.order_id: self._check(parcel.document) for parcel in parcels}

    def _check(self, document: Document) -> str:
        said = self._settings
        checked = what_is_checked(
            document, signs=said.sign != "none", encrypts=said.encrypt != "none", compresses=said.compress
        )
        return check_of(checked, said.digest)

    def deliver(self, parcels: Sequence[Parcel]) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Send messages, some at a time."""
        items = [(parcel.order_id, parcel) for parcel in parcels]
        return each_at_once(items, self._deliver, self._room)

    def test(self, steps: list[str]) -> None:
        """Look at the certificates, and ask at the URL; no message is sent, since every message is a document."""
        test(self._settings, self._sides, self._client, steps)

    def arrived(
        self, items: Sequence[Arrived], waiting: Waiting | Iterable[WaitingExport], read: Reader
    ) -> Iterator[Ack]:
        """Yield what late receipts say, and answers as their format reads them."""
        receipts = [item for item in items if item.media_type == RECEIPT]
        yield from super().arrived([item for item in items if item.media_type != RECEIPT], waiting, read)
        yield from read_late(receipts, waiting, self._sides, checked=self._settings.sign != "none")

    def open_arrival(self, headers: Iterable[tuple[str, str]], body: bytes) -> Arrival:
        """Open what the partner sent by itself. Raises StrangerError: it is not from the partner, or no message."""
        return open_arrival(headers, body, self._settings, self._sides)

    def receipt_for(self, arrival: Arrival) -> tuple[Headers, bytes]:
        """Return our receipt, with its envelope. Raises NeedsAttentionError: none of our certificates counts."""
        headers, body = written(arrival, self._sides)
        names = (("AS2-From", self._settings.as2_from), ("AS2-To", self._settings.as2_to))
        own = (("AS2-Version", VERSION), ("Message-ID", f"<{new_id()}@orderflow-connect>"), ("MIME-Version", "1.0"))
        return (*headers, *own, *((name, written_name(value)) for name, value in names)), body

    def send_receipt(self, address: str, headers: Headers, body: bytes) -> None:
        """Send a receipt to an address; one that gets lost, the partner asks for by the same message."""
        try:
            self._client.send("POST", address, headers=dict(headers), content=body, changes=True)
        except ConnectorError as error:
            log.info("receipt not sent", reason=error.code)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _deliver(self, parcel: Parcel) -> ExportResult:
        check_lease(parcel.delivery.may_start())
        packed = self._pack(parcel)
        delivery = parcel.delivery
        sent = Sent(own_message_id(delivery.export_id, delivery.refusals), packed.checked, delivery)
        try:
            return outcome(self._send(packed, sent, parcel), sent, self._settings, self._sides)
        except ConnectorError as error:  # whatever became of the answer, a receipt may come yet
            error.check = check_of(sent.checked, self._settings.digest)
            raise

    def _pack(self, parcel: Parcel) -> Packed:
        try:
            return pack(parcel.document, self._sides.terms(self._settings, clock.now()))
        except Fault as fault:
            raise NeedsAttentionError(fault.reason, code="CERTIFICATE_UNUSABLE") from None

    def _send(self, packed: Packed, sent: Sent, parcel: Parcel) -> Answer:
        headers = dict((*packed.headers, *self._envelope(sent.message_id, parcel.document.filename)))
        return self._client.send("POST", self._settings.url, headers=headers, content=packed.body, changes=True)

    def _envelope(self, message_id: str, subject: str) -> Headers:
        """Return who sends what to whom, and that a signed receipt is asked for. Source: RFC 4130, sections 6, 7.3."""
        settings = self._settings
        asked = f"signed-receipt-protocol=required, pkcs7-signature; signed-receipt-micalg=required, {settings.digest}"
        late = (("Receipt-Delivery-Option", settings.receipt_url or ""),) if settings.receipts == "async" else ()
        return (
            ("AS2-Version", VERSION),
            ("AS2-From", written_name(settings.as2_from)),
            ("AS2-To", written_name(settings.as2_to)),
            ("Message-ID", f"<{message_id}>"),
            ("Date", format_datetime(clock.now(), usegmt=True)),
            ("Subject", subject.encode("ascii", "replace").decode()),
            ("Disposition-Notification-To", quoted(settings.as2_from)),
            ("Disposition-Notification-Options", asked),
            *late,
            ("MIME-Version", "1.0"),
            ("Accept", "*/*"),
        )
