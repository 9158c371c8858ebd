"""Answers found, read, looked at twice, put away: on a store in memory, with the server's own clock."""

from __future__ import annotations

import time
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from orderflow.channels.filestore import Entry
from orderflow.channels.zone import answers
from orderflow.channels.zone.names import is_plain
from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.connectors.reading import Reading
from orderflow.domain.answer_files import Answer, OrderNumber, UnreadableError
from orderflow.domain.delivery import Ack, Waiting, WaitingExport
from orderflow.domain.errors import NeedsAttentionError, TransientError, UnavailableError
from orderflow.formats.json_v1 import JsonV1Format

ACKED = '{"status": "ACKED", "erp_order_id": "SO-1"}'
GENERATED = "sales_order_0b9f8a51-7c0e-4d8e-9b57-2f3a1c6d4e10_20251226T100000Z_3f9a1b2c.json"
FAILED = '{"status": "FAILED", "error_code": "E42", "message": "no"}'
NAME = "sales_order_1.json"


def waits(*names):
    return Waiting([WaitingExport(uuid4(), uuid4(), name) for name in names or (NAME,)])


@pytest.fixture
def poll(connector, store, config):
    return lambda waiting=None: list(connector.poll_acks(config, waits() if waiting is None else waiting))


@pytest.fixture
def finish(connector, config):
    return lambda done: connector.finish_acks(done, config)


@pytest.mark.parametrize("suffix", ["", ".json"])
def test_an_answer_carries_the_name_with_json_once_or_twice(poll, store, suffix):
    store.put(f"/acks/ack_{NAME}{suffix}", ACKED)
    waiting = waits()
    (export,) = waiting
    expected = Ack(NAME, "ACKED", export.export_id, "SO-1", source=f"/acks/ack_{NAME}{suffix}")
    assert poll(waiting) == [expected]
    assert poll(list(waiting)) == [expected]


def test_a_refusal_carries_the_erps_words(poll, store):
    store.put(f"/acks/error_{NAME}", FAILED)
    (ack,) = poll()
    assert (ack.reference, ack.status, ack.error_code, ack.message) == (NAME, "FAILED", "E42", "no")


def test_another_formats_files_are_answered_by_their_own_name(poll, store):
    store.put("/acks/ack_order.csv", ACKED)
    store.put("/acks/ack_other.csv.json", ACKED)
    assert [ack.reference for ack in poll(waits("order.csv", "other.csv"))] == ["order.csv", "other.csv"]


def test_an_answer_to_nothing_we_know_stays_unread(poll, finish, store):
    store.put("/acks/ack_sales_order_9.json", ACKED)
    (ack,) = poll()
    assert (ack.reference, ack.status, ack.export_id) == ("sales_order_9.json", "UNMATCHED", None)
    finish([ack])
    assert store.names("/acks") == ["ack_sales_order_9.json"]
    assert "read" not in store.calls


def test_other_files_are_nobodys_business(poll, store):
    others = [
        "readme.txt", f"ack_{NAME}.tmp", f".ack_{NAME}", "sales_order_11.log", "ack_..\\evil.json", "ack_\udcff.json",
        "ack_new\nline.json",
    ]  # fmt: skip
    for name in others:
        store.put(f"/acks/{name}", ACKED)
    store.folders.add("/acks/ack_folder.json")
    assert poll() == []
    assert len(store.files) == len(others)


@pytest.mark.parametrize(
    "name",
    [
        f"ACK_{NAME.upper()}",
        f"Ack_{NAME}",
        f"ack_{NAME.upper()}",
        f"ack_{NAME.removesuffix('.json')}",
        f"ack_{NAME}.txt",
        f"ack_{NAME}.json.json",
        f"ack_{NAME.removesuffix('.json')} (1).json",
        f"ack_{NAME.removesuffix('.json')}.JSON",
    ],
)
def test_an_answer_is_known_by_nearly_its_name(name, poll, store):
    store.put(f"/acks/{name}", ACKED)
    (ack,) = poll()
    assert (ack.reference, ack.status, ack.source) == (NAME, "ACKED", f"/acks/{name}")


@pytest.mark.parametrize("name", ["ack_", "ack_notes.txt", f"error_{NAME}.part", f"ack_{NAME}.bak", "ACK_x.filepart"])
def test_what_is_nearly_an_answer_and_nobodys_is_counted(name, poll, store):
    store.put(f"/acks/{name}", ACKED)
    assert [ack.status for ack in poll()] == ["UNMATCHED"]
    assert store.names("/acks") == [name]


