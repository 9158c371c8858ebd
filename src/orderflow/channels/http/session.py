"""HTTP as a session: each document is a request of its own, and its answer says what became of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from urllib.parse import quote
from uuid import UUID

from pydantic import SecretStr

from orderflow.channels.channel import Parcel, Session
from orderflow.channels.http.at_once import AtOnce, each_at_once
from orderflow.channels.http.checks import header_lines
from orderflow.channels.http.outcome import check_taken, unclear
from orderflow.channels.http.settings import HttpSettings
from orderflow.channels.http.trial import NOT_LET_IN, check_method, check_place
from orderflow.domain.answer_files import UnreadableError
from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import ConnectorError, LeaseEndingError, RejectedError, UnavailableError
from orderflow.domain.redaction import Redactor
from orderflow.http import Answer, HttpClient, Outgoing, error_of, sign_in_of, tls_of
from orderflow.http.sorting import IN_ITS_WORDS
from orderflow.http.urls import origin_of

_NOT_SEEN = "The API was reached; only a delivery shows that it takes documents."
_CANNOT_ASK = (
    "Unless it honours an idempotency key, nobody can ask whether a document arrived whose answer is lost: the order "
    "is then held for a person."
)


class HttpSession(Session):
    """An API that takes documents, one request each. What the ERP does with one, it does not say here."""

    def __init__(self, settings: HttpSettings) -> None:
        self.settings = settings
        self._client = HttpClient(
            f"The API at {origin_of(settings.url)[1]}",
            timeout=settings.timeout,
            connect_timeout=settings.connect_timeout,
            tls=tls_of(settings),
            connections=settings.max_in_flight,
            sign_in=sign_in_of(settings),
            secrets=_secrets_in(settings),
        )
        self._room = AtOnce(settings.max_in_flight)
        self.idempotent = settings.idempotent  # by the key that goes with a document

    @property
    def redactor(self) -> Redactor:
        """What takes secrets, and access tokens, out of what the API says."""
        return self._client.redactor

    def got(self) -> list[str]:
        """Return access tokens that were got lately."""
        return self._client.got()

    def sign_in(self) -> None:
        """Get an access token where the sign-in needs one. Raises ConnectorError: none could be had."""
        self._client.sign_in(self.settings.timeout)

    def send(self, outgoing: Outgoing) -> Answer:
        """Send a request that changes something, in the connection's name.

        Raises:
            ConnectorError: No answer came, sorted by what follows; InDoubtError: it may have been acted on.
        """
        return self._client.send_out(outgoing, changes=True, timeout=self.settings.timeout)

    def ask(self, outgoing: Outgoing) -> Answer:
        """Send a request that changes nothing, in the connection's name.

        Raises:
            UnavailableError, NeedsAttentionError: No answer came.
        """
        return self._client.send_out(outgoing, changes=False, timeout=self.settings.timeout)

    def hurried(self, seconds: float) -> HttpSession:
        """Return this session, with the same connections and token, each of its requests within so many seconds."""
        hurried = copy.copy(self)
        hurried.settings = self.settings.model_copy(update={"timeout": min(self.settings.timeout, seconds)})
        return hurried

    @property
    def note(self) -> str:
        """What a good test leaves open."""
        return _NOT_SEEN if self.idempotent else f"{_NOT_SEEN} {_CANNOT_ASK}"

    def destination(self, filename: str) -> str:
        """Return where documents go; their names do not count here."""
        return f"{self.settings.method} {self.settings.url}"

    def headers(self, parcel: Parcel) -> dict[str, str]:
        """Return what goes with a document, without the credentials."""
        return self._request(parcel, str(parcel.delivery.export_id)).headers

    def deliver(self, parcels: Sequence[Parcel]) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Send documents, some at a time."""
        items = [(parcel.order_id, parcel) for parcel in parcels]
        return each_at_once(items, self._deliver, self._room)

    def test(self, steps: list[str]) -> None:
        """Sign in, and ask at the URL for its methods; whether documents may be created there stays open."""
        self.sign_in()
        answer = self.ask(Outgoing("OPTIONS", self.settings.url))
        check_place(answer, self.redactor)
        if answer.status in NOT_LET_IN:
            raise error_of(answer, "The API")
        if answer.status >= 500:
            raise UnavailableError(f"The API fails (status {answer.status}): {answer.words}")
        check_method(answer, self.settings.method)
        steps.append("API: reached")

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _deliver(self, parcel: Parcel) -> ExportResult:
        check_lease(parcel.delivery.may_start())
        key = str(parcel.delivery.export_id)
        answer = self.send(self._request(parcel, key))
        about = {"status": answer.status, "idempotency_key": key, **_receipt(parcel, answer)}
        check_taken(answer, self.redactor)
        return ExportResult(True, parcel.delivery.export_id, connector_metadata=about, received=True)

    def _request(self, parcel: Parcel, key: str) -> Outgoing:
        settings, document = self.settings, parcel.document
        given = dict(header_lines(settings.headers))
        named = {name.lower() for name in given}
        ours = {"Content-Type": document.media_type, "Content-Disposition": _called(document.filename)}
        ours[settings.idempotency_header] = key
        headers = given | {name: value for name, value in ours.items() if name.lower() not in named}
        return Outgoing(settings.method, settings.url, headers, document.content, message_id=key)


def _receipt(parcel: Parcel, answer: Answer) -> dict[str, str]:
    """Return what a 2xx says in the words of the document's format.

    Raises:
        RejectedError: It refuses it.
        InDoubtError: It does, and does not.
    """
    try:
        said = parcel.receipt(answer.content) if answer.ok and answer.broken is None else None
    except UnreadableError as error:
        raise unclear(answer.hides.text(str(error))) from None
    if said is None:
        return {}
    message = answer.hides.text(said.message or "")
    if said.status == "FAILED":
        raise RejectedError(message, code=said.error_code or "TARGET_REJECTED", hint=IN_ITS_WORDS)
    return {"receipt": message}


def _secrets_in(settings: HttpSettings) -> list[str]:
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def _called(filename: str) -> str:
    """Return the document's name as a header. Source: RFC 6266."""
    plain = filename if filename.isascii() and not set(filename) & set('"\\') else None
    return f'attachment; filename="{plain}"' if plain else f"attachment; filename*=UTF-8''{quote(filename, safe='')}"


def check_lease(may_start: bool) -> None:
    """Raise LeaseEndingError if a request may not begin any more."""
    if not may_start:
        raise LeaseEndingError("Too little of the lease is left to begin with this order.")
