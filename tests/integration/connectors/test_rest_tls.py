"""TLS is verified both ways: authorities of one's own, client certificates, and nothing else is trusted."""

from __future__ import annotations

import ipaddress
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from orderflow.connectors.rest import RestJsonConnector
from orderflow.domain.errors import NeedsAttentionError
from orderflow.testing.engine import an_order


@pytest.fixture
def connector():
    made = RestJsonConnector()
    yield made
    made.close()


class TestTls:
    @pytest.fixture
    def authority(self):
        return make_certificate("authority")

    @pytest.fixture
    def server(self, authority, tmp_path):
        certificate, key = make_certificate("127.0.0.1", authority)
        (tmp_path / "server.pem").write_text(certificate + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "server.pem")
        context.load_verify_locations(cadata=authority[0])
        server = TlsServer(("127.0.0.1", 0), Answering)
        server.context = context
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()
        server.server_close()

    def config(self, server):
        return {"url": f"https://127.0.0.1:{server.server_address[1]}/orders", "order_number": "id", "timeout": 3}

    def test_a_certificate_that_nobody_vouches_for_is_refused(self, connector, server):
        with pytest.raises(NeedsAttentionError) as refused:
            connector.export(an_order(), self.config(server))
        assert refused.value.code == "TLS_CERTIFICATE"

    def test_an_authority_of_ones_own_is_trusted(self, connector, server, authority):
        config = self.config(server) | {"ca_certificate": authority[0]}
        assert connector.export(an_order(), config).connector_metadata["erp_order_id"] == "SO-1"

    def test_mutual_tls(self, connector, server, authority):
        server.context.verify_mode = ssl.CERT_REQUIRED
        config = self.config(server) | {"ca_certificate": authority[0]}
        with pytest.raises(NeedsAttentionError, match="No trusted connection"):
            connector.export(an_order(), config)
        certificate, key = make_certificate("orderflow", authority)
        config |= {"client_certificate": certificate, "client_key": key}
        assert connector.export(an_order(), config).success

    def test_a_key_that_does_not_belong_is_named(self, connector, server, authority):
        certificate, key = make_certificate("a", authority)[0], make_certificate("b", authority)[1]
        config = self.config(server) | {"client_certificate": certificate, "client_key": key}
        result = connector.test_connection(config)
        assert "cannot be used" in result.error_message
        assert key.splitlines()[1] not in str(result)


class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "14")
        self.end_headers()
        self.wfile.write(b'{"id": "SO-1"}')

    def log_message(self, *arguments):
        pass


class TlsServer(HTTPServer):
    context: ssl.SSLContext

    def handle_error(self, *_):
        pass


def make_certificate(name, issuer=None):
    """Return a certificate and its key in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer: Any = serialization.load_pem_private_key(issuer[1].encode(), None) if issuer else key
    parent = x509.load_pem_x509_certificate(issuer[0].encode()).subject if issuer else subject
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer:
        names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = builder.sign(signer, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), private.decode()
