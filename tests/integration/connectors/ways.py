"""Every format and every channel, each with a receiver that keeps a log of what it takes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from orderflow.channels.as2 import receipt
from orderflow.testing.sftp_server import SFTPServer
from tests.integration.channels.as2_partner import OURS, THEIRS, keys_of
from tests.integration.channels.bucket_store import Bucket, running_store
from tests.integration.channels.ftp_server import FTPServer
from tests.integration.connectors.as2_receiver import Partner, identity, running_partner, taken

FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "JSON v1": ("DROPZONE_JSON_V1", {}),
    "JSON v2": ("DROPZONE_JSON_V1", {"export_version": "v2"}),
    "CSV": (
        "DROPZONE_CSV_V1",
        {"columns": [{"name": "Order", "field": "order.external_order_number"}, {"name": "Qty", "field": "line.qty"}]},
    ),
    "template": (
        "TEMPLATE_DOCUMENT",
        {"content": "text", "template": "{% for line in lines %}{{ order.external_order_number }}{% endfor %}"},
    ),
    "UBL": (
        "UBL_ORDER",
        {"seller_endpoint": "0088:4000001000005", "seller_name": "Acme", "seller_country": "DE"}
        | {"endpoints": {"4711": "9930:DE123456789"}, "units": {"M": "MTR"}},
    ),
    "EDIFACT": ("EDIFACT_ORDERS", {"sender": "ACME", "receiver": "PARTNER", "units": {"M": "MTR"}}),
    "X12": ("X12_850", {"sender": "ACME", "receiver": "PARTNER", "units": {"M": "MR"}}),
    "IDoc": ("SAP_IDOC", {"sender": "ORDERFLOW", "receiver": "PRDCLNT100", "units": {"M": "MTR"}}),
}
NUMBER = re.compile(rb"MX\d{6}")
"""What the orders' numbers look like in every document."""


Received = tuple[list[tuple[str, str]], bytes]
"""Headers and body of a message that comes to us."""


@dataclass
class Way:
    """A channel and its receiver.

    Attributes:
        config: Of a connection to it, through a port of this machine where there is a line that can be cut.
        port: Where that line ends; None: there is none.
        lies_there: What was delivered and nobody has taken.
        stages: Whether a document gets its final name in a step of its own.
        asks: Whether what became of a lost delivery can be found out, so that nothing is left to a person.
        receipts: What the receiver sends to us by itself of what it took since it was last asked.
    """

    config: Callable[[int | None], dict[str, Any]]
    port: int | None = None
    taken: list[bytes] = field(default_factory=list)
    lies_there: Callable[[], list[bytes]] = list
    stages: bool = True
    asks: bool = True
    receipts: Callable[[], list[Received]] = list

    def numbers(self) -> list[str]:
        """Return the number of each order that arrived, twice if twice."""
        arrived = [set(NUMBER.findall(document)) for document in [*self.taken, *self.lies_there()]]
        assert all(len(found) == 1 for found in arrived), "half a document, or one of several orders"
        return sorted(found.pop().decode() for found in arrived)


@contextmanager
def _receiver(folder: Path, way: Way, *, takes: bool) -> Iterator[Way]:
    """Let an ERP watch a folder, and take each document as soon as it has its final name."""
    over = threading.Event()

    def take() -> None:
        while not over.wait(0.001):
            for path in _final(folder):
                way.taken.append(path.read_bytes())
                path.unlink()

    thread = threading.Thread(target=take)
    if takes:
        thread.start()
    way.lies_there = lambda: [path.read_bytes() for path in _final(folder)]
    way.asks = not takes
    yield way
    over.set()
    if takes:
        thread.join()


def _final(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.endswith(".tmp")]


@contextmanager
def _folder(root: Path, *, takes: bool) -> Iterator[Way]:
    (root / "out").mkdir()
    way = Way(lambda _: {"mode": "filesystem", "export_path": str(root / "out")})
    with _receiver(root / "out", way, takes=takes):
        yield way


@contextmanager
def _sftp(root: Path, *, takes: bool) -> Iterator[Way]:
    (root / "out").mkdir()
    with SFTPServer(root) as server:
        login: dict[str, Any] = {
            "mode": "sftp",
            "host": server.host,
            "host_key": server.host_key,
            "username": server.username,
        }
        login |= {"password": server.password, "export_path": "/out", "timeout": 5}
        way = Way(lambda port: login | {"port": port or server.port}, server.port)
        with _receiver(root / "out", way, takes=takes):
            yield way


