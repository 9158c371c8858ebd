"""Verified TLS, with an authority and a client certificate of the connection's own where it has them."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from orderflow.domain.errors import ConfigError
from orderflow.net.private_keys import KindError, WorkFactorError, mended, open_key


def tls_context(
    ca: str | None = None, certificate: str | None = None, key: str | None = None, passphrase: str | None = None
) -> ssl.SSLContext:
    """Return a context that verifies certificates and host names, TLS 1.2 or newer.

    Args:
        ca: A private authority's certificate in PEM, trusted besides the system's.
        certificate, key: For mutual TLS, in PEM.
        passphrase: The key's, if it has one.

    Raises:
        ConfigError: One of them cannot be used; the message says which, and why.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca:
        try:
            context.load_verify_locations(cadata=mended(ca))
        except (ssl.SSLError, ValueError, TypeError):  # the last for what is not ASCII
            raise ConfigError("The authority's certificate (CA) cannot be read: give it in PEM.") from None
    if certificate and key:
        # OpenSSL's own reader takes a missing passphrase for a wrong one, and asks for it at the terminal.
        opened = client_key(mended(key), passphrase).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _load_chain(context, mended(certificate), opened.decode())
    return context


def client_key(key: str, passphrase: str | None) -> PrivateKeyTypes:
    """Return a private key that stands in PEM.

    Raises:
        ConfigError: It cannot be opened.
    """
    try:
        return open_key(key, passphrase.encode() if passphrase and _is_locked(key) else None)
    except TypeError:
        raise ConfigError(
            "The client key has a passphrase.",
            hint="Give the passphrase beside the key, or the key without one (openssl pkey -in key.pem).",
        ) from None
    except WorkFactorError as error:
        raise ConfigError(f"The client key cannot be used: {error}.") from None
    except KindError:
        raise ConfigError("The client key is of a kind that cannot be used here: give an RSA or EC key.") from None
    except ValueError:
        what = "does not open with this passphrase" if _is_locked(key) else "is no private key in PEM"
        raise ConfigError(f"The client key {what}.") from None


def _is_locked(key: str) -> bool:
    return "ENCRYPTED" in key


def _load_chain(context: ssl.SSLContext, certificate: str, key: str) -> None:
    # OpenSSL reads both from files only; this one is readable by us alone and gone at once.
    with tempfile.TemporaryDirectory(prefix="of-tls-") as folder:
        path = Path(folder, "client.pem")
        path.touch(mode=0o600)
        path.write_text(f"{certificate}\n{key}\n")
        try:
            context.load_cert_chain(path, password=lambda: "")
        except ssl.SSLError as error:
            why = "they do not belong together" if "MISMATCH" in (error.reason or "") else "give both in PEM"
            raise ConfigError(f"The client certificate and its key cannot be used: {why}.") from None
