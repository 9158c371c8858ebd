"""The examples of the product's specification, each line as it is written there."""

from __future__ import annotations

import time
from contextlib import closing
from decimal import Decimal

import pytest
from sqlalchemy import text

from orderflow import (
    BaseConnector,
    ConnectorError,
    ConnectorRegistry,
    DraftOrderLine,
    EncryptionService,
    ExportResult,
    MockConnector,
    PushOrchestrator,
    PushServiceError,
)
from orderflow.bootstrap import open_app
from orderflow.domain.delivery import TestResult
from orderflow.secrets.keys import generate_key
from orderflow.settings import Settings
from orderflow.storage.tables.models import ERPConnection
from orderflow.testing.engine import an_order


class MyConnector(BaseConnector):
    """Does what its class says."""

    failures = 0

    def export(self, draft_order, config):
        if MyConnector.failures:
            MyConnector.failures -= 1
            raise ConnectorError("MyERP export failed: try again")
        return ExportResult(
            success=True,
            export_id=draft_order.id,
            storage_key="orders/1",
            connector_metadata={"erp_order_id": "SO-1", "erp_order_number": "SO-1"},
        )

    def test_connection(self, config):
        return TestResult(True)


@pytest.fixture
def key(monkeypatch):
    key = generate_key()
    monkeypatch.setenv("ENCRYPTION_MASTER_KEY", key)
    return key


@pytest.fixture
def session(app_url, admin_url, key, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", app_url)
    monkeypatch.setenv("ORDERFLOW_HOME", str(tmp_path))
    MyConnector.failures = 0
    ConnectorRegistry.register("MY_ERP", MyConnector)
    with closing(open_app(Settings())) as app:
        org_id = app.create_organization("acme")
        with app.session(org_id) as session:
            sealed = EncryptionService.encrypt_config({"url": "https://erp.example"})
            row = ERPConnection(org_id=org_id, connector_type="MY_ERP", config_encrypted=sealed, status="ACTIVE")
            session.add(row)
            session.commit()
            yield session


@pytest.fixture
def waits(monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


def org_of(session):
    return session.query(ERPConnection).one().org_id


def test_a_connector_is_registered_and_found():
    ConnectorRegistry.register("MY_ERP", MyConnector)
    assert isinstance(ConnectorRegistry.get("MY_ERP"), MyConnector)


def test_an_unknown_type_is_a_value_error_that_names_it():
    with pytest.raises(ValueError, match=r"^Unknown connector type: 'OTHER_ERP'"):
        ConnectorRegistry.get("OTHER_ERP")


def test_a_configuration_is_sealed_and_opened_on_the_class(key):
    config = {"host": "erp.example", "password": "a b"}
    encrypted = EncryptionService.encrypt_config(config)
    assert EncryptionService.decrypt_config(encrypted) == config
    assert EncryptionService(key).decrypt_config(encrypted) == config


def test_a_configuration_is_sealed_and_opened_on_an_instance_with_keys_of_its_own(key):
    service = EncryptionService(generate_key())
    encrypted = service.encrypt_config({"host": "erp.example"})
    assert service.decrypt_config(encrypted) == {"host": "erp.example"}


@pytest.mark.parametrize("by_name", [False, True])
def test_an_order_is_pushed_by_position_and_by_name(session, by_name):
    orchestrator = PushOrchestrator(session)
    org_id, order = org_of(session), an_order()
    if by_name:
        row = orchestrator.push_order(org_id=org_id, draft_order=order, max_retries=3, retry_delay_base=1.0)
    else:
        row = orchestrator.push_order(org_id, order)
    assert row.status == "SUCCESS"


def test_the_waits_are_1_2_and_4_seconds(session, waits):
    MyConnector.failures = 4
    row = PushOrchestrator(session).push_order(org_of(session), an_order())
    assert (row.status, waits) == ("FAILED", [1.0, 2.0, 4.0])


def test_a_success_blocks_a_further_push_and_returns_its_row(session):
    orchestrator, order = PushOrchestrator(session), an_order()
    first = orchestrator.push_order(org_of(session), order).id
    assert orchestrator.push_order(org_of(session), order).id == first


def test_attempt_0_is_the_first_and_is_found_by_its_key_through_an_index(session):
    orchestrator, order, org_id = PushOrchestrator(session), an_order(), org_of(session)
    key = orchestrator.generate_idempotency_key(org_id, order.id, attempt=0)
    assert orchestrator.check_idempotency(key) is None
    row = orchestrator.push_order(org_id, order)
    existing = orchestrator.check_idempotency(key)
    assert existing is not None
    assert (existing.id, existing.attempt_no, existing.idempotency_key) == (row.id, 1, key)
    assert {"file", "size", "sha256"} <= (existing.request_json or {}).keys(), "its export says it"
    session.execute(text("SET LOCAL enable_seqscan = off"))
    plan = session.execute(text("EXPLAIN SELECT * FROM erp_push_log WHERE idempotency_key = :key"), {"key": key})
    assert "idx_erp_push_log_key" in "\n".join(plan.scalars())


def test_the_mock_connector_succeeds_by_its_mode():
    connector, draft_order = MockConnector(), an_order()
    assert connector.export(draft_order, {"mode": "success"}).success


def test_what_a_connector_returns_gives_the_order_its_number(session):
    order = an_order()
    PushOrchestrator(session).push_order(org_of(session), order)
    row = session.execute(
        text("SELECT erp_order_id, erp_order_id_source FROM draft_order WHERE id = :id"), {"id": order.id}
    )
    assert tuple(row.one()) == ("SO-1", "erp")


def test_what_a_connector_raises_while_it_handles_a_lost_answer_is_doubt(session, waits, monkeypatch):
    def reset():
        raise ConnectionResetError("reset by peer")

    def export(self, draft_order, config):
        try:
            reset()
        except Exception as e:  # noqa: BLE001  # as it is written there
            raise ConnectorError(f"MyERP export failed: {e}")  # noqa: B904  # as it is written there

    monkeypatch.setattr(MyConnector, "export", export)
    row = PushOrchestrator(session).push_order(org_of(session), an_order())
    assert (row.status, waits) == ("RETRYING", [])


def test_an_order_that_is_stored_under_its_number_is_not_delivered_twice(session):
    orchestrator, org_id, first, same = PushOrchestrator(session), org_of(session), an_order(), an_order()
    row = orchestrator.push_order(org_id, first)
    assert orchestrator.push_order(org_id, same).id == row.id
    assert (same.id, same.erp_order_id) == (first.id, "SO-1")
    lines = [DraftOrderLine(1, "INT-1", Decimal(1), "M")]
    with pytest.raises(PushServiceError) as refused:
        orchestrator.push_order(org_id, an_order(lines=lines))
    assert (refused.value.code, refused.value.details["order_id"]) == ("DUPLICATE_ORDER", str(first.id))
    beside = orchestrator.push_order(org_id, an_order(lines=lines), on_duplicate="new")
    assert (beside.status, beside.draft_order_id == first.id) == ("SUCCESS", False)
    changed = orchestrator.push_order(org_id, an_order(notes="something else"), on_duplicate="revise")
    assert (changed.draft_order_id, changed.status) == (first.id, "FAILED")
    assert (changed.response_json or {})["code"] == "CHANGE_UNSUPPORTED", "this connector takes no changes"
