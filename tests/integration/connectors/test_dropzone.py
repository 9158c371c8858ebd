"""The whole way through a real dropzone: out as a file, back as an answer; in a folder and over SFTP."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from orderflow.channels.ftp.files import on_the_wire
from orderflow.channels.ftp.store import close_all as close_all_ftp
from orderflow.channels.sftp.store import close_all
from orderflow.channels.zone import answers
from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.domain.document import export_schema
from orderflow.domain.errors import StateError
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.answers.read_again import read_again
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.clean_up import clean_up
from orderflow.flow.delivery.deliver import deliver
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import request_push
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.delivery.settle import settle
from orderflow.flow.ports import Actor
from orderflow.flow.setup.probe import test_connection as run_test
from orderflow.storage.system.leftovers import SqlLeftovers
from orderflow.storage.tables.models import ERPConnection
from orderflow.testing.openssh_server import OpenSSHServer
from orderflow.testing.sftp_server import SFTPServer
from tests.integration.channels.ftp_server import FTPServer
from tests.integration.channels.proftpd import ProFTPD, Speaks

ACTOR = Actor("test")
PROFTPD: dict[str, Speaks] = {"proftpd-sftp": "sftp", "proftpd-ftp": "ftp", "proftpd-ftps": "ftps"}


@dataclass
class Place:
    """A dropzone, seen from the ERP's side."""

    root: Path
    config: dict[str, Any]
    server: SFTPServer | None = None

    def orders(self) -> dict[str, Any]:
        """Return the orders that an ERP would pick up now, by file name."""
        return {path.name: json.loads(path.read_bytes()) for path in (self.root / "out").glob("*.json")}

    def take(self) -> list[str]:
        """Take the orders away, as an ERP does."""
        names = sorted(self.orders())
        for name in names:
            (self.root / "out" / name).unlink()
        return names

    def temporary(self) -> list[str]:
        return sorted(path.name for path in (self.root / "out").glob("*.tmp"))

    def answer(self, name: str, **fields: Any) -> Path:
        status = fields.setdefault("status", "ACKED")
        return self.write(f"{'ack' if status == 'ACKED' else 'error'}_{name}", json.dumps(fields))

    def write(self, name: str, content: str) -> Path:
        path = self.root / "acks" / name
        path.with_suffix(".tmp").write_text(content)
        return path.with_suffix(".tmp").rename(path)

    def lying(self, folder: str = ".") -> list[str]:
        return sorted(path.name for path in (self.root / "acks" / folder).iterdir() if path.is_file())


@pytest.fixture(params=["filesystem", "sftp", "openssh", "ftp", "ftps", *PROFTPD])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    for name in ("out", "acks"):
        (tmp_path / name).mkdir()
    folders = {"export_path": str(tmp_path / "out"), "ack_path": str(tmp_path / "acks")}
    match request.param:
        case "filesystem":
            yield Place(tmp_path, {"mode": "filesystem", **folders})
        case "openssh":
            sshd: OpenSSHServer = request.getfixturevalue("sshd")
            account = {"username": sshd.username, "ssh_key": sshd.client_key}
            yield Place(
                tmp_path, {"host": sshd.host, "port": sshd.port, "host_key": sshd.host_keys[0], **account, **folders}
            )
            close_all()
        case kind if kind in PROFTPD:
            with ProFTPD(tmp_path, PROFTPD[kind]) as proftpd:
                yield Place(tmp_path, {**proftpd.account, "export_path": "/out", "ack_path": "/acks"})
                close_all()
                close_all_ftp()
        case "ftp" | "ftps" as mode:
            with FTPServer(tmp_path, tls=mode == "ftps") as ftp:
                folders = {"export_path": "/out", "ack_path": "/acks"}
                yield Place(tmp_path, {"mode": mode, **ftp.account, **folders})
                close_all_ftp()
        case "sftp":
            with SFTPServer(tmp_path) as server:
                account = {"username": server.username, "password": server.password, "host_key": server.host_key}
                folders = {"export_path": "/out", "ack_path": "/acks"}
                yield Place(tmp_path, {"host": server.host, "port": server.port, **account, **folders}, server)
                close_all()


@pytest.fixture(autouse=True)
def quick_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "SECOND_LOOK", 0.01)


