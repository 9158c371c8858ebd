"""Keys and certificates as people paste them: mended where only white space went, refused where opening takes too long.

A key that is protected by a passphrase says itself how much work it is to open: rounds of bcrypt (OpenSSH's
PROTOCOL.key), iterations of PBKDF2, the cost of scrypt (RFC 8018, RFC 7914). What a key of RSA or of Diffie-Hellman is
made of is work too: libraries test large numbers for primes as they load them. Nobody may make us work for hours.
"""

from __future__ import annotations

import base64
import binascii
import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers, RSAPublicNumbers
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PrivateKeyTypes

MOST_ROUNDS = 256
"""Of bcrypt; `ssh-keygen` takes 16 to 24 of itself, and 256 are some seconds."""

MOST_ITERATIONS = 2_000_000
"""Of PBKDF2; some seconds."""

MOST_SCRYPT = 128 * 1024 * 1024
"""Bytes of memory that scrypt may ask for (128 N r), times p."""

MOST_BITS = 8_192
"""Of an RSA key; what is done with it takes eight times as long for twice the bits."""

MOST_EXPONENT = 2**64
"""Of an RSA key's public part; all but a few keys have 65,537."""

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+?)-----((?:[^-]|-(?!----))*+)-----END \1-----")
_BREAKS = re.compile(
    r"\\{1,8}[rn]|%0[ad]|<br\s{0,9}/?>|&#(?:1[03]|xa|xd);|^[ \t>]+|[\u00ad\u200b-\u200f\u2060\ufeff]",
    re.IGNORECASE | re.MULTILINE,
)
"""What stands for a line break, or beside one, where a key went through JSON, a URL, a page, a mail or a word
processor; none of it can be of a key itself."""

_MARKS = re.compile(r"[-\u2010-\u2015]{1,9}\s{0,9}(BEGIN|END) ([A-Z0-9]+(?: [A-Z0-9]+)*)\s{0,9}[-\u2010-\u2015]{1,9}")
"""The lines around a key, their hyphens made dashes or parted from the words."""

