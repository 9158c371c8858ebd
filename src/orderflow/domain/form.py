"""What a connection's form needs to know of a field, beside its title and description."""

from __future__ import annotations

from typing import Any


def hint(group: str, **more: Any) -> dict[str, Any]:
    """Return what the form needs to know of a field: where it stands, and whatever else `json_schema_extra` takes.

    The folders and what is advanced do not decide who gets secrets, and how they are protected on the way; servers,
    sign-ins and TLS do (`destination`).
    """
    return {"group": group, "destination": group in ("Server", "Sign-in", "TLS"), **more}
