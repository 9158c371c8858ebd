"""Opening hours against a real database: what the sweep finds, what the clock decides, what a program is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderflow.domain.answer_details import Level
from orderflow.domain.errors import PushServiceError
from orderflow.domain.opening_hours.hours import Period
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.setup.opening_hours import keep_up
from orderflow.orchestrator import PushOrchestrator
from orderflow.storage.system.due import SqlSystem
from orderflow.storage.system.processes import SqlProcesses
from orderflow.storage.tables.states import overdue
from orderflow.testing.memory import MemoryApi

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = {"time_zone": "UTC", "weekly": {day: ["00:00-24:00"] for day in WEEK}}


@pytest.fixture
def api() -> MemoryApi:
    return MemoryApi()


@pytest.fixture
def way(installation: Any, api: MemoryApi) -> Any:
    """A connection that is closed for an hour, with an order that waits for it."""
    closed_until = datetime.now(UTC) + timedelta(hours=1)
    return installation.connect(api, opening_hours=ALWAYS, closed_until=closed_until, hours_seen_at=datetime.now(UTC))


def stored(installation: Any, order_id: Any) -> Any:
    with installation.wiring.store.work(installation.org_id) as work:
        return work.orders.get(order_id)


def set_hours(installation: Any, closed: str, until: str, seen: str = "now()") -> None:
    installation.do(f"UPDATE erp_connection SET closed_until = {closed}, open_until = {until}, hours_seen_at = {seen}")


def test_the_sweep_finds_what_waits_once_it_is_open(installation: Any, api, way) -> None:
    installation.pushed()
    system = SqlSystem(installation.database)
    place = (installation.org_id, way)
    assert (system.due_deliveries(), installation.work_off(way)) == ([], 0)
    set_hours(installation, "now() - interval '1 second'", "NULL")
    assert (system.due_deliveries(), system.due_hours()) == ([place], [])
    set_hours(installation, "now() - interval '1 hour'", "now()")
    assert (system.due_deliveries(), system.due_hours(), installation.work_off(way)) == ([], [place], 0)
    keep_up(installation.wiring.store, *place)
    assert (system.due_deliveries(), system.due_hours(), installation.work_off(way)) == ([place], [], 1)
    assert len(api.taken) == 1


def test_answers_and_probes_go_on_while_it_is_closed(installation: Any, way) -> None:
    installation.pushed()
    installation.do("UPDATE erp_export SET status = 'SENT', sent_at = now()")
    installation.do("UPDATE erp_connection SET breaker_state = 'OPEN', probe_at = now()")
    system, place = SqlSystem(installation.database), (installation.org_id, way)
    assert (system.due_polls(), system.due_probes(), system.due_deliveries()) == ([place], [place], [])


@pytest.mark.parametrize("seen", ["now() - interval '61 minutes'", "now() + interval '1 minute'"])
def test_it_is_worked_out_now_and_then_and_after_a_clock_was_put_back(installation: Any, way, seen) -> None:
    set_hours(installation, "now() + interval '9 days'", "now() + interval '10 days'", seen)
    (place,) = SqlSystem(installation.database).due_hours()
    keep_up(installation.wiring.store, *place)
    assert SqlSystem(installation.database).due_hours() == []
    (row,) = installation.rows("SELECT closed_until <= now() AS open FROM erp_connection")
    assert row["open"]


def test_what_waits_for_its_time_is_no_fault_of_a_clock(installation: Any, way) -> None:
    later = datetime.now(UTC) + timedelta(days=3)
    installation.pushed(not_before=later)
    system = SqlSystem(installation.database)
    assert system.put_clock_right(900, 900) == 0
    installation.do("UPDATE erp_export SET next_attempt_at = now() + interval '4 days'")
    assert system.put_clock_right(900, 900) == 1
    assert installation.rows("SELECT next_attempt_at FROM erp_export") == [{"next_attempt_at": later}]


def test_what_waited_while_it_was_closed_is_no_sign_that_nobody_delivers(installation: Any, way) -> None:
    installation.pushed()
    installation.do("UPDATE erp_export SET next_attempt_at = now() - interval '2 days'")
    processes = SqlProcesses(installation.database)
    assert processes.waiting_for(60) == 0
    set_hours(installation, "now() - interval '10 seconds'", "NULL")
    assert processes.waiting_for(60) == 0
    set_hours(installation, "now() - interval '61 seconds'", "NULL")
    assert processes.waiting_for(60) == 1


def test_an_answer_is_late_after_so_long_in_opening_hours(installation: Any, api) -> None:
    now = datetime.now(UTC)
    days_ago = [now - timedelta(days=days) for days in range(3)]
    way = installation.connect(api, answer_within=5400)
    installation.pushed()
    assert push_batch(installation.wiring, installation.org_id, way) == 1

    def is_late(sent_at: datetime, lately: Sequence[tuple[datetime, datetime | None]]) -> bool:
        installation.do(f"UPDATE erp_export SET status = 'SENT', answered_at = NULL, sent_at = '{sent_at}'")
        with installation.wiring.store.work(installation.org_id) as work:
            work.connections.note_open(way, Period(None, None), lately)
        rows = "erp_export e JOIN erp_connection c ON c.id = e.connection_id"
        return bool(installation.rows(f"SELECT {overdue(Level.ANSWERED)} AS late FROM {rows}")[0]["late"])

    hour = timedelta(hours=1)
    an_hour_a_day = [(day - hour, day) for day in reversed(days_ago)]
    assert not is_late(days_ago[1], an_hour_a_day), "an hour of a day counts"
    assert is_late(days_ago[2] - hour / 2, an_hour_a_day), "two and a half do"
    assert is_late(days_ago[1], []), "at all hours a day does"
    assert is_late(days_ago[1], [(now - 2 * hour, None)])
    assert not is_late(now - hour, [(now - 2 * hour, None)])
    assert is_late(days_ago[2] - 2 * hour, [(now - hour, now)]), "from before what is kept"


def test_of_its_calendar_a_connection_keeps_when_it_was_open_lately(installation: Any, api, way) -> None:
    keep_up(installation.wiring.store, installation.org_id, way)
    query = (
        "SELECT lower(open_times) < now() - interval '34 days' AND upper_inf(open_times) AS kept FROM erp_connection"
    )
    assert installation.rows(query) == [{"kept": True}]
    installation.do("UPDATE erp_connection SET opening_hours = NULL")
    keep_up(installation.wiring.store, installation.org_id, way)
    assert installation.rows("SELECT open_times FROM erp_connection") == [{"open_times": None}]


def test_a_program_that_pushes_itself_is_told_that_it_is_too_early(installation: Any, api, way) -> None:
    (order_id,) = installation.approved()
    with installation.session() as session:
        orchestrator = PushOrchestrator(session)
        order = stored(installation, order_id)
        with pytest.raises(PushServiceError, match="closed by its opening hours until") as closed:
            orchestrator.push_order(installation.org_id, order)
        assert closed.value.code == "PUSH_TOO_EARLY"
        assert installation.rows("SELECT id FROM erp_export") == []
        set_hours(installation, "NULL", "NULL")
        assert orchestrator.push_order(installation.org_id, order).status == "SUCCESS"


def test_a_program_is_told_of_a_push_that_is_to_wait(installation: Any, way) -> None:
    set_hours(installation, "NULL", "NULL")
    (order_id,) = installation.pushed(not_before=datetime.now(UTC) + timedelta(days=3))
    with installation.session() as session, pytest.raises(PushServiceError, match="not before") as early:
        PushOrchestrator(session).push_order(installation.org_id, stored(installation, order_id))
    assert early.value.code == "PUSH_TOO_EARLY"
