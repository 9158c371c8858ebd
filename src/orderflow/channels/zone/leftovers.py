"""Temporary files that attempts left behind: found by their names, told apart from what is staged by others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import join
from uuid import UUID

from orderflow.channels.filestore import FileStore
from orderflow.channels.zone.answers import server_time
from orderflow.domain.delivery import Leftover

_NAME = re.compile(r"(?P<reference>[^/\\]+)\.(?P<token>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.tmp")

_CLOCK = re.compile(r"orderflow_clock_[0-9a-f]{32}\.tmp")
CLOCK_LEFT = 3600.0
"""Seconds after which nobody is looking at the clock any more."""


def find_leftovers(store: FileStore, folder: str) -> Iterator[Leftover]:
    """Yield every file in a folder that has a temporary name as `Zone.temporary` makes them.

    What a look at the server's clock left behind that was killed is nobody's, and removed on the way.

    Raises:
        ConnectorError: The folder cannot be read, or no file can be written there to see what time it is.
    """
    entries = [entry for entry in store.list(folder) if not entry.is_folder]
    named = [(entry, match) for entry in entries if (match := _NAME.fullmatch(entry.name))]
    clocks = [entry for entry in entries if _CLOCK.fullmatch(entry.name)]
    now = server_time(store, folder) if named or clocks else 0.0
    store.remove([join(folder, entry.name) for entry in clocks if now - entry.modified > CLOCK_LEFT])
    for entry, match in named:
        address = store.address(join(folder, entry.name))
        yield Leftover(match["reference"], UUID(match["token"]), address, now - entry.modified)
