"""Keys and certificates as people paste them: mended where only white space went, refused where opening takes too long.

A key that is protected by a passphrase says itself how much work it is to open: rounds of bcrypt (OpenSSH's
PROTOCOL.key), iterations of PBKDF2, the cost of scrypt (RFC 8018, RFC 7914). What a key of RSA or of Diffie-Hellman is
made of is work too: libraries test large numbers for primes as they load them. Nobody may make us work for hours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

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

MOST_KEY_BYTES = 64
"""That may be derived; each 20 to 64 of them take all iterations again."""

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

_KINDS_OF_PEM = ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY")
_LOCKED_BY_HEADERS = ("RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY")
_LEGACY = re.compile(r"Proc-Type:\s*4,\s*ENCRYPTED\s*DEK-Info:\s*([A-Z0-9-]+),\s*", re.IGNORECASE)
_OPENSSH = b"openssh-key-v1\0"
_PBES2 = "2a864886f70d01050d"  # 1.2.840.113549.1.5.13, RFC 8018
_PBKDF2 = "2a864886f70d01050c"  # 1.2.840.113549.1.5.12
_SCRYPT = "2b06010401da47040b"  # 1.3.6.1.4.1.11591.4.11, RFC 7914 §7
_DES3 = "2a864886f70d0307"
_CBC = {"608648016503040102": 16, "608648016503040116": 24, "60864801650304012a": 32, _DES3: 24}
"""Ciphers of PBES2, and the bytes of their keys."""

_SHA1 = "2a864886f70d0207"
_HASHES = {_SHA1: "sha1", "2a864886f70d0208": "sha224", "2a864886f70d0209": "sha256", "2a864886f70d020a": "sha384"} | {
    "2a864886f70d020b": "sha512"
}
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

    plain = first_key(text)
    if not plain:
        raise ValueError("there is no private key")
    if plain.startswith("-----BEGIN ENCRYPTED"):
        key = _unlocked(plain, passphrase)
    else:
        if plain.startswith("-----BEGIN PRIVATE"):
            _check_kind(next(_keys(plain))[2])
        try:
            key = load_pem_private_key(plain.encode(), passphrase, unsafe_skip_rsa_key_validation=True)
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


def _unlocked(plain: str, passphrase: bytes | None) -> PrivateKeyTypes:
    """Return a key of PKCS #8 with a passphrase, whose kind was looked at before it is loaded (RFC 8018, 6.2.2)."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    if passphrase is None:
        raise TypeError("there is no passphrase")
    match _tree(next(_keys(plain))[2]):
        case ((_, ((str(kdf), costs), (str(cipher), bytes(vector)))), bytes(content)) if cipher in _CBC:
            secret = _derived(kdf, costs, _CBC[cipher], passphrase)
        case _:
            raise _protected_otherwise()
    coded = algorithms.AES(secret) if cipher != _DES3 else TripleDES(secret)
    opening, unpadding = Cipher(coded, modes.CBC(vector)).decryptor(), PKCS7(coded.block_size).unpadder()
    opened = unpadding.update(opening.update(content) + opening.finalize()) + unpadding.finalize()
    _check_kind(opened)
    return load_der_private_key(opened, None, unsafe_skip_rsa_key_validation=True)


def _derived(kdf: str, costs: tuple[Any, ...], size: int, passphrase: bytes) -> bytes:
    salt, count, *more = costs
    if kdf == _SCRYPT:
        memory = 2 * MOST_SCRYPT
        return hashlib.scrypt(passphrase, salt=salt, n=count, r=more[0], p=more[1], dklen=size, maxmem=memory)
    named = next((one[0] for one in more if isinstance(one, tuple) and one), _SHA1)
    if named not in _HASHES:
        raise _protected_otherwise()
    return hashlib.pbkdf2_hmac(_HASHES[named], passphrase, salt, count, size)


def _check_kind(content: bytes) -> None:
    """Raise KindError, ValueError for a PKCS #8 of no known kind: some are tested for primes as they are loaded."""
    match _tree(content):
        case (int(), (str(kind), *_), bytes(), *_) if kind in _KINDS:
            return
    raise KindError("there is no private key")


def mended(text: str) -> str:
    """Return a key, or several PEM blocks, with the line breaks and dashes that pasting took; all else as it came."""
    plain = _BREAKS.sub("\n", text.strip().strip("\"'"))
    plain = _MARKS.sub(r"-----\1 \2-----", plain)
    blocks = [_rewrapped(found[1], *_legacy_headers(found[2])) for found in _BLOCK.finditer(plain)]
    return "".join(blocks) if blocks and all(blocks) else text


