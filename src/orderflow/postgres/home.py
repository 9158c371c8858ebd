"""Where the embedded default keeps its database, documents and key."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

EMBEDDED = "embedded"
"""As `DATABASE_URL`: the embedded PostgreSQL, said outright."""


def default_home() -> Path:
    """Return `ORDERFLOW_HOME`; without it `/var/lib/orderflow` for root, else the user's data folder.

    Root gets a folder of its own because the embedded PostgreSQL, which refuses to run as root, must be able to
    reach its data as another user.
    """
    named = os.environ.get("ORDERFLOW_HOME")
    if named:
        return Path(named).expanduser().absolute()
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/orderflow")
    return Path(platformdirs.user_data_path("orderflow", appauthor=False))
