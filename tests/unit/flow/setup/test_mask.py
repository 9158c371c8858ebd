"""What may be shown of a configuration, and what a mask that comes back stands for."""

from __future__ import annotations

from typing import ClassVar

import pytest
from pydantic import BaseModel, Field, SecretStr

from orderflow import BaseConnector, ExportResult, TestResult
from orderflow.domain.errors import InputError
from orderflow.flow.setup.mask import MASK, masked, needs_stored, unmasked


class Header(BaseModel):
    name: str
    token: SecretStr


class Config(BaseModel):
    url: str = Field(json_schema_extra={"destination": True})
    password: SecretStr | None = None
    headers: list[Header] = []
    login: Header | None = None
    units: dict[str, str] = {}
    tokens: dict[str, SecretStr] = {}


class Connector(BaseConnector):
    config_model: ClassVar = Config

    def export(self, draft_order, config):
        return ExportResult(True)

    def test_connection(self, config):
        return TestResult(True)


CONNECTOR = Connector()
STORED = {
    "url": "https://erp.example",
    "password": "s3cret",
    "headers": [{"name": "X", "token": "t0ken"}],
    "login": {"name": "me", "token": "l0gin"},
}


def test_secrets_are_masked_at_any_depth():
    assert masked(CONNECTOR, STORED) == {
        "url": "https://erp.example",
        "password": MASK,
        "headers": [{"name": "X", "token": MASK}],
        "login": {"name": "me", "token": MASK},
    }


def test_what_the_model_does_not_name_is_masked_and_without_a_connector_everything():
    assert masked(CONNECTOR, {"old_password": "x", "password": None}) == {"old_password": MASK, "password": None}
    assert masked(None, {"url": "https://erp.example"}) == {"url": MASK}


def test_the_values_of_a_map_are_shown_unless_they_are_declared_secret():
    config = {"units": {"CTN": "Pack of 6", "token": "TKN"}, "tokens": {"erp": "t0ken"}}
    assert masked(CONNECTOR, config) == {"units": config["units"], "tokens": {"erp": MASK}}


def test_a_mask_and_a_secret_left_out_stand_for_what_is_stored():
    shown = masked(CONNECTOR, STORED)
    shown["login"]["name"] = "you"
    kept = unmasked(CONNECTOR, {name: shown[name] for name in ("url", "login")}, STORED)
    assert kept == {"url": STORED["url"], "password": "s3cret", "login": {"name": "you", "token": "l0gin"}}


def test_a_mask_in_a_list_stands_for_what_is_stored_in_its_place():
    shown = masked(CONNECTOR, STORED)
    shown["headers"].append({"name": "Y", "token": "new"})
    kept = unmasked(CONNECTOR, shown, STORED)
    assert kept["headers"] == [{"name": "X", "token": "t0ken"}, {"name": "Y", "token": "new"}]


def test_null_removes_a_secret_and_a_new_one_replaces_it():
    assert unmasked(CONNECTOR, {"url": "u", "password": None}, STORED) == {"url": "u"}
    assert unmasked(CONNECTOR, {"url": "u", "password": "new"}, STORED)["password"] == "new"


def test_a_mask_is_found_at_any_depth():
    assert needs_stored({"headers": [{"token": MASK}]})
    assert not needs_stored({"headers": [{"token": "t"}], "password": None})


@pytest.mark.parametrize("password", [MASK, None])
def test_a_kept_secret_goes_to_no_other_target(password):
    elsewhere = masked(CONNECTOR, STORED) | {"url": "https://attacker.example", "password": password}
    with pytest.raises(InputError, match="url changed") as caught:
        unmasked(CONNECTOR, elsewhere, STORED)
    assert caught.value.code == "SECRETS_NEEDED"
    assert "s3cret" not in str(caught.value.as_json())


def test_with_its_secrets_entered_again_a_connection_may_move():
    moved = {"url": "https://new.example", "password": "an0ther", "headers": [], "login": {"name": "x", "token": "y"}}
    assert unmasked(CONNECTOR, moved, STORED) == moved
