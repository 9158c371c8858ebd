"""A process tells of itself: every few seconds, in the database, and in its log when something changes."""

from __future__ import annotations

import os
import socket
import threading
from uuid import UUID, uuid5

import structlog

import orderflow
from orderflow.bootstrap import App
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.domain.errors import OrderFlowError
from orderflow.domain.frames import frames_of
from orderflow.domain.ids import new_id
from orderflow.domain.states import Kind
from orderflow.engine import broker
from orderflow.flow.watch import BEAT, Process, Trouble, troubles_of

log = structlog.get_logger(__name__)
_BEAT_ID = uuid5(UUID(int=0), "orderflow/beat")
CHECK_EVERY = 2
"""Beats from one look at keys and the document store to the next."""


class Presence:
    """Tells of this process until it is stopped.

    Args:
        kind: serve, worker or celery.
        slots: Connections that its engine works on at a time; 0: it has none, and sends notifications from here.

    Attributes:
        troubles: What it could not do when it last looked.
        standing: What of the whole installation stood still then.
    """

    def __init__(self, app: App, kind: str, *, slots: int) -> None:
        self.troubles: list[Trouble] = []
        self.standing: list[Trouble] = []
        self._own: list[Trouble] = []
        self._app = app
        self._id = new_id()
        self._kind = kind
        self._slots = slots
        self._ask_broker = broker.asking(app.settings)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat_for_ever, name="presence", daemon=True)

    def start(self) -> None:
        """Begin to tell, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye."""
        self._stopped.set()
        self._thread.join(timeout=5)
        try:
            self._app.processes.leave(self._id)
        except OrderFlowError:
            log.debug("did not say goodbye: the database is away")

    def known(self) -> list[Trouble]:
        """Return the troubles of this process and of the installation, as of the last beat."""
        return [*self.troubles, *self.standing]

    def beat(self, *, check: bool = True) -> None:
        """Look how this process is, and tell. Raises DatabaseError."""
        if check:
            self._own = troubles_of(self._app.processes, self._app.encryption.known_key_ids, self._app.documents.check)
        away = broker.trouble(self._app.settings, self._ask_broker) if self._ask_broker else None
        self.troubles = _noted(self.troubles, [*self._own, away] if away else self._own)
        self._app.processes.tell(process(self._app, self._id, self._kind, self.troubles, self._slots))
        self.standing = _noted(self.standing, self._app.standing())
        if not self._slots:
            self._app.notify()

    def _beat_for_ever(self) -> None:
        beats = 0
        while True:
            self._guarded(check=beats % CHECK_EVERY == 0)
            beats += 1
            if self._stopped.wait(BEAT):
                return

    def _guarded(self, *, check: bool) -> None:
        try:
            self.beat(check=check)
        except OrderFlowError as error:
            log.warning("sign of life not given", code=error.code, error=error.message)
        except Exception as error:  # noqa: BLE001  # a process must not look dead for a fault of its watch
            log.error("sign of life not given", error=type(error).__name__, frames=frames_of(error))  # noqa: TRY400  # its message may hold a secret


def _noted(before: list[Trouble], now: list[Trouble]) -> list[Trouble]:
    """Log what is new among troubles, and what is over; returns what there is now."""
    for trouble in now:
        if trouble.code not in {one.code for one in before}:
            log.error("in trouble", code=trouble.code, error=trouble.message, hint=trouble.hint)
    for code in {one.code for one in before} - {one.code for one in now}:
        log.info("out of trouble", code=code)
    return now


def process(app: App, process_id: UUID, kind: str, troubles: list[Trouble], slots: int) -> Process:
    """Return what this process says of itself."""
    return Process(
        process_id,
        kind,
        socket.gethostname(),
        os.getpid(),
        orderflow.__version__,
        app.encryption.known_key_ids,
        ConnectorRegistry.types(),
        delivers=slots > 0,
        slots=slots,
        kinds=list(Kind),
        troubles=troubles,
    )


def note_beat(app: App, apart: float = 0.0) -> bool:
    """Note that somebody's beat had Celery's workers sweep, unless one did less than `apart` seconds ago.

    Returns whether it was noted: of several at once, one is. Raises DatabaseError.
    """
    return app.processes.tell(process(app, _BEAT_ID, "beat", [], 0), apart)
