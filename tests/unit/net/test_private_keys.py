"""Keys as people paste them: mended without guessing, and never opened at any price."""

from __future__ import annotations

import base64
from typing import Any

import asyncssh
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256 as SHA_256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from orderflow.channels.as2.certificates import certificates as as2_certificates
from orderflow.channels.as2.certificates import identities
from orderflow.domain.errors import ConfigError
from orderflow.http.tls import client_key
from orderflow.net.certificates import certificates
from orderflow.net.private_keys import KindError, WorkFactorError, check_work_factor, first_key, mended, open_key

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
    bytes_of_size = size.to_bytes((size.bit_length() + 7) // 8, "big")
    length = bytes([size]) if size < 128 else bytes([0x80 | len(bytes_of_size)]) + bytes_of_size
    return bytes([tag]) + length + content


def number(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def pkcs8(oid, *parameters, more=(), beside=()):
    kdf = der(
        0x30, der(6, bytes.fromhex(oid)), der(0x30, der(4, b"salt-salt"), *map(number, parameters), *more), *beside
    )
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


SHA256 = der(0x30, der(6, bytes.fromhex("2a864886f70d0209")), der(5))
NOTHING_OF_SCRYPT = (der(6, bytes.fromhex(SCRYPT)), number(0))
EVERY_HOUR = pkcs8(PBKDF2, 2**31 - 1, 32)


@pytest.mark.parametrize(
    "text",
    [
        pkcs8(PBKDF2, 2**31 - 1, 32, more=(SHA256, *NOTHING_OF_SCRYPT)),
        pkcs8(PBKDF2, 2**31 - 1, 32, more=(der(0x30, *NOTHING_OF_SCRYPT),)),
        pkcs8(PBKDF2, 2**31 - 1, 0, 0, beside=NOTHING_OF_SCRYPT),
        pkcs8(PBKDF2, 2_000_000, 2**31 - 1),
        pkcs8(PBKDF2, 2_000_000, 65, more=(SHA256,)),
        pkcs8(SCRYPT, 2**20, 8, 1, 0),
        pkcs8(SCRYPT, 0, 2**20, 8, 1),
        pkcs8("2a864886f70d010501", 2**31 - 1),
        EVERY_HOUR.replace("BEGIN ", "BEGIN  ").replace("END ", "END  "),
        EVERY_HOUR.replace("ENCRYPTED ", "ENCRYPTED  "),
        pem("ENCRYPTED PRIVATE KEY", b"\x30\x80" + b"\x02\x01\x01" * 9),
        pem("ENCRYPTED PRIVATE KEY", der(0x30, der(0x30, der(0x1F, b"\2\1")), der(4, b"x"))),
    ],
)
def test_nothing_that_stands_beside_the_costs_makes_a_key_cheap(text):
    with pytest.raises(WorkFactorError):
        check_work_factor(text)
    with pytest.raises(WorkFactorError):
        first_key(text)


@pytest.mark.parametrize(
    "text",
    [
        EVERY_HOUR.replace("BEGIN ", "BEGIN \t"),
        EVERY_HOUR.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC," + "0" * 32 + "\n\n", 1),
        "-----BEGIN PRIVATE KEY-----\n" + EVERY_HOUR,
        EVERY_HOUR.replace("ENCRYPTED", "ENCRYPTED RSA"),
        "x" * 99,
    ],
)
def test_what_is_read_otherwise_by_others_is_never_given_to_them(text):
    try:
        given = first_key(text)
    except WorkFactorError:
        return
    assert "ENCRYPTED" not in given


@pytest.mark.parametrize("kind", TEXTS)
def test_a_key_is_written_anew_and_stays_the_same(kind):
    text, passphrase = TEXTS[kind]
    expected = asyncssh.import_private_key(text, passphrase).public_data
    assert (
        asyncssh.import_private_key(first_key(f"\nof anna\n{text}\n{EVERY_HOUR}"), passphrase).public_data == expected
    )


@pytest.mark.parametrize(
    "text",
    [openssh(256), pkcs8(PBKDF2, 600_000), pkcs8(PBKDF2, 600_000, 32, more=(SHA256,)), pkcs8(SCRYPT, 2**14, 8, 1)],
)
def test_a_key_that_asks_for_a_second_is_let_pass(text):
    check_work_factor(text)


@pytest.mark.timeout(4)  # seconds; where time grows with the square of the length, it takes minutes
def test_what_begins_many_blocks_and_ends_none_is_read_at_once():
    text = "-----BEGIN A-----" * 60_000
    assert mended(text) == text


P = 2**86243 - 1
"""A prime; to find out takes hours."""

RSA_KIND, DSA_KIND, DH_KIND = "2a864886f70d010101", "2a8648ce380401", "2a864886f70d010301"


def rsa_key(*numbers):
    return der(0x30, number(0), *map(number, numbers))


def info(kind, parameters, key):
    return pem("PRIVATE KEY", der(0x30, number(0), der(0x30, der(6, bytes.fromhex(kind)), parameters), der(4, key)))


def changed(**numbers):
    private = RSA_OF_PYCA.private_numbers()
    known = {"n": private.public_numbers.n, "e": private.public_numbers.e}
    known |= {name: getattr(private, name) for name in ("d", "p", "q", "dmp1", "dmq1", "iqmp")}
    return pem("RSA PRIVATE KEY", rsa_key(*(known | numbers).values()))


SMALL_MODULUS = rsa_key(15, 3, 3, P, 5, 1, 1, 1)
TOO_LARGE = rsa_key(P * 3, 65_537, 3, P, 3, 1, 1, 1)


@pytest.mark.parametrize("text", [pem("RSA PRIVATE KEY", TOO_LARGE), changed(e=2**65 + 1)])
def test_a_key_with_which_everything_takes_long_is_refused(text):
    with pytest.raises(WorkFactorError, match="at most"):
        open_key(text)
    with pytest.raises(ConfigError, match="at most"):
        client_key(text, None)
    with pytest.raises(ValueError, match="cannot be used: this key has"):
        identities(text, [])


@pytest.mark.parametrize(
    "text",
    [
        pem("RSA PRIVATE KEY", SMALL_MODULUS),
        info(RSA_KIND, der(5), SMALL_MODULUS),
        *(changed(**{name: P}) for name in ("d", "p", "q", "dmp1", "dmq1", "iqmp")),
        changed(e=4),
        changed(e=1),
        changed(d=3),
        changed(p=1),
        changed(iqmp=1),
    ],
)
def test_numbers_that_are_none_of_rsa_are_not_tested_for_primes(text):
    with pytest.raises(ValueError, match="none of RSA"):
        open_key(text)
    with pytest.raises(ConfigError, match="no private key"):
        client_key(text, None)
    with pytest.raises(ValueError, match="cannot be read"):
        identities(text, [])


@pytest.mark.parametrize("kind", [DH_KIND, DSA_KIND])
def test_a_key_that_signs_nothing_is_not_tested_for_primes(kind):
    text = info(kind, der(0x30, number(2**9689 - 1), number(2)), number(12_345))
    with pytest.raises(KindError):
        open_key(text)
    with pytest.raises(ConfigError, match="of a kind that cannot be used"):
        client_key(text, None)


AES256, IV = der(6, bytes.fromhex("60864801650304012a")), b"v" * 16


def locked(text, kdf, secret):
    """Lock a PKCS #8 with a key that was derived as `kdf` says."""
    padder, cipher = PKCS7(128).padder(), Cipher(algorithms.AES(secret), modes.CBC(IV)).encryptor()
    content = padder.update(base64.b64decode("".join(text.splitlines()[1:-1]))) + padder.finalize()
    scheme = der(0x30, der(6, bytes.fromhex("2a864886f70d01050d")), der(0x30, kdf, der(0x30, AES256, der(4, IV))))
    return pem("ENCRYPTED PRIVATE KEY", der(0x30, scheme, der(4, cipher.update(content) + cipher.finalize())))


def locked_in_both_ways(text):
    salt, iterated = der(4, b"salt-salt"), der(0x30, der(4, b"salt-salt"), number(1_000), SHA256)
    yield locked(
        text,
        der(0x30, der(6, bytes.fromhex(PBKDF2)), iterated),
        PBKDF2HMAC(SHA_256(), 32, b"salt-salt", 1_000).derive(b"open it"),
    )
    costs = der(0x30, salt, *map(number, (2**14, 8, 1)))
    yield locked(
        text, der(0x30, der(6, bytes.fromhex(SCRYPT)), costs), Scrypt(b"salt-salt", 32, 2**14, 8, 1).derive(b"open it")
    )


@pytest.mark.timeout(60)  # seconds; to find out whether the number is prime takes minutes
@pytest.mark.parametrize("kind", [DH_KIND, DSA_KIND])
@pytest.mark.parametrize("way", [0, 1])
def test_a_locked_key_that_signs_nothing_is_not_tested_for_primes(kind, way):
    of_dh = info(kind, der(0x30, number(2**9689 - 1), number(2)), number(12_345))
    with pytest.raises(ValueError):
        open_key([*locked_in_both_ways(of_dh)][way], b"open it")


@pytest.mark.parametrize("way", [0, 1])
def test_a_locked_key_opens_with_its_passphrase_alone(way):
    text = [*locked_in_both_ways(TEXTS["pkcs8"][0])][way]
    assert client_key(text, "open it").public_key() == RSA_OF_PYCA.public_key()
    with pytest.raises(ConfigError, match="does not open with this passphrase"):
        client_key(text, "open")
    with pytest.raises(ConfigError, match="has a passphrase"):
        client_key(text, None)


@pytest.mark.parametrize("kind", ["pkcs8", "pkcs8 with passphrase", "older pem with passphrase"])
def test_an_rsa_key_is_opened(kind):
    text, passphrase = TEXTS[kind]
    assert client_key(text, passphrase).public_key() == RSA_OF_PYCA.public_key()


def certificate(kind, parameters, key):
    name = der(0x30, der(0x31, der(0x30, der(6, b"\x55\x04\x03"), der(0x0C, b"them"))))
    times = der(0x30, der(0x17, b"200101000000Z"), der(0x17, b"400101000000Z"))
    signed_by = der(0x30, der(6, bytes.fromhex("2a864886f70d01010b")), der(5))
    public = der(0x30, der(0x30, der(6, bytes.fromhex(kind)), parameters), der(3, b"\0", key))
    body = der(0x30, der(0xA0, number(2)), number(7), signed_by, name, times, name, public)
    return pem("CERTIFICATE", der(0x30, body, signed_by, der(3, b"\0" * 257)))


def test_a_certificate_whose_key_takes_long_is_listed_and_not_used():
    of_dh = certificate(DH_KIND, der(0x30, number(2**9689 - 1), number(2)), number(4))
    of_rsa = certificate(RSA_KIND, der(5), der(0x30, number(P), number(65_537)))
    assert [one.algorithm for one in certificates(of_dh + of_rsa)] == [None, None]
    with pytest.raises(ValueError, match="neither RSA nor"):
        as2_certificates(of_dh)
    with pytest.raises(ValueError, match="86,243 bits, and at most 8,192"):
        as2_certificates(of_rsa)
