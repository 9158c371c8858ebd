"""Testing a connection: all that a push and a poll do, quickly, and leaving nothing behind."""

from __future__ import annotations

import time
from typing import Any

import pytest

from orderflow.channels.filestore import Rename
from orderflow.channels.zone import trial
from orderflow.domain.errors import InDoubtError, NeedsAttentionError, UnavailableError


def test_a_good_dropzone_passes_and_is_left_as_it_was(connector, store, config):
    result = connector.test_connection(config)
    assert (result.success, result.error_message) == (True, None)
    assert result.details["steps"][0] == "configuration"
    assert result.details["steps"][-1] == "processed: remove"
    assert store.files == {}
    assert store.folders == {"/out", "/acks", "/acks/processed"}


def test_without_answers_only_the_export_folder_is_tried(connector, store, config):
    del config["ack_path"]
    assert connector.test_connection(config).details["steps"][-1] == "export folder: remove"
    assert "list" not in store.calls


def test_every_name_used_is_one_that_no_erp_picks_up(connector, store, config, monkeypatch):
    used: list[str] = []
    put, rename = store.put, store._rename

    def putting(path: str, *rest: Any) -> None:
        used.append(path)
        put(path, *rest)

    def renaming(item: Rename) -> bool:
        used.append(item.target)
        return bool(rename(item))

    monkeypatch.setattr(store, "put", putting)
    monkeypatch.setattr(store, "_rename", renaming)
    connector.test_connection(config)
    assert len(used) >= 4
    assert all(path.endswith(".tmp") for path in used)


def test_a_failure_says_what_where_and_what_to_do(connector, store, config):
    result = connector.test_connection(config | {"ack_path": "/nowhere"})
    assert (result.success, result.details["code"], result.details["needs_attention"]) == (
        False,
        "FOLDER_MISSING",
        True,
    )
    assert result.details["steps"][-1] == "export folder: remove"
    assert result.details["hint"]


def test_a_target_that_is_down_needs_nobody(connector, store, config):
    store.faults["upload"] = UnavailableError("refused")
    result = connector.test_connection(config)
    assert (result.error_message, result.details["needs_attention"]) == ("refused", False)


def test_the_key_that_was_seen_is_told(connector, store, config):
    seen = {"fingerprint": "SHA256:abc", "host_key": "ssh-ed25519 AAAA"}
    store.faults["upload"] = NeedsAttentionError("unknown key", code="HOST_KEY_UNKNOWN", details=seen)
    assert connector.test_connection(config).details.items() >= (seen | {"code": "HOST_KEY_UNKNOWN"}).items()


def test_a_configuration_that_does_not_fit_fails_by_field(connector):
    result = connector.test_connection({"mode": "sftp"})
    assert (result.success, result.details["code"], result.details["needs_attention"]) == (
        False,
        "CONFIG_INVALID",
        True,
    )
    assert [item["field"] for item in result.details["fields"]] == ["host", "username", "ssh_key", "export_path"]
    assert result.details["steps"] == []


def test_files_that_vanish_or_stay_are_told(connector, store, config, monkeypatch):
    monkeypatch.setattr(store, "remove", lambda paths: None)
    stays = connector.test_connection(config)
    assert (stays.details["code"], stays.success) == ("PERMISSION_DENIED", False)
    monkeypatch.setattr(store, "_upload", lambda upload: None)
    store.files.clear()
    assert connector.test_connection(config).details["code"] == "FILE_TAKEN"


def test_an_account_that_may_neither_look_nor_list_can_still_pass(connector, store, config, monkeypatch):
    del config["ack_path"]
    rename = store._rename
    monkeypatch.setattr(store, "_rename", lambda item: rename(item) or InDoubtError(code="PUBLISH_UNKNOWN"))
    assert connector.test_connection(config).success


def test_a_target_that_hangs_is_not_waited_for(connector, store, config, monkeypatch):
    monkeypatch.setattr(trial, "LIMIT", 0.05)
    monkeypatch.setattr(store, "stat", pytest.fail)
    monkeypatch.setattr(store, "list", lambda folder, at_most: time.sleep(0.3))
    started = time.monotonic()
    result = connector.test_connection(config)
    assert time.monotonic() - started < 0.25
    assert (result.success, result.details["code"]) == (False, "TIMEOUT")
    assert result.details["steps"][-1] == "export folder: remove"
    time.sleep(0.35)  # the thread ends within this test


def test_a_fault_of_our_own_is_an_answer_too(connector, store, config, monkeypatch):
    def broken(uploads):
        raise KeyError("t0p-s3cret")

    monkeypatch.setattr(store, "upload", broken)
    result = connector.test_connection(config)
    assert (result.success, result.details["code"]) == (False, "TEST_FAULT")
    assert "s3cret" not in repr(result)
