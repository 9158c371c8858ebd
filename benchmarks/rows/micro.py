"""What is done for every order, in one process and without I/O: find a connector, open a secret, write a document."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from benchmarks.interleaved import Figures, medians
from benchmarks.orders import LARGE, make_orders
from benchmarks.peers import config_fernet, document_jsonschema, document_pydantic
from benchmarks.table import Row
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.domain.document import export_document
from orderflow.domain.orders import DraftOrder
from orderflow.secrets.encryption import EncryptionService

CONFIG = {
    "mode": "sftp",
    "host": "erp.acme.example",
    "port": 22,
    "username": "orderflow",
    "password": "correct horse battery staple",
    "host_key": "SHA256:" + "q" * 43,
    "export_path": "/orders",
    "ack_path": "/answers",
}


def measure(full: bool) -> Iterator[Row]:
    rounds = 31 if full else 11
    yield _resolution(rounds)
    yield from _encryption(rounds)
    yield _document(rounds)


def _resolution(rounds: int) -> Row:
    ConnectorRegistry.get("DROPZONE_JSON_V1")  # finds what is installed, once in a process
    plain = {"DROPZONE_JSON_V1": ConnectorRegistry.get("DROPZONE_JSON_V1")}
    programs = {
        "ours": lambda: ConnectorRegistry.get("DROPZONE_JSON_V1"),
        "a dict (limit)": lambda: plain["DROPZONE_JSON_V1"],
    }
    return _row("connector resolution", _timed(programs, 50_000, rounds), 1)


def _encryption(rounds: int) -> Iterator[Row]:
    ours, fernet = EncryptionService("ab" * 32), config_fernet.Configs()
    place = b"organization, connection and type"
    sealed, token = ours.encrypt_config(CONFIG, place), fernet.encrypt(CONFIG)
    sealing = {
        "ours": lambda: ours.encrypt_config(CONFIG, place),
        "json + Fernet": lambda: fernet.encrypt(CONFIG),
    }
    opening = {
        "ours": lambda: ours.decrypt_config(sealed, place),
        "json + Fernet": lambda: fernet.decrypt(token),
    }
    yield _row("encrypt a configuration", _timed(sealing, 2_000, rounds), 50)
    yield _row("decrypt a configuration", _timed(opening, 2_000, rounds), 50)


def _document(rounds: int) -> Row:
    order = _order()
    schema = document_jsonschema.Documents()
    programs = {
        "ours": lambda: export_document(order),
        "jsonschema + json.dumps": lambda: schema.encode(order),
        "pydantic": lambda: document_pydantic.encode(order),
    }
    figures = _timed(programs, 3, rounds, in_a_second=1e3)
    name = f"a document of {LARGE} lines built, validated, encoded"
    return _row(name, figures, 5, unit="ms", note=f"{len(export_document(order).content) / 1000:.0f} KB")


def _order() -> DraftOrder:
    [order] = make_orders(1, LARGE)
    order.org_slug, order.approved_at = "bench", datetime.now(UTC)
    return order


def _row(name: str, figures: Figures, below: float, unit: str = "µs", note: str = "") -> Row:
    ours, spread = figures.pop("ours"), figures.spread
    return Row(name, ours, unit, figures, target=f"< {below} {unit}", reached=ours < below, note=note, spread=spread)


def _timed(
    programs: dict[str, Callable[[], object]], repetitions: int, rounds: int, in_a_second: float = 1e6
) -> Figures:
    """Return for each program the median of its time per call, in µs unless another unit is wanted."""

    def timed(call: Callable[[], object]) -> float:
        return _time(call, repetitions) * in_a_second

    return medians({name: partial(timed, call) for name, call in programs.items()}, rounds)


def _time(call: Callable[[], object], repetitions: int) -> float:
    gc.disable()  # as `timeit` does
    started = time.perf_counter()
    for _ in range(repetitions):
        call()
    seconds = time.perf_counter() - started
    gc.enable()
    return seconds / repetitions
