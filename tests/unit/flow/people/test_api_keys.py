"""Keys for programs: shown once, stored as a hash, and ended with whom they belong to."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orderflow.domain.access import Role
from orderflow.domain.errors import InputError, StateError
from orderflow.domain.ids import new_id
from orderflow.flow.people.api_keys import MARK, assign_key, create_key, hash_key, revoke_key
from orderflow.flow.people.users import User
from tests.unit.flow.conftest import ANNA


class Keys:
    """The keys and users of one organization, in memory."""

    def __init__(self, house):
        self.keys, self.hashes, self.people = {}, {}, {}
        self.api_keys = self.users = self
        self.audit = house.store._work.audit

    def add(self, key, key_hash):
        self.keys[key.id], self.hashes[key.id] = key, key_hash
        return key

    def revoke(self, key_id):
        self.keys[key_id] = replace(self.keys[key_id], revoked_at=datetime.now(UTC))
        return self.keys[key_id]

    def assign(self, key_id, user_id):
        self.keys[key_id] = replace(self.keys[key_id], user_id=user_id)
        return self.keys[key_id]

    def get(self, user_id):
        return self.people[user_id]

    @contextmanager
    def work(self, org_id):
        yield self


@pytest.fixture
def store(house):
    return Keys(house)


def create(store, **more):
    return create_key(store, new_id(), ANNA, "shop", Role.OPS, **more)


def test_the_key_is_given_once_and_only_its_hash_is_kept(store, house):
    info, key = create(store)
    assert key.startswith(f"{MARK}{info.prefix}_")
    assert store.hashes[info.id] == hash_key(key)
    assert key not in repr((store.keys, house.tables.audit))


def test_no_key_is_another(store):
    assert create(store)[1] != create(store)[1]


def test_a_key_is_not_made_after_its_end(store):
    with pytest.raises(InputError):
        create(store, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert store.keys == {}


def test_a_revoked_key_says_so(store, house):
    info, _ = create(store)
    assert revoke_key(store, new_id(), info.id, ANNA).revoked_at is not None
    assert house.actions()[-1] == "API_KEY_REVOKED"


def test_a_key_belongs_to_somebody_who_is_there(store):
    info, _ = create(store)
    gone, here = (User(new_id(), f"{active}@example.com", Role.ADMIN, active=active) for active in (False, True))
    store.people = {gone.id: gone, here.id: here}
    with pytest.raises(StateError) as refused:
        assign_key(store, new_id(), info.id, gone.id, ANNA)
    assert (refused.value.code, store.keys[info.id].user_id) == ("USER_ENDED", None)
    assert assign_key(store, new_id(), info.id, here.id, ANNA).user_id == here.id
