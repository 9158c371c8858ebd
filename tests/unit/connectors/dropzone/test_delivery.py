"""Orders on their way through a dropzone, step by step, on a store in memory."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from orderflow.connectors.dropzone import DropzoneConnector, DropzoneJsonV1Connector
from orderflow.domain.connector_port import Staged
from orderflow.domain.delivery import Delivery, Document, Lease
from orderflow.domain.errors import (
    ConfigError,
    ConnectorError,
    InDoubtError,
    LeaseEndingError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.ids import new_id


def leased(order, *, seconds=60.0, **more):
    token = new_id()
    made = order.delivery
    order.delivery = Delivery(made.export_id, made.requested_at, lease=Lease(token, seconds), **more)
    return order


def staged(connector, orders, config):
    return [item for _, item in connector.stage_many(orders, config)]


def test_an_order_is_staged_under_its_attempts_name_then_published(connector, store, config, make_order):
    order = leased(make_order())
    (item,) = staged(connector, [order], config)
    name = order.delivery.reference
    assert store.names("/out") == [f"{name}.{order.delivery.token}.tmp"]
    assert item.path == f"memory://server/out/{name}.{order.delivery.token}.tmp"

    ((order_id, result),) = connector.publish_many([item], config)
    assert store.names("/out") == [name]
    assert (order_id, result.success, result.export_id) == (order.id, True, order.delivery.export_id)
    assert result.dropzone_path == f"/out/{name}"
    size = len(store.files[f"/out/{name}"][0])
    assert result.connector_metadata == {"file": name, "path": f"memory://server/out/{name}", "bytes": size}


def test_called_by_hand_it_delivers_or_raises(connector, store, config, make_order):
    order = make_order()
    assert connector.export(order, config).success
    assert store.names("/out") == [order.delivery.reference]
    with pytest.raises(RejectedError):
        connector.export(make_order(currency="euro"), config)
    with pytest.raises(ConfigError):
        connector.export(make_order(), {"mode": "sftp"})


def test_stored_bytes_go_out_unchanged(connector, store, config, make_order):
    order = leased(make_order(), document=Document("sales_order_1.json", b"as it was stored", "application/json", "1"))
    connector.export(order, config)
    assert store.files["/out/sales_order_1.json"][0] == b"as it was stored"


def test_one_order_that_does_not_fit_leaves_the_others_alone(connector, store, config, make_order):
    orders = [make_order(), make_order(lines=[]), make_order()]
    outcomes = dict(connector.export_many(orders, config))
    assert [isinstance(outcomes[order.id], RejectedError) for order in orders] == [False, True, False]
    assert len(store.names("/out")) == 2


@pytest.mark.parametrize("call", ["upload", "rename"])
@pytest.mark.parametrize("error", [UnavailableError("refused"), NeedsAttentionError("password")])
def test_a_session_that_cannot_be_had_is_every_orders_error(connector, store, config, make_order, call, error):
    store.faults[call] = error
    orders = [make_order() for _ in range(3)]
    assert list(connector.export_many(orders, config)) == [(order.id, error) for order in orders]


def test_a_bad_configuration_is_every_orders_error(connector, make_order):
    orders = [make_order(), make_order()]
    for outcomes in (connector.stage_many(orders, {}), connector.export_many(orders, {"export_path": ["x"]})):
        assert [type(outcome) for _, outcome in outcomes] == [ConfigError, ConfigError]
    published = connector.publish_many([Staged(order, "memory://server/out/x.t.tmp") for order in orders], {})
    assert [type(outcome) for _, outcome in published] == [ConfigError, ConfigError]


def test_a_dead_attempts_leftover_goes_on_the_way(connector, store, config, make_order):
    orphan = new_id()
    order = leased(make_order(), orphan_token=orphan)
    store.put(f"/out/{connector.document(order, config).filename}.{orphan}.tmp", "half of i")
    staged(connector, [order], config)
    assert store.names("/out") == [f"{order.delivery.reference}.{order.delivery.token}.tmp"]


def test_what_an_earlier_attempt_staged_is_renamed(connector, store, config, make_order):
    order = leased(make_order())
    (item,) = staged(connector, [order], config)
    again = leased(order, document=order.delivery.document, staged_path=item.path)
    ((_, result),) = connector.publish_many([Staged(again, item.path)], config)
    assert result.success
    assert not result.inferred
    assert store.names("/out") == [again.delivery.reference]


def test_a_temporary_file_that_is_gone_was_published(connector, store, config, make_order):
    (item,) = staged(connector, [leased(make_order())], config)
    store.files.clear()  # published, and taken by the ERP
    ((_, result),) = connector.publish_many([item], config)
    assert (result.success, result.inferred) == (True, True)


@pytest.mark.parametrize("change", [{"export_path": "/elsewhere"}, {"export_path": "/out/deeper"}])
def test_what_lies_at_another_target_is_in_doubt_and_untouched(connector, store, config, make_order, change):
    first, second = leased(make_order()), leased(make_order())
    (old,) = staged(connector, [first], config)
    store.folders |= {"/elsewhere", "/out/deeper"}
    (new,) = staged(connector, [second], config | change)
    outcomes = dict(connector.publish_many([old, new], config | change))
    assert isinstance(outcomes[first.id], InDoubtError)
    assert outcomes[first.id].code == "TARGET_CHANGED"
    assert old.path in outcomes[first.id].message
    assert outcomes[second.id].success
    assert len(store.names("/out")) == 1


def test_a_path_that_is_no_temporary_file_is_never_renamed(connector, store, config, make_order):
    store.put("/out/precious.json", "x")
    ((_, outcome),) = connector.publish_many([Staged(make_order(), "memory://server/out/precious.json")], config)
    assert outcome.code == "TARGET_CHANGED"
    assert store.names("/out") == ["precious.json"]


def test_nothing_begins_with_too_little_lease(connector, store, config, make_order):
    order = leased(make_order(), seconds=-1)
    (outcome,) = staged(connector, [order], config)
    assert type(outcome) is LeaseEndingError
    good = leased(make_order())
    (item,) = staged(connector, [good], config)
    good.delivery.lease.revoke()
    ((_, late),) = connector.publish_many([item], config)
    assert late.code == "LEASE_ENDING"
    assert store.names("/out")[0].endswith(".tmp")


def test_discarding_never_fails_and_touches_nothing_else(connector, store, config, make_order):
    (item,) = staged(connector, [leased(make_order())], config)
    store.put("/out/other.tmp", "x")
    elsewhere = Staged(make_order(), "memory://other/out/other.tmp")
    connector.discard([elsewhere], config)
    connector.discard([item], config)
    assert store.names("/out") == ["other.tmp"]
    store.faults["remove"] = UnavailableError()
    connector.discard([item], config)


def test_a_server_that_cannot_rename_gets_files_in_place(connector, store, config, make_order):
    config["atomic_write"] = False
    assert not connector.stages(config)
    order = leased(make_order())
    result = connector.export(order, config)
    assert store.names("/out") == [order.delivery.reference]
    assert result.dropzone_path == f"/out/{order.delivery.reference}"
    assert "rename" not in store.calls


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        (TransientError("cut off"), InDoubtError),
        (UnavailableError("lost"), InDoubtError),
        (LeaseEndingError("late"), LeaseEndingError),
        (NeedsAttentionError("full", code="DISK_FULL"), NeedsAttentionError),
    ],
)
def test_a_file_that_broke_off_in_place_may_have_been_taken(connector, store, config, make_order, error, becomes):
    config["atomic_write"] = False
    order = make_order()
    store.faults[f"/out/{connector.document(order, config).filename}"] = error
    ((_, outcome),) = connector.export_many([order], config)
    assert type(outcome) is becomes


def test_finding_takes_no_part_for_the_whole_and_never_guesses(connector, store, config, make_order):
    order = make_order()
    document = connector.document(order, config)
    with pytest.raises(InDoubtError, match="the ERP took it already"):
        connector.find(order, config)
    store.put(f"/out/{document.filename}", document.content[:10])
    with pytest.raises(InDoubtError, match="in part"):
        connector.find(order, config)
    store.put(f"/out/{document.filename}", document.content)
    assert connector.find(order, config).success


def test_a_configuration_is_checked_once_not_for_every_batch(connector, store, config, make_order, monkeypatch):
    checks: list[dict[str, Any]] = []
    parse = connector.parse

    def checking(given: dict[str, Any]) -> Any:
        checks.append(given)
        return parse(given)

    monkeypatch.setattr(connector, "parse", checking)
    for _ in range(3):
        connector.stages(config)
        connector.export(make_order(), dict(config))
    assert len(checks) == 1
    assert connector.expects_acks(config)
    assert not connector.expects_acks({name: config[name] for name in config if name != "ack_path"})
    assert len(checks) == 2


def test_a_format_is_a_name_and_a_render(store, config, make_order):
    class Csv(DropzoneConnector):
        connector_type: ClassVar[str] = "CSV"

        def render(self, draft_order: Any, config: Any) -> Document:
            return Document("order.csv", b"sku;qty\r\n", "text/csv", "csv_v1")

    assert Csv().export(make_order(), config).dropzone_path == "/out/order.csv"
    assert DropzoneJsonV1Connector.capabilities == {"staging", "acks", "find"}


def test_no_secret_leaves_by_any_way(connector, store, config, make_order):
    order = make_order()
    with connector.session(config) as opened:
        told = [repr(opened)]
    told += [
        repr(connector.export(order, config)),
        repr(connector.test_connection(config)),
    ]
    store.faults["upload"] = UnavailableError("refused")
    told += [
        repr(error.as_json())
        for _, error in connector.export_many([order], config)
        if isinstance(error, ConnectorError)
    ]
    told += [repr(connector.test_connection(config)), repr(connector.test_connection(config | {"port": "x"}))]
    assert "t0p-s3cret" not in "".join(told)
