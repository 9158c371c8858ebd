"""The dropzone in memory, as the tests of what lies in it have it."""

from tests.unit.channels.zone.conftest import config, connector, make_order, store

__all__ = ["config", "connector", "make_order", "store"]
