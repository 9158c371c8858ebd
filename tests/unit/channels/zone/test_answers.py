"""Answers found, read, looked at twice, put away: on a store in memory, with the server's own clock."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.channels.filestore import Entry
from orderflow.connectors.dropzone import acks
from orderflow.connectors.dropzone.acks import is_plain
from orderflow.domain.delivery import Ack, Waiting, WaitingExport
from orderflow.domain.errors import NeedsAttentionError, TransientError, UnavailableError

ACKED = '{"status": "ACKED", "erp_order_id": "SO-1"}'
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
        "readme.txt", f"ack_{NAME}.tmp", f".ack_{NAME}", f"{NAME}", "ack_..\\evil.json", "ack_\udcff.json",
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
    monkeypatch.setattr(acks.time, "sleep", lambda seconds: after())
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
    naps = []
    monkeypatch.setattr(acks.time, "sleep", naps.append)
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
    ours, strangers = acks._match(acks._named_as_answers(entries), waiting)
    for found in ours:
        assert found.reference == ids[found.export_id]
        prefix = "ack_" if found.expected == "ACKED" else "error_"
        assert found.entry.name in (f"{prefix}{found.reference}", f"{prefix}{found.reference}.json")
    for found in strangers:
        assert not set(found.references) & set(exports)
