"""A person's click on "test": a connection of its own, and everything in it that a push and a poll do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from benchmarks.interleaved import medians
from benchmarks.peers import paramiko_steps
from benchmarks.table import Row
from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.testing.openssh_server import OpenSSHServer

PEER = "paramiko, the same steps"


def measure(full: bool) -> Iterator[Row]:
    with OpenSSHServer() as server:
        orders, answers = server.root / "orders", server.root / "answers"
        orders.mkdir()
        answers.mkdir()
        config = {
            "mode": "sftp",
            "host": server.host,
            "port": server.port,
            "username": server.username,
            "ssh_key": server.client_key,
            "host_key": server.host_keys[0],
            "export_path": str(orders),
            "ack_path": str(answers),
        }
        connector, target = DropzoneJsonV1Connector(), paramiko_steps.Target.of(server)

        def ours() -> None:
            result = connector.test_connection(config)
            assert result.success, result.error_message

        programs = {
            "ours": lambda: _timed(ours),
            PEER: lambda: _timed(lambda: paramiko_steps.test_connection(target, str(orders), str(answers))),
        }
        medians(programs, 1)
        figures = medians(programs, 31 if full else 11)
    yield Row(
        "connection test, OpenSSH on loopback",
        figures["ours"],
        "s",
        {PEER: figures[PEER]},
        target="< 0.3 s",
        reached=figures["ours"] < 0.3,
        note="connect, log in, check the host key, then write, check, rename, remove in both folders",
        spread=figures.spread,
    )


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
