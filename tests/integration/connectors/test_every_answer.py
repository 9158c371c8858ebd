"""Each format's answers in each way: processes are killed, lines are cut; each counts once, and none is lost."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orderflow.channels.zone import answers as zone
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.documents.object_store import ObjectStore
from orderflow.flow.setup.answer_token import make_answer_token
from orderflow.storage.tables.models import ERPConnection
from tests.integration.channels.cutting_proxy import CuttingProxy
from tests.integration.conftest import ACTOR
from tests.integration.connectors.answering import ANSWERS, FOLDERS, SENDERS, Folder, Message, as2_config
from tests.integration.connectors.api_process import Api
from tests.integration.connectors.crashing import Place, Step, killed_at, poll, read
from tests.integration.connectors.test_every_way import _hang_up, push
from tests.integration.connectors.ways import FORMATS

FETCHED = ("ack read", "ack recorded", "ack moved")
SENT = ("ack come", "ack kept")
READ = ("ack read", "ack recorded")
CUTS = 16
"""At so many bytes of what is sent is the line cut, evenly spread; and at its end, where only the answer is lost."""


def large(test: Any) -> Any:
    """Mark a test of the whole matrix."""
    return pytest.mark.large(pytest.mark.timeout(900)(test))


class Talk:
    """A connection of one format, and orders that its ERP has."""

    def __init__(self, installation: Any, name: str, place: Callable[[UUID], Place], config: dict[str, Any]) -> None:
        self.installation, self.name = installation, name
        kind, self._format = FORMATS[name]
        self._config = config
        self.id: UUID = installation.connect(ConnectorRegistry.get(kind), config | self._format)
        self.place = place(self.id)
        installation.wiring = replace(installation.wiring, documents=ObjectStore(self.place.documents))
        self.orders: dict[str, UUID] = {}

    def lead(self, config: dict[str, Any]) -> None:
        """Lead the connection another way."""
        with self.installation.session() as session:
            row = session.get_one(ERPConnection, self.id)
            row.config_encrypted = self.installation.wiring.store.encryption.encrypt_config(config | self._format)
            session.commit()

    def has(self, many: int = 1) -> list[tuple[str, bytes]]:
        """Let the ERP have orders; returns what it answers to each, under a name that a file of it may have."""
        pushed = push(self.installation, many)
        self.orders |= pushed
        self.installation.do(
            "UPDATE erp_export SET status = 'SENT', sent_at = now(), filename = draft_order_id || '.txt' "
            "WHERE status = 'PENDING'"
        )
        self.installation.do("UPDATE draft_order SET status = 'PUSHED' WHERE status = 'PUSHING'")
        return [(f"ack_{order_id}.txt", ANSWERS[self.name](number)) for number, order_id in pushed.items()]

    def after_a_death(self, step: Step) -> None:
        """Let the next process do what the one before had begun."""
        self.installation.do("UPDATE inbound SET next_read_at = now() WHERE next_read_at > now()")
        self.installation.do("UPDATE erp_connection SET poll_lease_until = now() - interval '1 second'")
        step(self.installation.wiring, self.installation.org_id, self.id)

    def each_counts_once(self, where: object) -> None:
        confirmed = "SELECT id, status FROM draft_order ORDER BY id"
        assert {row["status"] for row in self.installation.rows(confirmed)} == {"CONFIRMED"}, where
        told = "SELECT action FROM audit_log WHERE action IN ('EXPORT_ACKED', 'EXPORT_UPDATED', 'EXPORT_ALERT')"
        events = "SELECT order_id, count(*) AS times FROM event WHERE kind = 'order.confirmed' GROUP BY order_id"
        assert [row["times"] for row in self.installation.rows(events)] == [1] * len(self.orders), where
        assert [row["action"] for row in self.installation.rows(told)] == ["EXPORT_ACKED"] * len(self.orders), where

    def all_put_away(self, folder: Folder, where: object) -> None:
        """Nothing is left where answers come; a bucket, which copies, may keep one that it had copied before."""
        put_away = {file.removesuffix(".1") for file in folder.files()}
        assert put_away == {f"processed/ack_{order_id}.txt" for order_id in self.orders.values()}, where


@pytest.fixture
def talk(installation: Any, app_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(zone, "SECOND_LOOK", 0.01)

    def place(connection_id: UUID) -> Place:
        return Place(app_url, installation.org_id, connection_id, tmp_path / "documents")

    yield lambda name, config: Talk(installation, name, place, config)
    _hang_up()


def fetch_and_die(talk: Any, name: str, folder: Folder, points: Sequence[str] = FETCHED) -> None:
    here = talk(name, folder.config(None))
    for point in points:
        for file, content in here.has(2):
            folder.leave(file, content)
        assert killed_at(point, here.place, poll), point
        here.after_a_death(poll)
        here.each_counts_once(point)
        here.all_put_away(folder, point)


def send_and_die(talk: Any, name: str, sender: str, api: Callable[[Place], Api]) -> None:
    here, message = _sends(talk, name, sender)
    with api(here.place) as running:
        for point in SENT:
            ((_, content),) = here.has()
            said = message(content)
            running.start(point)
            assert not said.sent(running.port)
            assert running.died()
            running.start()
            assert all(said.sent(running.port) for _ in range(2)), "and once more, as nobody heard the answer"
            here.after_a_death(read)
            here.each_counts_once(point)
        for point in READ:
            assert all(message(content).sent(running.port) for _, content in here.has(2))
            assert killed_at(point, here.place, read), point
            here.after_a_death(read)
            here.each_counts_once(point)


def _sends(talk: Any, name: str, sender: str) -> tuple[Talk, Callable[[bytes], Message]]:
    here: Talk = talk(name, as2_config())
    token = make_answer_token(here.installation.wiring, here.installation.org_id, here.id, ACTOR)
    return here, lambda content: SENDERS[sender](here.id, token, content)


@pytest.fixture
def api(admin_url: str, tmp_path: Path) -> Callable[[Place], Api]:
    return lambda place: Api(place, admin_url, tmp_path)


@large
@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("way", FOLDERS)
def test_killed_at_each_point_each_answer_that_is_fetched_counts_once(talk, tmp_path, way, name):
    with FOLDERS[way](tmp_path) as folder:
        fetch_and_die(talk, name, folder)
        _hang_up()


@large
@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("sender", SENDERS)
def test_killed_at_each_point_each_answer_that_is_sent_counts_once(talk, api, sender, name):
    send_and_die(talk, name, sender, api)


@large
@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("way", [way for way in FOLDERS if way != "folder"])
def test_a_line_that_breaks_anywhere_while_answers_are_fetched_loses_none(talk, tmp_path, way, name):
    with FOLDERS[way](tmp_path) as folder:
        here = talk(name, folder.config(None))
        whole = fetch_and_cut(here, folder, None)
        for position in [*range(0, whole, max(whole // CUTS, 1)), whole - 1, whole]:
            fetch_and_cut(here, folder, position)


def fetch_and_cut(here: Talk, folder: Folder, position: int | None) -> int:
    """Fetch an answer over a line that breaks once; returns how many bytes were sent in all."""
    assert folder.port is not None
    with CuttingProxy(folder.port) as proxy:
        proxy.cut_after = position
        here.lead(folder.config(proxy.port))
        for file, content in here.has():
            folder.leave(file, content)
        for _ in range(3):
            poll(here.installation.wiring, here.installation.org_id, here.id)
        _hang_up()
    here.each_counts_once(position)
    here.all_put_away(folder, position)
    return len(proxy.sent)


@large
@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("sender", SENDERS)
def test_a_line_that_breaks_anywhere_while_answers_are_sent_loses_none(talk, api, sender, name):
    here, message = _sends(talk, name, sender)
    with api(here.place) as running:
        running.start()
        whole = send_and_cut(here, message, running, None)
        for position in [*range(0, whole, max(whole // CUTS, 1)), whole - 1, whole]:
            send_and_cut(here, message, running, position)


def send_and_cut(here: Talk, message: Callable[[bytes], Message], running: Api, position: int | None) -> int:
    """Send an answer over a line that breaks once, until it is taken; returns how many bytes were sent in all."""
    ((_, content),) = here.has()
    said = message(content)
    with CuttingProxy(running.port) as proxy:
        proxy.cut_after = position
        assert any(said.sent(proxy.port) for _ in range(3)), position
    here.after_a_death(read)
    here.each_counts_once(position)
    assert len(here.installation.rows("SELECT id FROM inbound")) == len(here.orders), position
    return len(proxy.sent)


def test_one_of_all_formats_and_ways_each_time(talk, tmp_path):
    chance = random.Random()
    name, way, point = chance.choice(list(ANSWERS)), chance.choice(list(FOLDERS)), chance.choice(FETCHED)
    print(name, way, point)  # noqa: T201  # shown where it fails
    with FOLDERS[way](tmp_path) as folder:
        fetch_and_die(talk, name, folder, [point])
        _hang_up()