def test_a_name_that_two_exports_may_mean_is_nobodys(poll, store):
    store.put("/acks/ACK_PO-1.CSV", ACKED)
    assert [ack.status for ack in poll(waits("PO-1.csv", "po-1.csv"))] == ["UNMATCHED"]


def test_an_answer_that_cannot_be_read_shows_how_it_begins(poll, store):
    store.put(f"/acks/error_{NAME}", '{"status":"FAILED","message":["Kunde 7 \u202e gesperrt"]}' + "x" * 900)
    (ack,) = poll()
    assert ack.status == "UNREADABLE"
    assert ack.excerpt.startswith('{"status":"FAILED","message":["Kunde 7')
    assert len(ack.excerpt) == 500
    assert "\u202e" not in ack.excerpt
    assert len(ack.digest) == 64


def test_the_oldest_answer_comes_first_however_the_server_reads(poll, store):
    names = [f"sales_order_{number}.json" for number in range(5)]
    for age, name in enumerate(names):
        store.put(f"/acks/ack_{name}", ACKED, modified=1_000 - age)
    store.put(f"/acks/error_{names[0]}", FAILED, modified=5_000)
    found = [(ack.reference, ack.status) for ack in poll(waits(*names))]
    assert found == [(name, "ACKED") for name in reversed(names)] + [(names[0], "FAILED")]


def test_ours_come_before_strangers(poll, store):
    store.put("/acks/ack_a.json", ACKED)
    store.put(f"/acks/ack_{NAME}", ACKED, modified=store.clock + 1)
    assert [ack.status for ack in poll()] == ["ACKED", "UNMATCHED"]


def test_garbage_is_looked_at_twice_then_unreadable(poll, store):
    store.put(f"/acks/ack_{NAME}", "this is no JSON")
    (ack,) = poll()
    assert (ack.status, ack.reference, "not JSON" in ack.message) == ("UNREADABLE", NAME, True)
    assert ack.export_id is not None
    assert store.calls.count("read") == 2


def test_a_name_that_disagrees_with_the_status_is_unreadable(poll, store):
    store.put(f"/acks/error_{NAME}", ACKED)
    assert [(ack.status, ack.message) for ack in poll()] == [
        ("UNREADABLE", "Its name says FAILED, its status says ACKED.")
    ]


def test_a_huge_answer_is_unreadable(poll, store):
    store.put(f"/acks/ack_{NAME}", b" " * (1024 * 1024 + 1))
    (ack,) = poll()
    assert (ack.status, "larger than 1048576 bytes" in ack.message) == ("UNREADABLE", True)


def test_a_format_says_how_large_its_answers_may_be(poll, store, monkeypatch):
    monkeypatch.setattr(JsonV1Format, "largest_answer", 3 * 1024 * 1024)
    store.put(f"/acks/ack_{NAME}", ACKED + " " * 2 * 1024 * 1024)
    store.put("/acks/ack_other.json", ACKED + " " * 4 * 1024 * 1024)
    told = {ack.reference: (ack.status, ack.message) for ack in poll(waits(NAME, "other.json"))}
    assert told == {NAME: ("ACKED", None), "other.json": ("UNREADABLE", "The file is larger than 3145728 bytes.")}


def test_a_large_answer_that_makes_no_sense_is_told_with_its_beginning(poll, store, monkeypatch):
    monkeypatch.setattr(JsonV1Format, "largest_answer", 3 * 1024 * 1024)
    store.put(f"/acks/ack_{NAME}", "garbage" + " " * 2 * 1024 * 1024)
    (ack,) = poll()
    assert (ack.status, ack.excerpt) == ("UNREADABLE", "garbage")


@pytest.mark.parametrize("change", ["content", "size", "modified", "gone", "finished"])
def test_what_changes_between_two_looks_is_for_the_next_round(poll, store, monkeypatch, change):
    path = f"/acks/ack_{NAME}"
    store.put(path, "garbage?")
    after = {
        "content": lambda: store.put(path, "garbage!", store.clock),
        "size": lambda: store.put(path, "garbage, more of it", store.clock),
        "modified": lambda: store.put(path, "garbage?", store.clock + 1),
        "gone": lambda: store.files.pop(path),
        "finished": lambda: store.put(path, ACKED),
    }[change]
    monkeypatch.setattr(time, "sleep", lambda seconds: after())
    assert poll() == []
    monkeypatch.undo()


