"""Packages out of Debian's newest suite, unpacked and not installed, through this machine's own apt.

Nothing of the system changes: apt works with lists and a cache of ours, the machine's settings (mirror, proxy,
certificates) and Debian's own signing keys.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from orderflow.domain.errors import OrderFlowError

SUITE = "unstable"
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""Brought by the package `debian-archive-keyring`, which every Debian has."""


def debian_packages(folder: Path, names: Sequence[str]) -> Path:
    """Return `folder` with the files of the packages `names` in it, fetched once and then kept.

    Raises:
        OrderFlowError: This is no Debian, its mirror has no such package, or the signature is wrong.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may want it at once
        if not folder.exists():
            _fetch(folder, names)
    return folder


def _fetch(folder: Path, names: Sequence[str]) -> None:
    work = folder.with_suffix(".new")
    shutil.rmtree(work, ignore_errors=True)
    for part in ("lists/partial", "cache/archives/partial", "sources.d", "files"):
        (work / part).mkdir(parents=True)
    sources = work / "sources.list"
    sources.write_text(f"deb [signed-by={KEYS}] {_mirror()} {SUITE} main\n")
    places = {
        "Dir::State::Lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": work / "sources.d",
        "Dir::Etc::Preferences": Path("/dev/null"),
        "Dir::Etc::PreferencesParts": work / "sources.d",
    }
    options = [part for name_, path in places.items() for part in ("-o", f"{name_}={path}")]
    options += ["-o", "APT::Sandbox::User=root"]  # or apt's own user would have to read our folder
    _run(["apt-get", *options, "update"], work)
    _run(["apt-get", *options, "download", *names], work)
    for package in work.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(package), str(work / "files")], work)
    (work / "files").rename(folder)
    shutil.rmtree(work)


def _mirror() -> str:
    """Return the mirror from which this machine gets Debian."""
    targets = _run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(RELEASE)"], Path.cwd())
    for target in targets.splitlines():
        uri, origin, release = target.split(" ", 2)
        if origin == "Debian" and "security" not in release:
            return uri
    raise OrderFlowError(
        "apt on this machine knows no mirror of Debian.",
        code="INSTALL_FAILED",
        hint="Run it on a Debian, after 'apt-get update'.",
    )


def _run(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=900)  # noqa: S603  # our own command, no shell
    except FileNotFoundError:
        raise OrderFlowError(f"{command[0]} is missing: this needs a Debian.", code="INSTALL_FAILED") from None
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split()[-40:])
        raise OrderFlowError(f"{command[0]} failed: {said}", code="INSTALL_FAILED", hint="Check apt's own settings.")
    return done.stdout
