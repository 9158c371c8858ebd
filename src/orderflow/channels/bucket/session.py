"""A bucket as a session: an order's file is uploaded in parts, that is committed, and then it is completed.

After a crash the upload is looked for by its id. Still there: it is completed now. Gone, with the object there: it was
completed before. Both gone: completed, and taken by the ERP since; unless so much time has passed that the store itself
may have given the upload up, which is doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from uuid import UUID

from orderflow.channels.bucket import trial
from orderflow.channels.bucket.settings import BucketSettings
from orderflow.channels.bucket.store import BucketStore
from orderflow.channels.bucket.uploads import Upload, Uploads
from orderflow.channels.bucket.wire import open_client
from orderflow.channels.channel import Parcel, Reader, Ready, Session
from orderflow.channels.http.at_once import AtOnce, each_at_once
from orderflow.channels.publishing import publish_unknown, target_exists
from orderflow.channels.zone.answers import read_answers
from orderflow.channels.zone.put_away import bring_back, put_away
from orderflow.domain import clock
from orderflow.domain.delivery import Ack, Delivery, ExportResult, Leftover, Waiting, WaitingExport
from orderflow.domain.errors import ConnectorError, InDoubtError, LeaseEndingError, TargetChangedError, TransientError

GIVEN_UP_AFTER = 20 * 3600.0
"""Seconds after which a store may have given up an upload by itself: a rule for that has a day at least."""

LEFT_AFTER = 24 * 3600.0
"""Seconds after which an unfinished upload is a leftover. Nothing tells whether its attempt still lives: by then, by
whatever clock, that it is gone is doubt (`GIVEN_UP_AFTER`), and does not count as published."""


class BucketSession(Session):
    """The session of a bucket."""

    stages = True
    can_find = True

    def __init__(self, settings: BucketSettings) -> None:
        self.settings = settings
        self.answers = settings.ack_path is not None
        self._room = AtOnce(settings.max_in_flight)
        self._client = open_client(settings)
        self._uploads = Uploads(self._client, settings)
        self._store = BucketStore(self._client, settings, self._room)

    def destination(self, filename: str) -> str:
        """Return the object's address."""
        return self._store.address(self._path(filename))

    def deliver(self, parcels: Sequence[Parcel]) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Upload and complete."""
        staged = []
        for order_id, outcome in self.stage(parcels):
            if isinstance(outcome, Ready):
                staged.append(outcome)
            else:
                yield order_id, outcome
        yield from self.publish(staged)

    def stage(self, parcels: Sequence[Parcel]) -> Iterator[tuple[UUID, Ready | ConnectorError]]:
        """Upload each document in parts."""
        items = [(parcel.order_id, parcel) for parcel in parcels]
        return each_at_once(items, self._stage, self._room)

    def publish(self, staged: Sequence[Ready]) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Complete what was uploaded; what is gone was completed before.

        Yields InDoubtError (TARGET_CHANGED) for what was uploaded where this connection does not point any more.
        """
        items = [(item.order_id, item) for item in staged]
        return each_at_once(items, self._publish, self._room)

    def discard(self, staged: Sequence[Ready]) -> None:
        """Give up uploads, as far as possible."""
        for item in staged:
            self._uploads.abort(self._upload_of(item.address))

    def leftovers(self) -> Iterator[Leftover]:
        """Return the uploads that nobody completed for a day; whose they are, their keys say."""
        for upload, age in self._uploads.all(self._store.key(self._path(""))):
            if age > LEFT_AFTER:
                name = upload.key.rpartition("/")[2]
                yield Leftover(name, UUID(int=0), self._uploads.address(upload), age)

    def remove_leftovers(self, leftovers: Sequence[Leftover]) -> None:
        """Give up uploads of attempts that died."""
        for leftover in leftovers:
            self._uploads.abort(self._upload_of(leftover.path))

    def find(self, parcel: Parcel) -> ExportResult | None:
        """Look for the object.

        Returns:
            A result if it is there.

        Raises:
            InDoubtError: It is not there, so it never came or the ERP took it; or another one has its name.
        """
        path = self._path(parcel.document.filename)
        digest = self._uploads.digest(self._store.key(path))
        if digest is None:
            raise InDoubtError(f"{path} is not there: it never arrived, or the ERP took it already.")
        if digest != sha256(parcel.document.content).hexdigest():
            raise InDoubtError(f"{path} is there and holds something else.")
        return self._delivered(parcel.delivery, path)

    def incoming(self, waiting: Waiting | Iterable[WaitingExport], read: Reader) -> Iterator[Ack]:
        """Read the answers, as in a folder."""
        if self.settings.ack_path is None:
            return iter(())
        return read_answers(self._store, self.settings.ack_path, Waiting.of(waiting), read)

    def put_away(self, acks: Sequence[Ack]) -> None:
        """Move answers that are recorded out of the way."""
        if self.settings.ack_path is not None:
            put_away(self._store, self.settings.ack_path, acks)

    def bring_back(self, source: str, digest: str | None) -> bool:
        """Put an answer back from where it was put away; returns whether one lies there now."""
        folder = self.settings.ack_path
        return folder is not None and bring_back(self._store, folder, source.rpartition("/")[2], digest)

    def test(self, steps: list[str]) -> None:
        """Do all that a push and a poll do, under names that no ERP picks up."""
        trial.try_bucket(steps, self.settings, self._uploads, self._store)

    def close(self) -> None:
        """Close all connections."""
        self._client._endpoint.http_session.close()  # noqa: SLF001  # as it was put there

    def _stage(self, parcel: Parcel) -> Ready:
        if not parcel.delivery.may_start():
            raise LeaseEndingError("Too little of the lease is left to begin with this order.")
        document = parcel.document
        key = self._store.key(self._path(document.filename))
        try:
            upload = self._uploads.begin(key, document.content, document.media_type)
        except InDoubtError as error:  # of an upload nobody sees anything
            raise TransientError(error.message, code=error.code) from None
        return Ready(parcel.order_id, parcel.delivery, self._uploads.address(upload))

    def _publish(self, item: Ready) -> ExportResult:
        upload = self._upload_of(item.address)
        if not item.delivery.may_start():
            raise LeaseEndingError(f"There was too little time left to publish {upload.key}.")
        parts = self._uploads.known(upload)
        if parts is None:  # another attempt uploaded it, or tried to complete it
            parts = self._uploads.look(upload)
            if parts is not None and item.delivery.in_doubt and not self.settings.conditional_writes:
                raise publish_unknown(self._place, upload.key, ": it is not yet, and an earlier try may be under way")
        completed = None if parts is None else self._uploads.complete(upload, parts)
        if completed:
            return self._delivered(item.delivery, upload.key)
        return self._published_before(item.delivery, upload, gone=completed is None)

    def _published_before(self, delivery: Delivery, upload: Upload, *, gone: bool) -> ExportResult:
        """Return the delivery if it was published before.

        Raises:
            RejectedError: Somebody else's object has its key.
            InDoubtError: It may have been, or the store has given the upload up.
        """
        there = self._uploads.digest(upload.key)
        ours = sha256(delivery.document.content).hexdigest() if delivery.document else None
        if there is not None and there == ours:
            if not gone:
                self._uploads.abort(upload)
            return self._delivered(delivery, upload.key, inferred=True)
        if there is not None and not gone and ours is not None:
            raise target_exists(self._place, upload.key)
        if there is None and gone and not self._may_be_given_up(delivery):
            return self._delivered(delivery, upload.key, inferred=True)
        found = "nothing" if there is None else "another object"
        raise publish_unknown(
            self._place, upload.key, f": {found} has that key, and the upload is gone" if gone else ""
        )

    def _may_be_given_up(self, delivery: Delivery) -> bool:
        return (clock.now() - delivery.requested_at).total_seconds() > GIVEN_UP_AFTER

    def _upload_of(self, address: str) -> Upload:
        found = self._uploads.at(address)
        if found is None:
            raise TargetChangedError(f"The order was left ready at {address}, and the connection points elsewhere now.")
        return found

    @property
    def _place(self) -> str:
        return f"the bucket {self.settings.bucket}"

    def _path(self, filename: str) -> str:
        return f"{self.settings.export_path.rstrip('/')}/{filename}"

    def _delivered(self, delivery: Delivery, path: str, *, inferred: bool = False) -> ExportResult:
        about = {"file": path.rpartition("/")[2], "path": self._store.address(path)}
        return ExportResult(
            True, delivery.export_id, dropzone_path=path, connector_metadata=dict(about), inferred=inferred
        )