@pytest.fixture
def connect(installation: Any, place: Place) -> Callable[..., Any]:
    """Stores a connection to the place; keyword arguments change its configuration."""
    installation.connectors["DROPZONE_JSON_V1"] = DropzoneJsonV1Connector()

    def store(**changes: Any) -> Any:
        encryption = installation.wiring.store.encryption
        row = ERPConnection(
            org_id=installation.org_id,
            connector_type="DROPZONE_JSON_V1",
            config_encrypted=encryption.encrypt_config(place.config | changes),
        )
        with installation.session() as session:
            session.add(row)
            session.commit()
            return row.id

    return store


def change(installation: Any, connection_id: Any, config: dict[str, Any]) -> None:
    """Point a connection elsewhere."""
    with installation.session() as session:
        row = session.get(ERPConnection, connection_id)
        row.config_encrypted = installation.wiring.store.encryption.encrypt_config(config)
        session.commit()


def claimed(installation: Any, connection_id: Any) -> Any:
    to = open_target(installation.wiring, installation.org_id, connection_id)
    assert to is not None
    return claim(installation.wiring, to, 100)


def clean(installation: Any, connection_id: Any) -> int:
    abandoned = SqlLeftovers(installation.database).abandoned
    return clean_up(installation.wiring, abandoned, installation.org_id, connection_id)


def age_files(place: Place) -> None:
    for path in (place.root / "out").glob("*.tmp"):
        os.utime(path, (time.time() - 7200, time.time() - 7200))


def test_only_files_of_dead_attempts_are_cleaned_away(installation: Any, place: Place, connect: Any) -> None:
    connection_id = connect()
    installation.pushed(3)
    batch = claimed(installation, connection_id)
    to = batch.to
    staged = [item for _, item in to.connector.stage_many([a.order for a in batch.attempts], to.target.config)]
    foreign = f"sales_order_x.json.{batch.lease.token}.tmp"
    (place.root / "out" / foreign).write_text("another installation's")
    (place.root / "out" / "report.tmp").write_text("the ERP's own")
    age_files(place)
    assert clean(installation, connection_id) == 0, "the lease may be live"

    kept = staged[0]
    installation.do(
        "UPDATE erp_export SET staged_at = now(), staged_path = :path WHERE id = :id",
        path=kept.path,
        id=kept.order.delivery.export_id,
    )
    installation.do("UPDATE erp_export SET lease_token = gen_random_uuid()")
    assert clean(installation, connection_id) == 2
    name = f"{kept.order.delivery.reference}.{batch.lease.token}.tmp"
    on_disk = on_the_wire(name) if place.config.get("mode") == "ftp" else name
    assert place.temporary() == sorted([on_disk, foreign, "report.tmp"])


def test_what_is_young_by_the_servers_clock_stays(installation: Any, place: Place, connect: Any) -> None:
    connection_id = connect()
    installation.pushed()
    batch = claimed(installation, connection_id)
    list(batch.to.connector.stage_many([batch.attempts[0].order], batch.to.target.config))
    installation.do("UPDATE erp_export SET lease_token = NULL, lease_until = NULL")
    assert clean(installation, connection_id) == 0
    assert len(place.temporary()) == 1


def poll(installation: Any, connection_id: Any) -> dict[str, int]:
    return dict(poll_acks(installation.wiring, installation.org_id, connection_id))


@pytest.fixture
def sent(installation: Any, place: Place, connect: Any) -> tuple[Any, Any, str]:
    """A connection, and an order that was sent over it, with its file's name."""
    connection_id = connect()
    (order_id,) = installation.pushed()
    installation.work_off(connection_id)
    return connection_id, order_id, installation.export(order_id)["filename"]


def test_orders_arrive_as_published_and_come_back_confirmed(installation: Any, place: Place, connect: Any) -> None:
    connection_id = connect()
    ids = installation.pushed(50)
    assert installation.work_off(connection_id) == 50
    files = place.orders()
    assert {fields["draft_order_id"] for fields in files.values()} == {str(order_id) for order_id in ids}
    for name, fields in files.items():
        jsonschema.validate(fields, export_schema())
        place.answer(name, erp_order_id=f"SO-{fields['header']['external_order_number']}")
    assert place.temporary() == []
    assert len(place.take()) == 50

    assert poll(installation, connection_id) == {"acknowledge": 50}
    orders = installation.rows("SELECT status, erp_order_id, external_order_number AS po FROM draft_order")
    assert {(row["status"], row["erp_order_id"] == f"SO-{row['po']}") for row in orders} == {("CONFIRMED", True)}
    assert place.lying() == []
    assert len(place.lying("processed")) == 50
    paths = installation.rows("SELECT dropzone_path, filename FROM erp_export")
    assert all(row["dropzone_path"].endswith(f"/out/{row['filename']}") for row in paths)


