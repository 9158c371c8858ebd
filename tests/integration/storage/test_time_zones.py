"""What is counted by days is the same in a database whose own time zone turns its clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import make_url, text

from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.database import Database
from orderflow.storage.store import SqlStore
from orderflow.storage.views.statistics import _series
from orderflow.testing.memory import MemoryDropzone


@pytest.fixture
def berlin(pg_server: Any, admin_url: str, app_url: str) -> Iterator[Database]:
    """This test's database, in sessions that go by Berlin's clocks."""
    pg_server.admin(f"ALTER DATABASE {make_url(admin_url).database} SET timezone TO 'Europe/Berlin'")
    opened = Database(app_url, admin_url)
    yield opened
    opened.close()


@pytest.mark.parametrize("turned", [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)])
def test_the_chart_of_a_month_has_every_delivery_though_clocks_were_turned_in_it(
    installation: Any, berlin: Database, turned: datetime
) -> None:
    days = 30
    now = turned + timedelta(days=12, hours=5)
    connection_id = installation.connect(MemoryDropzone())
    ids = installation.pushed(days)
    installation.work_off(connection_id)
    for day, order_id in enumerate(ids):
        installation.do(
            "UPDATE erp_export SET created_at = :at WHERE draft_order_id = :id",
            at=now - timedelta(days=day),
            id=order_id,
        )
    with SqlStore(berlin, EncryptionService("ab" * 32)).work(installation.org_id) as work:
        assert work.connection.execute(text("SHOW timezone")).scalar_one() == "Europe/Berlin"
        points = _series(work.view, "30d", now)
    assert [point.delivered for point in points] == [1] * days
