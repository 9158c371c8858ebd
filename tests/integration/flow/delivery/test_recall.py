"""Recalls over a real folder: whoever renames a file first has it, and what is asked for by a document is answered."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.domain.document import validator_of
from orderflow.domain.ids import new_id
from orderflow.domain.recall_document import recall_schema
from orderflow.domain.states import BreakerState
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.deliver import deliver
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.delivery.recall import recall_in
from tests.integration.conftest import ACTOR, Installation


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("out", "acks", "taken"):
        (tmp_path / name).mkdir()
    return tmp_path


def connect(installation: Installation, folders: Path, **more: Any) -> UUID:
    config = {"mode": "filesystem", "export_path": str(folders / "out"), "ack_path": str(folders / "acks")}
    return installation.connect(DropzoneJsonV1Connector(), config | more)


def recalled(installation: Installation, order_ids: list[UUID]) -> None:
    for order_id in order_ids:
        with installation.wiring.store.work(installation.org_id) as work:
            recall_in(work, order_id, "cancelled", ACTOR)


def states(installation: Installation, order_ids: list[UUID]) -> dict[UUID, str]:
    rows = installation.rows("SELECT id, status FROM draft_order WHERE id = ANY(:ids)", ids=order_ids)
    return {row["id"]: row["status"] for row in rows}


def test_whoever_asks_for_a_recall_keeps_no_worker_from_its_connection(
    installation: Installation, folders: Path
) -> None:
    way = connect(installation, folders, reads_recalls=True)
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    store, org_id = installation.wiring.store, installation.org_id
    with store.work(org_id) as person:
        recall_in(person, order_id, "cancelled", ACTOR)
        with store.work(org_id) as worker:
            worker.connection.execute(text("SET LOCAL lock_timeout = '5s'"))  # type: ignore[attr-defined]  # a SqlStore
            assert worker.connections.lease_poll(way, new_id(), 60)
            worker.connections.rest(way, 60, {"code": "BUSY"})
            worker.connections.set_breaker(way, BreakerState.OPEN, {"code": "AWAY"}, 5)


def error_of(installation: Installation, order_id: UUID) -> Any:
    return installation.export(order_id)["error_json"]


def test_a_file_that_still_lies_there_is_renamed_away(installation: Installation, folders: Path) -> None:
    way = connect(installation, folders, receiver_takes="rename")
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    (file,) = (folders / "out").iterdir()
    recalled(installation, [order_id])
    installation.work_off(way)
    assert states(installation, [order_id]) == {order_id: "RECALLED"}
    assert [path.name for path in (folders / "out").iterdir()] == [f"{file.name}.recalled"]


def test_a_file_that_was_taken_is_too_late(installation: Installation, folders: Path) -> None:
    way = connect(installation, folders, receiver_takes="rename")
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    (file,) = (folders / "out").iterdir()
    file.rename(folders / "taken" / file.name)
    recalled(installation, [order_id])
    installation.work_off(way)
    assert states(installation, [order_id]) == {order_id: "PUSHED"}
    assert error_of(installation, order_id)["code"] == "TOO_LATE"


def test_a_worker_that_died_after_it_had_renamed_the_file_has_recalled_it(
    installation: Installation, folders: Path
) -> None:
    way = connect(installation, folders, receiver_takes="rename")
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    recalled(installation, [order_id])
    to = open_target(installation.wiring, installation.org_id, way)
    assert to is not None
    deliver(installation.wiring, claim(installation.wiring, to, 1))  # and here it dies, before it settles
    installation.let_leases_run_out()
    installation.work_off(way)
    assert states(installation, [order_id]) == {order_id: "RECALLED"}


def test_a_folder_that_the_connection_does_not_point_to_any_more_is_not_guessed_about(
    installation: Installation, folders: Path
) -> None:
    way = connect(installation, folders, receiver_takes="rename")
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    (file,) = (folders / "out").iterdir()
    config = {"mode": "filesystem", "export_path": str(folders / "taken"), "receiver_takes": "rename"}
    with installation.wiring.store.work(installation.org_id) as work:
        work.connections.replace_config(way, config)
    recalled(installation, [order_id])
    installation.work_off(way)
    assert states(installation, [order_id]) == {order_id: "RECALLING"}
    assert error_of(installation, order_id)["code"] == "TARGET_CHANGED"
    assert file.exists()


def test_an_erp_that_reads_recalls_is_asked_by_a_document_and_its_answer_decides(
    installation: Installation, folders: Path
) -> None:
    way = connect(installation, folders, reads_recalls=True)
    kept, given = installation.pushed(2)
    installation.work_off(way)
    recalled(installation, [kept, given])
    installation.work_off(way)
    assert set(states(installation, [kept, given]).values()) == {"RECALLING"}
    documents = {path.name: json.loads(path.read_bytes()) for path in (folders / "out").glob("recall_*")}
    for name, document in documents.items():
        validator_of(recall_schema())(document)
        assert (folders / "out" / document["recalled"]["file"]).exists()
        given_back = document["draft_order_id"] == str(given)
        answer = {"status": "ACKED"} if given_back else {"status": "FAILED", "message": "It is on the lorry."}
        (folders / "acks" / f"{'ack' if given_back else 'error'}_{name}").write_text(json.dumps(answer))
    poll_acks(installation.wiring, installation.org_id, way)
    assert states(installation, [kept, given]) == {kept: "PUSHED", given: "RECALLED"}
    assert error_of(installation, kept)["message"] == "It is on the lorry."


@pytest.mark.parametrize("orders", [30, pytest.param(2_000, marks=pytest.mark.large)])
def test_a_recall_and_an_erp_that_renames_meet_and_exactly_one_of_them_has_each_order(
    installation: Installation, folders: Path, orders: int
) -> None:
    way = connect(installation, folders, receiver_takes="rename")
    order_ids = installation.pushed(orders)
    installation.work_off(way)
    recalled(installation, order_ids)
    files = [*(folders / "out").iterdir()]
    random.shuffle(files)
    begin = threading.Barrier(2)

    def take() -> None:
        begin.wait(60)
        for file in files:
            try:
                file.rename(folders / "taken" / file.name)
            except FileNotFoundError:
                continue

    erp = threading.Thread(target=take)
    erp.start()
    begin.wait(60)
    installation.work_off(way)
    erp.join(60)
    taken = {path.name for path in (folders / "taken").iterdir()}
    away = {path.name.removesuffix(".recalled") for path in (folders / "out").iterdir()}
    assert taken | away == {file.name for file in files}
    assert not taken & away
    told = states(installation, order_ids)
    assert Counter(told.values()) == Counter({"PUSHED": len(taken), "RECALLED": len(away)}) - Counter()
    sent = installation.rows("SELECT draft_order_id, filename FROM erp_export WHERE kind = 'order'")
    assert all((row["filename"] in away) == (told[row["draft_order_id"]] == "RECALLED") for row in sent)


def test_a_file_that_an_earlier_attempt_may_have_renamed_and_that_is_gone_is_in_doubt(
    installation: Installation, folders: Path
) -> None:
    way = connect(installation, folders, receiver_takes="rename")
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    recalled(installation, [order_id])
    to = open_target(installation.wiring, installation.org_id, way)
    assert to is not None
    deliver(installation.wiring, claim(installation.wiring, to, 1))  # and here it dies, before it settles
    (aside,) = (folders / "out").iterdir()
    aside.unlink()
    installation.let_leases_run_out()
    installation.work_off(way)
    assert states(installation, [order_id]) == {order_id: "RECALLING"}
    assert "may have renamed it" in error_of(installation, order_id)["message"]


def reconnect(installation: Installation, way: UUID, folders: Path, **more: Any) -> None:
    config = {"mode": "filesystem", "export_path": str(folders / "out"), "ack_path": str(folders / "acks")}
    with installation.wiring.store.work(installation.org_id) as work:
        work.connections.replace_config(way, config | more)


def died_at(installation: Installation, way: UUID, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Let a worker die that is delivering, before `step` of the connector."""
    to = open_target(installation.wiring, installation.org_id, way)
    assert to is not None

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    batch = claim(installation.wiring, to, 1)
    with monkeypatch.context() as patched:
        patched.setattr(type(to.connector), step, dies)
        with pytest.raises(KeyboardInterrupt):
            deliver(installation.wiring, batch)
    installation.let_leases_run_out()


