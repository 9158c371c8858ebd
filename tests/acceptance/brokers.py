"""Message brokers of the tests' own: real servers on free ports of 127.0.0.1, which can be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Protocol

from tests.waiting import wait_until

RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"
"""Debian's /usr/sbin/rabbitmq-server would become the user `rabbitmq` first, who may not read a folder of ours."""


class Broker(Protocol):
    """What Celery's messages go through. `kill` is `kill -9`; nothing of what Redis held survives it."""

    url: str

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def close(self) -> None: ...


class Redis:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        where = ["--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder), "--save", ""]
        self._process = subprocess.Popen(["redis-server", *where], stdout=subprocess.DEVNULL)
        wait_for_port(self._port)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    close = kill


class RabbitMQ:
    """RabbitMQ without plugins, with a node name and a port mapper (epmd) of its own; never the system's service."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "rabbitmq"
        self._folder.mkdir()
        (self._folder / "plugins").write_text("[].\n")
        self._port, mapper, inner = free_port(), free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}//"
        self._environment = os.environ | {
            "HOME": str(self._folder),  # where Erlang puts its cookie
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(mapper),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq"),
            "RABBITMQ_DIST_PORT": str(inner),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "plugins"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_NODENAME": f"orderflow{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        self._mapper = subprocess.Popen(
            ["epmd", "-address", "127.0.0.1", "-port", str(mapper)], env=self._environment, stdout=subprocess.DEVNULL
        )

    def start(self) -> None:
        self._process = subprocess.Popen(
            [RABBITMQ],
            env=self._environment,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for_port(self._port)

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)  # a shell, and Erlang below it
        self._process.wait()
        while is_open(self._port):  # Erlang may outlive the shell by a moment
            time.sleep(0.05)

    def close(self) -> None:
        self.kill()
        self._mapper.terminate()
        self._mapper.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for_port(port: int) -> None:
    wait_until(lambda: is_open(port), lambda: f"nobody listens on port {port}")
