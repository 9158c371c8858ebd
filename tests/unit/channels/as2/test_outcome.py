"""What a partner's answer means for an order: a yes only if it is surely the partner's, about what we sent."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import httpx
import pytest

from orderflow.channels.as2 import receipt
from orderflow.channels.as2.faults import Fault, unsupported
from orderflow.channels.as2.outcome import Sent, outcome
from orderflow.channels.as2.settings import As2Settings
from orderflow.channels.as2.sides import Sides
from orderflow.domain import clock
from orderflow.domain.delivery import Delivery, ExportResult
from orderflow.domain.doubt import nothing_was_done
from orderflow.domain.errors import (
    AwaitedError,
    BusyError,
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
)
from orderflow.domain.ids import new_id
from orderflow.http import Answer
from tests.unit.channels.as2.partners import NOW, SOMEBODY, THEM, identity, keys_of

CONTENT = b"what we sent"
TAKEN = receipt.Statement("1@us", "THEM", (CONTENT, "sha-256"))


def settings(**more: Any) -> As2Settings:
    ours, theirs = keys_of("us"), keys_of("them")
    given = {"url": "https://partner.example/as2", "as2_from": "US", "as2_to": "THEM", "own_keys": ours.key}
    pems = {"own_certificates": ours.certificate, "partner_certificates": theirs.certificate}
    return As2Settings.model_validate(given | pems | more)


def meaning(answer: Answer, refusals: int = 0, **more: Any) -> ExportResult | ConnectorError:
    sent = Sent("1@us", CONTENT, Delivery(new_id(), NOW, refusals=refusals))
    agreed = settings(**more)
    try:
        return outcome(answer, sent, agreed, Sides.of(agreed))
    except ConnectorError as error:
        return error


def answer(statement: receipt.Statement, signer: Any = (THEM, "sha-256"), **changes: bytes) -> Answer:
    headers, body = receipt.write(statement, signer)
    for old, new in changes.items():
        body = re.sub(old.encode(), new, body)
    return Answer(200, httpx.Headers(list(headers)), body)


def test_a_signed_yes_with_the_right_check_is_a_yes():
    found = meaning(answer(TAKEN))
    assert isinstance(found, ExportResult)
    assert found.success
    assert not found.inferred


REFUSALS = [
    (Fault("decryption-failed", ""), NeedsAttentionError),
    (Fault("authentication-failed", ""), NeedsAttentionError),
    (unsupported(""), NeedsAttentionError),
    (Fault("unexpected-processing-error", ""), TransientError),
    (Fault("the customer is unknown", ""), RejectedError),
]


PLAIN: dict[str, Any] = {"url": "http://partner.example/as2", "plain_http": True}


@pytest.mark.parametrize("signer", [(SOMEBODY, "sha-256"), None])
@pytest.mark.parametrize(("fault", "kind"), REFUSALS)
def test_a_no_that_anybody_on_the_line_may_have_written_is_doubt_and_changes_no_message_id(fault, kind, signer):
    found = meaning(answer(replace(TAKEN, fault=fault), signer), **PLAIN)
    assert isinstance(found, InDoubtError)
    assert fault.modifier in found.message
    assert found.proof is not None
    assert not found.proof.refused
    assert isinstance(meaning(answer(replace(TAKEN, fault=fault)), **PLAIN), kind)


@pytest.mark.parametrize("signer", [(THEM, "sha-256"), (SOMEBODY, "sha-256"), None])
@pytest.mark.parametrize(("fault", "kind"), REFUSALS)
def test_a_no_is_sure_whoever_signed_it_and_counts(fault, kind, signer):
    found = meaning(answer(replace(TAKEN, fault=fault), signer))
    assert isinstance(found, kind)
    assert nothing_was_done(found)
    assert found.proof is not None
    assert found.proof.refused


@pytest.mark.parametrize(
    "reply",
    [
        answer(TAKEN, None),  # unsigned
        answer(TAKEN, (SOMEBODY, "sha-256")),
        answer(TAKEN, (identity("them", 90), "sha-256")),  # a certificate of theirs that we do not know
        answer(replace(TAKEN, check=(b"another", "sha-256"))),
        answer(replace(TAKEN, check=None)),
        answer(replace(TAKEN, message_id="2@us")),
        answer(replace(TAKEN, message_id="2@us", fault=unsupported(""))),
        Answer(200),
        Answer(204),
        Answer(200, httpx.Headers({"Content-Type": "text/html"}), b"<html>Thank you</html>"),
        Answer(200, answer(TAKEN).headers, answer(TAKEN).content[:200]),
        Answer(200, answer(TAKEN).headers, answer(TAKEN).content, "half an answer"),
        Answer(200, httpx.Headers([("Content-Type", "text/plain"), ("Content-Type", "text/html")]), b"x"),
        Answer(302),
        Answer(500),
        Answer(503),
    ],
)
def test_whatever_is_not_clear_is_doubt(reply):
    found = meaning(reply)
    assert isinstance(found, InDoubtError), found
    assert not (found.proof and found.proof.refused)


LATE: dict[str, Any] = {"receipts": "async", "receipt_url": "https://orders.example/as2/1"}


@pytest.mark.parametrize("body", [b"", b"AS2 message has been received"])
def test_a_receipt_that_comes_later_is_waited_for(body):
    found = meaning(Answer(200, httpx.Headers({"Content-Type": "text/html"}), body), **LATE)
    assert isinstance(found, AwaitedError)
    assert found.within == 3_600
    assert isinstance(meaning(answer(TAKEN), **LATE), ExportResult)
    assert isinstance(meaning(answer(TAKEN, None), **LATE), InDoubtError)
    with pytest.raises(ValueError, match="receipt_url"):
        settings(receipts="async")


def test_an_expired_signature_is_doubt(monkeypatch):
    reply = answer(TAKEN)
    monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(days=40))
    assert isinstance(meaning(reply), InDoubtError)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, NeedsAttentionError),
        (401, NeedsAttentionError),
        (404, NeedsAttentionError),
        (429, BusyError),
    ],
)
def test_a_server_that_refuses_did_nothing(status, kind):
    found = meaning(Answer(status))
    assert isinstance(found, kind)
    assert nothing_was_done(found)


def test_a_duplicate_is_a_yes_unless_the_partner_ever_said_no():
    said = answer(replace(TAKEN, duplicate=True, check=None))
    found = meaning(said)
    assert isinstance(found, ExportResult)
    assert found.inferred
    assert isinstance(meaning(said, refusals=1), InDoubtError)


def test_what_was_not_signed_need_not_be_checked():
    reply = answer(replace(TAKEN, check=None))
    assert isinstance(meaning(reply, sign="none"), ExportResult)
    assert isinstance(meaning(answer(replace(TAKEN, check=(b"x", "sha-256"))), sign="none"), InDoubtError)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"as2_to": "US"}, "must differ"),
        ({"url": "http://partner.example/as2"}, "https"),
        ({"own_keys": keys_of("them").key}, "own_keys: lacks the private key"),
        ({"partner_certificates": "x"}, "in PEM"),
        ({"as2_from": ' "'}, "pattern"),
        ({"as2_from": "é"}, "pattern"),
    ],
)
def test_a_form_that_cannot_work_is_told(change, says):
    with pytest.raises(ValueError, match=says):
        settings(**change)


def test_a_key_of_the_change_over_may_stand_in_the_other_field():
    old, new = keys_of("us", 5), keys_of("us", 90)
    both = settings(own_certificates=old.certificate + new.certificate, own_keys=old.key, other_own_keys=new.key)
    now = NOW
    assert Sides.of(both).signer(now).certificate.ends < NOW + dt.timedelta(days=6)
    assert Sides.of(both).signer(now + dt.timedelta(days=10)).certificate.ends > NOW + dt.timedelta(days=80)
    with pytest.raises(NeedsAttentionError, match="None of our certificates"):
        Sides.of(both).signer(now + dt.timedelta(days=100))