def test_a_refusal_then_a_retry_under_a_new_name(installation: Any, place: Place, sent: Any) -> None:
    connection_id, order_id, name = sent
    place.take()
    place.answer(name, status="FAILED", error_code="E42", message="Kunde 4711 gesperrt")
    assert poll(installation, connection_id) == {"refuse": 1}
    order = installation.order(order_id)
    assert (order["status"], order["error_json"]["message"]) == ("ERROR", "Kunde 4711 gesperrt")
    request_push(installation.wiring.store, installation.org_id, order_id, ACTOR)
    installation.work_off(connection_id)
    assert len(place.take()) == 1
    assert installation.export(order_id)["filename"] != name


def test_an_answer_while_a_worker_is_at_it_waits_then_settles_what_it_left(
    installation: Any, place: Place, connect: Any
) -> None:
    connection_id = connect()
    (order_id,) = installation.pushed()
    deliver(installation.wiring, claimed(installation, connection_id))
    (name,) = place.take()
    place.answer(name, erp_order_id=4500012345)
    assert poll(installation, connection_id) == {"wait": 1}
    assert len(place.lying()) == 1
    installation.let_leases_run_out()
    assert poll(installation, connection_id) == {"acknowledge": 1}
    assert installation.order(order_id)["erp_order_id"] == "4500012345"
    assert installation.work_off(connection_id) == 0
    assert place.orders() == {}


def test_a_refusal_of_what_nobody_settled(installation: Any, place: Place, connect: Any) -> None:
    connection_id = connect()
    (order_id,) = installation.pushed()
    deliver(installation.wiring, claimed(installation, connection_id))
    installation.let_leases_run_out()
    place.answer(*place.take(), status="FAILED", message="no")
    assert poll(installation, connection_id) == {"refuse": 1}
    assert installation.order(order_id)["status"] == "ERROR"


def test_the_first_answer_wins_and_a_second_yes_changes_nothing(installation: Any, place: Place, sent: Any) -> None:
    connection_id, order_id, name = sent
    os.utime(place.answer(name, erp_order_id="SO-1"), (1, 1))
    place.answer(name, status="FAILED", message="no")
    assert poll(installation, connection_id) == {"acknowledge": 1}
    assert poll(installation, connection_id) == {"alert": 1}
    place.answer(name, erp_order_id="SO-2")
    assert poll(installation, connection_id) == {"ignore": 1}
    order = installation.order(order_id)
    assert (order["status"], order["erp_order_id"]) == ("CONFIRMED", "SO-1")
    assert place.lying("processed") == [f"ack_{name}", f"ack_{name}.1", f"error_{name}"]


def test_late_answers_to_what_was_given_up(installation: Any, place: Place, sent: Any) -> None:
    connection_id, order_id, name = sent
    place.answer(name, status="FAILED", message="no")
    poll(installation, connection_id)
    place.answer(name, status="FAILED", message="still no")
    assert poll(installation, connection_id) == {"ignore": 1}
    place.answer(name, erp_order_id="SO-1")
    assert poll(installation, connection_id) == {"acknowledge": 1}
    assert installation.order(order_id)["status"] == "CONFIRMED"


def test_a_late_yes_before_anything_was_sent_again_stops_that(installation: Any, place: Place, sent: Any) -> None:
    connection_id, order_id, name = sent
    place.take()
    place.answer(name, status="FAILED", message="no")
    poll(installation, connection_id)
    request_push(installation.wiring.store, installation.org_id, order_id, ACTOR)
    place.answer(name)
    assert poll(installation, connection_id) == {"acknowledge": 1}
    assert installation.order(order_id)["status"] == "CONFIRMED"
    assert installation.work_off(connection_id) == 0
    assert place.orders() == {}


