"""A person says where orders go, and tries it before."""

import pytest

from orderflow.domain.errors import InputError, NotFoundError
from orderflow.domain.ids import new_id
from orderflow.flow.setup.routes import save_rules, try_rules
from tests.unit.flow.conftest import ANNA

EUROS = {"field": "order.currency", "operator": "=", "value": "EUR"}


def rules(house):
    return [{"name": "euros", "when": EUROS, "connection_id": str(house.to_dropzone)}]


def test_trying_changes_nothing_and_says_why(house):
    order = house.order(currency="EUR")
    tried = try_rules(house.store, house.org_id, order.id, rules(house))
    assert tried.route is not None
    assert (tried.route.connection_id, len(tried.rules)) == (house.to_dropzone, 1)
    saved = try_rules(house.store, house.org_id, order.id)
    assert (saved.rules, house.actions()) == ([], [])


def test_saved_they_have_another_version_and_are_in_the_log(house):
    first = save_rules(house.store, house.org_id, rules(house), ANNA)
    assert save_rules(house.store, house.org_id, [], ANNA).version == first.version + 1
    assert house.actions() == ["ROUTES_CHANGED"] * 2


def test_what_is_wrong_is_named_and_not_saved(house):
    with pytest.raises(InputError) as refused:
        save_rules(house.store, house.org_id, [{**rules(house)[0], "connection_id": str(new_id())}], ANNA)
    assert "fields" in refused.value.details
    assert house.actions() == []
    with pytest.raises(NotFoundError):
        try_rules(house.store, house.org_id, new_id())
