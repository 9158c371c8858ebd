"""Try a dropzone out: everything that a push and a poll do, under names that no ERP picks up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from posixpath import join
from uuid import uuid4

from orderflow.channels.channel import Session
from orderflow.channels.filestore import FileStore, Rename, Upload
from orderflow.channels.settings import FileSettings
from orderflow.channels.zone.put_away import PROCESSED
from orderflow.domain.delivery import TestResult
from orderflow.domain.errors import ConnectorError, InDoubtError, NeedsAttentionError, TransientError, UnavailableError
from orderflow.net.addresses import SILENT

LIMIT = 5.0
"""Seconds for the whole test."""

CONTENT = b"OrderFlow tests this connection. This file may be removed.\n"


@dataclass
class Trial:
    """How far a test came: the steps done, what ended it if it did not end well, and else what it leaves open."""

    steps: list[str] = field(default_factory=list)
    error: ConnectorError | None = None
    note: str = ""


def run(begin: Callable[[], Session]) -> Trial:
    """Open a session by `begin` and try it; comes back within `LIMIT` whatever the target does.

    A target that hangs keeps a thread for as long as its own timeouts allow; nobody waits for it.
    """
    trial = Trial()
    thread = threading.Thread(target=copy_context().run, args=(_try, trial, begin), name="connection-test", daemon=True)
    thread.start()
    thread.join(LIMIT)
    if thread.is_alive():
        far = f"; it got as far as: {', '.join(trial.steps)}" if trial.steps else ""
        late = UnavailableError(f"The test was not done within {LIMIT:.0f} seconds{far}.", code="TIMEOUT", hint=SILENT)
        return Trial(list(trial.steps), late)  # what the thread does from now on changes nothing
    return trial


def failed(trial: Trial, latency_ms: int) -> TestResult:
    """Return the result of a test that did not end well."""
    error = trial.error or TransientError("The test did not end.")
    details = {
        **error.details,
        "code": error.code,
        "hint": error.hint,
        "needs_attention": isinstance(error, NeedsAttentionError),
        "steps": trial.steps,
    }
    return TestResult(False, error.message, latency_ms, details)


def _try(trial: Trial, begin: Callable[[], Session]) -> None:
    try:
        session = begin()
        trial.steps.append("configuration")
        try:
            session.test(trial.steps)
            trial.note = session.note
        finally:
            session.close()
    except ConnectorError as error:
        trial.error = error
    except Exception as error:  # noqa: BLE001  # a test answers, also where we are at fault
        trial.error = TransientError(f"The test itself failed ({type(error).__name__}).", code="TEST_FAULT")


def try_folders(steps: list[str], config: FileSettings, store: FileStore) -> None:
    """Write, check, rename and remove in each folder; append each step that passed. Raises ConnectorError."""
    _write_check_rename_remove(steps, "export folder", store, config.export_path)
    if config.ack_path is None:
        return
    store.list(config.ack_path, at_most=1)  # it may hold 100,000 files
    steps.append("answer folder: list")
    processed = join(config.ack_path, PROCESSED)
    store.make_folder(processed)
    _write_check_rename_remove(steps, "processed", store, processed)


def _write_check_rename_remove(steps: list[str], place: str, store: FileStore, folder: str) -> None:
    base = join(folder, f"orderflow_test_{uuid4().hex}")
    first, second = f"{base}.tmp", f"{base}.2.tmp"
    # Before the `try`: where there was no session, removing would log in once more, and that locks accounts.
    written = store.upload([Upload(first, CONTENT)])
    try:
        for _, problem in written:
            if problem is not None:
                raise problem
        steps += [f"{place}: write", f"{place}: check"]
        if not _renames(store, first, second):
            raise NeedsAttentionError(
                f"{first} was gone before it could be renamed.",
                code="FILE_TAKEN",
                hint="Whatever empties this folder must leave names that end in .tmp alone.",
            )
        steps.append(f"{place}: rename")
    finally:
        store.remove([first, second])
    # Looking may be forbidden; a rename, which is allowed, also tells whether the file is still there.
    if _renames(store, second, first):
        raise NeedsAttentionError(
            f"{first} cannot be removed.",
            code="PERMISSION_DENIED",
            hint="Allow the account to remove files in this folder: what breaks off would stay there otherwise.",
        )
    steps.append(f"{place}: remove")


def _renames(store: FileStore, source: str, target: str) -> bool:
    ((_, renamed),) = store.rename([Rename(source, target)])
    if isinstance(renamed, InDoubtError):
        return False  # the account may neither look nor list, so the server cannot say what it refused
    if isinstance(renamed, ConnectorError):
        raise renamed
    return renamed
