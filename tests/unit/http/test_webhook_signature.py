"""Signatures by Standard Webhooks: what is signed with the key, and lately, counts; nothing else does."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.http.webhook_signature import TOLERANCE, is_recent, is_signed, signature, webhook_key

KEY, OTHER = b"k" * 32, b"o" * 32
NOW = 1_790_000_000


def test_the_example_of_the_specification():
    key = webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert is_signed(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", signed, body, 1614265330 + 299)


@given(st.binary(max_size=200), st.text(min_size=1, max_size=50).filter(str.isprintable), st.integers(-300, 300))
def test_what_is_signed_counts_for_its_own_id_body_and_time(body, message_id, late):
    signed = signature(KEY, message_id, NOW, body)
    assert is_signed(KEY, message_id, str(NOW), f"v1,old {signed}", body, NOW + late)
    assert not is_signed(OTHER, message_id, str(NOW), signed, body, NOW)
    assert not is_signed(KEY, message_id + "x", str(NOW), signed, body, NOW)
    assert not is_signed(KEY, message_id, str(NOW + 1), signed, body, NOW)
    assert not is_signed(KEY, message_id, str(NOW), signed, body + b"x", NOW)


@pytest.mark.parametrize("given", ["", "²", "-1", "1e9", " 5", "9" * 5_000, str(NOW - TOLERANCE - 1), "nan"])
def test_a_time_that_is_none_or_long_ago_is_not_recent(given):
    assert not is_recent(given, NOW)
    assert not is_signed(KEY, "m", given, signature(KEY, "m", NOW, b""), b"", NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!", "whsec_" + base64.b64encode(b"short").decode()])
def test_a_secret_that_is_too_short_or_none_is_refused(secret):
    with pytest.raises(ValueError, match="24 to 64"):
        webhook_key(secret)