def _rewrapped(kind: str, headers: list[str], body: str) -> str:
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
    for kind, _, content in _keys(mended(text)):
        _check_cost(kind, content)


def first_key(text: str) -> str:
    """Return the first private key of a text, written anew from what was looked at; empty if there is none.

    Libraries differ in what they take for PEM, so that none is given what was not read here: what another one reads
    otherwise would be opened at any price.

    Raises:
        WorkFactorError: As of `check_work_factor`.
    """
    for kind, headers, content in _keys(mended(text)):
        _check_cost(kind, content)
        return _rewrapped(kind, headers, base64.b64encode(content).decode())
    return ""


def _keys(text: str) -> Iterator[tuple[str, list[str], bytes]]:
    """Yield the private keys of a text: kind, headers of one that is locked by them, content."""
    for found in _BLOCK.finditer(text):
        kind, (headers, body) = " ".join(found[1].split()), _legacy_headers(found[2])
        if kind not in _LOCKED_BY_HEADERS:
            headers = []
        if kind not in (*_KINDS_OF_PEM, *_LOCKED_BY_HEADERS):
            continue
        try:
            yield kind, headers, base64.b64decode("".join(line for line in body.splitlines() if ":" not in line))
        except binascii.Error:
            continue  # whoever opens it says that there is none


def _check_cost(kind: str, content: bytes) -> None:
    if content.startswith(_OPENSSH):
        _check_openssh(content)
    elif kind == "ENCRYPTED PRIVATE KEY":
        _check_pkcs8(content)


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


def _check_pkcs8(content: bytes) -> None:
    """Look at what the one way costs that the key names, as exactly as its standard has it (RFC 8018, RFC 7914).

    Libraries pass over what stands behind it; so that is nothing that we may be told by.
    """
    try:
        too_much = _is_too_much(_tree(content))
    except ValueError:
        too_much = True
    if too_much:
        raise _protected_otherwise()


def _protected_otherwise() -> WorkFactorError:
    return WorkFactorError(
        f"opening this key takes too much work, or it does not say how much; at most {MOST_ITERATIONS:,} "
        f"iterations are done: protect it anew with `openssl pkcs8 -topk8 -v2 aes256`"
    )


def _is_too_much(protected: object) -> bool:
    match protected:
        case ((scheme, ((kdf, (bytes(), int(count), *more)), *_)), bytes()) if (scheme, kdf) == (_PBES2, _PBKDF2):
            return count > MOST_ITERATIONS or not _ends_as_known(more)
        case ((scheme, ((kdf, (bytes(), int(n), int(r), int(p), *more)), *_)), bytes()) if (scheme, kdf) == (
            _PBES2,
            _SCRYPT,
        ):
            return not 0 < 128 * n * r * p <= MOST_SCRYPT or not _ends_as_known(more)
        case ((str(scheme), (bytes(), int(count))), bytes()):  # of RFC 7292, and older ones
            return scheme == _PBES2 or count > MOST_ITERATIONS
    return True


def _ends_as_known(more: list[object]) -> bool:
    """Return whether nothing stands behind the costs but the key's length and the function, where they do."""
    sizes = [one for one in more if isinstance(one, int)]
    kinds = [type(one) for one in more]
    return kinds in ([], [int], [tuple], [int, tuple]) and all(0 < size <= MOST_KEY_BYTES for size in sizes)


def _tree(content: bytes, depth: int = 0) -> Any:
    """Return the one value that DER (X.690) holds: tuples, whole numbers, bytes, kinds in hex, None for all others.

    Raises:
        ValueError: It is none, or written otherwise than keys are.
    """
    values = _values(content, depth)
    if len(values) != 1:
        raise ValueError("there is no private key")
    return values[0]


def _values(content: bytes, depth: int) -> tuple[Any, ...]:
    at, found = 0, []
    while at < len(content):
        tag, size = content[at], content[at + 1] if at + 1 < len(content) else 0x80
        at += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(content[at : at + count], "big")
            at += count
            if not 0 < count <= 4:
                raise ValueError("there is no private key")
        value = content[at : at + size]
        at += size
        if at > len(content) or tag & 0x1F == 0x1F or depth > 8:
            raise ValueError("there is no private key")
        found.append(_value(tag, value, depth))
    return tuple(found)


def _value(tag: int, value: bytes, depth: int) -> Any:
    if tag == 0x30:
        return _values(value, depth + 1)
    return {2: int.from_bytes(value, "big"), 4: value, 6: value.hex()}.get(tag)
