"""The delivery engine without a database: the real steps, over a store in memory."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

from orderflow.domain.delivery import TestResult
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.domain.ports import ERPConnectorPort
from orderflow.domain.retry import RetryPolicy
from orderflow.domain.states import BreakerState, OrderStatus
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.deliver import deliver
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import request_push
from orderflow.flow.ports import Actor, Documents, Keeper, Store, Target, Wiring
from orderflow.flow.setup.probe import test_connection
from orderflow.formats.order_fields import sample_order
from orderflow.testing.memory_store import Delivered, MemoryStore

ACTOR = Actor("test")
MOST_TURNS = 100


def an_order(**changes: Any) -> DraftOrder:
    """Return an approved order with every field and an id of its own; `changes` are fields of `DraftOrder`."""
    order = sample_order()
    order.id, order.delivery, order.status = new_id(), None, OrderStatus.APPROVED
    for name, value in changes.items():
        setattr(order, name, value)
    return order


class MemoryEngine:
    """Carries orders over one connector: `push`, `run`, then look at `order.status` and `delivered(order)`.

    ```python
    engine = MemoryEngine(MyConnector(), {"url": "https://erp.example"})
    order = an_order()
    engine.push(order)
    engine.run()
    assert order.status is OrderStatus.PUSHED
    ```

    It leaves out several workers at once, organizations, and what people do (approve, edit, withdraw).

    Args:
        connector, config: Under test.
        in_doubt: The connection's policy where nobody can tell, `resend` or `hold`.
        commit_within: Seconds; the connector's own if not given.
        attempts: After so many failed ones an export is FAILED. Time passes by itself: `run` waits for nothing.
    """

    def __init__(
        self,
        connector: ERPConnectorPort,
        config: dict[str, Any],
        *,
        in_doubt: str = "hold",
        attempts: int = 4,
        commit_within: int | None = None,
    ) -> None:
        self._target = Target(new_id(), new_id(), connector.connector_type, config, in_doubt, commit_within)
        self.store = MemoryStore(self._target)
        self.wiring = Wiring(
            cast("Store", self.store),
            cast("Documents", self.store),
            lambda _: connector,
            cast("Keeper", self.store),
            RetryPolicy(attempts, jitter=0.0),
        )

    @property
    def breaker(self) -> BreakerState:
        """CLOSED delivers, OPEN waits for the target, PAUSED for a person; a good `test` closes it."""
        return self._target.breaker_state

    def push(self, *orders: DraftOrder) -> None:
        """Ask for the delivery of approved orders, or again of failed ones."""
        for order in orders:
            self.store.known[order.id] = order
            request_push(self.wiring.store, self._target.org_id, order.id, ACTOR)

    def run(self) -> int:
        """Deliver until nothing is left that is not held; returns how many attempts that took.

        The store's clock is put forward to the next retry, question or end of a rest.
        """
        taken = 0
        for _ in range(MOST_TURNS):
            count = push_batch(self.wiring, self._target.org_id, self._target.connection_id)
            if not (count or (self.breaker is BreakerState.CLOSED and self.store.pass_time())):
                break
            taken += count
        return taken

    def crash(self) -> None:
        """Deliver a batch as a worker does that dies before it can write down how it went."""
        to = open_target(self.wiring, self._target.org_id, self._target.connection_id)
        if to is not None:
            deliver(self.wiring, claim(self.wiring, to, 128))
        for delivered in self.store.by_order.values():
            delivered.leased = False

    def poll(self) -> Counter[str]:
        """Read the ERP's answers; returns how many had which verdict."""
        return poll_acks(self.wiring, self._target.org_id, self._target.connection_id)

    def test(self) -> TestResult:
        """Test the connection; a good test closes the breaker."""
        return test_connection(self.wiring, self._target.org_id, self._target.connection_id, ACTOR)

    def delivered(self, order: DraftOrder) -> Delivered:
        """Return the newest export of an order."""
        return self.store.by_order[order.id]
