"""Try a bucket out: all that a push and a poll do, and whether it overwrites, under names that no ERP picks up."""

from __future__ import annotations

from posixpath import join
from uuid import uuid4

from orderflow.channels.bucket.settings import BucketSettings
from orderflow.channels.bucket.store import BucketStore
from orderflow.channels.bucket.uploads import Uploads
from orderflow.channels.filestore import Rename
from orderflow.channels.filestore import Upload as File
from orderflow.channels.zone.put_away import PROCESSED
from orderflow.channels.zone.trial import CONTENT
from orderflow.domain.errors import ConnectorError, NeedsAttentionError


def try_bucket(steps: list[str], settings: BucketSettings, uploads: Uploads, store: BucketStore) -> None:
    """Upload, complete, read and remove; append each step that passed. Raises ConnectorError."""
    path = join(settings.export_path, f"orderflow_test_{uuid4().hex}.tmp")
    _publish_twice(steps, path, settings, uploads, store)
    if settings.ack_path is None:
        return
    store.list(settings.ack_path, at_most=1)
    steps.append("answers: list")
    _move(steps, settings.ack_path, store)


def _publish_twice(steps: list[str], path: str, settings: BucketSettings, uploads: Uploads, store: BucketStore) -> None:
    """Complete two uploads of one key: the store has to refuse the second one, where the connection counts on that."""
    key = store.key(path)
    first = uploads.begin(key, CONTENT, "text/plain")
    steps.append("orders: upload")
    try:
        if not uploads.complete(first, uploads.known(first) or []):
            raise NeedsAttentionError(f"{key} was there, or gone, before anybody knew of it.", code="FILE_TAKEN")
        steps.append("orders: publish")
        if settings.conditional_writes:
            second = uploads.begin(key, CONTENT, "text/plain")
            refused = uploads.complete(second, uploads.known(second) or []) is False
            uploads.abort(second)
            if not refused:
                raise _ignores_conditions(settings)
            steps.append("orders: nothing is overwritten")
    finally:
        store.remove([path])
    if uploads.digest(key) is not None:
        raise NeedsAttentionError(
            f"{key} cannot be removed.",
            code="PERMISSION_DENIED",
            hint="Allow the account to delete objects below this prefix: what a test puts there would stay.",
        )
    steps.append("orders: remove")


def _ignores_conditions(settings: BucketSettings) -> NeedsAttentionError:
    return NeedsAttentionError(
        f"The store at {settings.host} overwrites objects although it is told not to (If-None-Match).",
        code="CONDITION_IGNORED",
        hint="Turn 'Refuses to overwrite' off: then an order of which nobody knows whether it was published is held "
        "for a person.",
    )


def _move(steps: list[str], folder: str, store: BucketStore) -> None:
    first = join(folder, f"orderflow_test_{uuid4().hex}.tmp")
    second = join(join(folder, PROCESSED), first.rpartition("/")[2])
    try:
        for _, problem in store.upload([File(first, CONTENT)]):
            if problem is not None:
                raise problem
        for _, moved in store.rename([Rename(first, second)]):
            if isinstance(moved, ConnectorError):
                raise moved
    finally:
        store.remove([first, second])
    steps.append("answers: put away")
