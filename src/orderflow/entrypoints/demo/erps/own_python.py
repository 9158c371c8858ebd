"""Python environments of their own for programs that must not share ours: the ERPs that we try things on."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from orderflow.domain.errors import OrderFlowError


def own_python(folder: Path, packages: Sequence[str]) -> Path:
    """Return the Python of a virtual environment at `folder` that holds `packages`, made once and then kept.

    Args:
        packages: As pip takes them. With other packages than before the environment is brought up to date.

    Raises:
        OrderFlowError: pip could not install them; the message ends with its last words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    python, stamp = folder / "bin" / "python", folder / "installed"
    wanted = hashlib.sha256("\n".join(packages).encode()).hexdigest()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may want it at once
        if not stamp.exists() or stamp.read_text() != wanted:
            run_quietly([sys.executable, "-m", "venv", str(folder)])
            run_quietly([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
            stamp.write_text(wanted)
    return python


def run_quietly(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a program of ours for at most 15 minutes and return what it said.

    Args:
        environment: Beside our own.

    Raises:
        OrderFlowError: It failed; the message ends with its last words.
    """
    variables = {**os.environ, **(environment or {})}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=900)  # noqa: S603  # our own command, no shell
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split()[-60:])
        raise OrderFlowError(
            f"{' '.join([Path(command[0]).name, *command[1:4]])} failed: {said}",
            code="INSTALL_FAILED",
            hint="Check that pip can install packages on this machine.",
        )
    return done.stdout
