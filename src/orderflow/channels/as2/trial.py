"""What can be told of a partner without sending a message, since every message is a document to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from orderflow.channels.as2.certificates import Certificate
from orderflow.channels.as2.settings import As2Settings
from orderflow.channels.as2.sides import Sides
from orderflow.domain import clock
from orderflow.domain.connector_port import CERTIFICATE_WARNED
from orderflow.domain.errors import NeedsAttentionError, UnavailableError
from orderflow.http import HttpClient, error_of

_NOT_LET_IN = (401, 403, 407, 429)


def test(settings: As2Settings, sides: Sides, client: HttpClient, steps: list[str]) -> None:
    """Try what can be tried; append each step that passed.

    Raises:
        ConnectorError: Messages could not be delivered now.
    """
    now = clock.now()
    sides.terms(settings, now)
    steps.append(f"Our certificate: counts until {_until(sides.signer(now).certificate, now)}")
    steps.append(f"Partner's certificate: counts until {_until(sides.recipient(now), now)}")
    answer = client.send("OPTIONS", settings.url, changes=False)
    if answer.status in _NOT_LET_IN:
        raise error_of(answer, "The partner")
    if answer.status >= 500 and answer.status != 501:  # which only says that it knows no OPTIONS
        raise UnavailableError(f"The partner's server fails (status {answer.status}): {answer.words}")
    if answer.status == 404:
        raise NeedsAttentionError(
            "The partner's server knows no such URL (status 404).",
            code="WRONG_URL",
            hint="Correct the URL in the connection, then test again.",
        )
    steps.append("Partner's server: reached")


def ending(known: Iterable[Certificate], now: dt.datetime) -> list[Certificate]:
    """Return certificates that end soon, and that none follows."""
    counting = [one for one in known if one.ends > now]
    return [max(counting, key=lambda one: one.ends)] if counting and _all_end_soon(counting, now) else []


def _all_end_soon(known: Iterable[Certificate], now: dt.datetime) -> bool:
    return all(one.ends - now < CERTIFICATE_WARNED for one in known)


def _until(certificate: Certificate, now: dt.datetime) -> str:
    left = certificate.ends - now
    soon = f", in {left.days} days: have the next one ready" if left < CERTIFICATE_WARNED else ""
    return f"{certificate.ends:%Y-%m-%d}{soon}"
