"""Keys as people paste them: mended without guessing, and never opened at any price."""

from __future__ import annotations

import base64
from typing import Any

import asyncssh
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from orderflow.net.private_keys import WorkFactorError, check_work_factor, mended

KEY = asyncssh.generate_private_key("ssh-ed25519")
RSA = asyncssh.generate_private_key("ssh-rsa")
RSA_OF_PYCA: Any = RSA.pyca_key
QUICK: dict[str, Any] = {"rounds": 16, "ignore_few_rounds": True}
TEXTS = {
    "openssh": (KEY.export_private_key().decode(), None),
    "openssh with passphrase": (KEY.export_private_key("openssh", "open it", **QUICK).decode(), "open it"),
    "pkcs8": (RSA.export_private_key("pkcs8-pem").decode(), None),
    "pkcs8 with passphrase": (RSA.export_private_key("pkcs8-pem", "open it").decode(), "open it"),
    "older pem with passphrase": (
        RSA_OF_PYCA.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"open it")
        ).decode(),
        "open it",
    ),
}
WAYS = {
    "spaces": lambda text: text.replace("\n", " "),
    "nothing": lambda text: text.replace("\n", ""),
    "written out": lambda text: text.replace("\n", "\\n"),
    "windows written out": lambda text: text.replace("\n", "\\r\\n"),
    "written out twice": lambda text: text.replace("\n", "\\\\n"),
    "a URL": lambda text: text.replace("\n", "%0A"),
    "a page": lambda text: text.replace("\n", "<br />"),
    "XML": lambda text: text.replace("\n", "&#10;"),
    "a mail": lambda text: "\n".join(f"> {line}" for line in text.splitlines()),
    "a mail of a mail": lambda text: "\n".join(f">> {line}" for line in text.splitlines()),
    "what cannot be seen": lambda text: text.replace("\n", "\n\u200b"),
    "dashes": lambda text: text.replace("-----", "\u2014\u2013-"),
    "marks apart": lambda text: text.replace("-----BEGIN", "----- BEGIN").replace("KEY-----", "KEY -----"),
    "mark before": lambda text: f"\ufeff{text}",
    "quotes": lambda text: f'"{text}"',
    "indented": lambda text: "\n".join(f"    {line}\t" for line in text.splitlines()),
    "windows": lambda text: text.replace("\n", "\r\n"),
    "doubled": lambda text: text.replace("\n", "\n\n"),
    "as it is": lambda text: text,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", TEXTS)
def test_a_key_that_lost_its_line_breaks_is_read(kind, way):
    text, passphrase = TEXTS[kind]
    expected = asyncssh.import_private_key(text, passphrase).public_data
    assert asyncssh.import_private_key(mended(WAYS[way](text)), passphrase).public_data == expected


@given(st.text(max_size=300))
def test_what_is_no_key_stays_as_it_came(text):
    if "BEGIN" not in text:
        assert mended(text) == text
    check_work_factor(text)


@pytest.mark.parametrize("kind", TEXTS)
def test_usual_keys_are_no_work(kind):
    check_work_factor(TEXTS[kind][0])


def pem(kind, content):
    return f"-----BEGIN {kind}-----\n{base64.encodebytes(content).decode()}-----END {kind}-----\n"


def openssh(rounds):
    def string(value):
        return len(value).to_bytes(4, "big") + value

    options = string(b"s" * 16) + rounds.to_bytes(4, "big")
    content = b"openssh-key-v1\0" + string(b"aes256-ctr") + string(b"bcrypt") + string(options)
    return pem("OPENSSH PRIVATE KEY", content + (1).to_bytes(4, "big"))


def der(tag, *values):
    content = b"".join(values)
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def number(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def pkcs8(oid, *parameters):
    kdf = der(0x30, der(6, bytes.fromhex(oid)), der(0x30, der(4, b"salt-salt"), *map(number, parameters)))
    scheme = der(0x30, der(6, bytes.fromhex("2a864886f70d01050d")), der(0x30, kdf))
    return pem("ENCRYPTED PRIVATE KEY", der(0x30, scheme, der(4, b"x" * 200)))


PBKDF2, SCRYPT = "2a864886f70d01050c", "2b06010401da47040b"


@pytest.mark.parametrize(
    "text",
    [
        openssh(250_000),
        openssh(2**32 - 1),
        openssh(257),
        pkcs8(PBKDF2, 2_000_001),
        pkcs8(PBKDF2, 2**31),
        pkcs8(SCRYPT, 2**20, 8, 1),
        pkcs8(SCRYPT, 2**14, 8, 1_000),
    ],
)
@pytest.mark.parametrize("way", ["as it is", "nothing", "written out"])
def test_a_key_that_asks_for_hours_is_refused_unopened(text, way):
    with pytest.raises(WorkFactorError):
        check_work_factor(WAYS[way](text))


@pytest.mark.parametrize("text", [openssh(256), pkcs8(PBKDF2, 600_000), pkcs8(SCRYPT, 2**14, 8, 1)])
def test_a_key_that_asks_for_a_second_is_let_pass(text):
    check_work_factor(text)


@pytest.mark.timeout(4)  # seconds; where time grows with the square of the length, it takes minutes
def test_what_begins_many_blocks_and_ends_none_is_read_at_once():
    text = "-----BEGIN A-----" * 60_000
    assert mended(text) == text
