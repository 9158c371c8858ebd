"""Deliver files into a dropzone and read the answers left there, whatever the files' format."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import structlog
from pydantic import BaseModel

from orderflow.channels.filestore import Rename, Upload
from orderflow.connectors.base import BaseConnector
from orderflow.connectors.dropzone import trial
from orderflow.connectors.dropzone.acks import read_answers
from orderflow.connectors.dropzone.config import DropzoneConfig
from orderflow.connectors.dropzone.leftovers import find_leftovers
from orderflow.connectors.dropzone.put_away import put_away
from orderflow.connectors.dropzone.zone import Zone, open_zone
from orderflow.domain.delivery import Ack, ExportResult, Leftover, TestResult, Waiting, WaitingExport
from orderflow.domain.errors import ConnectorError, InDoubtError, LeaseEndingError, TransientError, UnavailableError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.ports import Preview, Staged

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

ZONES_KEPT = 256
"""Opened configurations kept at a time; one that falls out is checked again when it is next used."""


class DropzoneConnector(BaseConnector):
    """The parent of the dropzone connectors. A format adds its type, its name and `render`."""

    config_model: ClassVar[type[BaseModel]] = DropzoneConfig
    capabilities: ClassVar[frozenset[str]] = frozenset({"staging", "acks", "find"})

    def __init__(self) -> None:
        self._opened = lru_cache(ZONES_KEPT)(lambda text: open_zone(self.parse(json.loads(text))))

    def zone(self, config: dict[str, Any]) -> Zone:
        """Return the opened dropzone; a configuration is checked when it is new, not for every batch.

        Raises:
            ConfigError: It cannot be used.
        """
        try:
            text = json.dumps(config, sort_keys=True)
        except TypeError:  # what is no JSON among the values is for `parse` to name
            return open_zone(self.parse(config))
        return self._opened(text)

    def preview(self, draft_order: DraftOrder, config: dict[str, Any]) -> Preview:
        """Show the file, and where it would lie."""
        document = self.document(draft_order, config)
        zone = self.zone(config)
        return Preview(document, zone.store.address(zone.final(document.filename)))

    def stages(self, config: dict[str, Any]) -> bool:
        """Tell whether files are written as `.tmp` and renamed."""
        return self.zone(config).config.atomic_write

    def expects_acks(self, config: dict[str, Any]) -> bool:
        """Tell whether there is a folder for answers."""
        return self.zone(config).config.ack_path is not None

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Deliver one order.

        Raises:
            ConnectorError: Sorted by what follows.
        """
        ((_, outcome),) = self.export_many([draft_order], config)
        if isinstance(outcome, ConnectorError):
            raise outcome
        return outcome

    def export_many(
        self, draft_orders: Sequence[DraftOrder], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Deliver a batch: written and renamed, or written in place where the connection says so."""
        return _one_for_each(draft_orders, lambda: self._export(draft_orders, config))

    def stage_many(
        self, draft_orders: Sequence[DraftOrder], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, Staged | ConnectorError]]:
        """Write each document under a name that only this attempt uses, and check its size."""
        return _one_for_each(draft_orders, lambda: self._stage(draft_orders, config))

    def publish_many(
        self, staged: Sequence[Staged], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Give staged files their final names; one that is gone was published before.

        Yields InDoubtError (TARGET_CHANGED) for what was staged where this connection does not point any more.
        """
        return _one_for_each([item.order for item in staged], lambda: self._publish(staged, config))

    def discard(self, staged: Sequence[Staged], config: dict[str, Any]) -> None:
        """Remove temporary files as far as possible."""
        try:
            zone = self.zone(config)
            zone.store.remove([zone.path_of(item.path) for item in staged])
        except ConnectorError as error:
            log.info("temporary files were left behind", files=len(staged), reason=error.code)

    def leftovers(self, config: dict[str, Any]) -> Iterator[Leftover]:
        """Return the temporary files in the export folder that have names of ours."""
        return find_leftovers(self.zone(config))

    def remove_leftovers(self, leftovers: Sequence[Leftover], config: dict[str, Any]) -> None:
        """Remove temporary files of attempts that died."""
        zone = self.zone(config)
        zone.store.remove([zone.path_of(leftover.path) for leftover in leftovers])

    def find(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult | None:
        """Look for the file under its final name.

        Returns:
            A result if it is there in full.

        Raises:
            InDoubtError: It is not there, so it never came or the ERP took it; or a part of it is there.
        """
        zone = self.zone(config)
        document = self.document(draft_order, config)
        path = zone.final(document.filename)
        entry = zone.store.stat(path)
        if entry is None:
            raise InDoubtError(f"{path} is not there: it never arrived, or the ERP took it already.")
        if entry.size != len(document.content):
            raise InDoubtError(f"{path} is there in part: the ERP may have read it like that.")
        return _delivered(draft_order, zone, path)

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        """Read the answers; see `orderflow.connectors.dropzone.acks`."""
        zone = self.zone(config)
        if zone.config.ack_path is None:
            return iter(())
        return read_answers(zone.store, zone.config.ack_path, Waiting.of(waiting))

    def finish_acks(self, acks: Sequence[Ack], config: dict[str, Any]) -> None:
        """Move answers that are recorded out of the way."""
        zone = self.zone(config)
        if zone.config.ack_path is not None:
            put_away(zone.store, zone.config.ack_path, acks)

    def test_connection(self, config: dict[str, Any]) -> TestResult:
        """Do all that a push and a poll do, within 5 seconds, under names that no ERP picks up."""
        with self.measure_latency("test") as timer:
            outcome = trial.run(lambda: self.parse(config))
        if outcome.error is None:
            return self.build_test_result(True, None, timer.latency_ms, {"steps": outcome.steps})
        return trial.failed(outcome, timer.latency_ms)

    def _export(
        self, orders: Sequence[DraftOrder], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        if not self.stages(config):
            yield from self._write_in_place(orders, config)
            return
        staged = []
        for order_id, outcome in self._stage(orders, config):
            if isinstance(outcome, Staged):
                staged.append(outcome)
            else:
                yield order_id, outcome
        yield from self._publish(staged, config)

    def _write_in_place(
        self, orders: Sequence[DraftOrder], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        zone = self.zone(config)

        def final(order: DraftOrder) -> Upload:
            document = self.document(order, config)
            return Upload(zone.final(document.filename), document.content, order.delivery.may_start)

        for order, path, error in _upload(zone, orders, final):
            yield order.id, _delivered(order, zone, path) if error is None else _perhaps_taken(error)

    def _stage(
        self, orders: Sequence[DraftOrder], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, Staged | ConnectorError]]:
        zone = self.zone(config)

        def temporary(order: DraftOrder) -> Upload:
            document, delivery = self.document(order, config), order.delivery
            path = zone.temporary(document.filename, delivery.token)
            token = delivery.orphan_token
            orphan = zone.temporary(document.filename, token) if token else None
            return Upload(path, document.content, delivery.may_start, orphan)

        for order, path, error in _upload(zone, orders, temporary):
            yield order.id, error or Staged(order, zone.store.address(path))

    def _publish(
        self, staged: Sequence[Staged], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        zone = self.zone(config)
        orders: dict[str, DraftOrder] = {}
        renames = []
        for item in staged:
            try:
                source = zone.path_of(item.path)
            except InDoubtError as error:
                yield item.order.id, error
                continue
            orders[source] = item.order
            renames.append(Rename(source, source.rsplit(".", 2)[0], item.order.delivery.may_start))
        for rename, result in zone.store.rename(renames) if renames else ():
            order = orders[rename.source]
            if isinstance(result, ConnectorError):
                yield order.id, result
            else:
                yield order.id, _delivered(order, zone, rename.target, inferred=not result)


def _upload(
    zone: Zone, orders: Sequence[DraftOrder], as_upload: Callable[[DraftOrder], Upload]
) -> Iterator[tuple[DraftOrder, str, ConnectorError | None]]:
    """Upload what `as_upload` makes of each order; yields the order, the file's path, and what went wrong."""
    by_path: dict[str, DraftOrder] = {}
    uploads = []
    for order in orders:
        try:
            upload = as_upload(order)
        except ConnectorError as error:
            yield order, "", error
            continue
        by_path[upload.path] = order
        uploads.append(upload)
    for upload, problem in zone.store.upload(uploads) if uploads else ():
        yield by_path[upload.path], upload.path, problem


def _one_for_each(
    orders: Sequence[DraftOrder], outcomes: Callable[[], Iterator[tuple[UUID, Result | ConnectorError]]]
) -> Iterator[tuple[UUID, Result | ConnectorError]]:
    """Pass outcomes on; an error of the whole session becomes that of every order that has none yet."""
    left = {order.id for order in orders}
    try:
        for order_id, outcome in outcomes():
            left.discard(order_id)
            yield order_id, outcome
    except ConnectorError as error:
        yield from [(order.id, error) for order in orders if order.id in left]


def _delivered(order: DraftOrder, zone: Zone, path: str, *, inferred: bool = False) -> ExportResult:
    document = order.delivery.document
    metadata: dict[str, Any] = {"file": path.rpartition("/")[2], "path": zone.store.address(path)}
    if document is not None:
        metadata["bytes"] = len(document.content)
    return ExportResult(
        True, order.delivery.export_id, dropzone_path=path, connector_metadata=metadata, inferred=inferred
    )


def _perhaps_taken(error: ConnectorError) -> ConnectorError:
    """A file that broke off under its final name may have been taken, whole or in part."""
    if isinstance(error, TransientError | UnavailableError) and not isinstance(error, LeaseEndingError):
        return InDoubtError(f"{error.message} Whether the ERP took the file is unknown.")
    return error
