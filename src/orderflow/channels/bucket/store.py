"""The answers' part of a bucket: objects as files in folders, so that they are read and put away like any other.

A folder is what comes before a name's last `/`. Moving is copying and deleting, which is right for what is put away and
for nothing else: orders are published by completing their upload.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from botocore.exceptions import ClientError

from orderflow.channels.bucket.errors import EXISTS, MISSING, code_of, translated
from orderflow.channels.bucket.pages import pages
from orderflow.channels.bucket.settings import BucketSettings
from orderflow.channels.bucket.uploads import encryption
from orderflow.channels.filestore import Entry, FileStore, Rename, Upload
from orderflow.channels.http.at_once import AtOnce, each_at_once
from orderflow.channels.limits import MOST_NAMES, too_many_names
from orderflow.channels.publishing import target_exists
from orderflow.domain.errors import ConnectorError, LeaseEndingError, NeedsAttentionError
from orderflow.domain.ids import new_id


class BucketStore(FileStore):
    """A bucket's objects, as files."""

    renames = False

    def __init__(self, client: Any, settings: BucketSettings, room: AtOnce) -> None:
        self._client, self._settings, self._room = client, settings, room
        self._bucket = settings.bucket

    def key(self, path: str) -> str:
        """Return the key of a path."""
        return path.lstrip("/")

    def address(self, path: str) -> str:
        """Return the object's address."""
        return f"s3://{self._settings.host}/{self._bucket}/{self.key(path)}"

    def upload(self, uploads: Sequence[Upload]) -> Iterator[tuple[Upload, ConnectorError | None]]:
        """Put objects."""
        return self._each(uploads, self._put)

    def rename(self, renames: Sequence[Rename]) -> Iterator[tuple[Rename, bool | ConnectorError]]:
        """Copy objects to their new keys and delete them under the old ones. False: it was done before."""
        return self._each(renames, self._move)

    def read(self, paths: Sequence[str], limit: int) -> Iterator[tuple[str, bytes | ConnectorError | None]]:
        """Read objects."""
        return self._each(paths, lambda path: self._get(path, limit))

    def list(self, folder: str, at_most: int | None = None) -> list[Entry]:
        """Return what is below a prefix, without what is below further ones. Raises NeedsAttentionError: too much."""
        prefix = f"{self.key(folder).rstrip('/')}/".lstrip("/")
        entries: list[Entry] = []
        most = min(at_most or 1_000, 1_000)
        ask = partial(self._client.list_objects_v2, Bucket=self._bucket, Prefix=prefix, Delimiter="/", MaxKeys=most)
        place = self.address(folder)
        with translated(place):
            for page in pages(ask, {"ContinuationToken": "NextContinuationToken"}, place):
                found = [one for one in page.get("Contents", []) if one["Key"] != prefix]
                entries += [
                    Entry(one["Key"].removeprefix(prefix), one["Size"], one["LastModified"].timestamp())
                    for one in found
                ]
                if at_most is not None and len(entries) >= at_most:
                    break
                if len(entries) > MOST_NAMES:
                    raise too_many_names(f"the bucket {self._bucket}", folder)
        return entries[:at_most]

    def stat(self, path: str) -> Entry | None:
        """Return what is known of an object, None if there is none."""
        with translated(self.address(path)):
            try:
                head = self._client.head_object(Bucket=self._bucket, Key=self.key(path))
            except ClientError as error:
                if code_of(error) in MISSING:
                    return None
                raise
        return Entry(path.rpartition("/")[2], head["ContentLength"], head["LastModified"].timestamp())

    def remove(self, paths: Sequence[str]) -> None:
        """Delete objects as far as possible."""
        for _ in self._each(paths, self._delete):
            pass

    def make_folder(self, path: str) -> None:
        """Do nothing: a key may have any prefix."""

    def _each(self, items: Sequence[Any], act: Any) -> Iterator[tuple[Any, Any]]:
        """Act on the items, some at a time."""
        numbered: dict[UUID, Any] = {new_id(): item for item in items}
        done = each_at_once(list(numbered.items()), act, self._room) if items else ()
        return ((numbered[number], outcome) for number, outcome in done)

    def _put(self, upload: Upload) -> None:
        if not upload.may_start():
            raise LeaseEndingError(f"There was too little time left to begin with {upload.path}.")
        only_new = {"IfNoneMatch": "*"} if upload.only_new and self._settings.conditional_writes else {}
        with translated(self.address(upload.path)):
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self.key(upload.path),
                    Body=upload.content,
                    **only_new,
                    **encryption(self._settings),
                )
            except ClientError as error:
                if code_of(error) in EXISTS:
                    raise target_exists(f"the bucket {self._bucket}", upload.path) from None
                raise

    def _move(self, rename: Rename) -> bool:
        source = {"Bucket": self._bucket, "Key": self.key(rename.source)}
        with translated(self.address(rename.source)):
            try:
                self._client.copy_object(
                    Bucket=self._bucket, Key=self.key(rename.target), CopySource=source, **encryption(self._settings)
                )
            except ClientError as error:
                if code_of(error) in MISSING:
                    return False
                raise
            self._client.delete_object(**source)
        return True

    def _get(self, path: str, limit: int) -> bytes | None:
        entry = self.stat(path)
        if entry is None:
            return None
        if entry.size > limit:
            raise NeedsAttentionError(
                f"{path} has more than {limit} bytes and was not read.",
                code="FILE_TOO_LARGE",
                hint="Look at the file; if it does not belong there, move it away.",
            )
        with translated(self.address(path)):
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=self.key(path))
            except ClientError as error:
                if code_of(error) in MISSING:
                    return None
                raise
            content: bytes = found["Body"].read()
        return content

    def _delete(self, path: str) -> None:
        with translated(self.address(path)):
            self._client.delete_object(Bucket=self._bucket, Key=self.key(path))
