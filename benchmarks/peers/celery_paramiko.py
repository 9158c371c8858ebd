"""A Celery task per order: paramiko uploads its file, renames it, and a row is committed to a log in PostgreSQL.

What the first implementation of the specification did. `--keep` keeps one session open per worker process instead of
opening one per task. The clock runs from the first task sent to the last row committed; the workers are up before.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import paramiko
import psycopg
from celery import Celery

from benchmarks.peers.target import arguments, told

app = Celery("peer", broker=os.environ.get("PEER_BROKER"))
app.conf.update(task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=1)
TABLE = "CREATE TABLE push_log (id bigint GENERATED ALWAYS AS IDENTITY, file text, status text, created_at timestamptz)"


def connect() -> paramiko.SFTPClient:
    client = paramiko.SSHClient()
    client.load_host_keys(os.environ["PEER_KNOWN_HOSTS"])
    client.connect(
        os.environ["PEER_HOST"],
        int(os.environ["PEER_PORT"]),
        os.environ["PEER_USER"],
        key_filename=os.environ["PEER_KEY"],
        allow_agent=False,
        look_for_keys=False,
    )
    return client.open_sftp()


@cache
def kept_session() -> paramiko.SFTPClient:
    return connect()


@cache
def database() -> psycopg.Connection:
    return psycopg.connect(os.environ["PEER_DATABASE"])


@app.task(name="push")
def push(file: str, folder: str, keep: bool) -> None:
    sftp = kept_session() if keep else connect()
    final = f"{folder}/{Path(file).name}"
    sftp.put(file, f"{final}.tmp")  # checks the size itself
    sftp.posix_rename(f"{final}.tmp", final)
    if not keep:
        sftp.get_channel().get_transport().close()
    with database().transaction():
        database().execute("INSERT INTO push_log (file, status, created_at) VALUES (%s, 'SUCCESS', now())", (final,))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--database", required=True, help="a database of its own, as libpq takes it")
    parser.add_argument("--broker", required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--concurrency", type=int, default=1, help="worker processes")
    given = parser.parse_args()
    os.environ |= {
        "PEER_BROKER": given.broker,
        "PEER_DATABASE": given.database,
        "PEER_HOST": given.host,
        "PEER_PORT": str(given.port),
        "PEER_USER": given.user,
        "PEER_KEY": str(given.key),
        "PEER_KNOWN_HOSTS": str(given.known_hosts),
    }
    app.conf.broker_url = given.broker
    files = sorted(str(file) for file in given.files.iterdir())
    with psycopg.connect(given.database, autocommit=True) as log:
        log.execute("DROP TABLE IF EXISTS push_log")
        log.execute(TABLE)
        with _workers(given.concurrency):
            with told(len(files)):
                for file in files:
                    push.delay(file, given.folder, given.keep)
                while log.execute("SELECT count(*) FROM push_log").fetchone() != (len(files),):
                    time.sleep(0.02)
            app.control.shutdown()


def _workers(concurrency: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "benchmarks.peers.celery_paramiko", "worker"]
    command += ["--concurrency", str(concurrency), "--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
    worker = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not app.control.ping(timeout=0.5):
        assert worker.poll() is None, "the peer's worker did not start"
    return worker


if __name__ == "__main__":
    main()
