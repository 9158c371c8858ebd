"""The people of an organization, what they may do, and their passwords."""

from contextlib import contextmanager

import pytest

from orderflow.domain.access import Role
from orderflow.domain.errors import InputError, NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.flow.people.sign_in import RateLimitedError
from orderflow.flow.people.users import change_own_password, change_user, create_user, set_password
from tests.unit.flow.conftest import ANNA

GOOD, OTHER = "correct horse battery", "staple the battery horse"


class Passwords:
    def hash(self, password):
        return f"hash of {password}"

    def verify(self, stored, password):
        return stored == self.hash(password)

    def outdated(self, stored):
        return False


class Users:
    """The users of one organization, in memory."""

    def __init__(self):
        self.users, self.hashes, self.ended = {}, {}, []

    def add(self, user, password_hash):
        self.users[user.id], self.hashes[user.id] = user, password_hash

    def get(self, user_id):
        if user_id not in self.users:
            raise NotFoundError("no such user")
        return self.users[user_id]

    def password_hash(self, user_id):
        return self.hashes[user_id]

    def change(self, user_id, *, end_sessions=False, **columns):
        self.hashes[user_id] = columns.pop("password_hash", self.hashes[user_id])
        for name, value in columns.items():
            setattr(self.users[user_id], name, value)
        self.ended += [user_id] if end_sessions else []

    def lock_admins(self):
        return {user.id for user in self.users.values() if user.role is Role.ADMIN and user.active}


class Store:
    def __init__(self, house):
        self.users, self.audit = Users(), house.store._work.audit

    @contextmanager
    def work(self, org_id):
        yield self


@pytest.fixture
def store(house):
    return Store(house)


def create(store, email="ben@example.com", password=GOOD, role=Role.VIEWER):
    return create_user(store, Passwords(), new_id(), ANNA, email=email, password=password, role=role)


def test_a_password_is_kept_as_its_hash_only(store, house):
    user = create(store)
    assert store.users.hashes[user.id] == f"hash of {GOOD}"
    assert GOOD not in repr(house.tables.audit)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "PASSWORD_UNFIT"),
        ("x" * 513, "PASSWORD_UNFIT"),
        ("aaaabbbbcccc", "PASSWORD_WEAK"),
        ("qwertyuiopas", "PASSWORD_WEAK"),
        ("987654321098", "PASSWORD_WEAK"),
    ],
)
def test_a_password_that_is_no_good_is_refused(store, password, code):
    with pytest.raises(InputError) as refused:
        create(store, password=password)
    assert (refused.value.code, store.users.users) == (code, {})


@pytest.mark.parametrize("email", ["ben", "@example.com", "ben@", "b en@example.com", f"{'b' * 250}@example.com"])
def test_an_address_has_to_be_one(store, email):
    with pytest.raises(InputError):
        create(store, email=email)


def test_the_last_administrator_stays_one(store):
    admin = create(store, role=Role.ADMIN)
    for changes in ({"role": Role.VIEWER}, {"active": False}):
        with pytest.raises(StateError) as refused:
            change_user(store, new_id(), admin.id, ANNA, **changes)
        assert refused.value.code == "LAST_ADMIN"
    create(store, role=Role.ADMIN)
    assert change_user(store, new_id(), admin.id, ANNA, role=Role.VIEWER).role is Role.VIEWER


def test_another_role_ends_the_sessions_and_another_name_does_not(store):
    create(store, role=Role.ADMIN)
    user = create(store)
    change_user(store, new_id(), user.id, ANNA, name="Ben")
    assert store.users.ended == []
    change_user(store, new_id(), user.id, ANNA, role=Role.OPS)
    assert store.users.ended == [user.id]


def test_another_password_ends_the_sessions(store):
    user = create(store)
    set_password(store, Passwords(), new_id(), user.id, ANNA, OTHER)
    assert (store.users.hashes[user.id], store.users.ended) == (f"hash of {OTHER}", [user.id])
    with pytest.raises(NotFoundError):
        set_password(store, Passwords(), new_id(), new_id(), ANNA, OTHER)


def test_who_changes_their_own_has_to_know_the_old_one(store):
    user = create(store)
    with pytest.raises(InputError) as refused:
        change_own_password(store, Passwords(), new_id(), user.id, ANNA, "a guess", OTHER)
    assert (refused.value.code, store.users.hashes[user.id]) == ("PASSWORD_WRONG", f"hash of {GOOD}")
    change_own_password(store, Passwords(), new_id(), user.id, ANNA, GOOD, OTHER)
    assert store.users.hashes[user.id] == f"hash of {OTHER}"


def test_guesses_at_it_are_counted(store):
    class Full:
        def begin(self, email, source):
            return 7.2

        def succeed(self, email, source):
            raise AssertionError("it is not even tried")

    user = create(store)
    with pytest.raises(RateLimitedError) as refused:
        change_own_password(store, Passwords(), new_id(), user.id, ANNA, GOOD, OTHER, sources=Full(), source="here")
    assert refused.value.retry_after == 8