def test_a_late_yes_after_it_was_sent_again_is_an_alert(installation: Any, place: Place, sent: Any) -> None:
    connection_id, order_id, name = sent
    place.answer(name, status="FAILED", message="no")
    poll(installation, connection_id)
    request_push(installation.wiring.store, installation.org_id, order_id, ACTOR)
    assert installation.work_off(connection_id) == 1
    place.answer(name)
    assert poll(installation, connection_id) == {"alert": 1}


def test_garbage_goes_to_error_and_the_order_stays_as_it_was(installation: Any, place: Place, sent: Any) -> None:
    connection_id, order_id, name = sent
    place.write(f"ack_{name}", "this is no JSON")
    place.write(f"error_{name}.json", '{"status": "ACKED"}')
    place.write("readme.txt", "hello")
    place.write("ack_sales_order_of_nobody.json", '{"status": "ACKED"}')
    assert poll(installation, connection_id) == {"unreadable": 2, "unmatched": 1}
    assert installation.order(order_id)["status"] == "PUSHED"
    assert place.lying() == ["ack_sales_order_of_nobody.json", "readme.txt"]
    assert place.lying("error") == [
        f"ack_{name}",
        f"ack_{name}.reason.txt",
        f"error_{name}.json",
        f"error_{name}.json.reason.txt",
    ]
    place.answer(name)
    assert poll(installation, connection_id)["acknowledge"] == 1


@pytest.mark.parametrize("mended", ["where it was put away", "by nobody", "by the ERP"])
def test_an_answer_is_read_again_when_a_person_asks(installation: Any, place: Place, sent: Any, mended: str) -> None:
    connection_id, order_id, name = sent
    for text in ("Kunde gesperrt", "Kunde wieder frei"):  # the second is put away under another name
        place.write(f"ack_{name}", text)
        assert poll(installation, connection_id) == {"unreadable": 1}
    away = place.root / "acks" / "error" / f"ack_{name}.1"
    if mended == "where it was put away":
        away.write_text('{"status": "ACKED", "erp_order_id": "SO-7"}')
    elif mended == "by the ERP":
        place.answer(name, erp_order_id="SO-7")
    export = read_again(installation.wiring, installation.org_id, installation.export(order_id)["id"], ACTOR)
    if mended == "by nobody":
        assert export.unreadable
        assert export.unreadable["reason"]
        assert away.read_text() == "Kunde wieder frei"
        return
    assert (export.status, export.erp_order_id, export.unreadable) == ("ACKED", "SO-7", None)
    assert installation.order(order_id)["status"] == "CONFIRMED"
    with pytest.raises(StateError, match="No answer is known"):
        read_again(installation.wiring, installation.org_id, export.id, ACTOR)


def test_an_answer_that_somebody_threw_away_cannot_be_read_again(installation: Any, place: Place, sent: Any) -> None:
    connection_id, order_id, _ = sent
    export = installation.export(order_id)
    place.write(f"ack_{export['filename']}", "Kunde gesperrt")
    poll(installation, connection_id)
    (place.root / "acks" / "error" / f"ack_{export['filename']}").unlink()
    with pytest.raises(StateError, match="is neither where answers come"):
        read_again(installation.wiring, installation.org_id, export["id"], ACTOR)


def test_an_answer_still_being_written_is_left_until_it_is_whole(installation: Any, place: Place, sent: Any) -> None:
    connection_id, order_id, name = sent
    path = place.root / "acks" / f"ack_{name}"
    for content in ("", '{"status": "ACK'):
        path.write_text(content)
        assert poll(installation, connection_id) == {}
        assert place.lying() == [path.name]
    path.write_text('{"status": "ACKED"}')
    assert poll(installation, connection_id) == {"acknowledge": 1}
    assert installation.order(order_id)["status"] == "CONFIRMED"


def test_one_that_was_never_finished_is_told_after_a_minute(installation: Any, place: Place, sent: Any) -> None:
    connection_id, _, name = sent
    path = place.write(f"ack_{name}", '{"status": "ACK')
    os.utime(path, (time.time() - 90, time.time() - 90))
    assert poll(installation, connection_id) == {"unreadable": 1}


