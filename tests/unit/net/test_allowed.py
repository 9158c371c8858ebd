"""What the operator allows is held to where a connection leads in the end, and not to how that is written."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from orderflow.channels.folder.store import open_folder
from orderflow.channels.ftp.store import open_ftp
from orderflow.channels.ftp.target import FTPTarget
from orderflow.channels.sftp.store import SFTPTarget, close_all, open_sftp
from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.domain.errors import NeedsAttentionError
from orderflow.domain.reach import OPERATOR, Place, Reach, within
from orderflow.http import HttpClient
from orderflow.net import addresses, allowed
from orderflow.net.allowed import AllowedFolder, AllowedNetwork, Rules, set_rules
from orderflow.net.deadline import Deadline
from orderflow.net.ranges import parsed

ACME, BETA = Reach("acme", restricted=True), Reach("beta", restricted=True)


@pytest.fixture(autouse=True)
def rules():
    before = allowed._rules
    set_rules(Rules())
    yield
    set_rules(before)
    close_all()


def allow(*networks, servers=(), folders=(), home=None):
    set_rules(
        Rules(
            [AllowedNetwork.parse(text) for text in networks],
            [AllowedFolder.parse(text) for text in folders],
            frozenset(servers),
            home,
        )
    )


def may(address, reach=ACME):
    try:
        addresses.check("erp.example", [address], reach)
    except NeedsAttentionError as error:
        return {"ADDRESS_NOT_ALLOWED": False}[error.code]
    return True


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.1.9", "100.64.0.1", "8.8.8.8", "fc00::1", "2a00::1"])
def test_erps_live_in_private_networks_and_on_the_internet(address):
    assert may(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::1", "fe80::1",
        "fd00:ec2::254", "fd00:ec2::23", "::ffff:0:7f00:1",
        "2600::5efe:7f00:1", "224.0.0.1", "255.255.255.255", "ff02::1",
    ],
)  # fmt: skip
def test_this_machine_its_link_and_metadata_are_closed_by_default(address):
    assert not may(address)
    assert may(address, OPERATOR)


def test_a_wide_entry_does_not_open_what_has_to_be_named():
    allow("0.0.0.0/0", "::/0")
    assert may("10.0.0.1")
    assert not may("127.0.0.1")
    allow("127.0.0.0/30")
    assert may("127.0.0.1")
    assert not may("127.0.0.9")
    assert not may("10.0.0.1"), "what is listed is all that is allowed"


def test_an_entry_may_be_for_one_organization():
    allow("public", "acme=10.1.0.0/16", "beta=127.0.0.1")
    assert may("10.1.2.3", ACME)
    assert not may("10.1.2.3", BETA)
    assert may("127.0.0.1", BETA)
    assert not may("127.0.0.1", ACME)


def test_the_machine_s_own_address_and_the_database_s_are_closed_unless_named(monkeypatch):
    monkeypatch.setattr(allowed, "_is_local", lambda address: str(address) == "10.0.0.5")
    allow("private", servers=["10.0.0.6"])
    assert [may(f"10.0.0.{last}") for last in (4, 5, 6)] == [True, False, False]
    allow("private", "10.0.0.0/24", "10.0.0.6", servers=["10.0.0.6"])
    assert [may(f"10.0.0.{last}") for last in (4, 5, 6)] == [True, False, True]


def test_the_kernel_knows_which_addresses_are_its_own():
    assert allowed._is_local(parsed("127.0.0.1"))
    assert not allowed._is_local(parsed("192.0.2.1"))


@pytest.mark.parametrize("text", ["10.0.0.1/8", "intern", "acme=", "=", "10.0.0.0/33"])
def test_an_entry_that_is_no_network_is_refused(text):
    with pytest.raises(ValueError, match="must list networks"):
        AllowedNetwork.parse(text)


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


def _sftp(port):
    open_sftp(SFTPTarget("localhost", port, "x", password="y", host_key="SHA256:" + "A" * 43)).list("/")


def _ftp(port):
    open_ftp(FTPTarget("localhost", port, "x", "y")).list("/")


def _http(port):
    HttpClient("The API").send("GET", f"http://localhost:{port}/")


@pytest.mark.parametrize("use", [_sftp, _ftp, _http])
def test_a_restricted_connection_is_not_even_begun(listener, use):
    with pytest.raises(NeedsAttentionError) as caught, within(ACME):
        use(listener.getsockname()[1])
    assert caught.value.code == "ADDRESS_NOT_ALLOWED"
    with pytest.raises(TimeoutError):
        listener.accept()


def test_targets_of_different_reach_share_no_connection():
    with within(ACME):
        restricted = SFTPTarget("h"), FTPTarget("h")
    assert restricted != (SFTPTarget("h"), FTPTarget("h"))


def test_the_address_that_was_checked_is_the_one_connected_to(listener, monkeypatch):
    port, asked = listener.getsockname()[1], []

    def rebinding(host, *_, **__):
        asked.append(host)
        ip = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    monkeypatch.setattr(allowed, "_is_local", lambda _: False)
    allow("127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    addresses.connected("rebind.example", port, Deadline(1), ACME).close()
    assert len(asked) == 1


def test_a_folder_is_closed_until_the_operator_lists_it(tmp_path):
    (tmp_path / "erp").mkdir()
    config = {"mode": "filesystem", "export_path": str(tmp_path / "erp")}
    connector = DropzoneJsonV1Connector()
    with within(ACME):
        assert connector.test_connection(config).details["code"] == "FOLDER_NOT_ALLOWED"
        allow(folders=[f"acme={tmp_path / 'erp'}"])
        assert connector.test_connection(config).success
    with within(BETA):
        assert connector.test_connection(config).details["code"] == "FOLDER_NOT_ALLOWED"
    assert connector.test_connection(config).success, "the operator's own"


def test_links_are_followed_before_a_folder_is_compared_and_each_time_it_is_used(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root / "in", outside):
        folder.mkdir(parents=True)
    allow(folders=[str(root)])
    with within(ACME):
        store = open_folder(fsync=False)
    assert store.list(str(root / "in")) == []
    (root / "in").rmdir()
    (root / "in").symlink_to(outside)
    for path in (root / "in", root / "in" / "..", f"{root}/../outside", f"{root}-2"):
        with pytest.raises(NeedsAttentionError, match="may not use the folder"):
            store.list(str(path))


@pytest.mark.parametrize("folder", ["/etc/cron.d", "/usr/lib", socket.__file__.rpartition("/")[0]])
def test_folders_whose_files_are_run_take_no_orders_even_from_the_operator(folder):
    refused = allowed.refusal(Place("export_path", "folder", folder), OPERATOR)
    assert refused is not None
    assert refused.code == "FOLDER_NOT_ALLOWED"


def test_the_home_s_own_files_are_the_system_s_too(tmp_path):
    allow(home=tmp_path)
    assert allowed.refusal(Place("f", "folder", str(tmp_path / "postgres" / "x")), OPERATOR)
    assert not allowed.refusal(Place("f", "folder", str(tmp_path / "erp")), OPERATOR)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "[::1]", "localhost", "a.localhost."]
)
def test_a_host_that_is_written_as_an_address_is_refused_when_it_is_saved(host):
    assert allowed.refusal(Place("host", "host", host), ACME)
    assert not allowed.refusal(Place("host", "host", host), OPERATOR)
    assert not allowed.refusal(Place("host", "host", "erp.example"), ACME)


def test_a_relative_folder_is_no_entry():
    with pytest.raises(ValueError, match="begin with /"):
        AllowedFolder.parse("acme=erp")
    assert AllowedFolder.parse("/srv/a=b") == AllowedFolder("", Path("/srv/a=b"))
