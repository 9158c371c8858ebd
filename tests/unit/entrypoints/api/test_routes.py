"""Each route says what it answers."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest

from orderflow.entrypoints.api.app import ROUTERS
from orderflow.entrypoints.api.routing import ApiRoute

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, ApiRoute)]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_route_names_what_it_returns(route):
    assert get_type_hints(route.endpoint).get("return", Any) is not Any
