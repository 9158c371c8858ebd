"""Programs that run beside a test."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def end_all(processes: Collection[subprocess.Popen[bytes]], seconds: float = 30) -> None:
    """End programs in good order; kills one that has not ended after so many seconds."""
    for process in processes:
        process.send_signal(signal.SIGTERM)  # nothing, if it has ended
    for process in processes:
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def told_by(module: str, *arguments: str, seconds: float) -> dict[str, Any]:
    """Run one of our programs to its good end, and return what it says last, which is JSON."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
