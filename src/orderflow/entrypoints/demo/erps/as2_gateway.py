"""A partner's AS2 server, django-pyas2, in a process and a Python of its own: for the demo.

Between it and the ERP lie two folders, as between most gateways and what is behind them.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import PrivateFormat, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES, serialize_key_and_certificates

from orderflow.channels.as2.new_keys import NewKeys, new_keys
from orderflow.entrypoints.demo.erps.erp_process import ErpProcess, free_port

PACKAGES = ("django-pyas2==1.2.3", "Django~=5.2.0")
OURS, THEIRS = "ORDERFLOW-DEMO", "DEMO-ERP"
"""The AS2 names."""

_PASSPHRASE = "of-the-demo"  # noqa: S105  # of a key that is made for one demo, in a file of that demo's
_CONTROL = 60
"""Seconds that it may take to be told something."""


@dataclass
class As2Gateway:
    """The gateway with keys of its own, for one partner.

    Args:
        folder: Where its database and files go.
        python: A Python that has `PACKAGES`.
        orders: Where what it received is put, each file whole at once.
        answers: What lies there is sent to the partner, and removed once its receipt came.
    """

    folder: Path
    python: Path
    orders: Path
    answers: Path
    theirs: NewKeys = field(init=False, repr=False)
    ours: NewKeys = field(init=False, repr=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.stop()

    def start(self) -> None:
        """Make keys for both sides and serve. Raises OrderFlowError: it does not serve; the message names its log."""
        shutil.rmtree(self.folder, ignore_errors=True)  # an earlier demo's had other keys
        self.folder.mkdir(parents=True)
        now = datetime.now(UTC)
        self.theirs, self.ours = new_keys(THEIRS, now, days=30), new_keys(OURS, now, days=30)
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        setup = self.folder / "setup.json"
        setup.touch(mode=0o600)
        setup.write_text(json.dumps(self._setup(port)))
        command = [str(self.python), str(Path(__file__).with_name("as2_gateway_server.py")), str(setup)]
        self.process = ErpProcess(command, self.url, self.folder / "log.txt", {})
        self.process.start()

    def _setup(self, port: int) -> Mapping[str, Any]:
        return {
            "port": port,
            "name": THEIRS,
            "key": pkcs12(self.theirs, _PASSPHRASE),
            "passphrase": _PASSPHRASE,
            "partner": OURS,
            "certificate": self.ours.certificate,
            "orders": str(self.orders),
            "answers": str(self.answers),
        }

    @property
    def url(self) -> str:
        """Where it takes messages."""
        return f"{self.base}/as2"

    def answer_to(self, url: str) -> None:
        """Tell it where we take its answers."""
        httpx.post(f"{self.base}/control/answer-to", json={"url": url}, timeout=_CONTROL).raise_for_status()

    def connection(self) -> dict[str, object]:
        """Return our side's configuration of a connection to it. It takes a Message-ID once, by its source."""
        return {
            "mode": "as2",
            "url": self.url,
            "plain_http": True,
            "as2_from": OURS,
            "as2_to": THEIRS,
            "own_certificates": self.ours.certificate,
            "own_keys": self.ours.key,
            "partner_certificates": self.theirs.certificate,
            "require_encrypted": True,
            "same_id_once": True,
        }


def pkcs12(keys: NewKeys, passphrase: str) -> str:
    """Return key and certificate in base64, encrypted as django-pyas2 can read them."""
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2000)
        .key_cert_algorithm(PBES.PBESv1SHA1And3KeyTripleDESCBC)  # what its library, oscrypto, reads
        .hmac_hash(hashes.SHA1())  # noqa: S303  # as above
        .build(passphrase.encode())
    )
    certificate = x509.load_pem_x509_certificate(keys.certificate.encode())
    key: Any = load_pem_private_key(keys.key.encode(), None)
    return base64.b64encode(serialize_key_and_certificates(b"key", key, certificate, None, encryption)).decode()
