"""AS2 with a partner of another maker, in a process of its own: what we send it takes, and its receipts we check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orderflow.channels.as2.channel import As2Channel
from orderflow.channels.as2.settings import As2Settings
from orderflow.channels.channel import Parcel, Session
from orderflow.domain.delivery import Delivery, Document, ExportResult
from orderflow.domain.errors import InDoubtError, NeedsAttentionError
from orderflow.domain.ids import new_id
from tests.integration.channels.as2_partner import OURS, As2Partner, keys_of

CONTENT = b"UNA:+.? 'UNB+UNOC:3+ACME:ZZ+PARTNER:ZZ+261129:1200+7'UNZ+0+7'"
Open = Callable[..., Session]


@pytest.fixture(scope="module")
def partner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[As2Partner]:
    with As2Partner(tmp_path_factory.mktemp("as2")) as running:
        yield running


@pytest.fixture
def to(partner: As2Partner) -> Iterator[Open]:
    opened: list[Session] = []

    def to(**more: Any) -> Session:
        session = As2Channel().open(As2Settings.model_validate(partner.settings(**more)))
        opened.append(session)
        return session

    yield to
    for session in opened:
        session.close()


def parcel(refusals: int = 0) -> Parcel:
    document = Document(f"order_{new_id()}.edi", CONTENT, "application/EDIFACT", "edifact")
    return Parcel(new_id(), document, Delivery(new_id(), datetime.now(UTC), document=document, refusals=refusals))


def sent(session: Session, item: Parcel) -> Any:
    ((_, outcome),) = session.deliver([item])
    return outcome


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("sign", ["sha-256", "sha-512", "none"])
@pytest.mark.parametrize("encrypt", ["aes128-cbc", "aes192-cbc", "aes256-cbc", "none"])
def test_a_partner_takes_what_we_send_and_signs_for_it(partner, to, sign, encrypt, compress):
    item = parcel()
    outcome = sent(to(sign=sign, encrypt=encrypt, compress=compress), item)

    assert isinstance(outcome, ExportResult), outcome.message
    came = partner.messages()[-1]
    assert (came["content"], came["name"]) == (CONTENT, item.document.filename)
    assert (came["signed"], came["encrypted"], came["compressed"]) == (sign != "none", encrypt != "none", compress)
    assert outcome.proof is not None
    assert (outcome.proof.says, outcome.proof.refused) == ("processed", False)
    assert outcome.proof.message_id == came["id"]
    assert b"multipart/signed" in outcome.proof.content


def test_what_is_sent_again_was_there_before(to):
    session, item = to(), parcel()
    assert not sent(session, item).inferred
    again = sent(session, item)
    assert again.success
    assert again.inferred
    assert "duplicate" in again.proof.says


def test_after_a_refusal_the_message_has_another_id(partner, to):
    session, item = to(), parcel()
    sent(session, item)
    item.delivery.refusals = 1
    outcome = sent(session, item)
    assert outcome.success
    assert not outcome.inferred
    assert partner.messages()[-1]["id"].startswith(f"{item.delivery.export_id}.1@")


def test_that_it_was_there_before_is_no_yes_once_it_was_refused(to):
    session, item = to(), parcel(refusals=1)
    sent(session, item)
    outcome = sent(session, item)
    assert isinstance(outcome, InDoubtError)


def test_a_connection_that_the_partner_cannot_take_pauses(to):
    others = keys_of("us too")
    outcome = sent(to(own_certificates=others.certificate, own_keys=others.key), parcel())
    assert isinstance(outcome, NeedsAttentionError), outcome
    assert "did not take" in outcome.message
    assert outcome.proof is not None
    assert outcome.proof.refused


@pytest.mark.parametrize(
    "change", [{"as2_to": "NOBODY"}, {"partner_certificates": keys_of("stranger").certificate}], ids=["name", "key"]
)
def test_a_no_that_is_not_surely_the_partners_is_doubt_where_anybody_could_write_on_the_line(to, change):
    outcome = sent(to(**change), parcel())
    assert isinstance(outcome, InDoubtError), outcome
    assert "not surely the partner's" in outcome.message
    assert outcome.proof is not None
    assert not outcome.proof.refused


def test_a_receipt_by_a_stranger_is_doubt(partner, to):
    stranger = keys_of("stranger").certificate
    outcome = sent(to(encrypt="none", partner_certificates=stranger), parcel())
    assert isinstance(outcome, InDoubtError)
    assert partner.messages()[-1]["status"] == "S"  # it has it


def test_the_test_tells_how_far_it_looked(to):
    steps: list[str] = []
    to().test(steps)
    assert [step.partition(":")[0] for step in steps] == [
        "Our certificate",
        "Partner's certificate",
        "Partner's server",
    ]


def test_the_test_finds_a_wrong_url(partner, to):
    with pytest.raises(NeedsAttentionError):
        to(url=f"{partner.base}/elsewhere").test([])


def test_openssl_verifies_the_proof(to, tmp_path: Path):
    import subprocess

    outcome = sent(to(), parcel())
    (tmp_path / "receipt.eml").write_bytes(outcome.proof.content)
    (tmp_path / "partner.pem").write_text(keys_of("PARTNER").certificate)
    done = subprocess.run(
        ["openssl", "smime", "-verify", "-in", "receipt.eml", "-CAfile", "partner.pem", "-purpose", "any"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert OURS not in done.stderr
    assert "Original-Message-ID" in done.stdout
