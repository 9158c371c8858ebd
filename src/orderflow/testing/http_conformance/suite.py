"""What the parts of the suite have in common."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from orderflow.testing.conformance import ConnectorConformance
from orderflow.testing.http_server import MisbehavingHTTPServer


class HttpSuite(ConnectorConformance):
    """`ConnectorConformance` for a connector to an HTTP API, which a `MisbehavingHTTPServer` plays.

    Further fixtures: `server`, running, that takes an order however often it comes (`idempotent=False`).

    Attributes:
        creates, finds: What the server calls requests that create an order, and that ask for one (`kind_of`).
        quick: Of a configuration, what makes its requests end soon.
        soon: Seconds within which a call then ends, whatever the server does.
        numbers_repeat: Whether customers, or shops, may use an order number that another one uses, too: `find` then has
            to tell their orders apart.
        leaves_out: What the document has no place for, of `FIELDS`, as `NOT_IN_JSON_V1`; all else has to be in it.
    """

    creates: ClassVar[str] = "POST"
    finds: ClassVar[str] = "GET"
    quick: ClassVar[dict[str, Any]] = {"timeout": 0.5}
    soon: ClassVar[float] = 10.0
    numbers_repeat: ClassVar[bool] = False
    leaves_out: ClassVar[frozenset[str]] = frozenset()

    @pytest.fixture
    def arrived(self, server: MisbehavingHTTPServer) -> Any:
        """Return what lists the orders taken."""
        return lambda: server.taken

    @pytest.fixture
    def quick_config(self, good_config: dict[str, Any]) -> dict[str, Any]:
        """Return a good configuration whose requests end soon."""
        return good_config | self.quick
