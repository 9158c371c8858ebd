"""How much is read from a server, and how long a transfer may take. All ends are absolute."""

from __future__ import annotations

import re

from orderflow.domain.errors import BusyError, NeedsAttentionError, UnavailableError

BYTES_PER_SECOND = 16 * 1024
"""What a line must carry at least: a transfer has its time to answer, and a second more for every 16 KiB."""

MOST_NAMES = 200_000
"""Names of a folder that are read; a listing that is longer, or never ends, is an error."""

MOST_NAME_BYTES = 64 * 1024 * 1024
"""Bytes of a listing that are read."""


def seconds_for(timeout: float, size: int) -> float:
    """Return the seconds that a transfer of `size` bytes may take at a server that has `timeout` seconds to answer."""
    return timeout + size / BYTES_PER_SECOND


def too_many_names(place: str, folder: str) -> NeedsAttentionError:
    """Return the error for a folder that holds more than is read."""
    return NeedsAttentionError(
        f"{folder} on {place} holds more than {MOST_NAMES:,} files, or its list never ended; it was not read.",
        code="FOLDER_TOO_FULL",
        hint="Have old files moved out of this folder.",
    )


REST_SECONDS = 15.0
"""How long a connection rests after its server said that it takes no more."""

_TOO_MANY = re.compile(
    r"too many|maximum|max\b|limit\b|already (connected|logged)|exceed|no more (users|connections|sessions)|"
    r"try (again )?later|zu viele|bereits (verbunden|angemeldet)|trop de|demasiad|maximal|m[aá]xim[ao]|massim[ao]|"
    r"no more than|\b(simultaneous|concurrent)|\bonly (one|\d+) (session|log-?in|connection|user)|"
    r"\b(server|system|service) (is )?(full|busy|overloaded)|(slots|connections|sessions) (are )?in use|"
    r"ausgelastet|überlastet|besetzt",
    re.IGNORECASE,
)
_TRIED_TOO_OFTEN = re.compile(
    r"(authentication|log-?in|logon|password|anmelde\w*) (failures|attempts|tries|versuche)|"
    r"(bad|failed|incorrect|invalid|unsuccessful|wrong) (log-?in|password|auth|attempt|user)|"
    r"incorrect|attempts exceeded|fehlversuche|expired|locked|too many log-?ins? fail",
    re.IGNORECASE,
)


def tried_too_often(words: str) -> bool:
    """Return whether a server says that a sign-in is refused, perhaps for good, since wrong ones were tried."""
    return bool(_TRIED_TOO_OFTEN.search(words))


def too_many(words: str) -> bool:
    """Return whether a server says that it takes no further session, whatever code comes with its words."""
    return bool(_TOO_MANY.search(words)) and not tried_too_often(words)


class SessionLimitError(BusyError):
    """The server takes no further session of this account."""

    code = "SESSION_LIMIT"
    hint = (
        "It is tried again by itself. If it stays so, lower the connection's sessions at once, "
        "or ask for a higher limit on the server."
    )


def closed_unheard(place: str) -> SessionLimitError:
    """Return the error for a server that closed a connection before it said anything, as servers do that are full."""
    return SessionLimitError(
        f"{place} closed the connection before it greeted: it takes no more for now, or nothing from this machine.",
        hint=f"{SessionLimitError.hint} Check also the port, and that the server lets this machine in.",
        rests_for=REST_SECONDS,
    )


def silent(place: str, seconds: float) -> UnavailableError:
    """Return the error for a server that took a connection and said nothing, as servers do that are full or frozen.

    The breaker opens: a rest would have every order's thread wait for it again and again.
    """
    return UnavailableError(
        f"{place} took the connection and did not greet within {seconds:g} seconds.",
        code="TIMEOUT",
        hint=f"{SessionLimitError.hint} Check also host and port.",
    )


def session_limit(place: str, words: str) -> SessionLimitError:
    """Return the error for a server that takes no further session."""
    said = f": {words.rstrip('.')}" if words else ""
    return SessionLimitError(f"{place} accepts no further session{said}.", rests_for=REST_SECONDS)
