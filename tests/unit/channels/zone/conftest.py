"""A dropzone whose files lie in memory, on a server whose clock and faults the test decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from orderflow.channels.filestore import Entry, FileStore, Rename, Upload
from orderflow.channels.zone import answers
from orderflow.connectors.dropzone import DropzoneJsonV1Connector, opening
from orderflow.domain.errors import ConnectorError, LeaseEndingError, NeedsAttentionError, TransientError
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine


@dataclass
class MemoryStore(FileStore):
    """Files by path; `faults` are raised or handed back by the call or path that they are kept under."""

    files: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=lambda: {"/out", "/acks"})
    faults: dict[str, ConnectorError] = field(default_factory=dict)
    clock: float = 1_000_000.0
    calls: list[str] = field(default_factory=list)

    def put(self, path: str, content: bytes | str, modified: float | None = None) -> None:
        content = content.encode() if isinstance(content, str) else content
        self.files[path] = (content, self.clock if modified is None else modified)

    def names(self, folder: str) -> list[str]:
        return sorted(path.rpartition("/")[2] for path in self.files if path.rpartition("/")[0] == folder)

    def address(self, path: str) -> str:
        return f"memory://server{path}"

    def upload(self, uploads: Sequence[Upload]) -> Iterator[tuple[Upload, ConnectorError | None]]:
        self._begin("upload")
        for upload in uploads:
            error = self._error(upload.path) or self._lease(upload)
            if not error:
                self._upload(upload)
            yield upload, error

    def _upload(self, upload: Upload) -> None:
        self.files.pop(upload.remove_first or "", None)
        self.put(upload.path, upload.content)

    def rename(self, renames: Sequence[Rename]) -> Iterator[tuple[Rename, bool | ConnectorError]]:
        self._begin("rename")
        for rename in renames:
            error = self._error(rename.source) or self._lease(rename)
            yield rename, error or self._rename(rename)

    def _rename(self, rename: Rename) -> bool:
        if rename.source not in self.files:
            return False
        self.files[rename.target] = self.files.pop(rename.source)
        return True

    def read(self, paths: Sequence[str], limit: int) -> Iterator[tuple[str, bytes | ConnectorError | None]]:
        self._begin("read")
        for path in reversed(paths):  # in any order, as the port says
            content = self.files[path][0] if path in self.files else None
            too_large = content is not None and len(content) > limit
            error = TransientError(f"{path} is too large.", code="FILE_TOO_LARGE") if too_large else None
            yield path, self.faults.get(path) or error or content

    def list(self, folder: str, at_most: int | None = None) -> list[Entry]:
        self._begin("list")
        if folder not in self.folders:
            raise NeedsAttentionError(f"{folder} is not there.", code="FOLDER_MISSING")
        entries = [
            Entry(path.rpartition("/")[2], len(content), modified)
            for path, (content, modified) in self.files.items()
            if path.rpartition("/")[0] == folder
        ] + [Entry(path.rpartition("/")[2], 0, 0, True) for path in self.folders if path.rpartition("/")[0] == folder]
        return entries[:at_most]

    def stat(self, path: str) -> Entry | None:
        self._begin("stat")
        if path not in self.files:
            return None
        content, modified = self.files[path]
        return Entry(path.rpartition("/")[2], len(content), modified)

    def remove(self, paths: Sequence[str]) -> None:
        self._begin("remove")
        for path in paths:
            self.files.pop(path, None)

    def make_folder(self, path: str) -> None:
        self._begin("make_folder")
        self.folders.add(path)

    def _begin(self, call: str) -> None:
        self.calls.append(call)
        if call in self.faults:
            raise self.faults[call]

    def _error(self, path: str) -> ConnectorError | None:
        return self.faults.get(path) or (
            None
            if path.rpartition("/")[0] in self.folders
            else NeedsAttentionError(f"No folder for {path}.", code="FOLDER_MISSING")
        )

    def _lease(self, item: Upload | Rename) -> ConnectorError | None:
        return None if item.may_start() else LeaseEndingError("Too late.")


CONFIG = {
    "mode": "sftp",
    "host": "erp.example",
    "username": "orderflow",
    "password": "t0p-s3cret",
    "export_path": "/out",
    "ack_path": "/acks",
}
_numbers = count(1)


@pytest.fixture
def config() -> dict[str, Any]:
    return dict(CONFIG)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    store = MemoryStore()
    monkeypatch.setattr(opening, "open_store", lambda *_, **__: store)
    monkeypatch.setattr(answers, "SECOND_LOOK", 0.0)
    return store


@pytest.fixture
def connector(store: MemoryStore) -> DropzoneJsonV1Connector:
    return DropzoneJsonV1Connector()


@pytest.fixture
def make_order() -> Callable[..., DraftOrder]:
    def make(**more: Any) -> DraftOrder:
        fields: dict[str, Any] = {
            "org_slug": "acme",
            "currency": "EUR",
            "external_order_number": f"PO-{next(_numbers)}",
            "customer": Customer("4711", "Muster GmbH"),
            "lines": [DraftOrderLine(1, "INT-999", Decimal(10), "M", Decimal("1.23"))],
        }
        return DraftOrder(**(fields | more))

    return make
