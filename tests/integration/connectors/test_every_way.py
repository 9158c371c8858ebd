"""Each format over each channel: processes are killed and lines are cut, and no order is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orderflow.channels.ftp.store import close_all as close_ftp
from orderflow.channels.sftp.store import close_all as close_sftp
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.documents.object_store import ObjectStore
from orderflow.entrypoints.api.as2 import _take as take_as2
from orderflow.flow.answers.read_arrived import read_arrived
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order
from orderflow.storage.tables.models import ERPConnection
from tests.integration.channels.cutting_proxy import CuttingProxy
from tests.integration.conftest import ACTOR, an_order
from tests.integration.connectors.crashing import Place, killed_at
from tests.integration.connectors.test_rest_delivery import deliver
from tests.integration.connectors.ways import FORMATS, WAYS, Way

pytestmark = [pytest.mark.large, pytest.mark.timeout(900)]
POINTS = ["claimed", "stored", "staged", "renamed", "settled"]
CUTS = 16
"""At so many bytes of what is sent is the line cut, evenly spread; and at its end, where only the answer is lost."""

_numbers = count(1)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    with WAYS[request.param](tmp_path) as opened:
        yield opened
        _hang_up()


def _hang_up() -> None:
    close_sftp()
    close_ftp()


def connect(installation: Any, name: str, way: Way) -> UUID:
    kind, settings = FORMATS[name]
    connection_id: UUID = installation.connect(ConnectorRegistry.get(kind), way.config(None) | settings)
    return connection_id


def lead(installation: Any, connection_id: UUID, name: str, way: Way, port: int | None) -> None:
    """Lead a connection through a port."""
    with installation.session() as session:
        row = session.get_one(ERPConnection, connection_id)
        row.config_encrypted = installation.wiring.store.encryption.encrypt_config(way.config(port) | FORMATS[name][1])
        session.commit()


def push(installation: Any, many: int = 1) -> dict[str, UUID]:
    """Push orders; returns their ids by the number that their documents bear."""
    orders = [an_order() for _ in range(many)]
    for order in orders:
        order.external_order_number = f"MX{next(_numbers):06}"
        order.lines[0].product_description = "Cable"
    with installation.wiring.store.work(installation.org_id) as work:
        accept_orders(work, orders, ACTOR)
        for order in orders:
            approve_order(work, order.id, ACTOR)
    for order in orders:
        request_push(installation.wiring.store, installation.org_id, order.id, ACTOR)
    return {order.external_order_number: order.id for order in orders if order.external_order_number}


def deliver_to_the_end(installation: Any, connection_id: UUID, way: Way) -> None:
    """Deliver, take what the receiver says later, and let what is still in doubt then be so for hours."""
    installation.work_off(connection_id)
    _sign_later(installation, connection_id, way)
    deliver(installation, connection_id)
    _sign_later(installation, connection_id, way)
    if installation.rows("SELECT 1 FROM erp_export WHERE status = 'PENDING' AND held_at IS NULL"):
        installation.do("UPDATE erp_export SET doubt_since = doubt_since - interval '9 hours'")
        deliver(installation, connection_id)


def _sign_later(installation: Any, connection_id: UUID, way: Way) -> None:
    for headers, body in way.receipts():
        for _ in range(2):  # a partner that has not heard our answer sends it again
            assert take_as2(installation.wiring, installation.org_id, connection_id, headers, body).status == 200
    while read_arrived(installation.wiring, installation.org_id, connection_id):
        pass


def check(installation: Any, way: Way, pushed: dict[str, UUID], where: object) -> None:
    """Every order arrived once and is known to; or a person is asked, where nothing else could be."""
    arrived = way.numbers()
    assert len(set(arrived)) == len(arrived), (where, "doubled")
    for number, order_id in pushed.items():
        export = installation.export(order_id)
        if export["status"] == "SENT":
            assert number in arrived, (where, "lost")
        else:
            left_to_a_person = (export["status"], bool(export["held_at"]), way.asks) == ("PENDING", True, False)
            assert left_to_a_person, (where, export["status"], export["error_json"])


@pytest.mark.parametrize("name", FORMATS)
def test_killed_at_each_point_nothing_is_lost_and_nothing_comes_twice(
    installation: Any, app_url: str, tmp_path: Path, way: Way, name: str
) -> None:
    connection_id, pushed = connect(installation, name, way), dict[str, UUID]()
    place = Place(app_url, installation.org_id, connection_id, tmp_path / "documents")
    installation.wiring = replace(installation.wiring, documents=ObjectStore(place.documents))
    for point in POINTS:
        pushed |= push(installation, 2)
        killed = killed_at(point, place)
        assert killed == (point != "staged" or way.stages), point
        installation.let_leases_run_out()
        installation.do("UPDATE erp_lane SET lease_until = now() - interval '1 second'")
        deliver_to_the_end(installation, connection_id, way)
        check(installation, way, pushed, point)


@pytest.mark.parametrize("name", FORMATS)
def test_a_line_that_breaks_anywhere_loses_nothing_and_brings_nothing_twice(
    installation: Any, way: Way, name: str
) -> None:
    if way.port is None:
        pytest.skip("there is no line")
    connection_id = connect(installation, name, way)
    whole = cut(installation, way, connection_id, name, None)
    for position in [*range(0, whole, max(whole // CUTS, 1)), whole - 1, whole]:
        cut(installation, way, connection_id, name, position)


def cut(installation: Any, way: Way, connection_id: UUID, name: str, position: int | None) -> int:
    """Deliver an order over a line that breaks once; returns how many bytes were sent in all."""
    assert way.port is not None
    with CuttingProxy(way.port) as proxy:
        proxy.cut_after = position
        lead(installation, connection_id, name, way, proxy.port)
        pushed = push(installation)
        deliver_to_the_end(installation, connection_id, way)
        _hang_up()
        check(installation, way, pushed, position)
        return len(proxy.sent)
