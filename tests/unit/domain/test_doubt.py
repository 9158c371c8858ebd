"""What an exception says about the target, also where the connector hides it behind one of ours."""

import http.client
import socket
import ssl
import urllib.error

import httpx
import pytest

from orderflow.domain.doubt import nothing_was_done, sorted_out
from orderflow.domain.errors import (
    BusyError,
    ConfigError,
    ConnectorError,
    InDoubtError,
    LeaseEndingError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)


def of_library(module, name):
    """Return an exception class as that library has it, which need not be installed."""
    return type(name, (Exception,), {"__module__": module})


def raised_while(handled, error=None, *, hidden=False):
    """Return `error` as it is after it was raised while `handled` was."""
    error = error or ConnectorError("MyERP export failed")
    try:
        try:
            raise handled  # noqa: TRY301  # handled right here
        except Exception:  # noqa: BLE001  # whatever a library raises
            if hidden:
                raise error from None
            raise error  # noqa: B904  # as connectors do
    except ConnectorError as caught:
        return caught


def caused(error, cause):
    error.__cause__ = cause
    return error


NewConnection = of_library("urllib3.exceptions", "NewConnectionError")
MaxRetry = of_library("urllib3.exceptions", "MaxRetryError")
Requests = of_library("requests.exceptions", "ConnectionError")
NEVER_CONNECTED = [
    ConnectionRefusedError(111, "refused"),
    socket.gaierror(-2, "Name or service not known"),
    ssl.SSLCertVerificationError("self-signed certificate"),
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("timed out"),
    caused(httpx.ConnectError("refused"), caused(of_library("httpcore", "ConnectError")(), OSError(113, "no route"))),
    caused(httpx.ConnectTimeout("t"), TimeoutError("timed out")),
    urllib.error.URLError(ConnectionRefusedError(111, "refused")),
    Requests(MaxRetry(caused(NewConnection("refused"), ConnectionRefusedError(111, "refused")))),
    caused(of_library("requests.exceptions", "SSLError")(), ssl.SSLCertVerificationError("expired")),
    of_library("requests.exceptions", "ConnectTimeout")(),
    http.client.NotConnected(),
    UnavailableError("down"),
    RejectedError("no"),
]
DOUBT = [
    TimeoutError("timed out"),
    ConnectionResetError(104, "reset"),
    BrokenPipeError(32, "pipe"),
    OSError(113, "no route to host"),
    ssl.SSLError("bad record"),
    httpx.ReadTimeout("t"),
    httpx.WriteError("w"),
    httpx.RemoteProtocolError("gone"),
    http.client.RemoteDisconnected("gone"),
    http.client.IncompleteRead(b"{"),
    urllib.error.URLError(TimeoutError("timed out")),
    Requests(of_library("urllib3.exceptions", "ProtocolError")("aborted")),
    Requests("what it was nobody knows"),
    caused(httpx.ConnectError("refused"), httpx.ReadTimeout("the first try")),
    caused(ConnectionRefusedError(111, "the second try"), TimeoutError("the first")),
    caused(of_library("mylib", "ConnectError")(), ConnectionRefusedError(111, "refused")),
    KeyError("id"),
    ValueError("not JSON"),
    InDoubtError("lost"),
    caused(ConnectorError("inner"), TimeoutError("read")),
]


@pytest.mark.parametrize("handled", NEVER_CONNECTED, ids=repr)
@pytest.mark.parametrize("hidden", [False, True])
def test_what_never_connected_is_tried_again(handled, hidden):
    error = raised_while(handled, hidden=hidden)
    assert sorted_out(error) is error


@pytest.mark.parametrize("handled", DOUBT, ids=repr)
@pytest.mark.parametrize("kind", [ConnectorError, TransientError])
@pytest.mark.parametrize("hidden", [False, True])
def test_anything_else_leaves_doubt(handled, kind, hidden):
    outcome = sorted_out(raised_while(handled, kind("It failed"), hidden=hidden))
    assert isinstance(outcome, InDoubtError)
    assert outcome.message == "It failed"


def test_what_was_handled_is_found_through_errors_of_ours():
    inner = raised_while(httpx.ReadTimeout("t"), TransientError("inner"))
    assert isinstance(sorted_out(raised_while(inner, ConnectorError("outer"))), InDoubtError)


@pytest.mark.parametrize("kind", [UnavailableError, BusyError, NeedsAttentionError, ConfigError, RejectedError])
def test_an_error_that_says_what_happened_is_believed(kind):
    error = raised_while(httpx.ReadTimeout("t"), kind("said"))
    assert sorted_out(error) is error


@pytest.mark.parametrize("error", [ConnectorError("x"), TransientError("x"), LeaseEndingError()])
def test_an_error_that_was_raised_from_nothing_says_that_nothing_was_done(error):
    assert sorted_out(error) is error


def test_it_may_be_said_outright():
    assert isinstance(sorted_out(ConnectorError("x", nothing_done=False)), InDoubtError)
    lost = raised_while(httpx.ReadTimeout("t"), TransientError("answered 409", nothing_done=True))
    assert sorted_out(lost) is lost
    outcome = sorted_out(InDoubtError("x", nothing_done=True, retry_after=7, rests_for=9))
    assert (type(outcome), outcome.retry_after, outcome.rests_for) == (TransientError, 7, 9)


def test_code_details_and_times_are_kept():
    error = TransientError("x", code="MYERP_LOST", details={"a": 1}, retry_after=3, rests_for=5, nothing_done=False)
    outcome = sorted_out(error)
    assert (outcome.code, outcome.details, outcome.retry_after, outcome.rests_for) == ("MYERP_LOST", {"a": 1}, 3, 5)
    assert sorted_out(ConnectorError("x", nothing_done=False)).code == "IN_DOUBT"


def test_a_chain_that_bites_its_tail_ends():
    first, second = ValueError("a"), ValueError("b")
    first.__context__, second.__context__ = second, first
    assert not nothing_was_done(raised_while(first))
