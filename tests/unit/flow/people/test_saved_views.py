"""Lists under a name."""

from contextlib import contextmanager

import pytest

from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.flow.people.saved_views import MOST_VIEWS, delete_view, save_view
from tests.unit.flow.conftest import ANNA


class Store:
    """One organization, in memory."""

    def __init__(self, house):
        self.saved_views, self.audit, self.kept = self, house.store._work.audit, {}

    def count(self, user_id):
        return sum(owner == user_id for owner, *_ in self.kept.values())

    def save(self, view_id, user_id, page, name, query, *, shared):
        self.kept[view_id] = (user_id, page, name, query, shared)

    def delete(self, view_id, user_id, *, of_others):
        owner, _, name, _, shared = self.kept.get(view_id, (None, "", "", "", False))
        return name if view_id in self.kept and (owner == user_id or (shared and of_others)) else None

    @contextmanager
    def work(self, org_id):
        yield self


@pytest.fixture
def store(house):
    return Store(house)


def save(store, user_id, name="mine", *, shared=False):
    save_view(store, new_id(), user_id, ANNA, page="orders", name=name, query="status=ERROR", shared=shared)


def test_nobodys_key_keeps_none_and_a_user_no_more_than_so_many(store):
    with pytest.raises(StateError, match="belongs to a user"):
        save(store, None)
    user_id = new_id()
    for number in range(MOST_VIEWS):
        save(store, user_id, str(number))
    with pytest.raises(StateError, match="no more"):
        save(store, user_id)


def test_what_is_not_ones_own_is_deleted_by_an_admin_alone_and_only_if_it_is_shared(store):
    owner, other = new_id(), new_id()
    save(store, owner, shared=True)
    (view_id,) = store.kept
    with pytest.raises(NotFoundError):
        delete_view(store, new_id(), other, view_id, ANNA, of_others=False)
    delete_view(store, new_id(), other, view_id, ANNA, of_others=True)
    with pytest.raises(NotFoundError):
        delete_view(store, new_id(), other, new_id(), ANNA, of_others=True)
