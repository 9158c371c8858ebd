"""A dropzone whose documents lie as files: a store, its folders, and what goes in and comes out there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from posixpath import join
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from orderflow.channels.channel import Parcel, Reader, Ready, Session
from orderflow.channels.filestore import FileStore, Rename, Upload
from orderflow.channels.settings import FileSettings
from orderflow.channels.zone import trial
from orderflow.channels.zone.answers import read_answers
from orderflow.channels.zone.leftovers import find_leftovers
from orderflow.channels.zone.put_away import bring_back, put_away
from orderflow.channels.zone.take_back import take_back
from orderflow.domain.delivery import Ack, Delivery, ExportResult, Leftover, Sent, Waiting, WaitingExport
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    LeaseEndingError,
    TargetChangedError,
    TransientError,
    UnavailableError,
)


class Zone(Session):
    """The session of every channel whose documents lie as files."""

    can_find = True

    def __init__(self, config: FileSettings, store: FileStore) -> None:
        self.config, self.store = config, store
        self.stages = config.atomic_write and store.renames
        self.answers = config.ack_path is not None
        self.takes_back = config.receiver_takes == "rename" and store.renames
        self.processes = store.processes

    def temporary(self, filename: str, token: object) -> str:
        """Return the path under which the attempt of `token` writes `filename` until it is whole."""
        return join(self.config.export_path, f"{filename}.{token}.tmp")

    def final(self, filename: str) -> str:
        """Return the path under which the ERP finds `filename`."""
        return join(self.config.export_path, filename)

    def path_of(self, address: str) -> str:
        """Return the path of the temporary file that `address` names.

        Raises:
            TargetChangedError: It lies elsewhere: this dropzone cannot tell what became of it.
        """
        path = join(self.config.export_path, unquote(address.rpartition("/")[2]))
        if self.store.address(path) != address or not path.endswith(".tmp"):
            raise TargetChangedError(f"The file was left ready at {address}, and the connection points elsewhere now.")
        return path

    def destination(self, filename: str) -> str:
        """Return the file's address."""
        return self.store.address(self.final(filename))

    def deliver(self, parcels: Sequence[Parcel]) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Write and rename, or write in place where the connection says so."""
        if not self.stages:
            yield from self._write_in_place(parcels)
            return
        staged = []
        for order_id, outcome in self.stage(parcels):
            if isinstance(outcome, Ready):
                staged.append(outcome)
            else:
                yield order_id, outcome
        yield from self.publish(staged)

    def stage(self, parcels: Sequence[Parcel]) -> Iterator[tuple[UUID, Ready | ConnectorError]]:
        """Write each document under a name that only this attempt uses, and check its size."""

        def temporary(parcel: Parcel) -> Upload:
            filename, delivery = parcel.document.filename, parcel.delivery
            orphan = self.temporary(filename, delivery.orphan_token) if delivery.orphan_token else None
            path = self.temporary(filename, delivery.token)
            return Upload(path, parcel.document.content, delivery.may_start, orphan)

        for parcel, path, error in self._upload(parcels, temporary):
            yield parcel.order_id, error or Ready(parcel.order_id, parcel.delivery, self.store.address(path))

    def publish(self, staged: Sequence[Ready]) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Give staged files their final names; one that is gone was published before.

        Yields InDoubtError (TARGET_CHANGED) for what was staged where this connection does not point any more.
        """
        ready: dict[str, Ready] = {}
        renames = []
        for item in staged:
            try:
                source = self.path_of(item.address)
            except InDoubtError as error:
                yield item.order_id, error
                continue
            ready[source] = item
            renames.append(_publishing(source, item.delivery))
        for rename, result in self.store.rename(renames) if renames else ():
            item = ready[rename.source]
            if isinstance(result, ConnectorError):
                yield item.order_id, result
            else:
                yield item.order_id, self._delivered(item.delivery, rename.target, inferred=not result)

    def discard(self, staged: Sequence[Ready]) -> None:
        """Remove temporary files as far as possible."""
        self.store.remove([self.path_of(item.address) for item in staged])

    def leftovers(self) -> Iterator[Leftover]:
        """Return the temporary files in the export folder that have names of ours."""
        return find_leftovers(self.store, self.config.export_path)

    def remove_leftovers(self, leftovers: Sequence[Leftover]) -> None:
        """Remove temporary files of attempts that died."""
        self.store.remove([self.path_of(leftover.path) for leftover in leftovers])

    def find(self, parcel: Parcel) -> ExportResult | None:
        """Look for the file under its final name.

        Returns:
            A result if it is there in full.

        Raises:
            InDoubtError: It is not there, so it never came or the ERP took it; or a part of it is there.
        """
        path = self.final(parcel.document.filename)
        entry = self.store.stat(path)
        if entry is None:
            raise InDoubtError(f"{path} is not there: it never arrived, or the ERP took it already.")
        if entry.size != len(parcel.document.content):
            raise InDoubtError(f"{path} is there in part: the ERP may have read it like that.")
        return self._delivered(parcel.delivery, path)

    def take_back(self, delivery: Delivery) -> ExportResult:
        """Rename the file away that was delivered; whoever renames it first, the ERP or we, has the order."""
        return take_back(self.store, self._sent(delivery.sent), delivery)

    def incoming(self, waiting: Waiting | Iterable[WaitingExport], read: Reader) -> Iterator[Ack]:
        """Read the answers; see `orderflow.channels.zone.answers`."""
        if self.config.ack_path is None:
            return iter(())
        return read_answers(self.store, self.config.ack_path, Waiting.of(waiting), read)

    def put_away(self, acks: Sequence[Ack]) -> None:
        """Move answers that are recorded out of the way."""
        if self.config.ack_path is not None:
            put_away(self.store, self.config.ack_path, acks)

    def bring_back(self, source: str, digest: str | None) -> bool:
        """Put an answer back from where it was put away; returns whether one lies there now."""
        folder = self.config.ack_path
        return folder is not None and bring_back(self.store, folder, source.rpartition("/")[2], digest)

    def test(self, steps: list[str]) -> None:
        """Do all that a push and a poll do, under names that no ERP picks up."""
        trial.try_folders(steps, self.config, self.store)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _sent(self, sent: Sent | None) -> str:
        """Return the path of the file that a delivery left. Raises TargetChangedError: it lies elsewhere."""
        if sent is None:
            raise TargetChangedError("Nothing is known of the file that is to be taken back.")
        if sent.staged_path is not None:
            return self.path_of(sent.staged_path).rsplit(".", 2)[0]
        path = self.final(sent.reference)
        if sent.dropzone_path != path:
            raise TargetChangedError(f"The file is at {sent.dropzone_path}, and the connection points elsewhere now.")
        return path

    def _write_in_place(self, parcels: Sequence[Parcel]) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        def final(parcel: Parcel) -> Upload:
            document = parcel.document
            return Upload(self.final(document.filename), document.content, parcel.delivery.may_start, only_new=True)

        for parcel, path, error in self._upload(parcels, final):
            yield parcel.order_id, self._delivered(parcel.delivery, path) if error is None else _perhaps_taken(error)

    def _upload(
        self, parcels: Sequence[Parcel], as_upload: Callable[[Parcel], Upload]
    ) -> Iterator[tuple[Parcel, str, ConnectorError | None]]:
        """Upload what `as_upload` makes of each parcel; yields it, the file's path, and what went wrong."""
        uploads = {(upload := as_upload(parcel)).path: (upload, parcel) for parcel in parcels}
        written = self.store.upload([upload for upload, _ in uploads.values()]) if uploads else ()
        for upload, problem in written:
            yield uploads[upload.path][1], upload.path, problem

    def _delivered(self, delivery: Delivery, path: str, *, inferred: bool = False) -> ExportResult:
        metadata: dict[str, Any] = {"file": path.rpartition("/")[2], "path": self.store.address(path)}
        if delivery.document is not None:
            metadata["bytes"] = len(delivery.document.content)
        return ExportResult(
            True, delivery.export_id, dropzone_path=path, connector_metadata=metadata, inferred=inferred
        )


def _publishing(source: str, delivery: Delivery) -> Rename:
    content = delivery.document.content if delivery.document else None
    return Rename(source, source.rsplit(".", 2)[0], delivery.may_start, content, delivery.in_doubt)


def _perhaps_taken(error: ConnectorError) -> ConnectorError:
    """A file that broke off under its final name may have been taken, whole or in part."""
    if isinstance(error, TransientError | UnavailableError) and not isinstance(error, LeaseEndingError):
        return InDoubtError(f"{error.message} Whether the ERP took the file is unknown.")
    return error
