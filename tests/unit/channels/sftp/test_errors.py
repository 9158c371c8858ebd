"""Every error of the SSH library has a counterpart of ours."""

from __future__ import annotations

import inspect
import socket

import asyncssh
import pytest
from asyncssh.packet import PacketDecodeError

from orderflow.channels.sftp.errors import translate, translated
from orderflow.channels.sftp.target import SFTPTarget
from orderflow.domain.errors import ConnectorError, NeedsAttentionError, UnavailableError

TARGET = SFTPTarget("ftp.acme.example", username="orderflow", password="pa55", host_key="SHA256:x")

# What belongs to processes, terminals, listeners and servers: we use none of these.
NOT_USED = {
    asyncssh.BreakReceived,
    asyncssh.ChannelListenError,
    asyncssh.ConfigParseError,
    asyncssh.KeyExportError,
    asyncssh.KeyGenerationError,
    asyncssh.PasswordChangeRequired,
    asyncssh.ProcessError,
    asyncssh.SignalReceived,
    asyncssh.TerminalSizeChanged,
    asyncssh.TimeoutError,
}
EXPECTED = {
    asyncssh.Error: "CONNECTION_LOST",
    asyncssh.DisconnectError: "CONNECTION_LOST",
    asyncssh.ChannelOpenError: "SESSION_LIMIT",
    asyncssh.CompressionError: "PROTOCOL_ERROR",
    asyncssh.ConnectionLost: "CONNECTION_LOST",
    asyncssh.HostKeyNotVerifiable: "HOST_KEY_CHANGED",
    asyncssh.IllegalUserName: "AUTH_FAILED",
    asyncssh.KeyEncryptionError: "KEY_UNREADABLE",
    asyncssh.KeyExchangeFailed: "SSH_INCOMPATIBLE",
    asyncssh.KeyImportError: "KEY_UNREADABLE",
    asyncssh.MACError: "PROTOCOL_ERROR",
    asyncssh.PermissionDenied: "AUTH_FAILED",
    asyncssh.ProtocolError: "PROTOCOL_ERROR",
    asyncssh.ProtocolNotSupported: "SSH_INCOMPATIBLE",
    asyncssh.ServiceNotAvailable: "SERVICE_UNAVAILABLE",
}


def exported() -> set[type[Exception]]:
    """All but what asyncssh's own SFTP client raises, which is not the one that we use."""
    everything = (thing for _, thing in inspect.getmembers(asyncssh, inspect.isclass))
    return {thing for thing in everything if issubclass(thing, Exception) and not issubclass(thing, asyncssh.SFTPError)}


def made(kind: type[Exception]) -> Exception:
    coded = (asyncssh.Error, asyncssh.DisconnectError, asyncssh.ChannelOpenError)
    return kind(4, "too bad") if kind in coded else kind("too bad")


def test_every_exception_that_asyncssh_exports_is_known_here() -> None:
    assert exported() == set(EXPECTED) | NOT_USED


@pytest.mark.parametrize(("kind", "code"), EXPECTED.items(), ids=lambda value: getattr(value, "__name__", value))
def test_each_has_its_code(kind: type[Exception], code: str) -> None:
    error = translate(TARGET, made(kind))
    assert error.code == code
    assert "ftp.acme.example" in error.message
    assert "pa55" not in f"{error.as_json()}"


@pytest.mark.parametrize(
    ("raised", "kind", "code"),
    [
        (socket.gaierror(-2, "Name or service not known"), UnavailableError, "HOST_UNKNOWN"),
        (UnicodeError("label empty or too long"), UnavailableError, "HOST_UNKNOWN"),
        (ConnectionRefusedError(111, "refused"), UnavailableError, "CONNECTION_REFUSED"),
        (ConnectionResetError(104, "reset"), UnavailableError, "CONNECTION_LOST"),
        (TimeoutError(), UnavailableError, "TIMEOUT"),
        (OSError(113, "No route to host"), UnavailableError, "HOST_UNREACHABLE"),
        (asyncssh.DisconnectError(12, "Too many"), UnavailableError, "SESSION_LIMIT"),
        (asyncssh.ChannelOpenError(0xFFFFFFFF, "Session request failed"), NeedsAttentionError, "SFTP_NOT_OFFERED"),
        (ValueError("bad user name"), NeedsAttentionError, "CONFIG_INVALID"),
    ],
)
def test_the_systems_errors_too(raised: Exception, kind: type[ConnectorError], code: str) -> None:
    with pytest.raises(kind) as caught, translated(TARGET):
        raise raised
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize(
    "raised",
    [
        PacketDecodeError("Incomplete packet"),
        UnicodeDecodeError("utf-8", b"\xfcber", 0, 1, "invalid start byte"),
        asyncssh.ProtocolError("Max packet size exceeded"),
    ],
)
def test_what_a_server_says_wrongly_is_no_fault_of_our_settings_and_no_limit(raised: Exception) -> None:
    error = translate(TARGET, raised)
    assert isinstance(error, UnavailableError)
    assert error.code == "PROTOCOL_ERROR"


def test_a_refused_key_is_told_from_a_refused_password() -> None:
    with_key = SFTPTarget("h", username="u", ssh_key="k")
    assert translate(with_key, asyncssh.PermissionDenied("no")).code == "KEY_REFUSED"
    with_both = SFTPTarget("h", username="u", ssh_key="k", password="p")
    assert "both" in translate(with_both, asyncssh.PermissionDenied("no")).message


def test_a_target_keeps_its_secrets_out_of_its_repr() -> None:
    shown = repr(SFTPTarget("h", username="u", password="pa55", ssh_key="BEGIN", ssh_key_passphrase="0pen"))
    assert not {"pa55", "BEGIN", "0pen"} & set(shown.replace("'", " ").split())
    assert "username='u'" in shown


def test_an_address_is_a_url_without_secrets() -> None:
    target = SFTPTarget("::1", 2222, "a@b", password="pa55")
    assert target.address("/in/ü x.json") == "sftp://a%40b@[::1]:2222/in/%C3%BC%20x.json"
    assert target.address("in/x") == "sftp://a%40b@[::1]:2222/~/in/x", "not the same file as /in/x"
