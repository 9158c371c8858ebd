"""A configuration is tested before anybody saves it."""

import pytest
from pydantic import BaseModel, Field, SecretStr

from orderflow.domain.delivery import TestResult
from orderflow.domain.errors import InputError, NotFoundError
from orderflow.domain.ids import new_id
from orderflow.flow.setup.try_config import failure, try_config
from tests.unit.flow.conftest import ANNA


class Settings(BaseModel):
    host: str
    folder: str = Field("in", json_schema_extra={"destination": False})
    password: SecretStr


@pytest.fixture
def tried(house, monkeypatch):
    """Configurations that the connector was asked to test."""
    seen = []

    def see(config):
        seen.append(config)
        return TestResult(True)

    monkeypatch.setattr(type(house.api), "config_model", Settings)
    monkeypatch.setattr(house.api, "test_connection", see)
    house.change_connection(house.to_api, config={"host": "erp", "password": "secret"})
    return seen


def test_it_is_tested_and_nothing_is_stored(house, tried):
    config = {"host": "new", "password": "p"}
    assert try_config(house.wiring, house.org_id, "MEMORY_API", config, ANNA).success
    assert (tried, house.connection().config["host"], house.actions()) == ([config], "erp", [])


def test_a_secret_that_is_left_out_is_that_of_the_stored_one(house, tried):
    try_config(house.wiring, house.org_id, "MEMORY_API", {"host": "erp", "folder": "new"}, ANNA, house.to_api)
    assert tried == [{"host": "erp", "folder": "new", "password": "secret"}]


def test_what_does_not_fit_names_its_fields_and_is_not_tried(house, tried):
    with pytest.raises(InputError) as refused:
        try_config(house.wiring, house.org_id, "MEMORY_API", {"password": "p"}, ANNA)
    assert [field["field"] for field in refused.value.details["fields"]] == ["host"]
    assert tried == []


def test_another_types_secrets_are_not_lent(house, tried):
    with pytest.raises(InputError, match="another type"):
        try_config(house.wiring, house.org_id, "MEMORY_API", {"host": "new"}, ANNA, house.to_dropzone)
    with pytest.raises(NotFoundError):
        try_config(house.wiring, house.org_id, "MEMORY_API", {"host": "new"}, ANNA, new_id())
    with pytest.raises(InputError, match="NOWHERE"):
        try_config(house.wiring, house.org_id, "NOWHERE", {}, ANNA)


def test_a_failed_test_is_an_error_with_all_that_is_known():
    error = failure(TestResult(False, "no", 7, {"code": "C", "hint": "H", "fingerprint": "f", "details": {"port": 22}}))
    assert (error.code, error.message, error.hint) == ("C", "no", "H")
    assert error.details == {"fingerprint": "f", "port": 22, "latency_ms": 7}
