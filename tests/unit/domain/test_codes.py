from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.codes import clean_code, control_in, identifier_fault
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


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("gln", "4012345000009"),
        ("gtin", "96385074"),  # from GS1's own examples, of 8, 12, 13 and 14 digits
        ("gtin", "614141000036"),
        ("gtin", "4006381333931"),
        ("gtin", "10614141000415"),
        ("duns", "315000554"),
        ("duns", "3150005540001"),
        ("vat", "DE123456788"),
        ("vat", "CHE-123.456.788 MWST"),
        ("endpoint", "0088:4012345000009"),
        ("country_code", "DE"),
        ("number_at_seller", "anything at all"),
    ],
)
def test_a_code_of_a_public_scheme_is_right(name, code):
    assert identifier_fault(name, code) is None


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("gln", "4012345000008", "check digit would be 9"),
        ("gln", "401234500000", "13 digits"),
        ("gtin", "4006381333932", "check digit would be 1"),
        ("gtin", "\u0664\u06600638133393", "8, 12, 13 or 14 digits"),
        ("duns", "31-500-0554", "9 digits"),
        ("vat", "123456789", "two letters"),
        ("endpoint", "4012345000009", "with its scheme"),
        ("country_code", "Germany", "two capital letters"),
    ],
)
def test_a_code_of_a_public_scheme_that_is_wrong_is_told(name, code, told):
    assert told in str(identifier_fault(name, code))


@given(st.integers(0, 10**13 - 1))
def test_a_gtin_has_one_check_digit_and_a_wrong_digit_is_found(number):
    codes = [f"{number:013}{digit}" for digit in range(10)]
    (right,) = [code for code in codes if identifier_fault("gtin", code) is None]
    other = str(9 - int(right[4]))
    assert identifier_fault("gtin", right[:4] + other + right[5:]) is not None


def test_codes_of_parties_and_articles_are_cleaned_and_the_rest_of_an_address_stays_as_it_came():
    order = DraftOrder(buyer={"gln": " 4012345000009\u200b", "name": " Muster  GmbH ", "number_at_seller": "\u2800"})
    order.lines = [DraftOrderLine(1, gtin=" 96385074 ", buyer_article_number="a\u00a0 b")]
    clean_codes(order)
    assert order.buyer == {"gln": "4012345000009", "name": " Muster  GmbH ", "number_at_seller": None}
    assert (order.lines[0].gtin, order.lines[0].buyer_article_number) == ("96385074", "a b")
