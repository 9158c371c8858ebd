"""The public contract, from outside the package: a connector of one's own, pushed to from a program that embeds us."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = textwrap.dedent(
    """
    from decimal import Decimal
    from orderflow import (
        BaseConnector, ConnectorRegistry, Customer, DraftOrder, DraftOrderLine, EncryptionService, ERPConnection,
        ExportResult, PushOrchestrator, open_session,
    )
    from orderflow.bootstrap import default_app


    class MyConnector(BaseConnector):
        calls = 0

        def export(self, draft_order, config):
            self.validate_required_fields(config, ["api_key"])
            MyConnector.calls += 1
            return ExportResult(success=True, connector_metadata={"lines": len(draft_order.lines)})

        def test_connection(self, config):
            with self.measure_latency("ping") as timer:
                pass
            return self.build_test_result(True, latency_ms=timer.latency_ms)


    ConnectorRegistry.register("MY_ERP", MyConnector)
    org_id = default_app().create_organization("acme")

    with open_session(org_id) as session:
        session.add(
            ERPConnection(
                org_id=org_id,
                connector_type="MY_ERP",
                config_encrypted=EncryptionService().encrypt_config({"api_key": "t0p-s3cret"}),
                status="ACTIVE",
            )
        )
        session.commit()
        connection = session.query(ERPConnection).one()
        assert connection.config() == {"api_key": "t0p-s3cret"}
        assert connection.is_default
        assert b"t0p-s3cret" not in connection.config_encrypted

        order = DraftOrder(
            currency="EUR",
            customer=Customer(erp_customer_number="4711", name="Muster GmbH"),
            lines=[DraftOrderLine(1, internal_sku="INT-999", qty=Decimal(10), uom="M", unit_price=Decimal("1.23"))],
        )
        pusher = PushOrchestrator(session)
        log = pusher.push_order(org_id, order)
        print(log.status, log.attempt_no, log.response_json)
        again = pusher.push_order(org_id=org_id, draft_order=order)
        print(again.id == log.id, MyConnector.calls)
        found = pusher.check_idempotency(pusher.generate_idempotency_key(org_id, order.id, attempt=0))
        print(found.id == log.id)
        try:
            ConnectorRegistry.get("NO_ERP")
        except ValueError as error:
            print(error)
    default_app().close()
    """
)


@pytest.fixture
def home() -> Iterator[Path]:
    # Not pytest's tmp_path: as root, PostgreSQL's own user must be able to pass through to its data.
    with tempfile.TemporaryDirectory(prefix="of-embed-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def test_a_program_that_embeds_us_pushes_once(home: Path) -> None:
    keep = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
    environment = {name: os.environ[name] for name in keep if name in os.environ} | {"ORDERFLOW_HOME": str(home)}
    done = subprocess.run(  # our own program
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:3] == ["SUCCESS 1 {'lines': 1}", "True 1", "True"]
    assert lines[3].startswith("Unknown connector type: 'NO_ERP'")
    assert "MY_ERP" in lines[3]
    assert "t0p-s3cret" not in done.stdout + done.stderr
