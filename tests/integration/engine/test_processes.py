"""A process with a wrong key harms no other: it skips, it says so, and it never disables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from orderflow.bootstrap import App
from orderflow.documents.object_store import ObjectStore
from orderflow.domain.delivery import Ack
from orderflow.domain.errors import KeyMismatchError, ObjectStoreError, StateError
from orderflow.domain.ids import new_id
from orderflow.engine.presence import Presence, note_beat, process
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.doctor import in_trouble
from orderflow.flow.ports import Wiring
from orderflow.flow.setup.probe import test_connection as ask
from orderflow.flow.watch import require_key
from orderflow.secrets.encryption import EncryptionService
from orderflow.settings import Settings
from orderflow.storage.database import Database
from orderflow.storage.store import SqlStore
from orderflow.storage.system.processes import SqlProcesses
from orderflow.storage.system.rotation import disable_sealed_with, rotate
from orderflow.testing.memory import MemoryDropzone

RIGHT, WRONG = "ab" * 32, "ba" * 32


@pytest.fixture
def wrong(installation: Any) -> Wiring:
    """The steps of a process that has another key than the one which sealed the connections."""
    wiring: Wiring = installation.wiring
    return replace(wiring, store=SqlStore(installation.database, EncryptionService(WRONG)))


@pytest.fixture
def processes(database: Database) -> SqlProcesses:
    return SqlProcesses(database)


def app_with(database: Database, folder: Path, *keys: str) -> App:
    settings = Settings(_env_file=None, orderflow_home=folder)
    return App(settings, database, EncryptionService(keys[0], keys[1:]), ObjectStore(folder / "objects"))


def show(app: App, kind: str = "worker", slots: int = 4) -> None:
    app.processes.tell(process(app, new_id(), kind, [], slots))


def connection(installation: Any) -> Any:
    return installation.rows("SELECT * FROM erp_connection")[0]


def test_it_leaves_deliveries_and_answers_to_those_who_have_the_key(installation: Any, wrong: Wiring) -> None:
    zone = MemoryDropzone()
    connection_id = installation.connect(zone)
    (order_id,) = installation.pushed()
    assert push_batch(wrong, installation.org_id, connection_id) == 0
    assert (connection(installation)["status"], connection(installation)["breaker_state"]) == ("ACTIVE", "CLOSED")

    assert installation.work_off(connection_id) == 1
    zone.answers += [Ack(zone.takes[0], "ACKED", erp_order_id="SO", source=zone.takes[0])]
    poll_acks(wrong, installation.org_id, connection_id)
    assert connection(installation)["next_poll_at"] is None, "its turn was not taken from others"
    poll_acks(installation.wiring, installation.org_id, connection_id)
    assert installation.order(order_id)["status"] == "CONFIRMED"
    assert installation.rows("SELECT * FROM audit_log WHERE action = 'CONNECTION_DISABLED'") == []


def test_a_person_who_asks_it_is_told_which_key_is_missing(installation: Any, wrong: Wiring) -> None:
    connection_id = installation.connect(MemoryDropzone())
    with pytest.raises(KeyMismatchError, match=EncryptionService(RIGHT).key_id) as caught:
        ask(wrong, installation.org_id, connection_id, None)  # type: ignore[arg-type]  # nobody is noted
    assert (caught.value.code, RIGHT in str(caught.value.as_json())) == ("KEY_MISMATCH", False)


def test_what_is_really_broken_is_disabled_once_and_only_if_nobody_at_work_may_open_it(
    installation: Any, database: Database, tmp_path: Path
) -> None:
    connection_id = installation.connect(MemoryDropzone())
    installation.pushed()
    installation.do("UPDATE erp_connection SET config_encrypted = '\\x00' || config_encrypted")
    show(app_with(database, tmp_path, WRONG, RIGHT))
    assert push_batch(installation.wiring, installation.org_id, connection_id) == 0
    assert connection(installation)["status"] == "ACTIVE", "the other has a key more"
    with database.system() as everyone:
        everyone.execute(text("UPDATE process SET seen_at = now() - interval '5 minutes'"))
    for _ in range(2):
        assert push_batch(installation.wiring, installation.org_id, connection_id) == 0
    assert connection(installation)["status"] == "DISABLED"
    assert len(installation.rows("SELECT 1 FROM audit_log WHERE action = 'CONNECTION_DISABLED'")) == 1


def test_a_process_without_the_connector_leaves_the_connection_to_one_that_has_it(
    installation: Any, database: Database, tmp_path: Path
) -> None:
    connection_id = installation.connect(MemoryDropzone())
    installation.pushed()
    without = replace(installation.wiring, connector=_has_none)
    show(app_with(database, tmp_path, RIGHT))
    with database.system() as everyone:
        kind = MemoryDropzone.connector_type
        everyone.execute(text("UPDATE process SET connector_types = ARRAY[:kind]"), {"kind": kind})
    assert push_batch(without, installation.org_id, connection_id) == 0
    assert connection(installation)["breaker_state"] == "CLOSED"
    with database.system() as everyone:
        everyone.execute(text("DELETE FROM process"))
    assert push_batch(without, installation.org_id, connection_id) == 0
    assert connection(installation)["breaker_error"]["code"] == "CONNECTOR_MISSING", "nobody has it"


def _has_none(kind: str) -> Any:
    raise ValueError(f"Unknown connector type: {kind!r}")


def test_one_whose_keys_open_nothing_does_not_start_and_one_that_opens_something_does(
    installation: Any, database: Database, processes: SqlProcesses
) -> None:
    old, new = EncryptionService(RIGHT), EncryptionService(WRONG, [RIGHT])
    require_key(processes, EncryptionService(WRONG).known_key_ids)  # there is nothing yet
    installation.connect(MemoryDropzone())
    require_key(processes, old.known_key_ids)
    require_key(processes, new.known_key_ids)
    with pytest.raises(KeyMismatchError, match="None of the keys") as caught:
        require_key(processes, EncryptionService(WRONG).known_key_ids)
    assert "keys lost" in caught.value.hint
    assert list(rotate(database, new))
    with pytest.raises(KeyMismatchError):
        require_key(processes, old.known_key_ids)
    require_key(processes, EncryptionService(WRONG).known_key_ids)


def test_after_a_key_was_lost_processes_start_with_a_new_one(
    installation: Any, database: Database, processes: SqlProcesses
) -> None:
    installation.connect(MemoryDropzone())
    new = EncryptionService(WRONG)
    lost = EncryptionService(RIGHT).key_id
    assert disable_sealed_with(database, lost, installation_actor()) == 1
    require_key(processes, new.known_key_ids)
    assert connection(installation)["breaker_error"]["code"] == "KEY_LOST"


def installation_actor() -> Any:
    from orderflow.flow.ports import Actor

    return Actor("test")


def test_it_tells_of_its_troubles_and_that_they_are_over(
    installation: Any, database: Database, processes: SqlProcesses, tmp_path: Path
) -> None:
    installation.connect(MemoryDropzone())
    app = app_with(database, tmp_path, WRONG)
    presence = Presence(app, "worker", slots=4)
    with capture_logs() as said:
        presence.beat()
        (found,) = processes.alive()
        assert [trouble.code for trouble in found.troubles] == ["KEY_MISMATCH"]
        presence.beat()
    installation.do("UPDATE erp_connection SET status = 'DISABLED'")
    with capture_logs() as said_later:
        presence.beat()
    assert processes.alive()[0].troubles == []
    assert [line["event"] for line in [*said, *said_later]] == ["in trouble", "out of trouble"], "once for each change"


def test_a_document_store_that_cannot_be_written_is_told_by_each_process(
    database: Database, processes: SqlProcesses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_with(database, tmp_path, RIGHT)

    def refuse() -> None:
        raise ObjectStoreError("The folder cannot be written.")

    monkeypatch.setattr(app.documents, "check", refuse)
    Presence(app, "worker", slots=4).beat()
    assert [trouble.code for trouble in processes.alive()[0].troubles] == [ObjectStoreError.code]


def test_orders_that_nobody_delivers_are_noticed(
    installation: Any, database: Database, processes: SqlProcesses, tmp_path: Path
) -> None:
    app = app_with(database, tmp_path, RIGHT)
    installation.connect(MemoryDropzone())
    installation.pushed()
    assert app.standing() == []
    installation.do("UPDATE erp_export SET next_attempt_at = now() - interval '2 minutes'")
    show(app, "serve", slots=0)
    assert [trouble.code for trouble in app.standing()] == ["NO_WORKER"]
    show(app, "celery")
    assert app.standing() == []
    installation.do("UPDATE erp_export SET next_attempt_at = now() - interval '20 minutes'")
    assert [trouble.code for trouble in app.standing()] == ["DELIVERIES_LATE"]


TAKEN = """
    INSERT INTO orders_taken (connection_id, taken_at, org_id, orders)
    SELECT id, now() - interval '{seconds} seconds', org_id, {orders} FROM erp_connection
