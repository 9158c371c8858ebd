"""Where the master key comes from: the environment, or a file of its own beside the embedded database."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from orderflow.domain.errors import EncryptionError
from orderflow.postgres.home import EMBEDDED, default_home

KEY_BYTES = 32
HOW_TO_MAKE_ONE = "Make a key with `orderflow keys generate` and set ENCRYPTION_MASTER_KEY to it; keep a copy safe."


def generate_key() -> str:
    """Return a new master key: 64 hex digits, 256 random bits."""
    return secrets.token_hex(KEY_BYTES)


def parse_key(key: str | bytes, name: str = "ENCRYPTION_MASTER_KEY") -> bytes:
    """Return the 32 bytes of `key`, which is 64 hex digits or the 32 bytes themselves.

    Raises:
        EncryptionError: It is neither; the message names `name` and never shows the value.
    """
    if isinstance(key, bytes) and len(key) == KEY_BYTES:
        return key
    text = key.decode("latin-1") if isinstance(key, bytes) else key
    if not re.fullmatch(r"[0-9A-Fa-f]{64}", text.strip()):
        raise EncryptionError(f"{name} must be 64 hex digits (256 bits).", code="KEY_INVALID", hint=HOW_TO_MAKE_ONE)
    return bytes.fromhex(text)


def _value(environ: Mapping[str, str], name: str) -> str:
    """Return a variable, or the content of the file that it names with `_FILE` behind it."""
    file = environ.get(f"{name}_FILE")
    if environ.get(name) or not file:
        return environ.get(name, "")
    try:
        return Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise EncryptionError(
            f"The file that {name}_FILE names cannot be read.",
            code="KEY_FILE_UNUSABLE",
            hint="Check its path, and that this user may read it.",
        ) from None


def keys_from_environment(environ: Mapping[str, str] | None = None) -> tuple[str, tuple[str, ...]]:
    """Return the master key and the previous keys, as the environment or the key file give them.

    The key file (`ORDERFLOW_KEY_FILE`, else `master.key` in the home folder) is made only for the embedded
    database. With `DATABASE_URL` several machines share the data, and a key made by one would lock the others out.

    Raises:
        EncryptionError: There is no key and none may be made; the hint says how to make one.
    """
    environ = os.environ if environ is None else environ
    previous = tuple(key.strip() for key in _value(environ, "ENCRYPTION_PREVIOUS_KEYS").split(",") if key.strip())
    key = _value(environ, "ENCRYPTION_MASTER_KEY").strip()
    if key:
        return key, previous
    named = environ.get("ORDERFLOW_KEY_FILE")
    shared = environ.get("DATABASE_URL", "") not in ("", EMBEDDED) or bool(environ.get("DATABASE_URL_FILE"))
    return key_from_file(Path(named).expanduser() if named else None, default_home(), shared=shared), previous


def key_from_file(named: Path | None, home: Path, *, shared: bool) -> str:
    """Return the key of the file `named`, else of `master.key` in `home`, made on first use.

    Args:
        shared: The database may be used by other machines, so no key may be made.

    Raises:
        EncryptionError: There is no key and none may be made, or the file cannot be used.
    """
    if not shared:
        return load_or_create_key_file(named or home / "master.key")
    if named and named.exists():
        return load_key_file(named)
    raise EncryptionError(
        "ENCRYPTION_MASTER_KEY is not set, and with DATABASE_URL no key is made by itself.",
        code="KEY_MISSING",
        hint=HOW_TO_MAKE_ONE,
    )


def load_or_create_key_file(path: Path) -> str:
    """Return the key in the file at `path`; make it first (mode 0600) if there is none.

    Of several processes that start at once, all get the same key: the whole file appears under its name by
    `link`, which fails where another one was faster.

    Raises:
        EncryptionError: The file cannot be read or made, or holds no key.
    """
    try:
        if not path.exists():
            _create(path)
    except OSError as error:
        raise EncryptionError(
            f"The key file {path} cannot be made: {error.strerror}.",
            code="KEY_FILE_UNUSABLE",
            hint="Set ORDERFLOW_KEY_FILE to a place that can be written, or set ENCRYPTION_MASTER_KEY.",
        ) from None
    return load_key_file(path)


def load_key_file(path: Path) -> str:
    """Return the key in the file at `path`.

    Raises:
        EncryptionError: The file cannot be read or holds no key.
    """
    try:
        text = path.read_text("latin-1").strip()
    except OSError as error:
        raise EncryptionError(
            f"The key file {path} cannot be read: {error.strerror}.",
            code="KEY_FILE_UNUSABLE",
            hint="Give the account that runs OrderFlow the right to read it, or set ENCRYPTION_MASTER_KEY.",
        ) from None
    return parse_key(text, f"The key file {path}").hex()


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(generate_key() + "\n")
            file.flush()
            os.fsync(file.fileno())
        _link_unless_there(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _link_unless_there(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return  # another process was faster: its key counts
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # a key that data was sealed with must not be lost with the power
    finally:
        os.close(folder)
