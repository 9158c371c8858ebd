from __future__ import annotations

from itertools import islice
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from orderflow.domain.ids import new_id
from orderflow.secrets.encryption import EncryptionService, bind
from orderflow.secrets.keys import generate_key
from orderflow.storage.system.rotation import rotate

OLD, NEW = generate_key(), generate_key()


@pytest.fixture
def add(database):
    """Stores a DISABLED connection with this blob in an organization."""

    def add(org_id, blob_of, key_id=None):
        connection_id = new_id()
        place = bind(org_id, connection_id, "MOCK")
        statement = text(
            "INSERT INTO erp_connection (id, org_id, connector_type, config_encrypted, key_id, status)"
            " VALUES (:id, :org, 'MOCK', :blob, :key_id, 'DISABLED')"
        )
        with database.transaction(org_id) as connection:
            connection.execute(
                statement, {"id": connection_id, "org": org_id, "blob": blob_of(place), "key_id": key_id}
            )
        return org_id, connection_id

    return add


@pytest.fixture
def config_of(database):
    """Opens a stored connection with the new key alone."""

    def config_of(place: tuple[UUID, UUID]) -> dict[str, Any]:
        with database.transaction(place[0]) as connection:
            query = text("SELECT config_encrypted, key_id FROM erp_connection WHERE id = :id")
            row = connection.execute(query, {"id": place[1]}).one()
        alone = EncryptionService(NEW)
        assert row.key_id == alone.key_id
        return alone.decrypt_config(bytes(row.config_encrypted), bind(*place, "MOCK"))

    return config_of


def test_every_organization_is_sealed_anew_and_what_does_not_open_is_named(database, make_org, add, config_of):
    old, both = EncryptionService(OLD), EncryptionService(NEW, [OLD])
    bound = add(make_org(), lambda place: old.encrypt_config({"a": 1}, place), old.key_id)
    unbound = add(make_org(), lambda _: old.encrypt_config({"a": 2}))
    mislabelled = add(make_org(), lambda place: old.encrypt_config({"a": 3}, place), both.key_id)
    current = add(make_org(), lambda place: both.encrypt_config({"a": 4}, place), both.key_id)
    lost = add(make_org(), lambda place: EncryptionService(generate_key()).encrypt_config({}, place))

    *_, done = rotate(database, both, at_once=2)

    assert (done.total, done.sealed, done.current, done.unreadable) == (5, 3, 1, [lost])
    assert [config_of(place)["a"] for place in (bound, unbound, mislabelled, current)] == [1, 2, 3, 4]
    *_, again = rotate(database, both)
    assert (again.sealed, again.current, again.unreadable) == (0, 4, [lost])


def test_an_interrupted_rotation_keeps_what_it_did_and_is_begun_again(database, make_org, add, config_of):
    old, both = EncryptionService(OLD), EncryptionService(NEW, [OLD])
    org_id = make_org()
    places = [add(org_id, lambda place: old.encrypt_config({"a": 1}, place), old.key_id) for _ in range(6)]
    (first,) = islice(rotate(database, both, at_once=2), 1)
    assert first.sealed == 2
    *_, rest = rotate(database, both, at_once=2)
    assert (rest.sealed, rest.current) == (4, 2)
    assert [config_of(place) for place in places] == [{"a": 1}] * 6


def test_nothing_to_rotate_is_no_error(database):
    assert list(rotate(database, EncryptionService(NEW))) == []
