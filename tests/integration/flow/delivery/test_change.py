"""Changes over a real folder and database: one document says all, is answered, and follows its order after a crash."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.domain.change_document import change_schema
from orderflow.domain.document import export_schema, validator_of
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.deliver import deliver
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.delivery.push_batch import run
from orderflow.flow.delivery.recall import recall_in
from orderflow.flow.delivery.request import request_push
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.doctor import examine
from orderflow.flow.order.approve import approve_order, edit_order
from orderflow.storage.system.doctor import SqlBookKeeping
from tests.integration.conftest import ACTOR, Installation


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("out", "acks"):
        (tmp_path / name).mkdir()
    return tmp_path


def connect(installation: Installation, folders: Path, **more: Any) -> UUID:
    config = {"mode": "filesystem", "export_path": str(folders / "out"), "ack_path": str(folders / "acks")}
    return installation.connect(DropzoneJsonV1Connector(), config | more)


def changed(installation: Installation, order_id: UUID, notes: str) -> None:
    """Edit an order, approve it, and ask for its push."""
    with installation.wiring.store.work(installation.org_id) as work:
        edit_order(work, replace(work.orders.get(order_id), notes=notes), ACTOR)
    with installation.wiring.store.work(installation.org_id) as work:
        approve_order(work, order_id, ACTOR)
    request_push(installation.wiring.store, installation.org_id, order_id, ACTOR)


def documents(folders: Path) -> list[Any]:
    """Return the change documents that lie in the folder."""
    return [json.loads(path.read_bytes()) for path in (folders / "out").glob("change_*")]


def answer(installation: Installation, folders: Path, way: UUID, name: str, **said: Any) -> None:
    kind = "ack" if said["status"] == "ACKED" else "error"
    (folders / "acks" / f"{kind}_{name}").write_text(json.dumps(said), "utf-8")
    poll_acks(installation.wiring, installation.org_id, way)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_change_document_says_all_that_the_order_says_and_said(
    installation: Installation, folders: Path, version: str
) -> None:
    way = connect(installation, folders, reads_changes=True, export_version=version)
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    changed(installation, order_id, "twelve")
    installation.work_off(way)
    (document,) = documents(folders)
    validator_of(change_schema())(document)
    if version == "v1":
        validator_of(export_schema())(document["order"])
    assert document["order"]["export_version"] == f"orderflow_export_json_{version}"
    assert document["order"]["header"]["notes"] == "twelve" != document["before"]["header"]["notes"]
    assert (folders / "out" / document["changed"]["file"]).exists()


def test_its_answer_decides_and_a_late_one_to_the_order_does_not(installation: Installation, folders: Path) -> None:
    way = connect(installation, folders, reads_changes=True)
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    (first,) = (path.name for path in (folders / "out").iterdir())
    changed(installation, order_id, "twelve")
    installation.work_off(way)
    (change,) = (path.name for path in (folders / "out").glob("change_*"))
    answer(installation, folders, way, first, status="ACKED", erp_order_id="SO-1")
    assert installation.order(order_id)["status"] == "PUSHED"
    answer(installation, folders, way, change, status="FAILED", message="It is on the lorry.")
    order = installation.order(order_id)
    assert (order["status"], order["error_json"]["message"]) == ("ERROR", "It is on the lorry.")
    changed(installation, order_id, "thirteen")
    installation.work_off(way)
    (second,) = (path.name for path in (folders / "out").glob("change_*") if path.name != change)
    answer(installation, folders, way, second, status="ACKED")
    assert installation.order(order_id)["status"] == "CONFIRMED"
    held_against = json.loads((folders / "out" / second).read_bytes())["before"]["header"]["notes"]
    assert held_against not in ("twelve", "thirteen"), "the ERP refused the one between"


def test_an_order_whose_worker_died_after_it_was_staged_is_published_and_changed_then(
    installation: Installation, folders: Path
) -> None:
    way = connect(installation, folders, reads_changes=True)
    (order_id,) = installation.pushed(1)
    to = open_target(installation.wiring, installation.org_id, way)
    assert to is not None
    deliver(installation.wiring, claim(installation.wiring, to, 1))  # and here it dies, before it settles
    changed(installation, order_id, "twelve")
    assert installation.work_off(way) == 0, "its lease runs yet, and the change waits for it"
    installation.let_leases_run_out()
    installation.work_off(way)
    installation.work_off(way)
    assert len(documents(folders)) == 1
    assert len(list((folders / "out").iterdir())) == 2
    assert installation.order(order_id)["status"] == "PUSHED"


def in_the_way(installation: Installation, folders: Path, way: UUID) -> tuple[UUID, Path]:
    """Return an order in ERROR whose file is staged, and whose final name a file of somebody else has."""
    (order_id,) = installation.pushed(1)
    to = open_target(installation.wiring, installation.org_id, way)
    assert to is not None
    batch = claim(installation.wiring, to, 1)
    theirs = folders / "out" / installation.export(order_id)["filename"]
    theirs.write_text("theirs", "utf-8")
    run(installation.wiring, batch)
    assert (installation.order(order_id)["status"], bool(installation.export(order_id)["staged_at"])) == ("ERROR", True)
    return order_id, theirs


def first_of(installation: Installation) -> Any:
    return installation.rows("SELECT * FROM erp_export ORDER BY created_at LIMIT 1")[0]


def test_a_change_of_what_failed_although_it_is_staged_goes_out_once_that_is_decided(
    installation: Installation, folders: Path
) -> None:
    way = connect(installation, folders, reads_changes=True)
    order_id, theirs = in_the_way(installation, folders, way)
    changed(installation, order_id, "twelve")
    theirs.unlink()
    installation.make_all_due()
    assert installation.work_off(way) == 0
    assert (first_of(installation)["status"], bool(first_of(installation)["held_at"])) == ("PENDING", True)
    found = examine(SqlBookKeeping(installation.database), installation.documents)
    assert "DELIVERY_HELD" in {finding.code for finding in found if finding.export_id == first_of(installation)["id"]}
    resolve_held(installation.wiring.store, installation.org_id, first_of(installation)["id"], "delivered", ACTOR)
    installation.work_off(way)
    assert (len(documents(folders)), installation.order(order_id)["status"]) == (1, "PUSHED")


def test_a_change_that_waits_for_what_an_earlier_release_let_fail_is_told_and_may_be_decided(
    installation: Installation, folders: Path
) -> None:
    way = connect(installation, folders, reads_changes=True)
    order_id, _ = in_the_way(installation, folders, way)
    changed(installation, order_id, "twelve")
    first = first_of(installation)["id"]
    installation.do(f"UPDATE erp_export SET status = 'FAILED' WHERE id = '{first}'")
    assert installation.work_off(way) == 0
    found = examine(SqlBookKeeping(installation.database), installation.documents)
    assert [finding.export_id for finding in found if finding.code == "DELIVERY_HELD"] == [first]
    resolve_held(installation.wiring.store, installation.org_id, first, "not_delivered", ACTOR)
    installation.work_off(way)
    assert installation.order(order_id)["status"] == "PUSHED"
    assert documents(folders) == [], "it never arrived: what the order says now goes out as the order"


def test_an_erp_that_takes_files_by_renaming_gives_the_order_back_and_gets_it_anew(
    installation: Installation, folders: Path
) -> None:
    way = connect(installation, folders, receiver_takes="rename")
    with installation.wiring.store.work(installation.org_id) as work:
        work.connections.change(way, {"change_by_recall": True})
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    changed(installation, order_id, "twelve")
    installation.work_off(way)
    assert installation.order(order_id)["status"] == "PUSHED"
    told = installation.rows("SELECT action FROM audit_log WHERE action LIKE 'DRAFT_RECALL%' ORDER BY created_at, id")
    assert [row["action"] for row in told] == ["DRAFT_RECALL_REQUESTED", "DRAFT_RECALLED"]
    (recalled,) = (folders / "out").glob("*.recalled")
    (anew,) = (folders / "out").glob("*.json")
    assert json.loads(anew.read_bytes())["header"]["notes"] == "twelve"
    assert recalled.name.removesuffix(".recalled") != anew.name


def test_an_order_whose_change_is_a_file_of_its_own_is_not_taken_back_by_renaming_one(
    installation: Installation, folders: Path
) -> None:
    way = connect(installation, folders, receiver_takes="rename", reads_changes=True)
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    changed(installation, order_id, "twelve")
    installation.work_off(way)
    with installation.wiring.store.work(installation.org_id) as work:
        recall_in(work, order_id, "wrong prices", ACTOR)
    installation.work_off(way)
    assert installation.order(order_id)["status"] == "PUSHED"
    (recall,) = installation.rows("SELECT error_json FROM erp_export WHERE kind = 'recall'")
    assert recall["error_json"]["code"] == "TOO_LATE"
    assert len(list((folders / "out").glob("*.json"))) == 2


def test_a_folder_whose_erp_reads_no_changes_gets_none(installation: Installation, folders: Path) -> None:
    way = connect(installation, folders)
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    changed(installation, order_id, "twelve")
    installation.work_off(way)
    order = installation.order(order_id)
    assert (order["status"], order["error_json"]["code"]) == ("ERROR", "CHANGE_UNSUPPORTED")
    assert len(list((folders / "out").iterdir())) == 1
