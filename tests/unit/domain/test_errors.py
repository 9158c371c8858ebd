"""Every error tells a person what happened and what to do, and a program which it was."""

import inspect
import json

import pytest

from orderflow.domain import errors
from orderflow.domain.errors import ConnectorError, InDoubtError, OrderFlowError, RejectedError

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, OrderFlowError)]


@pytest.mark.parametrize("kind", ALL)
def test_every_error_has_a_code_a_sentence_and_a_hint(kind):
    error = kind()
    assert error.code.replace("_", "").isalpha()
    assert error.code.isupper()
    assert str(error) == error.message
    assert error.message
    assert error.hint


def test_no_two_kinds_of_error_share_a_code():
    codes = [kind.code for kind in ALL]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("kind", [kind for kind in ALL if issubclass(kind, ConnectorError)])
def test_an_author_may_raise_any_of_them_with_a_sentence_of_his_own(kind):
    error = kind("The port is closed.", code="REFUSED", hint="Open it.", details={"port": 22}, retry_after=3.0)
    assert error.as_json() == {
        "code": "REFUSED",
        "message": "The port is closed.",
        "hint": "Open it.",
        "details": {"port": 22},
    }
    assert error.retry_after == 3.0


def test_one_error_may_be_more_precise_without_changing_its_kind():
    RejectedError("no", code="PRICE_MISSING", hint="Add it.")
    assert (RejectedError.code, RejectedError().code) == ("REJECTED", "REJECTED")
    assert RejectedError().hint == RejectedError.hint


def test_the_tree_drawn_in_the_docstring_has_every_error():
    assert {kind.__name__ for kind in ALL} <= set(errors.__doc__.split())


def test_what_goes_into_error_json_is_json():
    assert json.loads(json.dumps(InDoubtError().as_json()))["code"] == "IN_DOUBT"


def test_errors_do_not_share_their_details():
    OrderFlowError().details["a"] = 1
    assert OrderFlowError().details == {}
