"""A message over AS2: signed, encrypted, opened, its receipt signed and checked; pyas2lib does the same."""

from __future__ import annotations

import base64
import datetime as dt
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.interleaved import medians
from benchmarks.runs import LeftOutError
from benchmarks.table import Row
from orderflow.channels.as2 import incoming, mime, outgoing, receipt
from orderflow.channels.as2.certificates import certificates, identities
from orderflow.domain.delivery import Document
from orderflow.entrypoints.demo.erps.as2_gateway import pkcs12
from tests.integration.channels.as2_partner import PYTHON, keys_of

PEER = Path(__file__).parents[1] / "peers" / "as2_pyas2lib.py"
DOCUMENT = Document("order.edi", b"LIN+1++INT-001:SA'QTY+21:5:PCE'PRI+AAA:12.5'\r\n" * 200, "application/EDIFACT", "x")
TIMES = 3.0


def measure(full: bool) -> Iterator[Row]:
    if not PYTHON.exists():
        raise LeftOutError("pyas2lib is not installed: run scripts/install-as2-peer")
    rounds, turns = (400, 5) if full else (60, 3)
    with TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "content").write_bytes(DOCUMENT.content)
        for name in ("a", "b"):
            (folder / f"{name}.p12").write_bytes(base64.b64decode(pkcs12(keys_of(name), "bench")))
            (folder / f"{name}.pem").write_text(keys_of(name).certificate)
        figures = medians(
            {"ours": lambda: rounds / ours(rounds), "pyas2lib": lambda: rounds / theirs(folder, rounds)}, turns
        )
    row = Row(
        "AS2: messages signed, encrypted and opened, receipts signed and checked, 10 KB",
        figures["ours"],
        "messages/s",
        {"pyas2lib": figures["pyas2lib"]},
        f"≥ {TIMES:g}x pyas2lib",
        figures["ours"] >= TIMES * figures["pyas2lib"],
        "processor time of one process; no network, no database",
        figures.spread,
    )
    yield row


def ours(rounds: int) -> float:
    """Return the seconds of the processor that so many messages take."""
    us, them = (identities(keys_of(name).key, certificates(keys_of(name).certificate))[0] for name in ("a", "b"))
    now = dt.datetime.now(dt.UTC)
    terms = outgoing.Terms((us, "sha-256"), (them.certificate, "aes256-cbc"))
    their_keys, our_keys = (
        incoming.Keys([one], [other.certificate], 10**6, now) for one, other in ((them, us), (us, them))
    )
    began = time.process_time()
    for _ in range(rounds):
        sent = outgoing.pack(DOCUMENT, terms)
        came = incoming.unpack(mime.whole(sent.headers, sent.body), their_keys)
        headers, body = receipt.write(receipt.Statement("1@a", "b", (came.checked, "sha-256")), (them, "sha-256"))
        assert receipt.read(mime.whole(headers, body), our_keys).matches(sent.checked)
    return time.process_time() - began


def theirs(folder: Path, rounds: int) -> float:
    command = [str(PYTHON), str(PEER), str(folder), str(rounds)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
