"""A receipt that comes by itself, however late it is read: it counts if it counted when it came."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from orderflow.channels.as2 import mime, receipt
from orderflow.channels.as2.arriving import RECEIPT
from orderflow.channels.as2.certificates import certificates, identities
from orderflow.channels.as2.faults import Fault
from orderflow.channels.as2.late_receipts import read_late
from orderflow.channels.as2.names import own_message_id
from orderflow.channels.as2.new_keys import new_keys
from orderflow.channels.as2.sides import Sides
from orderflow.domain.answer_details import Level
from orderflow.domain.delivery import Ack, Arrived, Waiting, WaitingExport
from orderflow.domain.ids import new_id

CONTENT, DAY = b"what we sent", 86_400.0
ENDED = new_keys("them", dt.datetime.now(dt.UTC) - dt.timedelta(hours=36), days=1, bits=2048)
THEIRS = certificates(ENDED.certificate)
THEM = identities(ENDED.key, THEIRS)[0]
EXPORT = WaitingExport(new_id(), new_id(), "x.edi", receipt_check=receipt.check_of(CONTENT, "sha-256"))
SAID = receipt.Statement(own_message_id(EXPORT.export_id, 0), "THEM", (CONTENT, "sha-256"))


def read(said: receipt.Statement, age: float, export: WaitingExport = EXPORT) -> Ack:
    headers, body = receipt.write(said, (THEM, "sha-256"))
    item = Arrived(new_id(), "", mime.written(headers, body), RECEIPT, age=age)
    (ack,) = read_late([item], Waiting([export]), Sides((), THEIRS), checked=True)
    return ack


def test_one_that_was_read_a_day_late_counts_although_its_certificate_ended_since() -> None:
    ack = read(SAID, DAY)
    assert (ack.status, ack.level, ack.export_id) == ("ACKED", Level.RECEIVED, EXPORT.export_id)
    assert ack.proof is not None
    assert (ack.proof.says, ack.proof.refused) == ("processed", False)


def test_one_that_came_after_its_certificate_had_ended_is_nobodys() -> None:
    assert read(SAID, 0.0).status == "UNMATCHED"


@pytest.mark.parametrize(
    ("said", "export", "why"),
    [
        (replace(SAID, check=(b"other", "sha-256")), EXPORT, "not that of what was sent"),
        (replace(SAID, check=None), EXPORT, "not that of what was sent"),
        (SAID, replace(EXPORT, receipt_check=None), "cannot be compared"),
        (SAID, replace(EXPORT, refusals=1), "another message"),
    ],
    ids=["another check", "no check", "none was noted", "the message before"],
)
def test_one_that_does_not_surely_mean_what_was_sent_is_told(said, export, why) -> None:
    ack = read(said, DAY, export)
    assert (ack.status, why in (ack.message or "")) == ("UNREADABLE", True), ack.message


def test_a_refusal_of_what_was_sent_more_than_once_does_not_say_whether_the_first_arrived() -> None:
    refusal = replace(SAID, fault=Fault("unexpected-processing-error", "no room"))
    once, again = read(refusal, DAY), read(refusal, DAY, replace(EXPORT, sent_again=True))
    assert (once.status, again.status) == ("FAILED", "UNREADABLE")
    assert "more than once" in (again.message or "")


def test_one_about_nothing_of_ours_is_nobodys() -> None:
    assert read(replace(SAID, message_id="1@them"), DAY).status == "UNMATCHED"
