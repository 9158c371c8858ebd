"""The token with which an ERP may send its answers by itself."""

import pytest

from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.flow.people.api_keys import hash_key
from orderflow.flow.setup.answer_token import make_answer_token, revoke_answer_token
from tests.unit.flow.conftest import ANNA


def test_only_its_hash_is_kept_and_a_new_one_takes_its_place(house):
    first = make_answer_token(house.wiring, house.org_id, house.to_dropzone, ANNA)
    second = make_answer_token(house.wiring, house.org_id, house.to_dropzone, ANNA)
    row = house.connection(house.to_dropzone)
    assert first != second
    assert (row.answer_token_hash, row.answer_token_prefix) == (hash_key(second), second.split("_")[1])
    assert second not in str(house.tables.audit)


def test_it_can_be_ended(house):
    make_answer_token(house.wiring, house.org_id, house.to_dropzone, ANNA)
    revoke_answer_token(house.wiring, house.org_id, house.to_dropzone, ANNA)
    assert house.connection(house.to_dropzone).answer_token_hash is None
    assert house.actions()[-2:] == ["ANSWER_TOKEN_MADE", "ANSWER_TOKEN_REVOKED"]


def test_a_connector_that_reads_no_answers_gets_none(house):
    with pytest.raises(StateError, match="reads no answers"):
        make_answer_token(house.wiring, house.org_id, house.to_api, ANNA)
    with pytest.raises(NotFoundError):
        make_answer_token(house.wiring, house.org_id, new_id(), ANNA)