def test_a_document_that_was_staged_is_answered_by_the_erp_whatever_the_connection_can_do_since(
    installation: Installation, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = connect(installation, folders, reads_recalls=True)
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    recalled(installation, [order_id])
    died_at(installation, way, monkeypatch, "publish_many")
    reconnect(installation, way, folders, receiver_takes="rename")
    installation.work_off(way)
    assert states(installation, [order_id]) == {order_id: "RECALLING"}
    assert sorted(path.name.partition("_")[0] for path in (folders / "out").iterdir()) == ["recall", "sales"]


def test_a_document_that_is_stored_goes_to_no_erp_that_reads_none_any_more(
    installation: Installation, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = connect(installation, folders, reads_recalls=True)
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    recalled(installation, [order_id])
    died_at(installation, way, monkeypatch, "stage_many")
    reconnect(installation, way, folders)
    installation.work_off(way)
    assert states(installation, [order_id]) == {order_id: "PUSHED"}
    assert error_of(installation, order_id)["code"] == "KIND_UNSUPPORTED"
    assert [path.name.partition("_")[0] for path in (folders / "out").iterdir()] == ["sales"]


@pytest.mark.parametrize("policy", ["hold", "resend"])
@pytest.mark.parametrize("reads_recalls", [False, True])
def test_what_may_have_been_taken_back_stays_in_doubt_where_the_connection_takes_nothing_back_any_more(
    installation: Installation, folders: Path, monkeypatch: pytest.MonkeyPatch, *, reads_recalls: bool, policy: str
) -> None:
    way = connect(installation, folders, receiver_takes="rename")
    installation.do("UPDATE erp_connection SET in_doubt = :policy", policy=policy)
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    recalled(installation, [order_id])
    died_at(installation, way, monkeypatch, "take_back")
    reconnect(installation, way, folders, reads_recalls=reads_recalls)
    installation.work_off(way)
    assert states(installation, [order_id]) == {order_id: "RECALLING"}
    (recall,) = installation.rows("SELECT * FROM erp_export WHERE kind = 'recall'")
    assert (recall["status"], recall["begun_at"] is not None) == ("PENDING", True)
    assert (recall["held_at"] is not None, recall["asking"]) == (True, False), "a person is to look"
    assert [path.name.partition("_")[0] for path in (folders / "out").iterdir()] == ["sales"]


def test_a_document_that_was_staged_elsewhere_is_not_made_anew_for_an_erp_that_reads_none(
    installation: Installation, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = connect(installation, folders, reads_recalls=True)
    installation.do("UPDATE erp_connection SET in_doubt = 'resend'")
    (order_id,) = installation.pushed(1)
    installation.work_off(way)
    recalled(installation, [order_id])
    died_at(installation, way, monkeypatch, "publish_many")
    reconnect(installation, way, folders, export_path=str(folders / "taken"))
    installation.work_off(way)
    assert states(installation, [order_id]) == {order_id: "RECALLING"}
    assert [*(folders / "taken").iterdir()] == []
