from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.connectors.tryton.wire import decode, encode

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.dates()
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda key: key != "__class__"), inner),
)


@given(values)
def test_what_is_written_is_read_back_equal(value) -> None:
    assert decode(encode(value)) == value


def test_decimals_and_dates_are_tagged_as_tryton_tags_them() -> None:
    assert json.loads(encode([Decimal("12.50"), date(2025, 12, 1)])) == [
        {"__class__": "Decimal", "decimal": "12.50"},
        {"__class__": "date", "year": 2025, "month": 12, "day": 1},
    ]


def test_other_things_have_no_form() -> None:
    with pytest.raises(TypeError, match="set"):
        encode({1})
