"""Whose connection is being worked with, and whether it is held to what the operator allows.

What a person sets up over the API is `restricted`: it leads only where ORDERFLOW_ALLOWED_NETWORKS and
ORDERFLOW_ALLOWED_FOLDERS let it. The command line, a program that embeds us and the demo act as the operator. It goes
with the flow of control, so that no connector has to pass it on; what opens targets in a thread of its own takes
`current()` along from where it was asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a connection may lead.

    Attributes:
        organization: The slug of whose connection it is.
        restricted: It is held to what the operator allows that organization.
    """

    organization: str = ""
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a configuration leads.

    Attributes:
        field: The field that says so.
        name: A host's name or address, or a folder's path on this machine.
    """

    field: str
    kind: Literal["host", "folder"]
    name: str


OPERATOR = Reach()
_reach: ContextVar[Reach] = ContextVar("reach", default=OPERATOR)


def current() -> Reach:
    """Return how far what is being done may lead."""
    return _reach.get()


@contextmanager
def within(reach: Reach) -> Iterator[None]:
    """Hold all that is opened in the block to `reach`."""
    token = _reach.set(reach)
    try:
        yield
    finally:
        _reach.reset(token)
