"""What an answer means where nobody configured how it is to be read."""

from __future__ import annotations

import pytest

from orderflow.channels.http.outcome import check_taken
from orderflow.domain.errors import BusyError, InDoubtError, NeedsAttentionError, RejectedError
from orderflow.domain.redaction import Redactor
from orderflow.http import read_answer

JSON = {"Content-Type": "application/json"}
SECRET = "k3y-of-ours-0123456789"


def check(status: int, body: bytes, headers: dict[str, str] = JSON) -> None:
    check_taken(read_answer(status, headers, body), Redactor([SECRET]))


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b""), (201, b'{"id": 7}'), (202, b"UNB+UNOC:3'UNZ'"), (204, b""), (200, b"Order received."), (200, b"[]")],
)
def test_a_2xx_is_taken_whatever_is_in_it(status: int, body: bytes) -> None:
    check(status, body)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"success": false, "message": "customer locked"}', RejectedError),
        (400, b'{"message": "customer locked"}', RejectedError),
        (401, b'{"message": "customer locked"}', NeedsAttentionError),
        (429, b"customer locked", BusyError),
        (503, b"customer locked", InDoubtError),
        (307, b"customer locked", InDoubtError),
    ],
)
def test_anything_else_is_sorted_in_the_targets_words(status: int, body: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind) as raised:
        check(status, body)
    assert status == 307 or "customer locked" in str(raised.value)


@pytest.mark.parametrize(
    "body",
    [
        b'{"success": true, "error": "customer locked"}',
        b'{"status": "error", "status": "ok"}',
        b"Error: customer locked",
        b"false",
    ],
)
def test_what_may_mean_either_is_in_doubt(body: bytes) -> None:
    with pytest.raises(InDoubtError):
        check(200, body)


def test_a_secret_that_the_target_quotes_is_hidden_also_where_its_words_are_cut() -> None:
    for length in range(450, 520):
        with pytest.raises(RejectedError) as raised:
            check(400, b"x " * (length // 2) + f"key {SECRET}".encode(), {"Content-Type": "text/plain"})
        assert SECRET[:6] not in str(raised.value)
