"""Servers with old or strict cryptography work, or are named as such: by what they offer, and what is to be done."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from orderflow.channels.filestore import Rename, Upload
from orderflow.channels.ftp.store import FTPTarget, close_all, open_ftp
from orderflow.channels.sftp.store import SFTPStore
from orderflow.domain.errors import ConnectorError, NeedsAttentionError
from orderflow.http import HttpClient, tls_context
from orderflow.testing.openssh_server import OpenSSHServer
from tests.integration.channels.certificates import Certificates, make_certificates
from tests.integration.channels.proftpd import ProFTPD

StoreOn = Callable[..., SFTPStore]


@pytest.mark.parametrize(
    ("setting", "offered"),
    [
        ("KexAlgorithms diffie-hellman-group1-sha1", "keys only by diffie-hellman-group1-sha1,"),
        ("KexAlgorithms diffie-hellman-group-exchange-sha1", "only by diffie-hellman-group-exchange-sha1,"),
        ("KexAlgorithms diffie-hellman-group-exchange-sha256", "only by diffie-hellman-group-exchange-sha256,"),
        ("KexAlgorithms sntrup761x25519-sha512@openssh.com", "keys only by sntrup761x25519-sha512@openssh.com,"),
        ("Ciphers aes256-cbc,3des-cbc", "encrypts only by aes256-cbc, 3des-cbc,"),
        ("Ciphers aes128-ctr\nMACs hmac-md5,hmac-sha1-96", "only by hmac-md5, hmac-sha1-96,"),
    ],
)
def test_an_sshd_with_nothing_in_common_is_named_by_what_it_offers(
    setting: str, offered: str, store_on: StoreOn
) -> None:
    with OpenSSHServer(extra=[setting]) as server, pytest.raises(NeedsAttentionError) as caught:
        store_on(server).stat("/")
    assert caught.value.code == "SSH_INCOMPATIBLE"
    assert offered in caught.value.message
    assert setting.rpartition("\n")[2].split()[0] in caught.value.hint


@pytest.mark.parametrize(
    "setting",
    [
        "KexAlgorithms curve25519-sha256",
        "KexAlgorithms ecdh-sha2-nistp521",
        "KexAlgorithms ecdh-sha2-nistp384,ecdh-sha2-nistp256",
        "Ciphers aes256-gcm@openssh.com",
        "Ciphers chacha20-poly1305@openssh.com",
        "Ciphers aes192-ctr\nMACs hmac-sha2-512",
        "Ciphers aes256-ctr\nMACs umac-128-etm@openssh.com",
        "Compression yes",
        "RekeyLimit 1M 1",
    ],
)
def test_a_strict_sshd_is_spoken_to(setting: str, store_on: StoreOn) -> None:
    with OpenSSHServer(extra=[setting]) as server:
        store = store_on(server)
        assert [error for _, error in store.upload([Upload(f"{server.root}/x.tmp", b"x" * 3_000_000)])] == [None]
        assert [done for _, done in store.rename([Rename(f"{server.root}/x.tmp", f"{server.root}/x")])] == [True]


@pytest.mark.parametrize("signature", ["rsa-sha2-512", "rsa-sha2-512,rsa-sha2-256"])
def test_a_key_is_used_with_the_strongest_signature(signature: str, store_on: StoreOn) -> None:
    key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    with OpenSSHServer(extra=[f"PubkeyAcceptedAlgorithms {signature}"]) as server:
        server.admit(key.export_public_key().decode())
        assert store_on(server, ssh_key=key.export_private_key().decode()).stat("/")


def test_a_server_that_takes_no_keys_of_that_kind_refuses_the_key(store_on: StoreOn) -> None:
    key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    with OpenSSHServer(extra=["PubkeyAcceptedAlgorithms ssh-ed25519"]) as server:
        server.admit(key.export_public_key().decode())
        with pytest.raises(NeedsAttentionError) as caught:
            store_on(server, ssh_key=key.export_private_key().decode()).stat("/")
    assert caught.value.code == "KEY_REFUSED"
    assert "keys of this kind" in caught.value.hint


def over_ftps(root: Path, *lines: str) -> list[Any]:
    (root / "out").mkdir()
    with ProFTPD(root, "ftps", lines) as server:
        account = server.account
        del account["mode"]
        store = open_ftp(FTPTarget(**account | {"ca": account.pop("tls_ca")}, tls=True, connect_timeout=5, timeout=5))
        try:
            done: list[Any] = [error for _, error in store.upload([Upload("/out/x.tmp", b"x" * 300_000)])]
            return done + [renamed for _, renamed in store.rename([Rename("/out/x.tmp", "/out/x")])]
        finally:
            close_all()


@pytest.mark.parametrize(
    "lines",
    [
        ["TLSProtocol TLSv1.3"],
        ["TLSProtocol TLSv1.2"],
        ["TLSProtocol TLSv1.2 TLSv1.3"],
        ["TLSProtocol TLSv1.2", "TLSCipherSuite ECDHE-ECDSA-CHACHA20-POLY1305"],
        ["TLSOptions NoSessionReuseRequired"],
        ["TLSRequired ctrl"],
    ],
)
def test_a_strict_ftps_server_is_spoken_to(lines: list[str], tmp_path: Path) -> None:
    assert over_ftps(tmp_path, *lines) == [None, True]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["TLSProtocol TLSv1"], "no common way"),
        (["TLSProtocol TLSv1.2", "TLSCipherSuite ECDHE-ECDSA-AES128-SHA"], "no common way"),
        (["TLSVerifyClient on", "TLSProtocol TLSv1.2"], "client certificate"),
    ],
)
def test_an_old_or_demanding_ftps_server_is_named_as_such(lines: list[str], words: str, tmp_path: Path) -> None:
    with pytest.raises(NeedsAttentionError) as caught:
        over_ftps(tmp_path, *lines)
    assert caught.value.code in ("TLS_INCOMPATIBLE", "TLS_VERSION")
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_a_server_of_tls_13_alone_that_hangs_up_is_not_said_to_lack_it(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError) as caught:  # its alert may be lost, since it hangs up after a good handshake
        over_ftps(tmp_path, "TLSVerifyClient on", "TLSProtocol TLSv1.3")
    assert caught.value.code in ("TLS_INCOMPATIBLE", "CONNECTION_LOST")


class Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def over_https(tmp_path: Path) -> Iterator[Callable[..., ConnectorError | int]]:
    certificates = make_certificates(tmp_path)
    servers: list[HTTPServer] = []

    def post(change: Callable[[ssl.SSLContext, Certificates], object], host: str = "127.0.0.1") -> ConnectorError | int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.chain)
        change(context, certificates)
        server = HTTPServer(("127.0.0.1", 0), Answering)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # it would print what we expect
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        client = HttpClient("The shop", timeout=5, tls=tls_context(certificates.ca.read_text()))
        try:
            return client.send("POST", f"https://{host}:{server.server_address[1]}/", content=b"x").status
        except ConnectorError as error:
            return error
        finally:
            client.close()

    yield post
    for server in servers:
        server.shutdown()
        server.server_close()


def only(version: ssl.TLSVersion, ciphers: str = "") -> Callable[[ssl.SSLContext, Certificates], None]:
    def change(context: ssl.SSLContext, _: Certificates) -> None:
        if ciphers:
            context.set_ciphers(ciphers)
        context.minimum_version = context.maximum_version = version

    return change


def wants_certificate(version: ssl.TLSVersion) -> Callable[[ssl.SSLContext, Certificates], None]:
    def change(context: ssl.SSLContext, certificates: Certificates) -> None:
        context.maximum_version = version
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates.ca)

    return change


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_strict_https_server_is_spoken_to(version: ssl.TLSVersion, over_https: Any) -> None:
    assert over_https(only(version)) == 201


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")  # what an old server speaks
@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (only(ssl.TLSVersion.TLSv1, "ALL:@SECLEVEL=0"), "TLS_TOO_OLD", "TLS 1.2 or 1.3"),
        (only(ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"), "TLS_TOO_OLD", "TLS 1.2 or 1.3"),
        (only(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA"), "TLS_TOO_OLD", "old ciphers"),
        (wants_certificate(ssl.TLSVersion.TLSv1_2), "TLS_TOO_OLD", "or give the client certificate"),
        (wants_certificate(ssl.TLSVersion.TLSv1_3), "TLS_CERTIFICATE", "Give the client certificate"),
    ],
)
def test_an_old_or_demanding_https_server_is_named_as_such(change: Any, code: str, words: str, over_https: Any) -> None:
    error = over_https(change)
    assert isinstance(error, NeedsAttentionError)
    assert error.code == code
    assert words in f"{error.message} {error.hint}"


def test_a_certificate_for_another_host_is_no_matter_of_its_authority(over_https: Any) -> None:
    error = over_https(only(ssl.TLSVersion.TLSv1_3), host="localhost")
    assert isinstance(error, NeedsAttentionError)
    assert (error.code, error.message[-2:]) == ("TLS_CERTIFICATE", "'.")
    assert "host" in error.hint
    assert "authority" not in error.hint
