"""What an ERP answers in each format, and the ways in which its answers come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from orderflow.channels.as2 import outgoing
from orderflow.domain.delivery import Document
from orderflow.domain.ids import new_id
from orderflow.testing.sftp_server import SFTPServer
from tests.integration.channels.as2_partner import OURS, THEIRS, keys_of
from tests.integration.channels.bucket_store import Bucket, running_store
from tests.integration.channels.ftp_server import FTPServer
from tests.integration.connectors.as2_receiver import identity
from tests.unit.formats.edifact import test_answers as edifact
from tests.unit.formats.idoc.idocs import as_xml, control
from tests.unit.formats.ubl.responses import response
from tests.unit.formats.x12 import test_answers as x12


def _plain(number: str) -> bytes:
    said = {"status": "ACKED", "external_order_number": number, "erp_order_id": f"SO-{number}"}
    return json.dumps(said).encode()


def _edifact(number: str) -> bytes:
    said: bytes = edifact.interchange(
        edifact.message("ORDRSP", "BGM+231+R+29", f"RFF+ON:{number}", f"RFF+VN:SO-{number}")
    )
    return said.replace(b"THEM:14+US:14", b"PARTNER:14+ACME:14")


def _x12(number: str) -> bytes:
    said = x12.transaction("855", f"BAK*00*AD*{number}*20261101****SO-{number}*20261129", "CTT*0")
    answer: bytes = x12.interchange(said, sender="PARTNER", receiver="ACME", codes="PARTNER*ACME")
    return answer


def _idoc(number: str) -> bytes:
    item = {"POSEX": "000010", "ACTION": "004", "MENGE": "10.000", "MENEE": "MTR"}
    return as_xml(
        control("ORDRSP", "ORDERS05"),
        ("E1EDK01", {"CURCY": "EUR", "BELNR": f"SO-{number}"}, []),
        ("E1EDK02", {"QUALF": "001", "BELNR": number}, []),
        ("E1EDP01", item, [
            ("E1EDP02", {"QUALF": "001", "BELNR": number, "ZEILE": "000001"}, []),
            ("E1EDP20", {"WMENG": "10.000", "EDATU": "20261210"}, []),
        ]),
    )  # fmt: skip


def _ubl(number: str) -> bytes:
    return response("AP").replace(b"PO-1", number.encode())


ANSWERS: dict[str, Callable[[str], bytes]] = {
    **dict.fromkeys(("JSON v1", "JSON v2", "CSV", "template"), _plain),
    "UBL": _ubl,
    "EDIFACT": _edifact,
    "X12": _x12,
    "IDoc": _idoc,
}
"""Of each format a yes to an order, by its number."""


@dataclass
class Folder:
    """A place where answers lie until we fetch them.

    Attributes:
        config: Of a connection to it, through a port where there is a line that can be cut.
        leave: Lays an answer there, whole.
        files: What lies there by its path below it, also what was put away.
    """

    config: Callable[[int | None], dict[str, Any]]
    leave: Callable[[str, bytes], object]
    files: Callable[[], list[str]]
    port: int | None = None


def _of(root: Path, config: Callable[[int | None], dict[str, Any]], port: int | None = None) -> Folder:
    folder = root / "answers"

    def leave(name: str, content: bytes) -> None:
        (folder / f"{name}.tmp").write_bytes(content)
        (folder / f"{name}.tmp").rename(folder / name)

    def files() -> list[str]:
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    for name in ("out", "answers"):
        (root / name).mkdir()
    return Folder(config, leave, files, port)


@contextmanager
def _folder(root: Path) -> Iterator[Folder]:
    places = {"export_path": str(root / "out"), "ack_path": str(root / "answers")}
    yield _of(root, lambda _: {"mode": "filesystem", **places})


@contextmanager
def _sftp(root: Path) -> Iterator[Folder]:
    with SFTPServer(root) as server:
        login = {"host": server.host, "host_key": server.host_key, "username": server.username}
        login |= {"mode": "sftp", "password": server.password}
        places: dict[str, Any] = {"export_path": "/out", "ack_path": "/answers", "timeout": 5}
        yield _of(root, lambda port: {**login, **places, "port": port or server.port}, server.port)


@contextmanager
def _ftp(root: Path, *, tls: bool = False) -> Iterator[Folder]:
    with FTPServer(root, tls=tls) as server:
        places: dict[str, Any] = {"export_path": "/out", "ack_path": "/answers", "timeout": 5}
        login = {**server.account, **places, "mode": "ftps" if tls else "ftp"}
        yield _of(root, lambda port: {**login, "port": port or server.port}, server.port)


@contextmanager
def _bucket(_: Path) -> Iterator[Folder]:
    with running_store() as store:
        bucket = Bucket(*store.get_host_and_port())
        within = "in/answers/"
        yield Folder(
            lambda port: (bucket.through(port) if port else bucket.config) | {"timeout": 5},
            lambda name, content: bucket.put(within + name, content),
            lambda: sorted(bucket.objects(within)),
            bucket.port,
        )


FOLDERS: dict[str, Callable[[Path], AbstractContextManager[Folder]]] = {
    "folder": _folder,
    "sftp": _sftp,
    "ftp": _ftp,
    "ftps": lambda root: _ftp(root, tls=True),
    "bucket": _bucket,
}


@dataclass(frozen=True)
class Message:
    """What an ERP sends to us by itself, and sends again until it is answered with a 200."""

    path: str
    headers: dict[str, str]
    body: bytes

    def sent(self, port: int) -> bool:
        """Send it once; returns whether it was taken."""
        try:
            answer = httpx.post(
                f"http://127.0.0.1:{port}{self.path}", content=self.body, headers=self.headers, timeout=60
            )
        except httpx.TransportError:
            return False
        assert answer.status_code == 200, answer.text
        return b"error" not in answer.content.lower()


def to_answers(connection_id: object, token: str, content: bytes) -> Message:
    """Return an answer as an ERP that calls back sends it."""
    return Message(f"/api/v1/answers/{connection_id}", {"Authorization": f"Bearer {token}"}, content)


def over_as2(connection_id: object, _token: str, content: bytes) -> Message:
    """Return an answer as a partner sends it, signed and encrypted; each is a message with an id of its own."""
    terms = outgoing.Terms((identity(THEIRS), "sha-256"), (identity(OURS).certificate, "aes256-cbc"), True)
    packed = outgoing.pack(Document("", content, "application/octet-stream", "x"), terms)
    asked = "signed-receipt-protocol=required, pkcs7-signature; signed-receipt-micalg=required, sha-256"
    named = {"AS2-From": THEIRS, "AS2-To": f'"{OURS}"', "Message-ID": f"<{new_id()}@them>"}
    named |= {"Disposition-Notification-To": "us", "Disposition-Notification-Options": asked}
    return Message(f"/as2/{connection_id}", dict(packed.headers) | named, packed.body)


def as2_config() -> dict[str, Any]:
    """Return a connection to a partner who sends its answers over AS2."""
    ours, theirs = keys_of(OURS), keys_of(THEIRS)
    config = {"mode": "as2", "plain_http": True, "url": "http://127.0.0.1:9/as2", "as2_from": OURS, "as2_to": THEIRS}
    config |= {"own_certificates": ours.certificate, "own_keys": ours.key}
    return config | {"partner_certificates": theirs.certificate}


SENDERS: dict[str, Callable[[object, str, bytes], Message]] = {"/answers": to_answers, "/as2": over_as2}
