"""Testing a connection, and finding an unavailable target back."""

from __future__ import annotations

from typing import Any

import asyncssh
import pytest

from orderflow.domain.delivery import TestResult
from orderflow.domain.errors import InputError, NeedsAttentionError, UnavailableError
from orderflow.flow.ports import Actor
from orderflow.flow.setup.host_key import accept_host_key
from orderflow.flow.setup.probe import probe
from orderflow.flow.setup.probe import test_connection as run_test
from orderflow.testing.memory import MemoryDropzone

ACTOR = Actor("test")


def test_a_probe_finds_the_target_back_and_its_orders_follow(installation: Any) -> None:
    zone = MemoryDropzone()
    zone.script["stage"] = [UnavailableError("refused")]
    connection_id = installation.connect(zone)
    installation.pushed(2)
    installation.work_off(connection_id)
    installation.do("UPDATE erp_connection SET probe_at = now()")
    assert probe(installation.wiring, installation.org_id, connection_id)
    assert installation.woken[-1] == (installation.org_id, connection_id)
    assert installation.work_off(connection_id) > 0
    assert len(zone.takes) == 2


def test_probes_grow_apart_and_only_one_process_probes(installation: Any) -> None:
    zone = MemoryDropzone()
    zone.script["stage"] = [UnavailableError("refused")]
    zone.test_result = TestResult(success=False, error_message="still refused")
    connection_id = installation.connect(zone)
    installation.pushed()
    installation.work_off(connection_id)
    waits = []
    for _ in range(4):
        assert not probe(installation.wiring, installation.org_id, connection_id), "not due yet"
        installation.do("UPDATE erp_connection SET probe_at = now()")
        assert not probe(installation.wiring, installation.org_id, connection_id)
        (row,) = installation.rows("SELECT extract(epoch FROM probe_at - now()) AS s FROM erp_connection")
        waits.append(float(row["s"]))
    assert waits == sorted(waits)
    assert waits[-1] > 2 * waits[0]


def test_a_good_test_resumes_a_paused_connection(installation: Any) -> None:
    zone = MemoryDropzone()
    zone.script["stage"] = [NeedsAttentionError("wrong password")]
    connection_id = installation.connect(zone)
    installation.pushed()
    installation.work_off(connection_id)
    zone.test_result = TestResult(success=False, error_message="wrong password")
    assert not run_test(installation.wiring, installation.org_id, connection_id, ACTOR).success
    assert installation.work_off(connection_id) == 0
    zone.test_result = TestResult(success=True)
    assert run_test(installation.wiring, installation.org_id, connection_id, ACTOR).success
    assert installation.work_off(connection_id) == 1
    (row,) = installation.rows("SELECT last_test_at, breaker_state FROM erp_connection")
    assert (row["last_test_at"] is not None, row["breaker_state"]) == (True, "CLOSED")


def test_an_accepted_host_key_closes_the_breaker_wakes_and_is_audited_only_if_it_was_pinned(installation: Any) -> None:
    connection_id = installation.connect(MemoryDropzone(), config={"host": "erp"})
    key = asyncssh.generate_private_key("ssh-ed25519")
    line, fingerprint = key.export_public_key().decode().strip(), key.get_fingerprint()
    installation.do("UPDATE erp_connection SET breaker_state = 'PAUSED'")
    where = (installation.wiring, installation.org_id, connection_id)
    with pytest.raises(InputError, match="not that of the key"):
        accept_host_key(*where, "SHA256:" + "A" * 43, ACTOR, host_key=line)
    assert installation.rows("SELECT FROM audit_log WHERE action = 'HOST_KEY_ACCEPTED'") == []
    installation.woken.clear()
    accept_host_key(*where, fingerprint, ACTOR, host_key=line)
    (row,) = installation.rows("SELECT breaker_state FROM erp_connection")
    assert (row["breaker_state"], installation.woken) == ("CLOSED", [(installation.org_id, connection_id)])
    assert len(installation.rows("SELECT FROM audit_log WHERE action = 'HOST_KEY_ACCEPTED'")) == 1
