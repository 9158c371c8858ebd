from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.codes import clean_code, control_in
from orderflow.domain.errors import InputError
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine, clean_codes, missing_for_ready

codes = st.text(st.sampled_from("A9- \t\n\u00a0\u3000\u2800\u200b\u00ad\u202e\ufeffo\u0308ö\u212b\x07"), max_size=8)


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("K-77", "K-77"),
        ("  K-77\t", "K-77"),
        ("K \u00a0 77", "K 77"),
        ("K-77\u200b", "K-77"),
        ("\ufeffK\u00ad-7\u20607", "K-77"),
        ("\u202eK-77", "K-77"),
        ("Ko\u0308ln", "Köln"),
        ("o\u200b\u0308", "ö"),
        ("\u00a0\u200b\u2800", None),
        ("", None),
        (None, None),
    ],
)
def test_what_looks_the_same_is_the_same_code(code, kept):
    assert clean_code(code) == kept


@given(codes)
def test_a_clean_code_stays_as_it_is(code):
    cleaned = clean_code(code)
    assert clean_code(cleaned) == cleaned
    assert cleaned is None or (cleaned == cleaned.strip() and "  " not in cleaned)
    assert cleaned is None or unicodedata.is_normalized("NFC", cleaned)


def test_a_control_character_is_named_and_white_space_is_none():
    assert control_in("K\x1b[1m") == "\\x1b"
    assert control_in("K\t7\u00a0") is None


def test_every_code_of_an_order_is_cleaned_and_one_of_nothing_is_missing():
    order = DraftOrder(external_order_number=" 5\u200b", currency="EUR", customer=Customer("\u00a04711"))
    order.lines = [DraftOrderLine(1, internal_sku="\u2800", qty=1, uom=" M\n")]  # type: ignore[arg-type]  # as good as a Decimal
    assert missing_for_ready(order) == ["Line 1: the internal SKU is missing."]
    clean_codes(order)
    assert (order.external_order_number, order.customer, order.lines[0].uom) == ("5", Customer("4711"), "M")
    order.lines[0].internal_sku = "A\x00"
    with pytest.raises(InputError) as refused:
        clean_codes(order)
    assert refused.value.details["fields"][0]["field"] == "lines[0].internal_sku"
