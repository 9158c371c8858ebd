"""Where channels are found: ours, those of installed packages, and those registered by hand.

A package brings a channel by an entry point in the group `orderflow.channels`; its name is the mode.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from threading import Lock

import structlog

from orderflow.channels.channel import Channel

log = structlog.get_logger(__name__)
GROUP = "orderflow.channels"
OURS = (
    EntryPoint("sftp", "orderflow.channels.sftp.channel:SFTPChannel", GROUP),
    EntryPoint("ftps", "orderflow.channels.ftp.channel:FTPSChannel", GROUP),
    EntryPoint("ftp", "orderflow.channels.ftp.channel:FTPChannel", GROUP),
    EntryPoint("filesystem", "orderflow.channels.folder.channel:FolderChannel", GROUP),
    EntryPoint("bucket", "orderflow.channels.bucket.channel:BucketChannel", GROUP),
    EntryPoint("http", "orderflow.channels.http.channel:HttpChannel", GROUP),
    EntryPoint("as2", "orderflow.channels.as2.channel:As2Channel", GROUP),
)
_lock = Lock()
_channels: dict[str, Channel] = {}
_by_hand: dict[str, Channel] = {}
changes = 0
"""How often a channel was registered or forgotten by hand; what is made of all channels is made anew then."""


def register(mode: str, channel: type[Channel] | Channel) -> None:
    """Make `channel` known as `mode`, in place of any that had this name; the forms offer it from now on."""
    _by_hand[mode] = channel() if isinstance(channel, type) else channel
    _note_change()


def unregister(mode: str) -> None:
    """Forget a channel that was registered by hand."""
    _by_hand.pop(mode, None)
    _note_change()


def _note_change() -> None:
    global changes  # noqa: PLW0603  # as the channels themselves, it is this process's
    changes += 1


def channels() -> dict[str, Channel]:
    """Return all channels by mode, ours first."""
    with _lock:
        if not _channels:
            for entry in (*OURS, *entry_points(group=GROUP)):
                _load(entry)
    return _channels | _by_hand


def _load(entry: EntryPoint) -> None:
    try:
        _channels.setdefault(entry.name, entry.load()())
    except Exception as error:  # noqa: BLE001  # one broken package must not take the others away
        log.warning("channel not loaded", mode=entry.name, source=entry.value, error=repr(error))
