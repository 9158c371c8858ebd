"""What a library fails with says nothing of the request that it sent before, in the same call."""

import socket
import threading
import urllib.request
from contextlib import contextmanager

import httpx
import pytest

from orderflow.domain.doubt import sorted_out
from orderflow.domain.errors import ConnectorError, InDoubtError

requests = pytest.importorskip("requests")
urllib3 = pytest.importorskip("urllib3")

POSTS = {
    "requests": lambda url: requests.post(url, data=b"an order", timeout=5),
    "httpx": lambda url: httpx.post(url, content=b"an order", follow_redirects=True, timeout=5),
    "urllib3": lambda url: urllib3.PoolManager().request("POST", url, body=b"an order", timeout=5),
    "urllib": lambda url: urllib.request.urlopen(url, data=b"an order", timeout=5),
}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return unused.getsockname()[1]


@contextmanager
def takes_one(answer):
    """Take one request, answer, and be gone."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        listener.close()
        with connection:
            connection.recv(65_536)
            connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/orders"
    thread.join(5)


def ended(post, url):
    """Return how an attempt ended, as the specification's example of a connector says it."""
    try:
        try:
            post(url)
        except Exception as e:  # noqa: BLE001  # as the example
            raise ConnectorError(f"MyERP export failed: {e}")  # noqa: B904  # as the example
    except ConnectorError as error:
        return sorted_out(error)
    raise AssertionError("it did not fail")


@pytest.mark.parametrize("status", [302, 303])
@pytest.mark.parametrize("library", POSTS)
def test_a_redirect_to_where_nobody_is_leaves_doubt_about_the_order_that_was_taken(library, status):
    elsewhere = f"http://127.0.0.1:{free_port()}/thanks"
    answer = f"HTTP/1.1 {status} Taken\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with takes_one(answer.encode()) as url:
        assert isinstance(ended(POSTS[library], url), InDoubtError)


def test_a_second_try_that_is_refused_leaves_doubt_about_the_first():
    retries = urllib3.Retry(2, allowed_methods=None, backoff_factor=0)
    with takes_one(b"") as url:
        outcome = ended(lambda url: urllib3.PoolManager(retries=retries).request("POST", url, body=b"an order"), url)
    assert isinstance(outcome, InDoubtError)


@pytest.mark.parametrize("library", POSTS)
def test_a_server_that_is_down_leaves_no_doubt(library):
    assert not isinstance(ended(POSTS[library], f"http://127.0.0.1:{free_port()}/orders"), InDoubtError)