@pytest.mark.parametrize("content", [b"", b'{"status": "ACK', b"\0\0\0\0"])
def test_what_breaks_off_has_a_minute_by_the_servers_clock(poll, store, content):
    store.put(f"/acks/ack_{NAME}", content)
    for waited in (0, 30, 60):
        store.clock = 1_000_000.0 + waited
        assert poll() == []
    store.clock += 1
    (ack,) = poll()
    assert ack.status == "UNREADABLE"
    assert store.names("/acks") == [f"ack_{NAME}"], "the clock's file is gone again"


def test_all_doubtful_answers_share_one_wait(poll, store, monkeypatch):
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    names = [f"{number}.json" for number in range(20)]
    for name in names:
        store.put(f"/acks/ack_{name}", "garbage")
    assert len(poll(waits(*names))) == 20
    assert len(naps) == 1


def test_an_answer_that_vanished_is_no_error(poll, store, monkeypatch):
    store.put(f"/acks/ack_{NAME}", ACKED)
    monkeypatch.setattr(store, "read", lambda paths, limit: ((path, None) for path in paths))
    assert poll() == []


def test_one_that_may_not_be_read_does_not_hide_the_others(connector, store, config):
    store.put("/acks/ack_a.json", ACKED)
    store.put("/acks/ack_b.json", ACKED, modified=store.clock + 1)
    store.faults["/acks/ack_a.json"] = NeedsAttentionError("may not", code="PERMISSION_DENIED")
    answers = connector.poll_acks(config, waits("a.json", "b.json"))
    assert next(answers).reference == "b.json"
    with pytest.raises(NeedsAttentionError):
        next(answers)


@pytest.mark.parametrize("error", [NeedsAttentionError("may not"), UnavailableError("down")])
def test_a_folder_that_cannot_be_listed_is_the_callers_to_know(poll, store, error):
    store.faults["list"] = error
    with pytest.raises(type(error)):
        poll()


def test_without_an_answer_folder_there_is_nothing_to_do(connector, store, config):
    del config["ack_path"]
    assert list(connector.poll_acks(config, waits())) == []
    connector.finish_acks([Ack(NAME, "ACKED", source="/acks/x")], config)
    assert store.calls == []


def test_a_hundred_thousand_names_cost_one_listing_and_read_only_what_is_ours(poll, store):
    for number in range(100_000):
        store.put(f"/acks/{number}.dat", b"")
    names = [f"sales_order_{number}.json" for number in range(1_000)]
    for name in names:
        store.put(f"/acks/ack_{name}", ACKED)
    assert len(poll(waits(*names))) == 1_000
    assert store.calls == ["list", "read", "read"]


def test_recorded_answers_go_to_processed_and_garbage_to_error_with_its_reason(poll, finish, store):
    store.put("/acks/ack_a.json", ACKED)
    store.put("/acks/error_b.json.json", FAILED)
    store.put("/acks/ack_c.json", "garbage")
    found = poll(waits("a.json", "b.json", "c.json"))
    finish(found)
    assert store.names("/acks") == []
    assert store.names("/acks/processed") == ["ack_a.json", "error_b.json.json"]
    assert store.names("/acks/error") == ["ack_c.json", "ack_c.json.reason.txt"]
    assert b"not JSON" in store.files["/acks/error/ack_c.json.reason.txt"][0]
    finish(found)
    assert store.names("/acks/processed") == ["ack_a.json", "error_b.json.json"], "safe to repeat"


def test_a_name_that_is_taken_gets_a_number(poll, finish, store):
    for _ in range(12):
        store.put(f"/acks/ack_{NAME}", ACKED)
        finish(poll())
    names = store.names("/acks/processed")
    assert len(names) == 12
    assert set(names) > {f"ack_{NAME}"} | {f"ack_{NAME}.{number}" for number in range(1, 10)}
    for _ in range(2):
        store.put(f"/acks/ack_{NAME}", "garbage")
        finish(poll())
    assert f"ack_{NAME}.1.reason.txt" in store.names("/acks/error")


