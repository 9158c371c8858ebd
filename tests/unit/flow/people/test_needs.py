"""What people note about what needs somebody."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from orderflow.domain.errors import InputError, NotFoundError
from orderflow.domain.ids import new_id
from orderflow.flow.people.needs import mark_need
from tests.unit.flow.conftest import ANNA


class Store:
    """One organization, in memory, in which orders are READY."""

    def __init__(self, house):
        self.need_marks, self.audit, self.noted = self, house.store._work.audit, {}

    def clear(self):
        return {"READY"}

    def may_be_assigned(self, email):
        return email == "anna@acme.example"

    def note(self, key, changes, actor):
        self.noted[key] = {**self.noted.get(key, {}), **changes, "by": actor}

    @contextmanager
    def work(self, org_id):
        yield self


@pytest.fixture
def store(house):
    return Store(house)


def test_what_is_noted_stays_until_it_is_taken_back(store):
    later = datetime.now(UTC) + timedelta(hours=1)
    mark_need(store, new_id(), ANNA, "READY", {"assigned_to": "anna@acme.example", "snoozed_until": later})
    mark_need(store, new_id(), ANNA, "READY", {"note": "after lunch", "snoozed_until": None})
    assert store.noted["READY"] == {
        "assigned_to": "anna@acme.example",
        "note": "after lunch",
        "snoozed_until": None,
        "by": ANNA.name,
    }


def test_what_is_solved_is_not_marked(store):
    with pytest.raises(NotFoundError, match="needs anybody"):
        mark_need(store, new_id(), ANNA, "FAILED E1", {"note": "?"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("assigned_to", "nobody@acme.example"), ("snoozed_until", datetime(2026, 1, 1, tzinfo=UTC))],
)
def test_what_cannot_be_is_refused_at_its_field(store, name, value):
    with pytest.raises(InputError) as refused:
        mark_need(store, new_id(), ANNA, "READY", {name: value})
    assert [one["field"] for one in refused.value.details["fields"]] == [name]
    assert store.noted == {}
