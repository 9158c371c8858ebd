"""What the store says is wrong, sorted by what follows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from orderflow.domain.errors import BusyError, ConnectorError, InDoubtError, NeedsAttentionError, UnavailableError
from orderflow.http.answer import retry_after
from orderflow.http.sorting import USUAL_REST

MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
NO_UPLOAD = "NoSuchUpload"
EXISTS = frozenset({"412", "PreconditionFailed"})
_BUSY = frozenset({"429", "RequestLimitExceeded", "TooManyRequests", "Throttling", "ThrottlingException"})
_AGAIN = frozenset({"409", "ConditionalRequestConflict", "OperationAborted", "RequestTimeout"})
"""Something else was under way at the same time, or the request came too slowly: it may be asked again."""

_SHUT: dict[str, tuple[str, str]] = {
    "AccessDenied": (
        "PERMISSION_DENIED",
        "Have the account's rights on the bucket corrected, then test the connection.",
    ),
    "403": ("PERMISSION_DENIED", "Have the account's rights on the bucket corrected, then test the connection."),
    "AllAccessDisabled": ("PERMISSION_DENIED", "Ask whoever runs the bucket."),
    "InvalidAccessKeyId": ("AUTH_FAILED", "Correct the access key, then test the connection."),
    "SignatureDoesNotMatch": ("AUTH_FAILED", "Correct the secret key, then test the connection."),
    "ExpiredToken": ("AUTH_FAILED", "Renew the credentials, then test the connection."),
    "InvalidToken": ("AUTH_FAILED", "Renew the credentials, then test the connection."),
    "RequestTimeTooSkewed": ("CLOCK_WRONG", "Have this machine's clock set right, or the store's."),
    "NoSuchBucket": ("BUCKET_MISSING", "Correct the bucket's name, or have it made, then test the connection."),
    "PermanentRedirect": ("WRONG_REGION", "Correct the bucket's region, then test the connection."),
    "301": ("WRONG_REGION", "Correct the bucket's region, then test the connection."),
    "AuthorizationHeaderMalformed": ("WRONG_REGION", "Correct the bucket's region, then test the connection."),
    "IllegalLocationConstraintException": ("WRONG_REGION", "Correct the bucket's region, then test the connection."),
}
_REFUSED = ("BUCKET_REFUSES", "These are the store's own words. Correct the connection or the bucket, then test it.")


def code_of(error: ClientError) -> str:
    """Return the store's own code, or the status where it gives none."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(place: str, *, publishes: bool = False) -> Iterator[None]:
    """Give whatever the store says as our own error; our own pass through.

    Args:
        place: Where it happens, for a person.
        publishes: The request lets the ERP see an order: what does not surely say that nothing was done is doubt.

    An answer that lacks what it has to hold (KeyError) cannot be read: a proxy's page may come with a 200, too.
    """
    try:
        yield
    except ClientError as error:
        raise _error_of(error, place, publishes=publishes) from None
    except BotoCoreError as error:
        raise _fault(error, place, publishes=publishes) from None
    except (ResponseParserError, KeyError) as error:
        raise _not_read(error, place, publishes=publishes) from None


def _error_of(error: ClientError, place: str, *, publishes: bool) -> ConnectorError:
    code, status = code_of(error), _status(error)
    said = f"{place}: {_words(error)} ({code or status})."
    if code in _BUSY or status == 429:
        return BusyError(said, rests_for=_rest(error))
    if status >= 500 or code in _AGAIN:
        rest = _rest(error) if status == 503 else None
        return InDoubtError(said, code="PUBLISH_UNKNOWN", rests_for=rest) if publishes else _away(said, rest)
    shut, hint = _SHUT.get(code, _REFUSED)
    return NeedsAttentionError(said, code=shut, hint=hint)


def _away(said: str, rest: float | None) -> ConnectorError:
    return BusyError(said, rests_for=rest) if rest is not None else UnavailableError(said)


def _fault(error: BotoCoreError, place: str, *, publishes: bool) -> ConnectorError:
    """Name a fault of the library; of its words only the kind is told, for they may hold what was sent."""
    kind = type(error).__name__
    if "Credential" in kind or "Token" in kind:
        return NeedsAttentionError(
            f"{place}: this machine has no credentials for it ({kind}).",
            code="AUTH_FAILED",
            hint="Give the machine a role, or the connection an access key.",
        )
    if "IncompleteRead" in kind:
        return _not_read(error, place, publishes=publishes)
    return NeedsAttentionError(f"{place} cannot be asked ({kind}).", code="WRONG_REQUEST")


def _not_read(error: Exception, place: str, *, publishes: bool) -> ConnectorError:
    what = f"{place}: the answer cannot be read ({type(error).__name__})."
    return InDoubtError(what, code="PUBLISH_UNKNOWN") if publishes else UnavailableError(what)


def _status(error: ClientError) -> int:
    return int(_meta(error).get("HTTPStatusCode", 0))


def _rest(error: ClientError) -> float:
    asked = retry_after(str(_meta(error).get("HTTPHeaders", {}).get("retry-after", "")))
    return USUAL_REST if asked is None else max(asked, 1.0)


def _meta(error: ClientError) -> dict[str, Any]:
    meta: dict[str, Any] = error.response.get("ResponseMetadata", {})
    return meta


def _words(error: ClientError) -> str:
    said = str(error.response.get("Error", {}).get("Message", "")).strip()
    plain = "".join(letter if letter.isprintable() else " " for letter in said)[:300].rstrip(".")
    return plain or "it gave no reason"
