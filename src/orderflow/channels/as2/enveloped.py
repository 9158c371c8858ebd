"""Encrypted messages: AES in CBC (EnvelopedData, RFC 5652, section 6) or in GCM (AuthEnvelopedData, RFC 5083)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from asn1crypto import cms, core
from asn1crypto.x509 import Name
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from orderflow.channels.as2.certificates import Certificate, Identity
from orderflow.channels.as2.faults import Fault
from orderflow.channels.as2.names import CipherName
from orderflow.channels.as2.reading_cms import content_of, faults_are, few, octets

MOST_RECIPIENTS = 16
_FAILED = "decryption-failed"
_BLOCK = 16
_TAG = 16
_SHORTEST_TAG = 12
_OAEP_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


def encrypt(content: bytes, to: Certificate, cipher: CipherName) -> bytes:
    """Return `content` encrypted for one certificate, whose key has to be RSA."""
    algorithm, mode = cipher.split("-")
    key = os.urandom(int(algorithm[3:]) // 8)
    recipient = cms.RecipientInfo(name="ktri", value=_recipient(to, key))
    held = _with_gcm(content, key, algorithm) if mode == "gcm" else _with_cbc(content, key, algorithm)
    kind = "authenticated_enveloped_data" if mode == "gcm" else "enveloped_data"
    held["recipient_infos"] = [recipient]
    return bytes(cms.ContentInfo({"content_type": kind, "content": held}).dump())


def decrypt(der: bytes, ours: Sequence[Identity]) -> bytes:
    """Return what was encrypted for one of us. Raises Fault: it was not, or by something else than AES."""
    with faults_are(_FAILED, "The message is not encrypted as it says."):
        held = content_of(der, "enveloped_data", "authenticated_enveloped_data")
        key = _key_in(held["recipient_infos"], ours)
        if isinstance(held, cms.AuthEnvelopedData):
            return _from_gcm(held, key)
        return _from_cbc(held["encrypted_content_info"], key)


def _recipient(to: Certificate, key: bytes) -> dict[str, Any]:
    public = to.x509.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise Fault(_FAILED, "The partner's certificate is not one to encrypt with: its key is no RSA.")
    return {
        "version": "v0",
        "rid": cms.RecipientIdentifier(name="issuer_and_serial_number", value=_named(to)),
        "key_encryption_algorithm": {"algorithm": "rsaes_pkcs1v15"},
        "encrypted_key": public.encrypt(key, padding.PKCS1v15()),
    }


def _named(to: Certificate) -> cms.IssuerAndSerialNumber:
    return cms.IssuerAndSerialNumber({"issuer": Name.load(to.issuer), "serial_number": to.serial})


def _with_cbc(content: bytes, key: bytes, algorithm: str) -> Any:
    start = os.urandom(_BLOCK)
    left = _BLOCK - len(content) % _BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    hidden = encryptor.update(content) + encryptor.update(bytes([left]) * left) + encryptor.finalize()
    about = {"algorithm": f"{algorithm}_cbc", "parameters": start}
    inner = {"content_type": "data", "content_encryption_algorithm": about, "encrypted_content": hidden}
    return cms.EnvelopedData({"version": "v0", "recipient_infos": [], "encrypted_content_info": inner})


def _key_in(recipients: Any, ours: Sequence[Identity]) -> bytes:
    for recipient in few(recipients)[:MOST_RECIPIENTS]:
        if recipient.name != "ktri":
            continue
        mine = next((one for one in ours if one.certificate.meant_by(recipient.chosen["rid"])), None)
        if mine is not None and isinstance(mine.key, rsa.RSAPrivateKey):
            how = _padding(recipient.chosen["key_encryption_algorithm"])
            return mine.key.decrypt(recipient.chosen["encrypted_key"].native, how)
    raise Fault(_FAILED, "The message is encrypted for no certificate of ours in this connection.")


def _padding(algorithm: Any) -> Any:
    if algorithm["algorithm"].native != "rsaes_oaep":
        return padding.PKCS1v15()
    hash_name = algorithm["parameters"]["hash_algorithm"]["algorithm"].native
    mask_name = algorithm["parameters"]["mask_gen_algorithm"]["parameters"]["algorithm"].native
    return padding.OAEP(padding.MGF1(_OAEP_HASHES[mask_name]()), _OAEP_HASHES[hash_name](), None)


def _from_cbc(inner: Any, key: bytes) -> bytes:
    about = inner["content_encryption_algorithm"]
    _check_cipher(about["algorithm"].native, key, "cbc")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(about["parameters"].native)).decryptor()
    padded = decryptor.update(octets(inner["encrypted_content"])) + decryptor.finalize()
    left = padded[-1]
    if not 1 <= left <= _BLOCK or padded[-left:] != bytes([left]) * left:
        raise ValueError("padding")
    return padded[:-left]


def _check_cipher(name: str, key: bytes, mode: str) -> None:
    if name not in ("aes128_" + mode, "aes192_" + mode, "aes256_" + mode):
        raise Fault(_FAILED, "The message is encrypted by something else than AES.")
    if len(key) * 8 != int(name[3:6]):
        raise ValueError("length of the key")


class _GcmParameters(core.Sequence):  # type: ignore[misc]  # asn1crypto ships no types
    """Source: RFC 5084, section 3.2."""

    _fields: ClassVar = [("nonce", core.OctetString), ("tag_length", core.Integer, {"default": 12})]


def _with_gcm(content: bytes, key: bytes, algorithm: str) -> Any:
    nonce = os.urandom(12)
    encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    hidden = encryptor.update(content) + encryptor.finalize()
    about = {"algorithm": f"{algorithm}_gcm", "parameters": _GcmParameters({"nonce": nonce, "tag_length": _TAG})}
    inner = {"content_type": "data", "content_encryption_algorithm": about, "encrypted_content": hidden}
    return cms.AuthEnvelopedData(
        {"version": "v0", "recipient_infos": [], "auth_encrypted_content_info": inner, "mac": encryptor.tag}
    )


def _from_gcm(held: Any, key: bytes) -> bytes:
    inner = held["auth_encrypted_content_info"]
    about = inner["content_encryption_algorithm"]
    _check_cipher(about["algorithm"].native, key, "gcm")
    parameters = about["parameters"].parse(_GcmParameters)
    tag = held["mac"].native
    if len(tag) != parameters["tag_length"].native:
        raise ValueError("length of the tag")
    decryptor = Cipher(algorithms.AES(key), modes.GCM(parameters["nonce"].native, tag, _SHORTEST_TAG)).decryptor()
    decryptor.authenticate_additional_data(_attributes(held["auth_attrs"]))
    try:
        return decryptor.update(octets(inner["encrypted_content"])) + decryptor.finalize()
    except InvalidTag:
        raise ValueError("tag") from None


def _attributes(attributes: Any) -> bytes:
    """Return the attributes that the tag covers too, as a SET OF, whatever their tag (RFC 5083, section 2.2)."""
    return b"\x31" + bytes(attributes.dump())[1:] if few(attributes) else b""
