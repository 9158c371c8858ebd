"""An answer that ends each process that reads it: a few die of it, all other answers are read, and a person is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from orderflow.connectors.registry import ConnectorRegistry
from orderflow.domain.delivery import Arrived
from orderflow.domain.ids import new_id
from orderflow.domain.readings import DIED, MOST_BEGUN, READER_DIED
from orderflow.flow.answers.look_into import make_due, put_aside
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.answers.read_again import read_again
from orderflow.flow.answers.read_arrived import read_arrived
from orderflow.flow.answers.receive import receive
from orderflow.storage.system.doctor import SqlBookKeeping
from orderflow.storage.system.notifications import SqlOutbox
from orderflow.storage.views.inbound import inbound_page
from orderflow.storage.views.needs import needs
from orderflow.storage.views.view import Ask, View
from tests.integration.conftest import ACTOR
from tests.integration.connectors.crashing import Place, killed_at, poll_or_die, read_or_die

POISON = b'{"status": "ACKED", "deadly": true}'


class Zone:
    """A folder with orders that wait for their answers."""

    def __init__(self, installation: Any, app_url: str, folder: Path, many: int, kind: str, more: Any) -> None:
        self.installation, self.answers = installation, folder / "answers"
        for name in ("out", "answers"):
            (folder / name).mkdir()
        config = {"mode": "filesystem", "export_path": str(folder / "out"), "ack_path": str(self.answers)}
        self.id: UUID = installation.connect(ConnectorRegistry.get(kind), config | more)
        self.place = Place(app_url, installation.org_id, self.id, folder / "documents")
        self.orders = installation.pushed(many)
        installation.work_off(self.id)

    def export(self, number: int) -> Any:
        return self.installation.export(self.orders[number])

    def arrives(self, content: bytes, name: str = "") -> UUID:
        item = Arrived(new_id(), name, content)
        receive(self.installation.wiring.store, self.installation.org_id, self.id, item)
        return item.id

    def deaths(self, step: Any) -> int:
        """Let processes read until one lives through it; returns how many did not."""
        for died in range(20):
            self.installation.do("UPDATE inbound SET next_read_at = now() WHERE next_read_at > now()")
            self.installation.do("UPDATE erp_connection SET poll_lease_until = now() - interval '1 second'")
            if not killed_at("nowhere", self.place, step):
                return died
        raise AssertionError("it never ends")

    def told(self) -> Any:
        poll_acks(self.installation.wiring, self.installation.org_id, self.id)
        return self.installation.rows("SELECT poll_error FROM erp_connection")[0]["poll_error"]

    def statuses(self) -> list[str]:
        return [self.installation.order(order_id)["status"] for order_id in self.orders]

    def items(self) -> Any:
        with self.installation.database.transaction(self.installation.org_id) as connection:
            return inbound_page(View(connection, self.installation.org_id), self.id, Ask(50)).items


@pytest.fixture
def a_zone(installation: Any, app_url: str, tmp_path: Path) -> Any:
    return lambda many, kind="DROPZONE_JSON_V1", **more: Zone(installation, app_url, tmp_path, many, kind, more)


def yes(export: Any) -> bytes:
    return f'{{"status": "ACKED", "export_id": "{export["id"]}", "erp_order_id": "SO-7"}}'.encode()


def test_what_comes_by_itself_and_ends_its_readers_is_set_aside_and_told(installation, a_zone):
    here = a_zone(3)
    here.arrives(yes(here.export(0)))
    poison = here.arrives(POISON)
    here.arrives(yes(here.export(1)))
    assert here.deaths(read_or_die) == MOST_BEGUN
    assert here.statuses() == ["CONFIRMED", "CONFIRMED", "PUSHED"]
    (shown,) = [item for item in here.items() if item.id == poison]
    assert (shown.verdict, shown.told, shown.next_read_at) == ("unreadable", DIED, None)
    assert "deadly" in str(shown.beginning)
    here.arrives(yes(here.export(2)))
    assert (here.deaths(read_or_die), here.statuses()[2]) == (0, "CONFIRMED")

    told = here.told()
    assert (told["code"], told["details"]["set_aside"]) == (READER_DIED, 1)
    with installation.database.transaction(installation.org_id) as connection:
        (need,) = needs(View(connection, installation.org_id)).items
        assert "ended the process" in str(need.texts[0].message)
    SqlOutbox(installation.database).note_changes(0)
    with installation.database.system() as connection:
        assert connection.execute(text("SELECT event FROM notification")).scalars().all() == ["answers.not_read"]
    with SqlBookKeeping(installation.database).books() as books:
        assert any("ended the process" in finding.message for finding in books.attention())

    store, org_id = installation.wiring.store, installation.org_id
    make_due(store, org_id, here.id, poison, ACTOR)
    read_arrived(installation.wiring, org_id, here.id, feared=False)
    assert (here.deaths(read_or_die), here.told()["code"]) == (1, READER_DIED), "once for each time that a person asks"
    make_due(store, org_id, here.id, poison, ACTOR)
    assert read_arrived(installation.wiring, org_id, here.id), "a reader that was mended lives"
    assert here.told()["code"] == "ACKS_UNMATCHED"
    put_aside(store, org_id, here.id, poison, ACTOR)
    assert here.told() is None


def test_a_file_that_ends_its_readers_is_set_aside_and_told_on_its_order(installation, a_zone):
    here = a_zone(3)
    for number, content in enumerate((b'{"status": "ACKED"}', POISON, b'{"status": "ACKED"}')):
        (here.answers / f"ack_{here.export(number)['filename']}").write_bytes(content)
    assert here.deaths(poll_or_die) == MOST_BEGUN + 1, "the first reads all together, and knows not of which it died"
    assert here.statuses() == ["CONFIRMED", "PUSHED", "CONFIRMED"]
    assert here.export(1)["unreadable_answer"]["reason"] == DIED
    assert (here.answers / "error" / f"ack_{here.export(1)['filename']}").read_bytes() == POISON
    assert here.told()["code"] == "ACKS_UNREADABLE"
    assert installation.rows("SELECT begun FROM erp_connection")[0]["begun"] is None, "what was put away is forgotten"

    installation.do("UPDATE erp_connection SET poll_lease_token = gen_random_uuid()")
    read_again(installation.wiring, installation.org_id, here.export(1)["id"], ACTOR)
    assert here.statuses()[1] == "PUSHED", "a worker reads it, since a reader died here a moment ago"
    here.told()
    assert here.statuses()[1] == "CONFIRMED"


def test_a_file_of_nobodys_that_ends_its_readers_stays_and_is_told_on_the_connection(installation, a_zone):
    here = a_zone(0, "EDIFACT_ORDERS", sender="ACME", receiver="PARTNER")
    (here.answers / "a.edi").write_bytes(POISON)
    assert here.deaths(poll_or_die) == MOST_BEGUN + 1
    for _ in range(2):
        told = here.told()
        assert (told["code"], told["details"]["set_aside"], told["details"]["unmatched"]) == (READER_DIED, 1, 0)
    (here.answers / "a.edi").write_bytes(b"garbage")
    assert here.told()["code"] == "ACKS_UNMATCHED", "another file, which is read"
    assert installation.rows("SELECT begun FROM erp_connection")[0]["begun"] is None
