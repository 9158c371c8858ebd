"""One step for many orders, some at a time in one transaction."""

from orderflow.domain.errors import StateError
from orderflow.domain.ids import new_id
from orderflow.flow.order.bulk import AT_ONCE, each_in_bulk


def test_one_that_cannot_take_the_step_stops_no_other(house):
    ids = [new_id() for _ in range(3)]

    def step(work, order_id):
        if order_id == ids[1]:
            raise StateError("not this one")

    outcomes = dict(each_in_bulk(house.store, house.org_id, ids, step))
    assert [outcomes[order_id] is None for order_id in ids] == [True, False, True]


def test_all_lock_in_one_order_and_hear_of_it_after_the_commit(house):
    ids = [new_id() for _ in range(AT_ONCE + 1)]
    told: list[object] = []
    steps = each_in_bulk(
        house.store,
        house.org_id,
        ids[::-1],
        lambda work, order_id: told.append(order_id),
        lambda: told.append("commit"),
    )
    assert len(list(steps)) == len(ids)
    first = sorted(ids[1:])
    assert told[:AT_ONCE] == first
    assert (told[AT_ONCE], told[-1]) == ("commit", "commit")
    assert told.count("commit") == 2