"""


def test_a_connection_that_takes_as_many_as_it_may_in_a_minute_is_not_late(
    installation: Any, database: Database, tmp_path: Path
) -> None:
    app = app_with(database, tmp_path, RIGHT)
    show(app)
    installation.connect(MemoryDropzone())
    installation.pushed()
    installation.do("UPDATE erp_export SET next_attempt_at = now() - interval '20 minutes'")
    installation.do("UPDATE erp_connection SET orders_per_minute = 10")
    assert [trouble.code for trouble in app.standing()] == ["DELIVERIES_LATE"], "it took nothing"
    installation.do(TAKEN.format(seconds=90, orders=10))
    assert app.standing() == [], "the next turn is about to come"
    installation.do("UPDATE orders_taken SET orders = 3")
    assert [trouble.code for trouble in app.standing()] == ["DELIVERIES_LATE"], "it may take more"
    installation.do("UPDATE orders_taken SET orders = 10, taken_at = now() - interval '5 minutes'")
    assert [trouble.code for trouble in app.standing()] == ["DELIVERIES_LATE"]


def test_of_sweeps_at_once_one_is_made_and_none_waits_for_a_clock_that_was_put_back(
    database: Database, tmp_path: Path
) -> None:
    app = app_with(database, tmp_path, RIGHT)
    hour = 3600.0
    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(lambda _: note_beat(app, hour), range(4))) == [False, False, False, True]
    for seen in ("now() + interval '2 hours'", "now() - interval '2 hours'"):
        with database.system() as connection:
            connection.execute(text(f"UPDATE process SET seen_at = {seen}"))
        assert note_beat(app, hour)
        assert not note_beat(app, hour)
        assert note_beat(app)


def test_celery_without_beat_is_noticed_after_a_while(database: Database, tmp_path: Path) -> None:
    app = app_with(database, tmp_path, RIGHT)
    show(app, "celery")
    assert app.standing() == [], "beat may be about to start"
    with database.system() as everyone:
        everyone.execute(text("UPDATE process SET started_at = now() - interval '10 minutes'"))
    assert [trouble.code for trouble in app.standing()] == ["NO_BEAT"]
    note_beat(app)
    assert app.standing() == []


def test_who_is_gone_for_a_minute_counts_no_more_and_a_clock_set_back_keeps_nobody_alive(
    database: Database, processes: SqlProcesses, tmp_path: Path
) -> None:
    for ago in ("2 minutes", "-1 hour"):
        show(app_with(database, tmp_path, RIGHT))
        with database.system() as everyone:
            everyone.execute(text(f"UPDATE process SET seen_at = now() - interval '{ago}'"))  # two constants
        assert processes.alive() == []


def test_nothing_is_recalled_beside_a_process_of_an_older_release_and_beat_is_none(
    installation: Any, database: Database, processes: SqlProcesses, tmp_path: Path
) -> None:
    app = app_with(database, tmp_path, RIGHT)
    show(app)
    note_beat(app)

    def check() -> None:
        with installation.wiring.store.work(installation.org_id) as work:
            work.refuse_beside_older_release()

    check()
    assert in_trouble(processes, datetime.now(UTC)) == []
    older = replace(process(app, new_id(), "serve", [], 0), kinds=None, version="0.1")
    app.processes.tell(older)
    with pytest.raises(StateError, match=r"serve of 0\.1") as refused:
        check()
    assert refused.value.code == "OLDER_RELEASE"
    (finding,) = in_trouble(processes, datetime.now(UTC))
    assert (finding.code, older.name in finding.message) == ("OLDER_RELEASE", True)
    app.processes.leave(older.id)
    check()
