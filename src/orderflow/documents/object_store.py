"""Where the documents lie: a folder by default, or a bucket of any S3-compatible store."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from orderflow.documents.packed import pack, unpack
from orderflow.domain.errors import DocumentMissingError, ObjectStoreError
from orderflow.postgres.home import default_home

if TYPE_CHECKING:
    from obstore.store import S3Config

_T = TypeVar("_T")
_AT_ONCE = 16  # requests to a bucket; a folder is fastest with one writer
_CHECK_KEY = "orderflow-check"


class ObjectStore:
    """Keeps bytes under keys such as `exports/<org_id>/<filename>`. Safe to share by threads.

    Args:
        folder: The folder to use where no bucket is named; `objects` in the home folder by default.
        bucket: The S3 bucket.
        endpoint: URL of a store other than Amazon's; `http://` is taken as meant.
        access_key: S3 access key; without it, what the machine's own role gives.
        secret_key: S3 secret key.
        region: S3 region.
        compress: Keep what is large compressed, which releases before this cannot read; it is read here in any case.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        bucket: str | None = None,
        endpoint: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        region: str = "us-east-1",
        compress: bool = False,
    ) -> None:
        self._kept: Callable[[bytes], bytes] = pack if compress else bytes
        self._secrets = tuple(filter(None, (secret_key, access_key)))
        self._store: LocalStore | S3Store
        self._pool: ThreadPoolExecutor | None = None
        if bucket:
            self.place = f"bucket {bucket}"
            self._store = _bucket(bucket, endpoint, access_key, secret_key, region)
            self._pool = ThreadPoolExecutor(_AT_ONCE, "objects")
        else:
            folder = folder or default_home() / "objects"
            self.place = f"folder {folder}"
            with self._translated("made"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._store = LocalStore(folder)

    def __repr__(self) -> str:
        return f"ObjectStore({self.place})"

    def put_many(self, items: Sequence[tuple[str, bytes]]) -> None:
        """Store every `(key, content)`; what was under a key is replaced whole, never mixed.

        Raises:
            ObjectStoreError: At least one was not stored; the others may have been. Safe to repeat.
        """
        for key, _ in items:
            _check_key(key)
        with self._translated("written"):
            self._each(self._put, items)

    def get(self, key: str) -> bytes:
        """Return the content under `key`.

        Raises:
            DocumentMissingError: There is none.
            ObjectStoreError: It cannot be read.
        """
        _check_key(key)
        with self._translated("read"):
            try:
                return unpack(bytes(obstore.get(self._store, key).bytes()))
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise
                raise DocumentMissingError(f"The document {key} is not in the store ({self.place}).") from None

    def delete(self, keys: Iterable[str]) -> None:
        """Remove what is under the keys; what is not there is no error.

        Raises:
            ObjectStoreError: The store does not answer or refuses.
        """
        keys = list(keys)
        for key in keys:
            _check_key(key)
        with self._translated("changed"):
            self._each(self._delete, keys)

    def check(self) -> None:
        """Write, read and remove a small object.

        Raises:
            ObjectStoreError: One of it did not work.
        """
        key = f"{_CHECK_KEY}-{secrets.token_hex(4)}"  # of its own: several processes look at the same moment
        self.put_many([(key, b"ok")])
        self.get(key)
        self.delete([key])

    def _put(self, item: tuple[str, bytes]) -> None:
        obstore.put(self._store, item[0], self._kept(item[1]))

    def _delete(self, key: str) -> None:
        try:
            obstore.delete(self._store, key)
        except FileNotFoundError:
            return

    def _each(self, work: Callable[[_T], None], items: Sequence[_T]) -> None:
        if self._pool is None or len(items) == 1:
            for item in items:
                work(item)
        else:
            for future in [self._pool.submit(partial(work, item)) for item in items]:
                future.result()

    @contextmanager
    def _translated(self, done: str) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            raise ObjectStoreError(
                f"The document store ({self.place}) cannot be {done}: {self._words(error)}"
            ) from None

    def _words(self, error: Exception) -> str:
        # What the store answered may quote our credentials; obstore appends pages of debugging.
        words = str(error).partition("\n\nDebug source")[0].strip()[:300]
        for secret in self._secrets:
            words = words.replace(secret, "***")
        return words or type(error).__name__


def _bucket(bucket: str, endpoint: str | None, access_key: str | None, secret_key: str | None, region: str) -> S3Store:
    config: S3Config = {"region": region}
    if endpoint:
        config["endpoint"] = endpoint
    if access_key and secret_key:
        config["access_key_id"], config["secret_access_key"] = access_key, secret_key
    return S3Store(
        bucket,
        config=config,
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(seconds=30),
        },
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
    )


def _check_key(key: str) -> None:
    if "\\" in key or "\0" in key or any(part in {"", ".", ".."} for part in key.split("/")):
        raise ObjectStoreError(
            "A document's key must be a relative path without '..'.",
            code="OBJECT_KEY_INVALID",
            hint="A connector gave a file name that is no plain name.",
        )