def test_an_answer_that_cannot_be_moved_is_told_after_the_others_moved(poll, finish, store):
    store.put("/acks/ack_a.json", ACKED)
    store.put("/acks/ack_b.json", ACKED)
    store.faults["/acks/ack_a.json"] = TransientError("hiccup")
    found = [Ack(name, "ACKED", source=f"/acks/ack_{name}") for name in ("a.json", "b.json")]
    with pytest.raises(TransientError, match="hiccup"):
        finish(found)
    assert store.names("/acks/processed") == ["ack_b.json"]


@pytest.mark.parametrize("source", [None, "", "/acks/", "/acks/.hidden", "/acks/..", "/acks/a\\b", "/acks/a\0b"])
def test_only_plain_names_are_ever_moved(finish, store, source):
    finish([Ack(NAME, "ACKED", source=source), Ack(NAME, "UNREADABLE", source=source)])
    assert store.calls == []


@given(st.text())
def test_a_plain_name_stays_in_its_folder_and_can_be_sent(name):
    if is_plain(name) and name:
        assert name.encode("utf-8")
        assert not {"/", "\\", "\0", "\n"} & set(name)
        assert name not in {".", ".."}


EXPORTS = st.lists(st.from_regex(r"\A[a-z0-9_]{1,6}(\.json){0,2}\Z"), unique=True, min_size=1, max_size=5)


@given(
    EXPORTS,
    st.lists(
        st.tuples(
            st.sampled_from(["ack_", "error_", "", "x"]), st.integers(0, 5), st.sampled_from(["", ".json", ".tmp"])
        )
    ),
)
def test_no_name_is_matched_to_an_export_that_it_does_not_spell_out(exports, written):
    entries = [Entry(f"{prefix}{exports[i % len(exports)]}{suffix}", 1, 0.0) for prefix, i, suffix in written]
    waiting = waits(*exports)
    ids = {export.export_id: export.reference for export in waiting}
    found = answers.sort("/acks", entries, waiting, Reading(JsonV1Format(), None))
    for one in found.ours:
        assert one.export
        assert one.export.reference == ids[one.export.export_id]
        word, _, file = one.name.partition("_")
        assert word in ("ack", "error")
        assert file in (one.export.reference, f"{one.export.reference}.json")
        assert one.export.reference.removesuffix(".json") in one.entry.name
    for stranger in found.strangers:
        assert stranger.reference not in exports
    told = [*found.ours, *found.strangers, *found.unclaimed]
    spoken = [one for one in entries if one.name.startswith(("ack_", "error_")) and not one.name.endswith(".tmp")]
    assert len(told) >= len(spoken)


MISNAMED = [
    "ack {}", "Ack-{}", "ACK{}", "ack.{}", " ack _ {}", "{}.ack", "{stem}_ack.json", "{stem}.ack.json", "{} - ack",
    "ack - {stem} (2).json", "ack__{}.txt",
]  # fmt: skip


@pytest.mark.parametrize("name", MISNAMED)
@pytest.mark.parametrize("file", [NAME, GENERATED])
def test_an_answer_that_says_what_it_is_in_other_words_is_read(poll, finish, store, name, file):
    written = name.format(file, stem=file.removesuffix(".json"))
    store.put(f"/acks/{written}", ACKED)
    (ack,) = poll(waits(file, "sales_order_10.json", GENERATED.replace("3f9a1b2c", "3f9a1b2d")))
    assert (ack.reference, ack.status, ack.erp_order_id) == (file, "ACKED", "SO-1")
    finish([ack])
    assert store.names("/acks/processed") == [written]


@pytest.mark.parametrize("name", ["ack {}", "{}.error"])
def test_a_misnamed_answer_says_in_itself_what_its_name_says_or_is_unreadable(poll, store, name):
    store.put(f"/acks/{name.format(NAME)}", FAILED if name.startswith("ack") else ACKED)
    assert [(ack.status, ack.digest is not None) for ack in poll()] == [("UNREADABLE", True)]


@pytest.mark.parametrize(
    "name",
    [
        "{}",
        "{}.json",
        "{}.log",
        "confirmed_{}",
        "ack2_{}",
        "reply error {}",
        "response-{stem}.xml",
        "fail {}",
        "ack_\udcff_{}",
    ],
)
def test_what_names_an_order_that_waits_and_is_no_answer_is_news_and_stays(poll, finish, store, name):
    written = name.format(NAME, stem=NAME.removesuffix(".json"))
    store.put(f"/acks/{written}", ACKED)
    waiting = waits()
    (export,) = waiting
    (ack,) = poll(waiting)
    assert (ack.status, ack.export_id, ack.digest) == ("UNREADABLE", export.export_id, None)
    assert "Its name is not that of an answer" in ack.message
    ack.source.encode()
    finish([ack])
    assert store.names("/acks") == [written]
    assert poll(waits("sales_order_2.json")) == [], "nobody waits for it any more"