def test_a_worker_that_dies_while_staging_leaves_nothing_behind(installation: Any, place: Place, connect: Any) -> None:
    connection_id = connect()
    installation.pushed(3)
    batch = claimed(installation, connection_id)
    staged = list(batch.to.connector.stage_many([attempt.order for attempt in batch.attempts], batch.to.target.config))
    assert len(staged) == len(place.temporary()) == 3
    installation.let_leases_run_out()
    assert installation.work_off(connection_id) == 3
    assert (place.temporary(), len(place.take())) == ([], 3)


def test_one_that_dies_before_the_rename_has_it_done_by_the_next(installation: Any, place: Place, connect: Any) -> None:
    connection_id = connect()
    ids = installation.pushed(3)
    stop_before_publishing(installation, connection_id)
    assert (len(place.temporary()), place.orders()) == (3, {})
    installation.let_leases_run_out()
    assert installation.work_off(connection_id) == 3
    assert (place.temporary(), len(place.take())) == ([], 3)
    assert not any(installation.export(order_id)["inferred"] for order_id in ids)


@pytest.mark.parametrize("taken", [True, False])
def test_one_that_dies_after_the_rename_is_not_repeated(
    installation: Any, place: Place, connect: Any, taken: bool
) -> None:
    connection_id = connect()
    (order_id,) = installation.pushed()
    deliver(installation.wiring, claimed(installation, connection_id))
    takes = place.take() if taken else []
    installation.let_leases_run_out()
    assert installation.work_off(connection_id) == 1
    takes += place.take()
    assert takes == [installation.export(order_id)["filename"]]
    assert (installation.export(order_id)["status"], installation.export(order_id)["inferred"]) == ("SENT", True)


def test_one_that_wakes_up_late_changes_nothing(installation: Any, place: Place, connect: Any) -> None:
    connection_id = connect()
    installation.pushed()
    late = claimed(installation, connection_id)
    installation.let_leases_run_out()
    assert installation.work_off(connection_id) == 1
    deliver(installation.wiring, late)
    settle(installation.wiring, late)
    assert (len(place.take()), place.temporary()) == (1, [])


@pytest.mark.parametrize("policy", ["hold", "resend"])
def test_what_was_staged_where_the_connection_no_longer_points(
    installation: Any, place: Place, connect: Any, policy: str
) -> None:
    connection_id = connect()
    installation.do("UPDATE erp_connection SET in_doubt = :policy", policy=policy)
    installation.pushed()
    stop_before_publishing(installation, connection_id)
    installation.let_leases_run_out()
    (place.root / "new").mkdir()
    elsewhere = place.config["export_path"].replace("out", "new")
    change(installation, connection_id, place.config | {"export_path": elsewhere})
    push_batch(installation.wiring, installation.org_id, connection_id)
    assert len(place.temporary()) == 1, "nobody touches the old place"
    assert len(list((place.root / "new").iterdir())) == (1 if policy == "resend" else 0)


def test_a_missing_folder_pauses_and_a_good_test_resumes(installation: Any, place: Place, connect: Any) -> None:
    connection_id = connect()
    (order_id,) = installation.pushed()
    (place.root / "out").rename(place.root / "moved")
    installation.work_off(connection_id)
    (row,) = installation.rows("SELECT breaker_state, breaker_error FROM erp_connection")
    assert (row["breaker_state"], row["breaker_error"]["code"]) == ("PAUSED", "FOLDER_MISSING")
    assert not run_test(installation.wiring, installation.org_id, connection_id, ACTOR).success
    (place.root / "moved").rename(place.root / "out")
    assert run_test(installation.wiring, installation.org_id, connection_id, ACTOR).success
    installation.work_off(connection_id)
    assert len(place.take()) == 1
    assert installation.export(order_id)["attempts_spent"] <= 1


def test_a_missing_answer_folder_is_noted_and_deliveries_go_on(installation: Any, place: Place, sent: Any) -> None:
    connection_id, _, _ = sent
    (place.root / "acks").rmdir()
    assert poll(installation, connection_id) == {}
    (row,) = installation.rows("SELECT poll_error, breaker_state FROM erp_connection")
    assert (row["poll_error"]["code"], row["breaker_state"]) == ("FOLDER_MISSING", "CLOSED")
    installation.pushed()
    assert installation.work_off(connection_id) == 1


