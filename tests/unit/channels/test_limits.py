"""What servers say when they take no more, and when a sign-in was tried too often: the one passes, the other locks."""

from __future__ import annotations

import pytest

from orderflow.channels import status_errors
from orderflow.channels.ftp import errors
from orderflow.channels.limits import too_many, tried_too_often


@pytest.mark.parametrize(
    "words",
    [
        "530 Sorry, the maximum number of clients (2) for this user are already connected.",
        "421 Too many connections from your address",
        "530 Not logged in, user limit exceeded",
        "530 Login failed: too many users are logged in",
        "530 The connection limit is reached, try again later",
        "530 Benutzer ist bereits angemeldet",
        "Exceeded MaxStartups: too many",
        "530 Sorry, no more than 2 sessions",
        "530 Server is full",
        "530 All slots in use",
        "421 Server busy",
        "530 This account is limited to 1 simultaneous login",
        "Only 1 session is permitted",
        "530 Die maximale Anzahl der Sitzungen ist erreicht",
        "530 Número máximo de conexiones",
    ],
)
def test_a_full_server(words: str) -> None:
    assert too_many(words)
    assert not tried_too_often(words)


@pytest.mark.parametrize(
    "words",
    [
        "530 Login incorrect: maximum number of attempts exceeded",
        "530 Too many failed login attempts",
        "421 Maximum login attempts exceeded",
        "530 Account locked: too many failed logins",
        "530 Account expired (max days)",
        "Too many authentication failures",
        "530 Zu viele Fehlversuche",
    ],
)
def test_a_sign_in_that_was_tried_too_often(words: str) -> None:
    assert tried_too_often(words)
    assert not too_many(words), "to try again would lock the account"


@pytest.mark.parametrize(
    "words", ["530 Login failed", "530 User cannot log in.", "530 This account is limited to one host"]
)
def test_a_plain_refusal_says_neither(words: str) -> None:
    assert not too_many(words)


@pytest.mark.timeout(4)  # seconds; where time grows with the square of the length, it takes minutes
@pytest.mark.parametrize("full", [status_errors._FULL, errors._FULL], ids=["SFTP", "FTP"])
def test_a_refusal_without_end_is_read_at_once(full):
    assert not full.search("disk" * 64_000)
    assert full.search("The disk /dev/sdb1 is full")