@pytest.mark.parametrize("spelled", ["{0}", "{0.hex}", "reply {0} ok"])
def test_a_name_that_carries_an_exports_id_is_news_too(poll, store, spelled):
    waiting = waits(GENERATED)
    (export,) = waiting
    store.put(f"/acks/{spelled.format(export.export_id)}.xml", b"<ok/>")
    assert [(ack.export_id, ack.status) for ack in poll(waiting)] == [(export.export_id, "UNREADABLE")]


@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from([NAME, GENERATED]))
def test_nothing_that_carries_the_name_of_an_order_that_waits_is_passed_over(before, after, file):
    entry = Entry(f"{before}{file}{after}", 1, 0.0)
    unfinished = entry.name.startswith(".") or entry.name.lower().endswith(".tmp")
    found = answers.sort("/acks", [entry], waits(file), Reading(JsonV1Format(), None))
    told = [*found.ours, *found.strangers, *found.unclaimed]
    assert len(told) <= (0 if unfinished else 1)
    if not unfinished and not before[-1:].isdigit() and not after[:1].isdigit():
        assert len(told) == 1


class Bulk(JsonV1Format):
    """Answers under any name that ends in .edi, several in a file, each naming its order in a way of its own."""

    def claims(self, name):
        return name.endswith(".edi")

    def about(self, name):
        return ()

    def read(self, name, content, settings):
        for line in content.decode().splitlines():
            if "!" in line:
                raise TypeError(f"a secret: {line}")
            if "?" in line:
                raise UnreadableError("It holds a question.")
            kind, name = line.split(" ", 1)
            yield Answer("ACKED", about={"file": str, "id": UUID, "number": OrderNumber}[kind](name))


def test_a_format_has_answers_under_names_of_its_own_several_in_a_file(store, config, finish):
    class BulkConnector(DropzoneJsonV1Connector):
        format = Bulk()

    one, two, three = (
        WaitingExport(uuid4(), uuid4(), f"{number}.edi", order_number=f"PO-{number}") for number in (1, 2, 3)
    )
    store.put("/acks/CONTRL.edi", f"file 1.edi\nid {two.export_id}\nnumber PO-3")
    store.put("/acks/theirs.edi", "number PO-4")
    store.put("/acks/odd.edi", "file 1.edi\nwhat?")
    store.put("/acks/ack_1.edi.json", ACKED)
    found = list(BulkConnector().poll_acks(config, Waiting([one, two, three])))
    assert [(ack.export_id, ack.status) for ack in found[:3]] == [
        (one.export_id, "ACKED"),
        (two.export_id, "ACKED"),
        (three.export_id, "ACKED"),
    ]
    assert {ack.source for ack in found[:3]} == {"/acks/CONTRL.edi"}
    assert sorted((ack.source, ack.status) for ack in found[3:]) == [
        ("/acks/ack_1.edi.json", "UNREADABLE"),
        ("/acks/odd.edi", "UNMATCHED"),
        ("/acks/theirs.edi", "UNMATCHED"),
    ]
    finish(found[:3])
    assert store.names("/acks/processed") == ["CONTRL.edi"]


def test_a_format_that_fails_over_one_file_is_logged_and_reads_the_others(store, config):
    class BulkConnector(DropzoneJsonV1Connector):
        format = Bulk()

    export = WaitingExport(uuid4(), uuid4(), "1.edi", order_number="PO-1")
    store.put("/acks/a.edi", "number PO-1\n!")
    store.put("/acks/b.edi", "number PO-1")
    with capture_logs() as logged:
        found = list(BulkConnector().poll_acks(config, Waiting([export])))
    assert [(ack.source, ack.status) for ack in found] == [("/acks/b.edi", "ACKED"), ("/acks/a.edi", "UNMATCHED")]
    assert "by a fault of OrderFlow's own" in (found[1].message or "")
    assert {line["error"] for line in logged} == {"TypeError"}
    assert "test_answers.py" in str(logged)
    assert "secret" not in f"{logged} {found}"
