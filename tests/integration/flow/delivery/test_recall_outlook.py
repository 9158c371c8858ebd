"""What many recalls would come to is told before, as it then comes to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

from orderflow.channels.folder.store import FilesystemStore
from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.domain.bulk import BulkAction
from orderflow.domain.errors import InDoubtError
from orderflow.domain.ids import new_id
from orderflow.flow.delivery.recall import recall_in
from orderflow.flow.order.bulk import carry_out
from orderflow.flow.ports import BulkJob
from orderflow.storage.views.chosen import Chosen
from orderflow.storage.views.orders import OrderFilter
from orderflow.storage.views.recalls import RecallOutlook, recall_outlook
from tests.integration.conftest import ACTOR, Installation

ROUTE = '{"rule": "abroad"}'


def outlook(installation: Installation, chosen: Chosen) -> list[RecallOutlook]:
    with installation.wiring.store.work(installation.org_id) as work:
        return recall_outlook(installation.wiring, work, work.view, chosen)  # type: ignore[attr-defined]  # a SqlWork


def told(found: list[RecallOutlook]) -> Counter[tuple[str, str | None, str | None]]:
    return Counter({(one.way, one.connection_name, one.error.code if one.error else None): one.orders for one in found})


class Three:
    """Orders at three ERPs, in all the states that a recall may find them in."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.installation = installation
        ways: dict[str, dict[str, Any]] = {
            "renames": {"receiver_takes": "rename"},
            "reads": {"reads_recalls": True},
            "cannot": {},
        }
        self.ways = {name: self._connect(folder / name, name, **config) for name, config in ways.items()}

    def _connect(self, folder: Path, name: str, **more: Any) -> UUID:
        for part in ("out", "acks"):
            (folder / part).mkdir(parents=True)
        config = {"mode": "filesystem", "export_path": str(folder / "out"), "ack_path": str(folder / "acks")}
        return self.installation.connect(DropzoneJsonV1Connector(), config | more, name=name)

    def sent(self, way: str, count: int = 1) -> list[UUID]:
        ids = self.installation.pushed(count, connection_id=self.ways[way])
        self.installation.work_off(self.ways[way])
        return ids


def test_what_is_told_before_is_what_then_becomes_of_each(
    installation: Installation, tmp_path: Path, monkeypatch: Any
) -> None:
    three, store = Three(installation, tmp_path), installation.wiring.store
    here, asked = three.sent("renames", 3), three.sent("reads", 2)
    cannot = three.sent("cannot")
    (recalled,) = three.sent("reads")
    with store.work(installation.org_id) as work:
        recall_in(work, recalled, "ordered twice", ACTOR)
    with monkeypatch.context() as patched:
        lost = InDoubtError("The answer got lost.")
        patched.setattr(FilesystemStore, "rename", lambda _, renames: ((one, lost) for one in renames))
        (in_doubt,) = three.sent("renames")
    waiting = installation.pushed(1, connection_id=three.ways["cannot"])
    never = installation.approved(1)
    everything = [*here, *asked, *cannot, recalled, in_doubt, *waiting, *never]
    before = installation.rows("SELECT id, status, version FROM draft_order ORDER BY id")
    expected = Counter({
        ("taken_back", "renames", None): 3,
        ("asked", "reads", None): 2,
        ("refused", "cannot", "RECALL_UNSUPPORTED"): 1,
        ("withdrawn", None, None): 1,
        ("refused", None, "CONFLICT"): 1,
        ("refused", None, "POSSIBLY_DELIVERED"): 1,
        ("refused", None, "NEVER_SENT"): 1,
    })  # fmt: skip
    found = outlook(installation, Chosen(ids=everything))
    assert sum((Counter({key: n}) for key, n in _each(found)), Counter()) == expected
    assert installation.rows("SELECT id, status, version FROM draft_order ORDER BY id") == before, "nothing is done"

    (file,) = (path for path in (tmp_path / "renames" / "out").iterdir() if str(here[0]) in path.name)
    file.unlink()  # the ERP takes it meanwhile
    job = BulkJob(new_id(), BulkAction.RECALL, ACTOR, reason="wrong prices")
    done = carry_out(store, installation.org_id, job, everything)
    refused = {code: reason["orders"] for code, reason in done.reasons.items()}
    assert refused == {"CONFLICT": 1, "POSSIBLY_DELIVERED": 1, "NEVER_SENT": 1}
    for way in three.ways.values():
        installation.work_off(way)
    states = {one: installation.order(one)["status"] for one in everything}
    assert [states[one] for one in here] == ["PUSHED", "RECALLED", "RECALLED"]
    assert {states[one] for one in asked} == {"RECALLING"}
    assert (states[cannot[0]], states[waiting[0]], states[never[0]]) == ("PUSHED", "APPROVED", "APPROVED")


def _each(found: list[RecallOutlook]) -> list[tuple[tuple[str, str | None, str | None], int]]:
    return [(key, count) for one in found for key, count in told([one]).items()]


def test_it_is_told_for_those_of_a_route_or_since_a_moment_and_for_none(
    installation: Installation, tmp_path: Path
) -> None:
    three = Three(installation, tmp_path)
    early = three.sent("renames", 2)
    installation.do("UPDATE draft_order SET created_at = created_at - interval '1 day'")
    late = three.sent("renames")
    installation.do(
        "UPDATE erp_export SET route = CAST(:route AS jsonb) WHERE draft_order_id = :id", id=early[0], route=ROUTE
    )
    at = installation.order(late[0])["created_at"]
    for wanted, orders in (
        (OrderFilter(created_from=at), 1),
        (OrderFilter(route="abroad"), 1),
        (OrderFilter(connection_id=three.ways["renames"]), 3),
    ):
        assert told(outlook(installation, Chosen(orders=wanted))) == {("taken_back", "renames", None): orders}
    assert outlook(installation, Chosen(ids=[])) == []


def test_what_is_recalled_already_or_went_where_nobody_can_be_asked_any_more_is_told(
    installation: Installation, tmp_path: Path
) -> None:
    three = Three(installation, tmp_path)
    (order_id,) = three.sent("renames")
    with installation.wiring.store.work(installation.org_id) as work:
        recall_in(work, order_id, "ordered twice", ACTOR)
    installation.work_off(three.ways["renames"])
    assert told(outlook(installation, Chosen(ids=[order_id]))) == {("refused", None, "CONFLICT"): 1}
    again = three.sent("reads")
    installation.do("UPDATE erp_connection SET deleted_at = now() WHERE id = :id", id=three.ways["reads"])
    assert told(outlook(installation, Chosen(ids=again))) == {("refused", "reads", "RECALL_UNSUPPORTED"): 1}
