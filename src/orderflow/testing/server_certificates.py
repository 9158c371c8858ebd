"""Certificates of a server for tests: an authority of its own, the server's, and a client's that it lets in."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_Issuer = tuple[x509.Name, ec.EllipticCurvePrivateKey]


class ServerCertificates:
    """What TLS needs on both sides, made anew.

    Args:
        host: The server's address.

    Attributes:
        authority: The certificate that vouches for all others, in PEM.
        client: Certificate and key of a client that is let in, in PEM.
    """

    def __init__(self, host: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer: _Issuer = (_name("test authority"), key)
        self.authority = _pem(_certificate(issuer, "test authority", key, authority=True))
        self._server, self.client = _pair(issuer, host), _pair(issuer, "client")
        self._untrusted = _pair((_name("nobody"), ec.generate_private_key(ec.SECP256R1())), host)

    def context(self, kind: Literal["trusted", "mutual", "untrusted"]) -> ssl.SSLContext:
        """Return what the server speaks TLS with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, key = self._untrusted if kind == "untrusted" else self._server
        with tempfile.TemporaryDirectory() as folder:  # OpenSSL reads them from a file only
            path = Path(folder, "server.pem")
            path.write_text(certificate + key)
            context.load_cert_chain(path)
        if kind == "mutual":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=self.authority)
        return context


def _pair(issuer: _Issuer, name: str) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _pem(_certificate(issuer, name, key)), private.decode()


def _certificate(
    issuer: _Issuer, name: str, key: ec.EllipticCurvePrivateKey, *, authority: bool = False
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer[0])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority and name[:1].isdigit():
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))])
        builder = builder.add_extension(address, critical=False)
    return builder.sign(issuer[1], hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
