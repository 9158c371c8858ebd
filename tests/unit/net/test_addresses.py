from __future__ import annotations

import asyncio
import socket
import time

import pytest

from orderflow.channels.ftp.store import open_ftp
from orderflow.channels.ftp.target import FTPTarget
from orderflow.channels.sftp.store import SFTPTarget, close_all, open_sftp
from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.domain.errors import NeedsAttentionError
from orderflow.domain.reach import OPERATOR
from orderflow.http import HttpClient
from orderflow.net import addresses
from orderflow.net.deadline import Deadline


@pytest.fixture
def hosted():
    addresses.refuse_private_addresses(refuse=True)
    yield
    addresses.refuse_private_addresses(refuse=False)
    close_all()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1",
        "192.0.0.8", "192.88.99.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "203.0.113.9", "168.63.129.16",
        "::127.0.0.1", "::8.8.8.8", "64:ff9b:1::1", "fec0::1", "3fff::1", "5f00::1", "100::1", "100:0:0:1::1",
        "2001:db8::1", "2001::1", "2001:2::1", "4000::1", "2600::5efe:127.0.0.1", "::ffff:127.0.0.1", "fd00:ec2::254",
        "fd00:ec2::23", "::ffff:0:127.0.0.1",
    ],
)  # fmt: skip
def test_what_is_not_public(address):
    assert not addresses.is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2001:4:112::1", "2a00::1"]
)
def test_what_is_public(address):
    assert addresses.is_public(address)


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("kind", ["sftp", "ftp"])
def test_a_hosted_installation_does_not_even_connect(hosted, listener, host, kind):
    port = listener.getsockname()[1]
    store = {
        "sftp": lambda: open_sftp(SFTPTarget(host, port, "x", password="y", host_key="SHA256:" + "A" * 43)),
        "ftp": lambda: open_ftp(FTPTarget(host, port, "x", "y")),
    }[kind]()
    with pytest.raises(NeedsAttentionError) as caught:
        store.list("/")
    assert caught.value.code == "PRIVATE_ADDRESS"
    with pytest.raises(TimeoutError):
        listener.accept()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_http_request_is_not_even_begun(hosted, listener, host):
    client = HttpClient("The API")
    with pytest.raises(NeedsAttentionError) as caught:
        client.send("GET", f"http://{host}:{listener.getsockname()[1]}/")
    assert caught.value.code == "PRIVATE_ADDRESS"
    with pytest.raises(TimeoutError):
        listener.accept()
    client.close()


def test_one_private_address_among_public_ones_is_enough(hosted, monkeypatch):
    def resolve(*_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (ip, 21)) for ip in ("1.1.1.1", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(NeedsAttentionError):
        addresses.connected("rebind.example", 21, Deadline(1))


def test_a_folder_of_the_host_is_private_too(hosted, tmp_path):
    result = DropzoneJsonV1Connector().test_connection({"mode": "filesystem", "export_path": str(tmp_path)})
    assert result.details["code"] == "PRIVATE_ADDRESS"


def test_without_the_setting_everything_may_be_reached(listener):
    addresses.connected("127.0.0.1", listener.getsockname()[1], Deadline(1)).close()


def test_all_addresses_of_a_name_share_one_end(monkeypatch):
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    place = full.getsockname()
    with full, socket.create_connection(place):  # its queue is full: whoever knocks is not answered

        def resolve(*_, **__):
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place)] * 10

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            addresses.connected("many.example", place[1], Deadline(0.3))
        assert time.monotonic() - began < 1.5


def test_a_loop_tries_all_addresses_of_a_name(listener, monkeypatch):
    port = listener.getsockname()[1]

    def resolve(*_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("127.0.0.9", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with asyncio.run(addresses.checked_socket("two.example", port, OPERATOR)) as connected:
        assert connected.getpeername() == ("127.0.0.1", port)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: resolve()[:1])
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(addresses.checked_socket("one.example", port, OPERATOR))


@pytest.mark.parametrize("first", [True, False])
def test_an_address_of_a_kind_that_the_system_lacks_hides_no_other(monkeypatch, first):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        kinds = [(9_999, socket.SOCK_STREAM, 6, "", ("::1", port)), (2, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: kinds if first else kinds[::-1])
        addresses.connected("two.example", port, Deadline(5)).close()
        asyncio.run(addresses.checked_socket("two.example", port, OPERATOR)).close()
    with pytest.raises(ConnectionRefusedError):
        addresses.connected("two.example", port, Deadline(5))
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(addresses.checked_socket("two.example", port, OPERATOR))
