"""What an order looks like as it comes in; the reading itself is told in test_reading.py."""

from dataclasses import fields

import msgspec
import pytest

from orderflow.domain.orders import CONTENT, LINE_CONTENT, Customer
from orderflow.domain.typed import typed
from orderflow.flow.order.incoming import LIMITS, LONG, PARTS, SHORT, LineBody, OrderBody


def names(struct):
    return {field.encode_name for field in msgspec.structs.fields(struct)}


def test_it_has_the_fields_that_an_order_has():
    assert names(OrderBody) == {*CONTENT, "lines"}
    assert names(LineBody) == {"description" if name == "product_description" else name for name in LINE_CONTENT}
    assert names(PARTS["customer"]) == {field.name for field in fields(Customer)}


def test_what_is_unknown_is_refused_and_what_is_missing_is_none():
    order = typed({"external_order_number": "PO-1"}, OrderBody)
    assert (order.external_order_number, order.currency, order.lines) == ("PO-1", None, [])
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        typed({"extrenal_order_number": "PO-1"}, OrderBody)


def test_the_schema_says_how_long_a_text_may_be():
    schema = msgspec.json.schema_components([OrderBody])[1]["OrderBody"]["properties"]
    assert schema["external_order_number"]["anyOf"][0]["maxLength"] == SHORT
    assert schema["notes"]["anyOf"][0]["maxLength"] == LONG == LIMITS["notes"]
