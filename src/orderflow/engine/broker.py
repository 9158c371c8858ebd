"""Does Celery's broker answer: asked over a connection of its own, and never for long."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from orderflow.flow.watch import Trouble
from orderflow.server_tls import broker_options
from orderflow.settings import Settings

PATIENCE = 2.0
"""Seconds."""


def asking(settings: Settings) -> Callable[[], str | None] | None:
    """Return what asks the broker: None if it answers, else what went wrong, without a secret.

    None if there is no broker, or Celery is not installed.
    """
    url = settings.broker_url
    if url is None:
        return None
    try:
        from kombu.connection import Connection
    except ModuleNotFoundError:
        return None
    limits = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    tls = broker_options(url, settings.ca_file) or False

    def ask() -> str | None:
        try:
            # kombu does not annotate it
            with Connection(url, ssl=tls, connect_timeout=PATIENCE, transport_options=limits) as connection:  # type: ignore[no-untyped-call]
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=PATIENCE)
        except Exception as error:  # noqa: BLE001  # each transport has errors of its own; their words may hold the URL
            return type(error.__cause__ or error).__name__
        return None

    return ask


def answers(settings: Settings) -> Callable[[], bool] | None:
    """Return what tells whether the broker answers; None as for `asking`."""
    ask = asking(settings)
    return (lambda: ask() is None) if ask else None


def trouble(settings: Settings, ask: Callable[[], str | None]) -> Trouble | None:
    """Return what it means for a person that the broker does not answer; None if it does."""
    error = ask()
    if error is None:
        return None
    place = urlsplit(settings.broker_url or "").hostname or "on this machine"
    return Trouble(
        "BROKER_UNAVAILABLE",
        f"Celery's broker {place} does not answer: {error}. Orders are taken, and wait for Celery's workers.",
        "Start it, or correct CELERY_BROKER_URL: nothing is lost, and what waits goes out once it is back.",
    )
