"""HTTP as a session: each document is a request of its own, and its answer says what became of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from urllib.parse import quote
from uuid import UUID

from orderflow.channels.channel import Parcel, Session
from orderflow.channels.http.api import Api, Outgoing
from orderflow.channels.http.at_once import each_at_once
from orderflow.channels.http.checks import header_lines
from orderflow.channels.http.outcome import check_taken, words_of
from orderflow.channels.http.settings import HttpSettings
from orderflow.channels.http.sign_in import access_token, send_signed
from orderflow.channels.http.trial import NOT_LET_IN, check_method, check_place
from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import ConnectorError, LeaseEndingError, UnavailableError
from orderflow.domain.redaction import Redactor
from orderflow.http import Answer, error_of

_NOT_SEEN = "The API was reached; only a delivery shows that it takes documents."
_CANNOT_ASK = (
    "Unless it honours an idempotency key, nobody can ask whether a document arrived whose answer is lost: the order "
    "is then held for a person."
)


class HttpSession(Session):
    """An API that takes documents, one request each. What the ERP does with one, it does not say here."""

    def __init__(self, settings: HttpSettings) -> None:
        self._api = Api(settings)
        self.idempotent = settings.idempotent  # by the key that goes with a document

    @property
    def settings(self) -> HttpSettings:
        """Where it leads, and how."""
        return self._api.settings

    @property
    def redactor(self) -> Redactor:
        """What takes secrets, and access tokens, out of what the API says."""
        return self._api.redactor

    @property
    def tokens(self) -> list[str]:
        """Access tokens that were got lately."""
        return list(self._api.token.given)

    def sign_in(self) -> None:
        """Get an access token where the sign-in needs one. Raises ConnectorError: none could be had."""
        if self.settings.auth == "oauth2":
            access_token(self._api)

    def send(self, outgoing: Outgoing, message_id: str) -> Answer:
        """Send a request that changes something, in the connection's name.

        Args:
            message_id: The same for every attempt at the same thing; part of a signature.

        Raises:
            ConnectorError: No answer came, sorted by what follows; InDoubtError: it may have been acted on.
        """
        return send_signed(self._api, outgoing, message_id, changes=True)

    def ask(self, outgoing: Outgoing, message_id: str) -> Answer:
        """Send a request that changes nothing, in the connection's name; arguments as of `send`.

        Raises:
            UnavailableError, NeedsAttentionError: No answer came.
        """
        return send_signed(self._api, outgoing, message_id, changes=False)

    def hurried(self, seconds: float) -> HttpSession:
        """Return this session, with the same connections and token, each of its requests within so many seconds."""
        hurried = copy.copy(self)
        hurried._api = self._api.hurried(seconds)  # noqa: SLF001  # of its own class
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
        return each_at_once(items, self._deliver, self.settings.max_in_flight)

    def test(self, steps: list[str]) -> None:
        """Sign in, and ask at the URL for its methods; whether documents may be created there stays open."""
        self.sign_in()
        answer = self.ask(Outgoing("OPTIONS", self.settings.url, {}), "test")
        check_place(answer, self.redactor)
        words = words_of(answer, self.redactor)
        if answer.status in NOT_LET_IN:
            raise error_of(answer, "The API", words=words)
        if answer.status >= 500:
            raise UnavailableError(f"The API fails (status {answer.status}): {words}")
        check_method(answer, self.settings.method)
        steps.append("API: reached")

    def close(self) -> None:
        """Close all connections."""
        self._api.close()

    def _deliver(self, parcel: Parcel) -> ExportResult:
        check_lease(parcel.delivery.may_start())
        key = str(parcel.delivery.export_id)
        answer = self.send(self._request(parcel, key), key)
        check_taken(answer, self.redactor)
        about = {"status": answer.status, "idempotency_key": key}
        return ExportResult(True, parcel.delivery.export_id, connector_metadata=about, received=True)

    def _request(self, parcel: Parcel, key: str) -> Outgoing:
        settings, document = self.settings, parcel.document
        given = dict(header_lines(settings.headers))
        named = {name.lower() for name in given}
        ours = {"Content-Type": document.media_type, "Content-Disposition": _called(document.filename)}
        ours[settings.idempotency_header] = key
        headers = given | {name: value for name, value in ours.items() if name.lower() not in named}
        return Outgoing(settings.method, settings.url, headers, document.content)


def _called(filename: str) -> str:
    """Return the document's name as a header. Source: RFC 6266."""
    plain = filename if filename.isascii() and not set(filename) & set('"\\') else None
    return f'attachment; filename="{plain}"' if plain else f"attachment; filename*=UTF-8''{quote(filename, safe='')}"


def check_lease(may_start: bool) -> None:
    """Raise LeaseEndingError if a request may not begin any more."""
    if not may_start:
        raise LeaseEndingError("Too little of the lease is left to begin with this order.")
