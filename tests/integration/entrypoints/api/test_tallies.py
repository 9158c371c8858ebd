"""What is counted beforehand of very many deliveries is what these say themselves, whatever becomes of them."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any, get_args

import pytest
from sqlalchemy import text

from orderflow.engine.jobs import JOBS, take_turn
from orderflow.storage.views.analytics import By, analytics
from orderflow.storage.views.statistics import statistics
from orderflow.storage.work import tallies
from orderflow.storage.work.tallies import KEPT, MANY, Period, count_deliveries, seconds_of

TALLY = next(job for job in JOBS if job.name == "tally")
TIMES = ("delivery_seconds", "confirmation_seconds")
# Within the last hours, days and weeks, none where a period begins: counts begin with its first hour, or day.
MADE = text("""
    WITH made AS (
        SELECT n, gen_random_uuid() AS id,
               now() - (ARRAY['2 hours', '5 hours', '3 days', '5 days', '20 days']::interval[])[1 + n % 5]
                     - n * interval '0.1 seconds' AS at
        FROM generate_series(1, :orders) n
    ), o AS (
        INSERT INTO draft_order (id, org_id, status, currency, erp_customer_number, customer_name, created_at,
                                 updated_at)
        SELECT id, :org, 'CONFIRMED', 'EUR', n % 7, 'Customer ' || n % 7, at, at FROM made
    )
    INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status, created_at, updated_at, sent_at,
                            answered_at, error_json, route, next_attempt_at)
    SELECT id, :org, id, :connection, (ARRAY['ACKED', 'SENT', 'FAILED', 'PENDING'])[1 + n % 4], at, at,
           at + interval '2 seconds', at + interval '5 minutes',
           CASE WHEN n % 4 = 2 THEN jsonb_build_object('code', 'NO_' || n % 3, 'message', 'There is none.') END,
           CASE WHEN n % 3 > 0 THEN jsonb_build_object('rule', 'rule ' || n % 3) END, at
    FROM made
