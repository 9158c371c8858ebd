"""Servers that somebody else pretends to be: PostgreSQL, Redis and RabbitMQ get no password without a proof."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from kombu.connection import Connection
from redis.exceptions import ConnectionError as RedisConnectionError

from orderflow.postgres.errors import DatabaseError
from orderflow.server_tls import broker_options, verified_broker, verified_database
from orderflow.storage.database import Database, normal_url
from tests.integration.channels.certificates import Certificates, make_certificates

FAR = "9.9.9.9"
"""An address that the URLs name; where they lead is this machine, by libpq's `hostaddr`."""


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve each connection in turn on a free port, which is yielded."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            while True:
                try:
                    accepted, _ = listening.accept()
                except OSError:
                    return
                with accepted, suppress(OSError):
                    serve(accepted)

        threading.Thread(target=run, daemon=True).start()
        yield listening.getsockname()[1]
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path, FAR)


def hangs_up_once_trusted(certificates: Certificates, heard: list[bytes]) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chain)

    def serve(plain: socket.socket) -> None:
        with context.wrap_socket(plain, server_side=True) as secured:
            if said := secured.recv(1000):
                heard.append(said)

    return serve


def as_postgres(inner: Callable[[socket.socket], None], *, offers_tls: bool) -> Callable[[socket.socket], None]:
    """Answer to SSLRequest. Source: https://www.postgresql.org/docs/current/protocol-message-formats.html."""

    def serve(plain: socket.socket) -> None:
        plain.recv(8)
        plain.sendall(b"S" if offers_tls else b"N")
        if offers_tls:
            inner(plain)

    return serve


def refused(port: int, ca_file: Path | None, host: str = FAR) -> DatabaseError:
    url = verified_database(normal_url(f"postgresql://app:hush@{host}:{port}/x?hostaddr=127.0.0.1"), ca_file)
    database = Database(url, pool_size=1)
    with pytest.raises(DatabaseError) as caught, database.system():
        pass
    database.close()
    assert "hush" not in str(caught.value.as_json())
    return caught.value


def test_a_database_that_proves_nothing_hears_nothing(certificates: Certificates) -> None:
    heard: list[bytes] = []
    with server(as_postgres(hangs_up_once_trusted(certificates, heard), offers_tls=True)) as port:
        assert refused(port, None).code == "DATABASE_TLS"
        assert refused(port, certificates.ca, "8.8.8.8").code == "DATABASE_TLS"
        assert heard == []
        assert refused(port, certificates.ca).code == "DATABASE_UNAVAILABLE"  # it is believed, and hangs up
        assert heard


def test_a_database_without_tls_is_told(certificates: Certificates) -> None:
    with server(as_postgres(lambda _: None, offers_tls=False)) as port:
        error = refused(port, None)
    assert error.code == "DATABASE_TLS"
    assert "sslmode" in error.hint


@pytest.mark.parametrize("scheme", ["rediss", "amqps"])
def test_a_broker_that_proves_nothing_hears_nothing(certificates: Certificates, scheme: str) -> None:
    heard: list[bytes] = []

    def connect(ca_file: Path | None) -> BaseException:
        url = verified_broker(f"{scheme}://app:hush@127.0.0.1:{port}//", ca_file)
        options = broker_options(url, ca_file)
        connection = Connection(url, **({"ssl": options} if options else {}), connect_timeout=10)
        with pytest.raises((OSError, RedisConnectionError)) as caught:
            connection.connect()
        connection.release()
        return caught.value

    with server(hangs_up_once_trusted(certificates, heard)) as port:
        assert "certificate verify failed" in str(connect(None))
        assert "IP address mismatch" in str(connect(certificates.ca))  # it is another's
        assert heard == []


def test_a_broker_that_proves_who_it_is_is_spoken_to(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, "127.0.0.1")
    heard: list[bytes] = []
    with server(hangs_up_once_trusted(certificates, heard)) as port:
        url = f"amqps://app:hush@127.0.0.1:{port}//"
        connection = Connection(url, ssl=broker_options(url, certificates.ca), connect_timeout=10)
        with pytest.raises(OSError, match=r"."):
            connection.transport.establish_connection()
    assert heard[0].startswith(b"AMQP")
