"""The search for secrets finds them: in text, in errors' databases, in configurations."""

from __future__ import annotations

from sqlalchemy import text

from orderflow.storage.encryption import EncryptionService


def test_a_secret_in_a_text_is_found(canaries, secret):
    canaries.search(f"wrote {secret('made up')} somewhere", "log")
    assert canaries.leaks == ["log"]
    canaries.leaks.clear()


def test_a_configured_password_in_a_row_is_found(canaries, database, org):
    EncryptionService("ab" * 32).encrypt_config({"host": "erp.example", "password": "correct horse"})
    with database.transaction(org) as connection:
        connection.execute(text("UPDATE organization SET name = 'erp.example' WHERE id = :id"), {"id": org})
    canaries.search_database(database)
    assert canaries.leaks == []
    with database.transaction(org) as connection:
        connection.execute(text("UPDATE organization SET name = 'my correct horse' WHERE id = :id"), {"id": org})
    canaries.search_database(database)
    assert canaries.leaks == ["table organization"]
    canaries.leaks.clear()
    with database.transaction(org) as connection:
        connection.execute(text("UPDATE organization SET name = 'clean' WHERE id = :id"), {"id": org})
