"""How connection settings are sealed in the database: AES-256-GCM, bound to the row they belong to.

A sealed blob is IV (12 random bytes) + ciphertext + tag (16), the layout of `cryptography`'s AESGCM with the IV in
front. Sources: NIST SP 800-38D, sections 5.2.1.1 (a 96-bit IV) and 8.2.2 (random IVs: at most 2^32 per key).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from orderflow.domain.errors import EncryptionError, KeyMismatchError
from orderflow.secrets.keys import keys_from_environment, parse_key

IV_BYTES = 12
TAG_BYTES = 16
TAG_FAILED = (
    "The stored configuration does not open: authentication tag verification failed. The usual causes: the master "
    "key is not the one it was saved with, the stored bytes were damaged or cut short, or they were copied from "
    "another row."
)


def bind(org_id: UUID, connection_id: UUID, connector_type: str) -> bytes:
    """Return the associated data of one connection's settings: sealed with it, a blob opens in no other row."""
    return b"orderflow/erp_connection/1\0" + org_id.bytes + connection_id.bytes + connector_type.encode()


P = ParamSpec("P")
R = TypeVar("R")


class _OnClassToo(Generic[P, R]):
    """A method that may be called on the class as well: then an instance with the environment's key does it."""

    def __init__(self, method: Callable[Concatenate[Any, P], R]) -> None:
        self.method = method
        self.__doc__ = method.__doc__

    def __get__(self, instance: object | None, owner: type) -> Callable[P, R]:
        return partial(self.method, owner() if instance is None else instance)


class EncryptionService:
    """Seals and opens configurations with a master key; opens with previous keys too. Safe to share by threads.

    Args:
        master_key: 64 hex digits (or 32 bytes). Without it, `ENCRYPTION_MASTER_KEY`, or the key file of the
            embedded default; see `orderflow.secrets.keys`.
        previous_keys: Keys that were master keys before; without `master_key`, `ENCRYPTION_PREVIOUS_KEYS`.

    Raises:
        EncryptionError: A key is missing or malformed; the hint says how to make one.
    """

    def __init__(self, master_key: str | bytes | None = None, previous_keys: Sequence[str | bytes] = ()) -> None:
        if master_key is None:
            master_key, from_environment = keys_from_environment()
            previous_keys = (*previous_keys, *from_environment)
        key = parse_key(master_key)
        self._key_id = _identify(key)
        self._ciphers = {self._key_id: AESGCM(key)}
        for previous in previous_keys:
            key = parse_key(previous, "Each of ENCRYPTION_PREVIOUS_KEYS")
            self._ciphers.setdefault(_identify(key), AESGCM(key))

    def __repr__(self) -> str:
        return f"EncryptionService(key_id={self._key_id!r}, previous_keys={len(self._ciphers) - 1})"

    @property
    def key_id(self) -> str:
        """Eight hex digits that name the master key without revealing it; stored beside what it sealed."""
        return self._key_id

    @property
    def known_key_ids(self) -> tuple[str, ...]:
        """The ids of all keys that can open something, the master key's first."""
        return tuple(self._ciphers)

    @_OnClassToo
    def encrypt_config(self, config: dict[str, Any], associated_data: bytes = b"") -> bytes:
        """Seal `config` (plain JSON values) with the master key.

        Raises:
            EncryptionError: It holds a value that JSON cannot express.
        """
        try:
            plaintext = msgspec.json.encode(config)
        except (TypeError, ValueError, RecursionError):  # their messages may quote the content
            raise EncryptionError(
                "The configuration holds a value that JSON cannot express.",
                code="CONFIG_NOT_JSON",
                hint="Use text, numbers, true, false, null, lists and objects only.",
            ) from None
        return self._seal(plaintext, associated_data)

    @_OnClassToo
    def decrypt_config(self, blob: bytes, associated_data: bytes = b"", key_id: str | None = None) -> dict[str, Any]:
        """Open a sealed configuration; `key_id` names the key to try first, "" one of which nothing is known.

        Raises:
            KeyMismatchError: No known key opens it, and the one named is not among them.
            EncryptionError: No known key opens it, or what it holds is no configuration; never shows content.
        """
        plaintext = self._open(blob, (associated_data,), key_id)
        try:
            config: dict[str, Any] = msgspec.json.decode(plaintext, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise EncryptionError("The stored bytes open, but hold no configuration.", code="CONFIG_NOT_JSON") from None
        return config

    def rebind(self, blob: bytes, associated_data: bytes, key_id: str | None = None) -> bytes:
        """Seal again with the master key, bound to `associated_data`.

        Takes what is bound so already, under any known key, and what plain `encrypt_config(config)` left unbound.

        Raises:
            EncryptionError: No known key opens it either way.
        """
        return self._seal(self._open(blob, (associated_data, b""), key_id), associated_data)

    def is_current(self, blob: bytes, associated_data: bytes) -> bool:
        """Return whether the master key, and not merely a previous one, opens `blob` bound to `associated_data`."""
        try:
            self._ciphers[self._key_id].decrypt(blob[:IV_BYTES], blob[IV_BYTES:], associated_data)
        except (InvalidTag, ValueError):  # ValueError: too short for an IV
            return False
        return True

    def _seal(self, plaintext: bytes, associated_data: bytes) -> bytes:
        iv = os.urandom(IV_BYTES)
        return iv + self._ciphers[self._key_id].encrypt(iv, plaintext, associated_data)

    def _open(self, blob: bytes, bindings: Iterable[bytes], key_id: str | None) -> bytes:
        blob = bytes(blob)
        if len(blob) < IV_BYTES + TAG_BYTES:
            raise EncryptionError(TAG_FAILED)
        iv, sealed = blob[:IV_BYTES], blob[IV_BYTES:]
        for associated_data in bindings:
            for cipher in self._in_order(key_id):
                try:
                    return cipher.decrypt(iv, sealed, associated_data)
                except InvalidTag:
                    continue
        if key_id is not None and key_id not in self._ciphers:
            raise self._mismatch(key_id)
        raise EncryptionError(TAG_FAILED)

    def _mismatch(self, key_id: str) -> KeyMismatchError:
        sealed = f"with the key {key_id}" if key_id else "with a key that is not noted"
        return KeyMismatchError(
            f"The configuration was sealed {sealed}; this process has {', '.join(self._ciphers)}.",
            details={"key_id": key_id or None, "known_key_ids": list(self._ciphers)},
        )

    def _in_order(self, key_id: str | None) -> list[AESGCM]:
        return [self._ciphers[known] for known in sorted(self._ciphers, key=lambda known: known != key_id)]


def _identify(key: bytes) -> str:
    return hashlib.sha256(b"orderflow/key-id/1\0" + key).hexdigest()[:8]
