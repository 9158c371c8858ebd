"""Answers from hell, on every kind of server: what is sound is recorded, the rest is told, nothing else happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orderflow.channels.sftp.store import close_all
from orderflow.flow.answers.poll import poll_acks
from orderflow.testing.openssh_server import OpenSSHServer
from tests.integration.connectors.test_dropzone import Place, change, connect, place, quick_second_look

__all__ = ["connect", "place", "quick_second_look"]  # fixtures

YES = b'{"status": "ACKED", "erp_order_id": "SO-1"}'
READABLE: dict[str, bytes | int] = {
    "byte order mark": b"\xef\xbb\xbf" + YES,
    "UTF-16": YES.decode().encode("utf-16"),
    "UTF-16 without its mark": YES.decode().encode("utf-16-le"),
    "NULs at the end": YES + bytes(80),
    "other fields": b'{"status": "ACKED", "erp_order_id": "SO-1", "plant": ["K\xc3\xb6ln"]}',
}
UNREADABLE: dict[str, bytes | int] = {
    "no JSON": b"accepted",
    "latin-1": b'{"status": "ACKED", "message": "M\xfcller"}',
    "UTF-16 with half of a letter": YES.decode().replace("SO", "\ud83d").encode("utf-16-le", "surrogatepass"),
    "duplicate keys": b'{"status": "FAILED", "status": "ACKED"}',
    "100 MB": 100_000_000,
}
UNFINISHED: dict[str, bytes | int] = {"empty": b"", "half": YES[:20]}
STRANGE = [
    "ack_with space.json",
    "ack_ünï-☃.json",
    "ack_..",
    "ack_%2e%2e%2fout.json",
    "error_.json",
    "ack_",
    "notes.txt",
]
"""Names that are to nothing of ours; `../` itself is no name that a file can have."""


def put(path: Path, content: bytes | int) -> None:
    """Write a file; a number makes it so long, of zeros."""
    with path.open("wb") as file:
        file.write(content) if isinstance(content, bytes) else file.truncate(content)


def poll(installation: Any, connection_id: Any) -> dict[str, int]:
    return dict(poll_acks(installation.wiring, installation.org_id, connection_id))


def test_answers_from_hell(installation: Any, place: Place, connect: Callable[..., Any]) -> None:
    connection_id = connect()
    cases = READABLE | UNREADABLE | UNFINISHED
    ids = dict(zip([*cases, "folder", "both"], installation.pushed(len(cases) + 2), strict=True))
    installation.work_off(connection_id)
    names = {case: installation.export(order_id)["filename"] for case, order_id in ids.items()}
    folder = place.root / "acks"
    for case, content in cases.items():
        put(folder / f"ack_{names[case]}", content)
    (folder / f"ack_{names['folder']}").mkdir()
    put(folder / f"ack_{names['both']}", YES)
    put(folder / f"error_{names['both']}", b'{"status": "FAILED", "message": "no"}')
    for name in STRANGE:
        put(folder / name, YES)

    counts = poll(installation, connection_id)
    assert (counts["unreadable"], counts["acknowledge"] + counts.get("refuse", 0)) == (
        len(UNREADABLE),
        len(READABLE) + 1,
    )
    states = {case: installation.order(order_id)["status"] for case, order_id in ids.items()}
    assert {states[case] for case in READABLE} == {"CONFIRMED"}
    assert {states[case] for case in [*UNREADABLE, *UNFINISHED, "folder"]} == {"PUSHED"}
    assert states["both"] in ("CONFIRMED", "ERROR"), "the one that the server dates first"
    left = {f"ack_{names[case]}" for case in UNFINISHED} | set(STRANGE)
    assert set(place.lying()) - {f"ack_{names['both']}", f"error_{names['both']}"} == left
    assert {name for name in place.lying("error") if not name.endswith(".reason.txt")} == {
        f"ack_{names[case]}" for case in UNREADABLE
    }
    assert sorted(path.name for path in place.root.iterdir() if path.name in ("out", "acks")) == ["acks", "out"]

    for case in [*UNREADABLE, *UNFINISHED]:
        put(folder / f"ack_{names[case]}", YES)
    poll(installation, connection_id)
    assert {installation.order(ids[case])["status"] for case in [*UNREADABLE, *UNFINISHED]} == {"CONFIRMED"}


@pytest.mark.parametrize("place", ["openssh"], indirect=True)
@pytest.mark.parametrize("many", [1_000, pytest.param(10_000, marks=pytest.mark.large)])
def test_thousands_of_answers_at_once(installation: Any, place: Place, connect: Callable[..., Any], many: int) -> None:
    connection_id = connect()
    installation.pushed()
    installation.work_off(connection_id)
    copy = f"""
        WITH o AS (
            INSERT INTO draft_order SELECT r.* FROM draft_order o, generate_series(2, {many}) n,
                jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(), 'external_order_number', n)) r
            RETURNING id)
        INSERT INTO erp_export SELECT r.* FROM erp_export e, o, jsonb_populate_record(e, jsonb_build_object(
            'id', gen_random_uuid(), 'draft_order_id', o.id, 'filename', 'sales_order_' || o.id || '.json')) r
    """
    installation.do(copy)
    for row in installation.rows("SELECT filename FROM erp_export"):
        put(place.root / "acks" / f"ack_{row['filename']}", YES)
    assert poll(installation, connection_id) == {"acknowledge": many}
    assert installation.rows("SELECT status, count(*) AS n FROM draft_order GROUP BY 1") == [
        {"status": "CONFIRMED", "n": many}
    ]
    assert place.lying() == []
    assert len(place.lying("processed")) == many


@pytest.mark.parametrize("place", ["openssh"], indirect=True)
def test_answers_in_a_folder_that_is_read_only_count_once(
    installation: Any, place: Place, connect: Callable[..., Any]
) -> None:
    connection_id = connect()
    (order_id,) = installation.pushed()
    installation.work_off(connection_id)
    name = installation.export(order_id)["filename"]
    put(place.root / "acks" / f"ack_{name}", YES)
    with OpenSSHServer(sftp_options="-R") as guarded:
        account = {"port": guarded.port, "host_key": guarded.host_keys[0], "ssh_key": guarded.client_key}
        change(installation, connection_id, place.config | account)
        for _ in range(2):
            poll(installation, connection_id)
            (row,) = installation.rows("SELECT poll_error, breaker_state FROM erp_connection")
            assert (row["poll_error"]["code"], row["breaker_state"]) == ("PERMISSION_DENIED", "CLOSED")
            assert installation.order(order_id)["status"] == "CONFIRMED"
        close_all()
    assert len(installation.rows("SELECT id FROM audit_log WHERE action = 'EXPORT_ACKED'")) == 1
    change(installation, connection_id, place.config)
    poll(installation, connection_id)
    assert (place.lying(), place.lying("processed")) == ([], [f"ack_{name}"])
