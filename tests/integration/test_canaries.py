"""The search for secrets finds them: in what is written, in rows, in errors, at the end of a run of many processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from orderflow.domain.errors import InputError
from orderflow.secrets.encryption import EncryptionService


@pytest.fixture
def own(canaries: Any, tmp_path: Path) -> Any:
    """Canaries with a record of their own, so that what is leaked on purpose fails no run."""
    return type(canaries)(tmp_path)


def test_a_secret_in_a_text_is_found(own):
    own.search(f"wrote {own.new('made up')} somewhere", "log")
    assert own.leaks == ["log"]


def test_a_configured_password_in_a_row_is_found(own, database, org):
    own.watch({"host": "erp.example", "password": "correct horse"})
    own.search_database(database)
    assert own.leaks == []
    with database.transaction(org) as connection:
        connection.execute(text("UPDATE organization SET name = 'my correct horse' WHERE id = :id"), {"id": org})
    own.search_database(database)
    assert own.leaks == ["table organization"]


def test_what_is_configured_is_watched_and_errors_are_searched(canaries, secret):
    password = secret("configured")
    canaries.secrets.clear()
    EncryptionService("ab" * 32).encrypt_config({"host": "erp.example", "password": password})
    assert canaries.secrets == {password}
    own, canaries.test = canaries.test, "an error of this test"
    InputError("nothing secret")
    canaries.test = own
    assert canaries.leaks == []


def test_a_secret_of_one_process_is_found_in_what_another_wrote_earlier(own, tmp_path, monkeypatch):
    own.test = "test_a"
    own.search("the password is correct horse", "Captured stderr call")
    monkeypatch.setattr("os.getpid", lambda: 1)
    own.add("-----BEGIN KEY-----\nAAAA\nmiddle-of-key\nZZZZ\n-----END KEY-----\n")
    own.add("correct horse")
    own.search("nothing", "log")
    assert own.leaks == []
    assert own.leaks_of_the_run() == ["Captured stderr call in test_a"]
    own.search("a line middle-of-key", "table audit_log")
    assert len(own.leaks_of_the_run()) == 2
