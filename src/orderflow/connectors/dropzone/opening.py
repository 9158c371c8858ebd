"""From a form to a session: the channel that the mode means is opened, and its files, if it has any, become a zone."""

from __future__ import annotations

from typing import Any

from orderflow.channels.channel import Channel, Session
from orderflow.channels.filestore import FileStore
from orderflow.channels.zone.zone import Zone
from orderflow.connectors.dropzone.config import Dropzone


def open_zone(form: Dropzone, *, apart: str = "", patience: float | None = None) -> Session:
    """Return the session of a form; connects to nothing yet.

    Args:
        apart: If given, a session that shares no connection with others.
        patience: Seconds at most for connecting, and for any answer.
    """
    settings = form.of_channel if patience is None else _hurried(form.of_channel, patience)
    store = open_store(form.channel, settings, apart=apart)
    return Zone(settings, store) if isinstance(store, FileStore) else store


def open_store(channel: Channel, settings: Any, *, apart: str = "") -> FileStore | Session:
    """Return what a channel opens."""
    return channel.open(settings, apart=apart)


def _hurried(settings: Any, patience: float) -> Any:
    limits = {"connect_timeout", "timeout"} & type(settings).model_fields.keys()
    return settings.model_copy(update={name: min(getattr(settings, name), patience) for name in limits})