_LEGACY = re.compile(r"Proc-Type:\s*4,\s*ENCRYPTED\s*DEK-Info:\s*([A-Z0-9-]+),\s*", re.IGNORECASE)
_OPENSSH = b"openssh-key-v1\0"
_SCRYPT = bytes.fromhex("2b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11, RFC 7914 §7
_KINDS = {
    "2a864886f70d010101",  # RSA: 1.2.840.113549.1.1.1, RFC 8017
    "2a8648ce3d0201",  # EC: 1.2.840.10045.2.1, RFC 5480
    "2b6570",  # Ed25519: 1.3.101.112, RFC 8410
    "2b6571",  # Ed448
}
"""Kinds of keys that sign, by how DER says them."""


class WorkFactorError(ValueError):
    """The key asks for more work than is done for anybody."""


class KindError(ValueError):
    """The key is of a kind that signs nothing here."""


def open_key(text: str, passphrase: bytes | None = None) -> PrivateKeyTypes:
    """Return the private key that stands in PEM, with numbers that were checked, but not for being prime.

    Raises:
        WorkFactorError: Whatever is done with it takes too long.
        KindError: It is none that signs, or none that is known.
        TypeError: It has a passphrase and none was given, or the other way round.
        ValueError: It is none, or does not open.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    found = next((block for block in _BLOCK.finditer(text) if block[1].endswith("PRIVATE KEY")), None)
    if found is None:
        raise ValueError("there is no private key")
    if found[1] == "PRIVATE KEY":
        _check_kind(found[2])
    try:
        key = load_pem_private_key(found[0].encode(), passphrase, unsafe_skip_rsa_key_validation=True)
    except UnsupportedAlgorithm as error:
        raise KindError(str(error)) from error
    check_numbers(key)
    return key


def public_key(certificate: x509.Certificate) -> CertificatePublicKeyTypes:
    """Return a certificate's key.

    Raises:
        WorkFactorError, KindError, ValueError: As of `open_key`.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509.oid import PublicKeyAlgorithmOID as Known

    known = {Known.RSAES_PKCS1_v1_5, Known.EC_PUBLIC_KEY, Known.ED25519, Known.ED448}
    if certificate.public_key_algorithm_oid not in known:
        raise KindError(certificate.public_key_algorithm_oid.dotted_string)
    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm as error:  # a curve of its own
        raise KindError(str(error)) from error
    check_numbers(key)
    return key


def check_numbers(key: object) -> None:
    """Reckon whether an RSA key's numbers belong together. Keys of other kinds that are taken have few sizes.

    Raises:
        WorkFactorError: Whatever is done with it takes too long.
        ValueError: They do not.
    """
    from cryptography.hazmat.primitives.asymmetric import rsa  # few connections have one

    if isinstance(key, rsa.RSAPublicKey):
        _check_size(key.public_numbers())
    elif isinstance(key, rsa.RSAPrivateKey):
        _check_size(key.public_key().public_numbers())
        _check_private(key.private_numbers())


def _check_size(public: RSAPublicNumbers) -> None:
    bits = public.n.bit_length()
    if bits > MOST_BITS:
        raise WorkFactorError(f"this key has {bits:,} bits, and at most {MOST_BITS:,} are taken")
    if public.e > MOST_EXPONENT:
        raise WorkFactorError(f"this key has an exponent of {public.e.bit_length():,} bits, and at most 64 are taken")
    if public.e < 3 or not public.e & 1 or not public.n & 1:
        raise ValueError("this key has numbers that are none of RSA")


def _check_private(key: RSAPrivateNumbers) -> None:
    """Check all but that `p` and `q` are prime. Source: RFC 8017, section 3.2."""
    public, p, q, d = key.public_numbers, key.p, key.q, key.d
    few = all(1 <= number < public.n for number in (p, q, d, key.dmp1, key.dmq1, key.iqmp))  # only then reckon
    if not (
        few
        and p * q == public.n
        and min(p, q) > 2
        and (key.dmp1, key.dmq1) == (d % (p - 1), d % (q - 1))
        and public.e * d % (p - 1) == public.e * d % (q - 1) == 1
        and key.iqmp < p
        and key.iqmp * q % p == 1
    ):
        raise ValueError("this key has numbers that are none of RSA")


def _check_kind(body: str) -> None:
    """Raise KindError, ValueError for a PKCS #8 of no known kind: some are tested for primes as they are loaded."""
    content = base64.b64decode("".join(body.split()), validate=True)
    kind = next((value.hex() for tag, value in _der(content, 0) if tag == 6), "")
    if kind not in _KINDS:
        raise KindError(kind)


def mended(text: str) -> str:
    """Return a key, or several PEM blocks, with the line breaks and dashes that pasting took; all else as it came."""
    plain = _BREAKS.sub("\n", text.strip().strip("\"'"))
    plain = _MARKS.sub(r"-----\1 \2-----", plain)
    blocks = [_rewrapped(*found.groups()) for found in _BLOCK.finditer(plain)]
    return "".join(blocks) if blocks and all(blocks) else text


def _rewrapped(kind: str, body: str) -> str:
    headers, body = _legacy_headers(body)
    packed = "".join(body.split())
    if not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", packed):
        return ""
    return "\n".join([f"-----BEGIN {kind}-----", *headers, *textwrap.wrap(packed, 64), f"-----END {kind}-----", ""])


def _legacy_headers(body: str) -> tuple[list[str], str]:
    """Part the headers of an encrypted PEM (RFC 1421) from what follows: the vector is as long as the cipher wants."""
    found = _LEGACY.search(body)
    if found is None:
        return [], body
    cipher = found[1].upper()
    length = 16 if "DES" in cipher else 32
    vector, rest = body[found.end() : found.end() + length], body[found.end() + length :]
    return ["Proc-Type: 4,ENCRYPTED", f"DEK-Info: {cipher},{vector}", ""], rest


def check_work_factor(text: str) -> None:
    """Read what opening the key would cost, without opening it.

    Raises:
        WorkFactorError: More than some seconds.
    """
    for found in _BLOCK.finditer(mended(text)):
        try:
            content = base64.b64decode("".join(_legacy_headers(found[2])[1].split()))
        except binascii.Error:
            continue  # whoever opens it says what is wrong with it
        _check_openssh(content) if content.startswith(_OPENSSH) else _check_pkcs8(found[1], content)


def _check_openssh(content: bytes) -> None:
    strings = _strings(content[len(_OPENSSH) :])
    _, kdf, options = (next(strings, b"") for _ in range(3))
    if kdf != b"bcrypt":
        return
    inner = _strings(options)
    salt = next(inner, b"")
    rounds = int.from_bytes(options[4 + len(salt) : 8 + len(salt)], "big")
    if rounds > MOST_ROUNDS:
        raise WorkFactorError(
            f"opening this key takes {rounds:,} rounds, and at most {MOST_ROUNDS} are done: "
            f"protect it anew with `ssh-keygen -p -a 100`"
        )


def _strings(content: bytes) -> Iterator[bytes]:
    """Yield SSH strings (RFC 4251 §5)."""
    at = 0
    while at + 4 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        yield content[at + 4 : at + 4 + size]
        at += 4 + size


def _check_pkcs8(kind: str, content: bytes) -> None:
    if kind != "ENCRYPTED PRIVATE KEY":
        return
    numbers = [value for tag, value in _der(content, 0) if tag == 2]
    oids = [value for tag, value in _der(content, 0) if tag == 6]
    costs = [int.from_bytes(number, "big") for number in numbers]
    if _SCRYPT in oids and len(costs) >= 3:
        too_much = 128 * costs[0] * costs[1] * costs[2] > MOST_SCRYPT
    else:
        too_much = any(cost > MOST_ITERATIONS for cost in costs)
    if too_much:
        raise WorkFactorError(
            f"opening this key takes too much work ({max(costs):,}); at most {MOST_ITERATIONS:,} iterations are done: "
            f"protect it anew with `openssl pkcs8 -topk8 -v2 aes256`"
        )


def _der(content: bytes, depth: int) -> Iterator[tuple[int, bytes]]:
    """Yield the primitive values of a DER structure (X.690), in their order, down to a few levels."""
    at = 0
    while at + 2 <= len(content) and depth < 8:
        tag, size = content[at], content[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(content[at : at + count], "big")
            at += count
        value = content[at : at + size]
        at += size
        if tag & 0x20:
            yield from _der(value, depth + 1)
        else:
            yield tag, value
