"""A secret is found in whatever form it comes back, and nothing else is hidden."""

from __future__ import annotations

import base64
import html
import json
from decimal import Decimal
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.redaction import HIDDEN, Redactor

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), min_size=9, max_size=40)
BESIDE = st.text("abc 0123/:=&", max_size=12)


@given(SECRETS, BESIDE, BESIDE)
def test_no_form_of_a_secret_gets_through(secret, before, after):
    redactor = Redactor([secret], ["shop-user"])
    encoded = base64.b64encode(f"{before}{secret}{after}".encode()).decode()
    forms = [
        secret,
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
        quote_plus(secret),
        urlencode({"p": secret})[2:],
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret))[3:-3],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        secret[::-1],
        secret.encode().hex(),
        base64.b64encode(secret.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
        base64.b64encode(f"shop-user:{secret}".encode()).decode().rstrip("="),
    ]
    for form in forms:
        shown = redactor.text(f"before {form} after")
        assert form not in shown, form
        assert HIDDEN in shown
    assert HIDDEN in redactor.text(encoded)


@given(st.text("abcdefgh", min_size=4), st.recursive(st.text() | st.integers() | st.none(), st.lists))
def test_what_is_no_secret_stays_as_it_is(secret, value):
    redactor = Redactor([f"\U0001f511{secret}\U0001f511"])
    assert redactor.value(value) == value


def test_everything_is_looked_through():
    redactor = Redactor(["hunter2-hunter2", "12345678"])
    shown = redactor.value(
        {
            "hunter2-hunter2": ["x", ("HUNTER2-HUNTER2",), {"hunter2-hunter2 "}],
            "number": 12345678,
            "price": Decimal(12345678),
            "other": 123456789,
            "flag": True,
            "bytes": b"hunter2-hunter2",
            "error": ValueError("hunter2-hunter2"),
        }
    )
    assert "hunter2" not in repr(shown).lower()
    assert shown["number"] == shown["price"] == shown["error"] == HIDDEN
    assert (shown["other"], shown["flag"]) == (123456789, True)


def test_each_line_of_a_key_is_a_secret():
    key = f"-----BEGIN PRIVATE KEY-----\n{'A1b2' * 16}\n{'C3d4' * 10}\n-----END PRIVATE KEY-----\n"
    shown = Redactor([key]).text(f"cannot read {'C3d4' * 10} of -----BEGIN PRIVATE KEY-----")
    assert shown == f"cannot read {HIDDEN} of -----BEGIN PRIVATE KEY-----"


@pytest.mark.parametrize("secret", ["", "a", "abc"])
def test_what_would_be_found_by_chance_is_not_looked_for(secret):
    assert Redactor([secret]).text("abc abc") == "abc abc"


def test_a_short_secret_is_found_as_it_is_written_only():
    assert Redactor(["Open"]).text("Open, open") == f"{HIDDEN}, open"