@contextmanager
def _ftp(root: Path, *, takes: bool, tls: bool = False) -> Iterator[Way]:
    (root / "out").mkdir()
    with FTPServer(root, tls=tls) as server:
        login = server.account | {"mode": "ftps" if tls else "ftp", "export_path": "/out", "timeout": 5}
        way = Way(lambda port: login | {"port": port or server.port}, server.port)
        with _receiver(root / "out", way, takes=takes):
            yield way


@contextmanager
def _bucket(_: Path) -> Iterator[Way]:
    with running_store() as store:
        bucket = Bucket(*store.get_host_and_port())
        config = {name: value for name, value in bucket.config.items() if name != "ack_path"} | {"timeout": 5}
        through = lambda port: config | ({"endpoint": f"http://127.0.0.1:{port}"} if port else {})  # noqa: E731  # of one line
        yield Way(through, bucket.port, lies_there=lambda: list(bucket.objects().values()))


@contextmanager
def _http(_: Path, *, looks: bool) -> Iterator[Way]:
    """Serve an API that takes each key once, if it looks at it."""
    way, keys, lock = Way(lambda _: {}, stages=False, asks=looks), set[str](), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            wanted = int(self.headers["Content-Length"])
            content, key = self.rfile.read(wanted), self.headers["Idempotency-Key"]
            if len(content) < wanted:
                self.close_connection = True
                return
            with lock:
                if not (looks and key in keys):
                    way.taken.append(content)
                keys.add(key)
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    way.port = server.server_port
    to = {"mode": "http", "plain_http": True, "timeout": 5, "idempotent": looks}
    way.config = lambda port: to | {"url": f"http://127.0.0.1:{port or server.server_port}/orders"}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield way
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def _as2(_: Path, *, looks: bool, late: bool = False) -> Iterator[Way]:
    """Serve a partner, which takes each Message-ID once; whether we are told so is `looks`. Some sign only later."""
    ours, theirs = keys_of(OURS), keys_of(THEIRS)
    to = {"mode": "as2", "plain_http": True, "as2_from": OURS, "as2_to": THEIRS, "timeout": 5, "same_id_once": looks}
    to |= {"own_certificates": ours.certificate, "own_keys": ours.key, "partner_certificates": theirs.certificate}
    with running_partner() as partner:
        port = int(partner.url.split(":")[2].split("/")[0])
        way = Way(lambda through: to | {"url": f"http://127.0.0.1:{through or port}/as2"}, port, stages=False)
        way.lies_there, way.asks = lambda: list(partner.taken.values()), looks
        if late:
            to.update(receipts="async", receipt_url="https://orders.example/as2/1")
            partner.usual, way.receipts = taken, lambda: _signed_for(partner, first_is_lost=looks)
        yield way


def _signed_for(partner: Partner, *, first_is_lost: bool) -> list[Received]:
    """Return the receipts that a partner sends now; those that ask again are signed for again."""
    said, partner.statements = partner.statements, []
    sent = [one for one in said if one.duplicate or not first_is_lost]
    written = [receipt.write(statement, (identity(THEIRS), "sha-256")) for statement in sent]
    return [([*headers, ("AS2-From", THEIRS), ("AS2-To", OURS)], body) for headers, body in written]


WAYS: dict[str, Callable[[Path], AbstractContextManager[Way]]] = {
    "folder": lambda root: _folder(root, takes=False),
    "folder, taken at once": lambda root: _folder(root, takes=True),
    "sftp": lambda root: _sftp(root, takes=False),
    "sftp, taken at once": lambda root: _sftp(root, takes=True),
    "ftp": lambda root: _ftp(root, takes=False),
    "ftp, taken at once": lambda root: _ftp(root, takes=True),
    "ftps": lambda root: _ftp(root, takes=False, tls=True),
    "ftps, taken at once": lambda root: _ftp(root, takes=True, tls=True),
    "bucket": _bucket,
    "http": lambda root: _http(root, looks=False),
    "http, with keys": lambda root: _http(root, looks=True),
    "as2": lambda root: _as2(root, looks=False),
    "as2, ids once": lambda root: _as2(root, looks=True),
    "as2, signed later": lambda root: _as2(root, looks=False, late=True),
    "as2, signed later, ids once": lambda root: _as2(root, looks=True, late=True),
}