""")
CHANGES = (
    "UPDATE erp_export SET status = 'ACKED', answered_at = sent_at + interval '5 minutes' WHERE status = 'SENT'",
    "UPDATE erp_export SET status = 'FAILED', error_json = '{\"code\": \"LATE\"}' WHERE status = 'PENDING'",
    "UPDATE erp_export SET error_json = '{\"code\": \"RECALLED\"}', status = 'FAILED' WHERE status = 'ACKED'",
    "UPDATE erp_export SET status = 'PENDING', error_json = NULL WHERE status = 'FAILED'",
    "UPDATE erp_export SET kind = 'recall' WHERE status = 'ACKED'",
)


@pytest.fixture
def zone(acme, tmp_path):
    (tmp_path / "in").mkdir()
    config = {"mode": "filesystem", "export_path": str(tmp_path / "in")}
    return acme.call("POST", "/connectors/dropzone-json-v1", json={"name": "ERP", "config": config}).json()["id"]


def made(app, acme, zone, orders):
    with app.database.system() as connection:
        connection.execute(MADE, {"org": acme.org_id, "connection": zone, "orders": orders})


def count(app, tenant) -> None:
    more = True
    while more:
        with app.store.work(tenant.org_id) as work:
            more = count_deliveries(work.connection, tenant.org_id)


def do(app, statement) -> None:
    with app.database.system() as connection:
        connection.execute(text(statement))


def shown(app, acme) -> dict[str, Any]:
    """Return all that is counted of deliveries, without when it was."""
    with app.store.work(acme.org_id) as work:
        stats = {period: statistics(work.view, period, None) for period in get_args(Period)}
        groups = {(period, by): analytics(work.view, period, by) for period in get_args(Period) for by in get_args(By)}
    went = {period: (one.deliveries, one.failures, one.rules, one.series) for period, one in stats.items()}
    return {"stats": went, "groups": {key: one.items for key, one in groups.items()}}


def compare(app, acme) -> None:
    """Hold what was counted beforehand against what is counted now."""
    count(app, acme)
    beforehand = shown(app, acme)
    do(app, "UPDATE delivery_tally_state SET seen_at = seen_at - interval '1 hour'")
    live = shown(app, acme)
    do(app, "UPDATE delivery_tally_state SET seen_at = seen_at + interval '1 hour'")
    for period, (deliveries, *rest) in live["stats"].items():
        counted, *others = beforehand["stats"][period]
        assert others == rest, period
        assert without_times(counted) == without_times(deliveries), period
        close(counted, deliveries)
    for key, groups in live["groups"].items():
        counted = beforehand["groups"][key]
        assert [untimed(one) for one in counted] == [untimed(one) for one in groups], key
        for one, other in zip(counted, groups, strict=True):
            assert sum(point.requested for point in one.series) == other.requested, key
            close(one, other)
            for point, exact in zip(one.series, other.series, strict=True):
                close(point, exact)


def untimed(group):
    return replace(without_times(group), series=[without_times(point) for point in group.series])


def without_times(one):
    return replace(one, **dict.fromkeys(TIMES))


def close(one, other) -> None:
    for name in TIMES:
        for share in ("p50", "p95"):
            ours, exact = getattr(getattr(one, name), share), getattr(getattr(other, name), share)
            assert ours == (exact if exact is None else pytest.approx(exact, rel=0.05)), name


def test_what_is_counted_beforehand_is_what_the_deliveries_say_whatever_becomes_of_them(app, acme, zone):
    chance = random.Random(22)
    made(app, acme, zone, 400)
    compare(app, acme)
    for change in chance.sample(CHANGES, len(CHANGES)):
        some = f"{change} AND id IN (SELECT id FROM erp_export ORDER BY random() LIMIT 150)"
        with app.database.system() as connection:
            assert connection.execute(text(some)).rowcount
        compare(app, acme)


def test_what_changes_while_all_are_counted_for_the_first_time_counts(app, acme, zone):
    made(app, acme, zone, 40)
    for _ in range(20):
        with app.store.work(acme.org_id) as work:
            assert count_deliveries(work.connection, acme.org_id)
    do(app, "UPDATE erp_export SET status = 'FAILED' WHERE created_at < now() - interval '15 days'")
    compare(app, acme)


def test_the_first_customers_are_kept_and_found_anew_where_a_former_release_counted(app, acme, zone):
    def told() -> list[str]:
        with app.store.work(acme.org_id) as work:
            return [one.key or "" for one in analytics(work.view, "24h", "customer").items]

    made(app, acme, zone, 40)
    count(app, acme)
    first = told()
    assert len(first) == 7
    do(app, """UPDATE delivery_tally_state SET first_customers = '{"24h": ["3", "gone", "5"]}'""")
    assert sorted(told()) == ["3", "5"], "of one that has none left nothing is told"
    requested = "UPDATE delivery_tally SET requested = requested + {} WHERE counted_by = 'customer' AND key = '{}'"
    for more, key in ((50, 5), (90, 3)):
        do(app, requested.format(more, key))
        assert told()[0] == str(key), "most first, though the period began later since"
    do(app, "UPDATE delivery_tally_state SET seen_at = seen_at + interval '1 second'")
    assert sorted(told()) == sorted(first)


def test_two_that_count_at_once_do_not_wait_for_each_other(app, acme, zone):
    made(app, acme, zone, 40)
    count(app, acme)
    with app.store.work(acme.org_id) as one, app.store.work(acme.org_id) as other:
        count_deliveries(one.connection, acme.org_id)
        assert not count_deliveries(other.connection, acme.org_id)
    compare(app, acme)


def test_a_customer_who_is_forgotten_is_named_no_more(app, acme, zone):
    made(app, acme, zone, 3)
    do(app, "UPDATE draft_order SET erp_customer_number = NULL, customer_name = 'Erika Muster'")
    count(app, acme)
    assert "Erika Muster" in str(tallied(app))
    for order in acme.call("GET", "/draft-orders").json()["items"]:
        assert acme.call("POST", f"/draft-orders/{order['id']}/forget").is_success
    count(app, acme)
    assert tallied(app)
    assert "Erika Muster" not in str(tallied(app))


def tallied(app) -> list[Any]:
    with app.database.system() as connection:
        return list(connection.execute(text("SELECT key, name FROM delivery_tally WHERE counted_by = 'customer'")))


def test_what_was_counted_otherwise_is_told_and_put_right(app, acme, zone, monkeypatch):
    told = []
    monkeypatch.setattr(tallies.log, "warning", lambda *_, **what: told.append(what["day"]))
    made(app, acme, zone, 40)
    compare(app, acme)
    do(app, "UPDATE delivery_tally SET delivered = delivered + 1 WHERE at < now() - interval '2 days'")
    with pytest.raises(AssertionError):
        compare(app, acme)
    assert told == []
    for _ in range(KEPT.days + 1):
        do(app, "UPDATE delivery_tally_state SET checked_at = now() - interval '45 minutes'")
        count(app, acme)
    assert len(told) == 3
    compare(app, acme)


def test_nobody_elses_deliveries_are_counted(app, acme, zone, make_tenant):
    other = make_tenant("globex")
    made(app, acme, zone, 40)
    for tenant in (acme, other):
        count(app, tenant)
    assert acme.call("GET", "/stats?period=30d").json()["deliveries"]["requested"] == 40
    stats = other.call("GET", "/stats?period=30d").json()
    assert (stats["deliveries"]["requested"], stats["rules"], stats["failures"]) == (0, [], [])


def test_only_very_many_are_counted_beforehand_and_only_while_somebody_counts(app, acme, zone):
    made(app, acme, zone, MANY)
    assert app.system.due_tallies() == []
    assert acme.call("GET", "/stats").json()["counted_at"] is None
    made(app, acme, zone, 1)
    (place,) = app.system.due_tallies()
    assert take_turn(TALLY, app, lambda: False, place)
    assert acme.call("GET", "/stats").json()["counted_at"] is None, "only some are counted yet"
    while take_turn(TALLY, app, lambda: False, place):
        pass
    assert acme.call("GET", "/stats").json()["counted_at"]
    assert acme.call("GET", "/stats/deliveries?by=customer").json()["counted_at"]
    assert app.system.due_tallies() == [], "somebody just counted"
    do(app, "UPDATE delivery_tally_state SET seen_at = now() - interval '1 hour'")
    assert acme.call("GET", "/stats").json()["counted_at"] is None
    assert app.system.due_tallies() == [place]
    do(app, "DELETE FROM erp_export WHERE id IN (SELECT id FROM erp_export LIMIT 10001)")
    take_turn(TALLY, app, lambda: False, place)
    with app.database.system() as connection:
        assert connection.execute(text("SELECT count(*) FROM delivery_tally")).scalar() == 0, "they are few by now"
    assert app.system.due_tallies() == []


@pytest.mark.parametrize("seconds", [0.02, 0.5, 61, 86_400, 2_592_000])
def test_a_time_is_within_a_twentieth_of_what_was_counted(seconds):
    step = next(step for step in range(1_000) if seconds_of(step + 1) / tallies.FACTOR**0.5 > seconds)
    assert seconds_of(step) == pytest.approx(seconds, rel=0.05)
