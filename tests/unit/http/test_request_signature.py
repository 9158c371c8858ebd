"""Signatures of requests, by the examples that published schemes give, and what their texts may hold."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, model_validator

from orderflow.connectors.rest import RestJsonConnector
from orderflow.domain.redaction import HIDDEN, Redactor
from orderflow.flow.setup.mask import masked, moved
from orderflow.http import Outgoing, RequestSignature, SignInSettings, check_sign_in, sign_in_of
from orderflow.http.signature_texts import DIGESTS, check_sent, check_signed

SECRET = "It's a Secret to Everybody"  # GitHub's example
SHA512 = (
    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
)
HUB = {"X-Hub-Signature-256": "sha256={signature}"}


class Form(SignInSettings, BaseModel):
    @model_validator(mode="after")
    def _complete(self) -> Form:
        check_sign_in(self)
        return self


def headers(sign_in: RequestSignature, outgoing: Outgoing, moment: float = 0.0) -> dict[str, str]:
    return sign_in.signed(outgoing, moment, "n0nce").headers


def test_github_s_example() -> None:
    # docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    given = {"auth": "signature", "signature_secret": SECRET, "signature_headers": HUB}
    made = sign_in_of(Form.model_validate(given))
    assert isinstance(made, RequestSignature)
    assert headers(made, Outgoing("POST", "https://acme.example", content=b"Hello, World!")) == {
        "X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    }


def test_slack_s_example() -> None:
    # docs.slack.dev/authentication/verifying-requests-from-slack
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name="
        b"foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F"
        b"hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015."
        b"47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    sent = {"X-Slack-Request-Timestamp": "{timestamp}", "X-Slack-Signature": "v0={signature}"}
    made = RequestSignature("8f742231b10e8888abcd99yyyzzz85a5", "v0:{timestamp}:{body}", sent)
    assert headers(made, Outgoing("POST", "https://acme.example", content=body), 1531420618.7) == {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }


def test_http_message_signatures_example() -> None:
    """RFC 9421, appendix B.2.5: hmac-sha256 over headers and the authority."""
    covered = '("date" "@authority" "content-type");created={timestamp};keyid="{key_id}"'
    made = RequestSignature(
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==",
        f'"date": {{header.Date}}\n"@authority": {{host}}\n"content-type": {{header.Content-Type}}\n'
        f'"@signature-params": {covered}',
        {"Signature-Input": f"sig-b25={covered}", "Signature": "sig-b25=:{signature}:"},
        encoding="base64",
        output="base64",
        key_id="test-shared-secret",
    )
    given = {"Date": "Tue, 20 Apr 2021 02:07:55 GMT", "Content-Type": "application/json"}
    asked = Outgoing("POST", "https://example.com/foo?param=Value&Pet=dog", given, b'{"hello": "world"}')
    assert headers(made, asked, 1618884473) == given | {
        "Signature-Input": 'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
        "Signature": "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
    }


@pytest.mark.parametrize(
    ("algorithm", "wanted"),
    [
        ("sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),  # RFC 2202, case 2
        ("sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),  # RFC 4231, case 2
        ("sha512", SHA512),  # likewise
    ],
)
def test_each_algorithm_with_its_rfc_s_example(algorithm: Any, wanted: str) -> None:
    made = RequestSignature("4a656665", "{body}", {"S": "{signature}"}, encoding="hex", algorithm=algorithm)
    asked = Outgoing("POST", "https://acme.example", content=b"what do ya want for nothing?")
    assert headers(made, asked) == {"S": wanted}


def test_each_part_is_what_is_sent() -> None:
    names = "method host path query target timestamp timestamp_ms timestamp_iso date nonce message_id key_id"
    parts = {f"X-{name}": f"{{{name}}}" for name in (*names.split(), *DIGESTS)}
    made = RequestSignature("s3cr3t", "{body}", parts | {"S": "{signature}"}, key_id="k1")
    asked = Outgoing("PUT", "https://acme.example:8443/ö rders?a=b c&d=%2F", content=b"")
    told = {name.removeprefix("X-"): value for name, value in headers(made, asked, 1767225600.25).items()}
    assert {name: told[name] for name in names.split()} == {
        "method": "PUT",
        "host": "acme.example:8443",
        "path": "/%C3%B6%20rders",
        "query": "a=b%20c&d=%2F",
        "target": "/%C3%B6%20rders?a=b%20c&d=%2F",
        "timestamp": "1767225600",
        "timestamp_ms": "1767225600250",
        "timestamp_iso": "2026-01-01T00:00:00Z",
        "date": "Thu, 01 Jan 2026 00:00:00 GMT",
        "nonce": "n0nce",
        "message_id": "n0nce",
        "key_id": "k1",
    }
    assert told["body_md5_base64"] == "1B2M2Y8AsgTpgAmY7PhCfg=="  # of nothing
    assert told["body_sha256_hex"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert len(told["body_sha512_hex"]) == 128


def test_what_is_filled_in_is_text_only() -> None:
    """A body, a header or a path that looks like a part stays what it is."""
    one, other = (
        RequestSignature("s3cr3t", text, {"S": "{signature}"}) for text in ("{body}|{nonce}", "{nonce}|{nonce} {path}")
    )
    assert headers(one, Outgoing("POST", "https://a.example/", content=b"{nonce}")) != headers(
        one, Outgoing("POST", "https://a.example/", content=b"n0nce")
    )
    assert headers(other, Outgoing("GET", "https://a.example/{nonce}")) != headers(
        other, Outgoing("GET", "https://a.example/n0nce")
    )


def test_a_date_that_is_sent_can_be_signed() -> None:
    asked = Outgoing("GET", "https://acme.example/")
    sent = {"S": "{signature}", "Date": "{date}"}
    by_header = headers(RequestSignature("s3cr3t", "{path} {header.date}", sent), asked, 7)
    assert by_header == headers(RequestSignature("s3cr3t", "{path} {date}", sent), asked, 7)
    assert by_header["Date"] == "Thu, 01 Jan 1970 00:00:07 GMT"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "always the same",
        "{method} {key_id}",
        "{body}{body}",
        "{secret}",
        "{signature}",
        "{body",
        "{body}}",
        "{body.upper()}",
        "{0}",
        "{body!r}",
        "{body_sha256}",
        "{header.}",
        "{header.A B}",
        "{path}" * 41,
        "x" * 2_001,
    ],
)
def test_what_signs_nothing_or_asks_for_more_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must h|has |have"):
        check_signed(text)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"X": "sha256="},
        {"X": "{signature}\n"},
        {"X": "ü{signature}"},
        {"Host": "{signature}"},
        {"X Y": "{signature}"},
        {"X": "{signature}", "x": "{signature}"},
        {"X": "{body}{signature}"},
        {"X": "{header.Authorization}{signature}"},
        {"X": "{secret}{signature}"},
        {"X": "{signature} "},
        {"Content-Type": "{signature}"},
    ],
)
def test_headers_that_cannot_be_sent_are_refused(sent: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"must h|has no|must be|no header"):
        check_sent(sent)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"signature_secret": None}, "auth signature needs signature_secret"),
        ({"signature_encoding": "hex"}, "signature_secret: must be written in hex"),
        ({"signature_encoding": "base64"}, "signature_secret: must be written in base64"),
        ({"signature_of": f"{SECRET}{{body}}"}, "signature_of must not hold the secret itself"),
        ({"signature_headers": {"S": "{signature}", "K": SECRET}}, "signature_headers must not hold the secret itself"),
        ({"signature_algorithm": "md5"}, "signature_algorithm"),
        ({"signature_of": "{secret}"}, "has no part {secret}"),
    ],
)
def test_a_form_that_cannot_sign_is_refused_without_a_word_of_the_secret(given: dict[str, Any], wanted: str) -> None:
    whole = {"auth": "signature", "signature_secret": SECRET, "signature_headers": HUB}
    with pytest.raises(ValidationError) as refused:
        Form.model_validate(whole | given)
    told = "; ".join(fault["msg"] + str(fault["loc"]) for fault in refused.value.errors())
    assert wanted in told
    assert SECRET not in told


def test_the_encoding_hidden_as_it_was_given_and_as_it_is_used() -> None:
    made = RequestSignature("c2VjcmV0LWtleS03Nzc=", "{body}", {"S": "{signature}"}, encoding="base64")
    hides = Redactor(made.secrets())
    for form in ("c2VjcmV0LWtleS03Nzc=", "secret-key-777", "7365637265742d6b65792d373737"):
        assert form not in hides.text(f"the key {form} is wrong")


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://elsewhere.example/orders"},
        {"signature_of": "{target}{body}"},
        {"signature_headers": {"X-Signature": "{signature}"}},
    ],
)
def test_the_secret_belongs_to_where_it_goes_and_how(change: dict[str, Any]) -> None:
    """Whoever changes one of these has to know the secret; and it is masked, as all are."""
    given = {
        "auth": "signature",
        "signature_secret": SECRET,
        "signature_headers": HUB,
        "url": "https://a.example/orders",
    }
    connector = RestJsonConnector()
    assert moved(connector, given | change, given) == [*change]
    assert masked(connector, given)["signature_secret"] == HIDDEN
    assert masked(connector, given)["signature_headers"] == HUB
