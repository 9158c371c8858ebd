"""What is measured while something cannot be counted."""

from prometheus_client import generate_latest

from orderflow.domain.ids import new_id
from orderflow.domain.states import BreakerState
from orderflow.entrypoints.metrics import Metrics
from orderflow.postgres.errors import DatabaseError
from orderflow.storage.system.queues import Queue


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
