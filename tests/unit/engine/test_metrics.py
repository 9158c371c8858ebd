"""What is measured while something cannot be counted."""

import platform

from prometheus_client import generate_latest

import orderflow
from orderflow.domain.ids import new_id
from orderflow.domain.states import BreakerState
from orderflow.engine.metrics import Metrics
from orderflow.postgres.errors import DatabaseError
from orderflow.storage.system.queues import Queue
from orderflow.storage.system.standing import Answers, Standing


def too_long():
    raise DatabaseError("It took too long.")


def test_what_cannot_be_counted_hides_nothing_else():
    queue = Queue("acme", "MOCK", new_id(), BreakerState.OPEN, False, 3, 1.5, 0)
    shown = generate_latest(Metrics(lambda: [queue], too_long).registry()).decode()
    assert "orderflow_database_up 1.0" in shown
    assert "orderflow_queue_depth{" in shown
    assert "orderflow_waiting{" not in shown


def test_without_a_database_only_that_is_told():
    shown = generate_latest(Metrics(too_long, too_long).registry()).decode()
    assert "orderflow_database_up 0.0" in shown
    assert "orderflow_queue_depth" not in shown


def test_what_stands_still_is_told_by_its_code():
    answers = Answers("acme", "MOCK", new_id(), unanswered_seconds=7.0, failing_seconds=3.0, unreadable=2)
    standing = Standing({("acme", "ERROR"): 4}, [answers], {"celery": (2, 1.5), "beat": (0, 90.0)}, 5)
    metrics = Metrics(list, standing=lambda: standing, troubles=lambda: {"NO_BEAT"}, broker=lambda: False)
    shown = generate_latest(metrics.registry()).decode()
    for line in (
        'orderflow_orders{organization="acme",status="ERROR"} 4.0',
        'orderflow_processes{kind="celery"} 2.0',
        'orderflow_process_seen_seconds{kind="beat"} 90.0',
        "orderflow_notifications_waiting 5.0",
        'orderflow_trouble{code="NO_BEAT"} 1.0',
        "orderflow_broker_up 0.0",
        f'orderflow_build_info{{python="{platform.python_version()}",version="{orderflow.__version__}"}} 1.0',
    ):
        assert line in shown
    assert "process_start_time_seconds" in shown
    assert "orderflow_polls_failing_seconds{" in shown
