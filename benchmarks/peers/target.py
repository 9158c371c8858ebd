"""What every peer is told: where the server is, who we are there, which files to move, and how many of them."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of what all peers are told; times and paths are this machine's."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--key", type=Path, required=True, help="private key file")
    parser.add_argument("--known-hosts", type=Path, required=True)
    parser.add_argument("--files", type=Path, required=True, help="folder with the files to move")
    parser.add_argument("--folder", required=True, help="folder on the server to put them in")
    return parser


@contextmanager
def told(files: int) -> Iterator[None]:
    """Print how long the block took, as the last line: `{"files": …, "seconds": …}`."""
    started = time.monotonic()
    yield
    print(json.dumps({"files": files, "seconds": time.monotonic() - started}))
