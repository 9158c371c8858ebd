from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from orderflow.engine import jobs, metrics
from orderflow.engine.celery import measuring, tasks

AT_ONCE = 4


@pytest.fixture
def observers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Who is told of what this process delivers; an application takes its time to be made."""
    app = SimpleNamespace(wiring=SimpleNamespace(observers=[], wake=None))

    def slowly() -> Any:
        time.sleep(0.05)
        return app

    monkeypatch.setattr(tasks, "default_app", slowly)
    monkeypatch.setattr(tasks, "wake_by_celery", lambda _: None)
    monkeypatch.setattr(tasks, "_tell_of_this_process", lambda _: None)
    tasks._made.cache_clear()
    yield app.wiring.observers
    tasks._made.cache_clear()


def test_threads_that_come_at_once_share_one_application(observers: list[Any]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        made = list(threads.map(lambda _: tasks.application(), range(AT_ONCE)))
    kinds = [getattr(observer, "__qualname__", observer) for observer in observers]
    assert len({id(app) for app in made}) == 1
    assert kinds
    assert len(kinds) == len(set(kinds)), "of a delivery each is told once"


class AwayError(Exception):
    pass


class Process:
    """What is made of an application at the start of a process, of which one part fails at first."""

    def __init__(self, failing: str) -> None:
        self.failing: str | None = failing
        self.sent: list[str] = []
        self.started = self.traced = 0
        self.observers: list[Any] = []
        self.app: Any = SimpleNamespace(
            wiring=SimpleNamespace(observers=self.observers),
            waker=SimpleNamespace(send=lambda _: self.sent.append("NOTIFY")),
            settings=SimpleNamespace(broker_url="memory://", ca_file=None),
        )

    def application(self) -> Any:
        self._may_fail("application")
        return self.app

    def metrics(self) -> Any:
        self._may_fail("metrics")
        return SimpleNamespace(note_settled="counted")

    def start(self) -> None:
        self._may_fail("presence")
        self.started += 1

    def trace(self) -> None:
        self.traced += 1

    def _may_fail(self, part: str) -> None:
        if self.failing == part:
            self.failing = None
            raise AwayError


@pytest.mark.parametrize("failing", ["application", "metrics", "presence"])
def test_what_failed_half_way_is_begun_again_and_done_once(monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    process = Process(failing)
    monkeypatch.setattr(tasks, "default_app", process.application)
    monkeypatch.setattr(tasks, "configure_tracing", process.trace)
    monkeypatch.setattr(tasks, "Presence", lambda *_, **__: SimpleNamespace(start=process.start))
    monkeypatch.setattr(tasks, "_presence", None)
    monkeypatch.setattr(tasks, "_clock", None)
    monkeypatch.setattr(tasks, "celery", SimpleNamespace(conf=SimpleNamespace()))
    monkeypatch.setattr(tasks, "look_at", lambda *_: process.sent.append("Celery"))
    monkeypatch.setattr(metrics, "Metrics", process.metrics)
    monkeypatch.setitem(measuring._wanted, "metrics_port", 9_100)
    tasks._made.cache_clear()
    try:
        with pytest.raises(AwayError):
            tasks.application()
        assert process.traced == (failing != "application"), "traces are for who has an application"
        assert tasks._presence is None, "who never came says no goodbye"
        assert tasks.application() is process.app
    finally:
        tasks._made.cache_clear()

    assert len(process.observers) == 3
    assert process.observers.count("counted") == process.started == 1
    place: Any = "a place"
    process.app.waker.send([place])
    assert process.sent == ["NOTIFY", "Celery"]


PLACE: Any = (UUID(int=1), UUID(int=2))
DELIVER = tasks.tasks["deliver"]


def sent_at(monkeypatch: pytest.MonkeyPatch, now: float | None) -> dict[str, Any]:
    """Return what a message is sent with, at a time of the database's clock; None: it is away."""
    sent: dict[str, Any] = {}
    monkeypatch.setattr(tasks, "_clock", SimpleNamespace(now=lambda: now))
    monkeypatch.setattr(DELIVER, "apply_async", lambda **options: sent.update(options))
    tasks.look_at(jobs.DELIVER, PLACE)
    return sent


def test_no_message_expires_by_the_workers_clock() -> None:
    """Celery drops a message whose end the worker's own clock has passed: that of one a little ahead, all of them."""
    assert "expires" not in tasks.celery.conf.beat_schedule["sweep"].get("options", {})
    with pytest.MonkeyPatch.context() as patch:
        assert "expires" not in sent_at(patch, 1_000.0)


@pytest.mark.parametrize(
    ("sent", "taken", "looks"),
    [
        (1_000.0, 1_000.1, True),
        (1_000.0, 999.0, True),  # read a moment apart
        (1_000.0, 1_000.0 + 3_600, False),
        (None, 1_000.0, True),
        (1_000.0, None, True),
    ],
)
def test_a_message_is_over_by_the_databases_clock(
    monkeypatch: pytest.MonkeyPatch, sent: float | None, taken: float | None, looks: bool
) -> None:
    headers = sent_at(monkeypatch, sent)["headers"]
    taken_at: list[Any] = []
    monkeypatch.setattr(tasks, "_clock", SimpleNamespace(now=lambda: taken))
    monkeypatch.setattr(tasks, "_take_turns", lambda _, place: taken_at.append(place))
    DELIVER.push_request(**headers)  # as a worker does with the headers of a message
    try:
        DELIVER.run(*map(str, PLACE))
    finally:
        DELIVER.pop_request()
    assert taken_at == ([PLACE] if looks else [])


def test_a_message_of_a_release_without_the_header_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    taken_at: list[Any] = []
    monkeypatch.setattr(tasks, "_clock", SimpleNamespace(now=lambda: 1e12))
    monkeypatch.setattr(tasks, "_take_turns", lambda _, place: taken_at.append(place))
    DELIVER(*map(str, PLACE))
    assert taken_at == [PLACE]


def test_sweeps_that_waited_together_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Any] = []
    noted = iter([True, False, False])
    monkeypatch.setattr(tasks, "application", lambda: "the application")
    monkeypatch.setattr(tasks, "note_beat", lambda *_: next(noted))
    monkeypatch.setattr(tasks, "_look", lambda job: looked.append(job.name))
    for _ in range(3):
        tasks.sweep()
    assert looked == [job.name for job in jobs.JOBS if job.every is None]