def test_in_place_a_crash_asks_whether_the_file_is_there_in_full(installation: Any, place: Place, connect: Any) -> None:
    connection_id = connect(atomic_write=False)
    here, half = installation.pushed(2)
    deliver(installation.wiring, claimed(installation, connection_id))
    broken = place.root / "out" / installation.export(half)["filename"]
    broken.write_bytes(broken.read_bytes()[:20])
    installation.let_leases_run_out()
    installation.work_off(connection_id)
    assert (installation.export(here)["status"], installation.export(here)["inferred"]) == ("SENT", True)
    waiting = installation.export(half)
    assert (waiting["status"], waiting["error_json"]["code"]) == ("PENDING", "FIND_FAILED")
    assert broken.stat().st_size == 20, "the ERP may have read it like that: a person decides"
    resolve_held(installation.wiring.store, installation.org_id, waiting["id"], "send_again", ACTOR)
    installation.work_off(connection_id)
    assert (installation.export(half)["status"], len(place.take())) == ("SENT", 2)


def test_in_place_somebody_elses_file_is_never_replaced(installation: Any, place: Place, connect: Any) -> None:
    connection_id = connect(atomic_write=False)
    orders = installation.pushed(4)
    batch = claimed(installation, connection_id)
    contents = {attempt.order.id: attempt.order.delivery.document.content for attempt in batch.attempts}
    files = {order: place.root / "out" / installation.export(order)["filename"] for order in orders}
    foreign, longer, half, whole = orders
    files[foreign].write_bytes(b"foreign")
    files[longer].write_bytes(contents[longer] + b" ")
    files[half].write_bytes(contents[half][:20])
    files[whole].write_bytes(contents[whole])
    deliver(installation.wiring, batch)
    settle(installation.wiring, batch)
    for order, found in ((foreign, b"foreign"), (longer, contents[longer] + b" ")):
        assert (installation.order(order)["status"], files[order].read_bytes()) == ("ERROR", found)
        assert installation.export(order)["error_json"]["code"] == "TARGET_EXISTS"
    for order in (half, whole):
        assert (installation.order(order)["status"], files[order].read_bytes()) == ("PUSHED", contents[order])


@pytest.mark.parametrize(("answers", "others"), [(50, 1_000), pytest.param(200, 3_000, marks=pytest.mark.large)])
def test_answers_are_found_in_a_full_folder(
    installation: Any, place: Place, connect: Any, answers: int, others: int
) -> None:
    connection_id = connect()
    installation.pushed(answers)
    installation.work_off(connection_id)
    for number in range(others):
        (place.root / "acks" / f"other_{number}.dat").touch()
    for name in place.take():
        place.answer(name)
    assert poll(installation, connection_id) == {"acknowledge": answers}
    assert len(place.lying()) == others


def test_a_test_leaves_the_folders_clean_and_names_its_steps(installation: Any, place: Place, connect: Any) -> None:
    result = run_test(installation.wiring, installation.org_id, connect(), ACTOR)
    assert result.success, result
    assert result.details["steps"][-1] == "processed: remove"
    assert [path.name for path in place.root.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("place", ["sftp"], indirect=True)
def test_a_write_only_export_folder_works(installation: Any, place: Place, connect: Any) -> None:
    assert place.server is not None
    place.server.faults.deny_stat = True
    connection_id = connect(ack_path=None)
    assert run_test(installation.wiring, installation.org_id, connection_id, ACTOR).success
    installation.pushed(5)
    installation.work_off(connection_id)
    assert (len(place.take()), list((place.root / "out").iterdir())) == (5, [])


def test_a_full_answer_folder_does_not_make_a_test_slow(place: Place) -> None:
    for number in range(2_000):
        (place.root / "acks" / f"other_{number}.dat").touch()
    connector = DropzoneJsonV1Connector()
    assert connector.test_connection(place.config).success
    with connector.session(place.config) as opened:
        store = opened.session.store
        assert len(store.list(place.config["ack_path"], at_most=7)) == 7
        assert len(store.list(place.config["ack_path"])) == 2_001, "and the folder for what is processed"


def stop_before_publishing(installation: Any, connection_id: Any) -> None:
    """Die between the commit that notes what is staged, and the rename."""
    batch = claimed(installation, connection_id)
    batch.to.connector.publish_many = lambda staged, config: iter(())  # instance only
    deliver(installation.wiring, batch)
    del batch.to.connector.publish_many
