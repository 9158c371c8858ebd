"""What a sealed configuration withstands."""

from __future__ import annotations

import json
import time
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.errors import EncryptionError
from orderflow.domain.ids import new_id
from orderflow.secrets.encryption import EncryptionService, bind
from orderflow.secrets.keys import generate_key, keys_from_environment, load_or_create_key_file

SERVICE = EncryptionService("11" * 32)
ROW = bind(UUID(int=1), UUID(int=2), "DROPZONE_JSON_V1")
SECRET = {"host": "erp.example", "password": "correct horse"}

text = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(text, values, max_size=5), st.binary(max_size=50))
def test_what_was_sealed_opens_unchanged(config: dict[str, Any], row: bytes) -> None:
    assert SERVICE.decrypt_config(SERVICE.encrypt_config(config, row), row) == config


@given(st.data())
def test_any_flipped_bit_is_noticed(data: st.DataObject) -> None:
    blob = bytearray(SERVICE.encrypt_config(SECRET, ROW))
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[bit // 8] ^= 1 << bit % 8
    _refuses(SERVICE, bytes(blob))


def test_any_truncation_is_noticed() -> None:
    blob = SERVICE.encrypt_config(SECRET, ROW)
    for length in range(len(blob)):
        _refuses(SERVICE, blob[:length])


@pytest.mark.parametrize(
    "row",
    [
        b"",
        bind(UUID(int=3), UUID(int=2), "DROPZONE_JSON_V1"),
        bind(UUID(int=1), UUID(int=3), "DROPZONE_JSON_V1"),
        bind(UUID(int=1), UUID(int=2), "MOCK"),
    ],
)
def test_another_row_does_not_open_it(row: bytes) -> None:
    _refuses(SERVICE, SERVICE.encrypt_config(SECRET, ROW), row)


def test_another_key_does_not_open_it_and_a_previous_key_does() -> None:
    blob = SERVICE.encrypt_config(SECRET, ROW)
    _refuses(EncryptionService("22" * 32), blob)
    rotated = EncryptionService("22" * 32, ["33" * 32, "11" * 32])
    assert rotated.decrypt_config(blob, ROW) == SECRET
    assert rotated.decrypt_config(blob, ROW, key_id=SERVICE.key_id) == SECRET
    assert rotated.known_key_ids[0] == rotated.key_id != SERVICE.key_id


def test_rebinding_takes_an_unbound_blob_and_one_under_a_previous_key() -> None:
    rotated = EncryptionService("22" * 32, ["11" * 32])
    for blob in (SERVICE.encrypt_config(SECRET), SERVICE.encrypt_config(SECRET, ROW)):
        assert EncryptionService("22" * 32).decrypt_config(rotated.rebind(blob, ROW), ROW) == SECRET
    with pytest.raises(EncryptionError, match="authentication tag verification failed"):
        rotated.rebind(SERVICE.encrypt_config(SECRET, b"another row"), ROW)


def test_the_layout_is_iv_ciphertext_tag_over_json() -> None:
    blob = SERVICE.encrypt_config(SECRET, ROW)
    assert json.loads(AESGCM(bytes.fromhex("11" * 32)).decrypt(blob[:12], blob[12:], ROW)) == SECRET


def test_no_iv_comes_twice() -> None:
    assert len({SERVICE.encrypt_config(SECRET)[:12] for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize("key", ["", "11" * 31, "zz" * 32, "11" * 32 + "1", b"short", "\uff11" * 64])
def test_a_malformed_key_is_refused_without_being_shown(key: str | bytes) -> None:
    with pytest.raises(EncryptionError, match="64 hex digits") as caught:
        EncryptionService(key)
    assert "orderflow keys generate" in caught.value.hint
    assert not key or str(key) not in str(caught.value.as_json())


def test_nothing_shows_the_key_or_the_content() -> None:
    assert "1111" not in repr(SERVICE)
    with pytest.raises(EncryptionError) as caught:
        SERVICE.encrypt_config({"password": "horse\ud800"})
    assert "horse" not in repr(caught.value) + str(caught.value.__cause__)
    with pytest.raises(EncryptionError):
        SERVICE.encrypt_config({"password": object()})


def test_a_key_that_is_not_given_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_MASTER_KEY", "22" * 32)
    monkeypatch.setenv("ENCRYPTION_PREVIOUS_KEYS", f" {'33' * 32} , {'11' * 32} ")
    assert EncryptionService().decrypt_config(SERVICE.encrypt_config(SECRET)) == SECRET


def test_the_embedded_default_makes_a_key_file_once(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    first, previous = keys_from_environment({"ORDERFLOW_KEY_FILE": str(path)})
    assert keys_from_environment({"ORDERFLOW_KEY_FILE": str(path)}) == (first, previous)
    assert path.stat().st_mode & 0o777 == 0o600
    EncryptionService(first)


def test_a_shared_database_without_a_key_stops_the_start(tmp_path: Path) -> None:
    environ = {"DATABASE_URL": "postgresql://db/orderflow", "ORDERFLOW_KEY_FILE": str(tmp_path / "key")}
    with pytest.raises(EncryptionError) as caught:
        keys_from_environment(environ)
    assert "orderflow keys generate" in caught.value.hint
    load_or_create_key_file(tmp_path / "key")
    EncryptionService(keys_from_environment(environ)[0])


def test_processes_that_start_at_once_get_one_key(tmp_path: Path) -> None:
    keys: list[str] = []
    threads = [Thread(target=lambda: keys.append(load_or_create_key_file(tmp_path / "key"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 16
    assert len(set(keys)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_key_file_that_holds_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("nonsense")
    with pytest.raises(EncryptionError, match="key must be 64 hex digits"):
        load_or_create_key_file(tmp_path / "key")
    with pytest.raises(EncryptionError, match="cannot be read"):
        load_or_create_key_file(tmp_path)


def test_sealing_and_opening_take_less_than_50_microseconds() -> None:
    config = {"host": "erp.example", "password": "x" * 64, "ssh_key": "k" * 2000}
    assert _best(lambda: SERVICE.encrypt_config(config, ROW)) < 50e-6
    blob = SERVICE.encrypt_config(config, ROW)
    assert _best(lambda: SERVICE.decrypt_config(blob, ROW)) < 50e-6


def test_a_generated_key_is_usable() -> None:
    service = EncryptionService(generate_key())
    assert len(service.key_id) == 8
    assert bind(new_id(), new_id(), "A") != bind(new_id(), new_id(), "A")


def _best(work: Any, rounds: int = 20, calls: int = 50) -> float:
    timings = []
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(calls):
            work()
        timings.append((time.perf_counter() - begin) / calls)
    return min(timings)


def _refuses(service: EncryptionService, blob: bytes, row: bytes = ROW) -> None:
    with pytest.raises(EncryptionError, match="authentication tag verification failed") as caught:
        service.decrypt_config(blob, row)
    assert "correct horse" not in str(caught.value.as_json())


def test_the_key_may_lie_in_a_file_of_any_name(tmp_path, monkeypatch):
    (tmp_path / "key").write_text("22" * 32 + "\n")
    assert keys_from_environment({"ENCRYPTION_MASTER_KEY_FILE": str(tmp_path / "key")})[0] == "22" * 32
    with pytest.raises(EncryptionError, match="cannot be read"):
        keys_from_environment({"ENCRYPTION_MASTER_KEY_FILE": str(tmp_path / "none")})
