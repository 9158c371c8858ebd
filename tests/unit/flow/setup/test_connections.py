"""A person sets up a way into an ERP."""

import pytest
from pydantic import BaseModel, Field, SecretStr

from orderflow.domain.errors import InputError, NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.states import BreakerState, ConnectionStatus
from orderflow.flow.setup import connections
from orderflow.testing.memory import MemoryApi
from tests.unit.flow.conftest import ANNA


class Settings(BaseModel):
    host: str
    folder: str = Field("in", json_schema_extra={"destination": False})
    password: SecretStr | None = None


class Shop(MemoryApi):
    connector_type = "SHOP"
    config_model = Settings


@pytest.fixture
def shop(house):
    """A house that knows one connector more."""
    house.connectors["SHOP"] = Shop()
    return house


def add(house, config=None, **more):
    config = config or {"host": "erp", "password": "secret"}
    return connections.add_connection(house.wiring, house.org_id, "SHOP", config, ANNA, **more)


def edit(house, connection_id, config, **more):
    connections.edit_connection(house.wiring, house.org_id, connection_id, config, ANNA, **more)


def test_a_new_one_delivers_nothing_yet_and_the_log_shows_no_secret(shop):
    made = add(shop, name="Shop", options={"give_up_after": 60})
    row = shop.connection(made)
    assert (row.status, row.name, row.give_up_after) == (ConnectionStatus.DISABLED, "Shop", 60)
    assert "secret" not in repr(shop.tables.audit)


def test_enabled_and_tested_if_somebody_says_so(shop):
    row = shop.connection(add(shop, enabled=True, tested=True))
    assert (row.status, row.last_test_at) == (ConnectionStatus.ACTIVE, shop.clock.now())


def test_what_does_not_fit_is_not_stored_and_fields_are_named(shop):
    before = dict(shop.tables.connections)
    with pytest.raises(InputError) as refused:
        add(shop, {"password": "secret"})
    assert refused.value.details["fields"][0]["field"] == "host"
    with pytest.raises(InputError, match="Unknown connector type"):
        connections.add_connection(shop.wiring, shop.org_id, "NOWHERE", {}, ANNA)
    assert shop.tables.connections == before


def test_secrets_that_cannot_be_hidden_are_not_stored(shop):
    before = dict(shop.tables.connections)
    with pytest.raises(InputError, match="than can be hidden"):
        add(shop, {"host": "erp", "password": "se/cret-1 ü" * 50_000})
    assert shop.tables.connections == before


def test_an_edit_keeps_the_secret_that_is_masked_and_closes_the_breaker(shop):
    made = add(shop, tested=True)
    shop.change_connection(made, breaker_state=BreakerState.PAUSED)
    edit(shop, made, {"host": "erp", "folder": "new", "password": "********"})
    row = shop.connection(made)
    assert row.config == {"host": "erp", "folder": "new", "password": "secret"}
    assert (row.breaker_state, row.last_test_at) == (BreakerState.CLOSED, None), "nothing proves the new one"


def test_what_is_shown_is_masked_and_what_is_revealed_is_written_down(shop):
    made = add(shop)
    assert connections.shown_config(shop.wiring, shop.org_id, made)["password"] != "secret"
    assert connections.reveal_config(shop.wiring, shop.org_id, made, ANNA)["password"] == "secret"
    assert shop.actions()[-1] == "CONNECTOR_CONFIG_REVEALED"


def test_one_that_orders_wait_for_is_not_deleted(shop):
    made = add(shop, enabled=True)
    shop.pushed(made)
    with pytest.raises(StateError) as refused:
        connections.delete_connection(shop.wiring, shop.org_id, made, ANNA)
    assert refused.value.code == "EXPORTS_WAITING"
    connections.delete_connection(shop.wiring, shop.org_id, shop.to_dropzone, ANNA)
    assert shop.to_dropzone not in shop.tables.connections


def test_a_disabled_one_is_no_default_and_cannot_be(shop):
    connections.disable_connection(shop.wiring, shop.org_id, shop.to_api, ANNA)
    assert shop.connection(shop.to_dropzone).is_default, "the oldest that delivers follows"
    with pytest.raises(StateError, match="ACTIVE"):
        connections.make_default(shop.wiring, shop.org_id, shop.to_api, ANNA)
    connections.enable_connection(shop.wiring, shop.org_id, shop.to_api, ANNA)
    connections.make_default(shop.wiring, shop.org_id, shop.to_api, ANNA)
    assert [shop.connection(one).is_default for one in (shop.to_api, shop.to_dropzone)] == [True, False]


def test_of_a_type_one_delivers(shop):
    add(shop, enabled=True)
    with pytest.raises(StateError) as refused:
        add(shop, enabled=True)
    assert refused.value.code == "CONNECTOR_TYPE_ACTIVE"


def test_one_that_is_not_there_is_not_found(shop):
    with pytest.raises(NotFoundError):
        edit(shop, new_id(), None)
