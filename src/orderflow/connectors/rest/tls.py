"""Verified TLS, with an authority and a client certificate of the connection's own where it has them."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from orderflow.domain.errors import ConfigError


def tls_context(ca: str | None, certificate: str | None, key: str | None) -> ssl.SSLContext:
    """Return a context that verifies certificates and host names, TLS 1.2 or newer.

    Args:
        ca: A private authority's certificate in PEM, trusted besides the system's.
        certificate, key: For mutual TLS, in PEM.

    Raises:
        ConfigError: One of them cannot be used.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if ca:
            context.load_verify_locations(cadata=ca)
        if certificate and key:
            _load_chain(context, certificate, key)
    except (ssl.SSLError, ValueError):
        raise ConfigError("A certificate or its key cannot be used: give both in PEM, belonging together.") from None
    return context


def _load_chain(context: ssl.SSLContext, certificate: str, key: str) -> None:
    # OpenSSL reads both from files only; this one is readable by us alone and gone at once.
    with tempfile.TemporaryDirectory(prefix="of-tls-") as folder:
        path = Path(folder, "client.pem")
        path.touch(mode=0o600)
        path.write_text(f"{certificate}\n{key}\n")
        context.load_cert_chain(path, password=_no_passphrase)


def _no_passphrase() -> str:
    # Without it, OpenSSL asks at the terminal for the passphrase of an encrypted key.
    return ""
