"""A receipt says what became of a message, to those who can check it; what is not clear is neither yes nor no."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderflow.channels.as2 import mime, names, receipt
from orderflow.channels.as2.faults import Fault, unsupported
from tests.unit.channels.as2.partners import SOMEBODY, THEM, US, opens

CONTENT = b"what came"
TAKEN = receipt.Statement("1@us", "THEM", (CONTENT, "sha-256"))
FOR_US = opens(US, THEM.certificate)


def read(statement: receipt.Statement, signer: object = (THEM, "sha-256")) -> receipt.Receipt:
    headers, body = receipt.write(statement, signer)  # type: ignore[arg-type]  # a signer or none
    return receipt.read(mime.whole(headers, body), FOR_US)


def test_a_receipt_is_read_as_it_was_meant():
    found = read(TAKEN)
    assert (found.message_id, found.verdict, found.words) == ("1@us", "processed", "processed")
    assert found.matches(CONTENT)
    assert not found.matches(b"another")
    assert found.signature is not None
    assert found.signature.certificate is THEM.certificate


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        (replace(TAKEN, duplicate=True), "duplicate"),
        (replace(TAKEN, fault=Fault("decryption-failed", "No.")), "refused"),
        (replace(TAKEN, fault=unsupported("No.")), "refused"),
    ],
)
def test_anything_but_a_yes_is_told_apart(statement, verdict):
    assert read(statement).verdict == verdict


@pytest.mark.parametrize(
    ("disposition", "verdict"),
    [
        ("automatic-action/MDN-sent-automatically; processed", "processed"),
        ("Automatic-Action / mdn-sent-automatically ;Processed", "processed"),
        (
            "manual-action/MDN-sent-manually; processed/warning: authentication-failed, processing continued",
            "processed",
        ),
        ("automatic-action/MDN-sent-automatically; processed/Warning: duplicate-document", "duplicate"),
        ("automatic-action/MDN-sent-automatically; processed/error: duplicate filename", "duplicate"),
        ("automatic-action/MDN-sent-automatically; processed/Error: Duplicate AS2 Message-ID", "duplicate"),
        ("automatic-action/MDN-sent-automatically; failed/Failure: duplicate", "duplicate"),
        ("automatic-action/MDN-sent-automatically; processed/warning: no duplicate-document check", "processed"),
        ("automatic-action/MDN-sent-automatically; failed/failure: sender-equals-receiver", "refused"),
        ("automatic-action/MDN-sent-automatically; processed/error", "refused"),
        ("automatic-action/MDN-sent-automatically; failed", "refused"),
    ],
)
def test_dispositions_of_others_are_read(disposition, verdict):
    headers, body = receipt.write(TAKEN, None)
    body = re.sub(rb"Disposition: [^\r]*", b"Disposition: " + disposition.encode(), body)
    assert receipt.read(mime.whole(headers, body), FOR_US).verdict == verdict


def test_blanks_in_a_disposition_cost_nothing():
    said = b"a/b; processed/error:" + b" " * 5_000 + b"no" + b" " * 5_000 + b"way"
    headers, body = receipt.write(TAKEN, None)
    body = re.sub(rb"Disposition: [^\r]*", b"Disposition: " + said, body)
    assert receipt.read(mime.whole(headers, body), FOR_US).words == "processed/error: no way"


@pytest.mark.parametrize(
    "disposition",
    [
        *("", "processed", "automatic-action/MDN-sent-automatically; displayed", "x/y; processed: no"),
        "x/y; processed/error: the duplicate check failed",
        "x/y; failed/failure: duplicate customers in the order",
    ],
)
def test_what_is_neither_yes_nor_no_is_no_receipt(disposition):
    headers, body = receipt.write(TAKEN, None)
    body = re.sub(rb"Disposition: [^\r]*", b"Disposition: " + disposition.encode(), body)
    with pytest.raises(Fault):
        receipt.read(mime.whole(headers, body), FOR_US)


def test_a_receipt_that_another_signed_is_none():
    with pytest.raises(Fault):
        read(TAKEN, (SOMEBODY, "sha-256"))


def test_a_receipt_that_was_changed_is_none():
    headers, body = receipt.write(replace(TAKEN, fault=unsupported("No.")), (THEM, "sha-256"))
    changed = body.replace(b"failed/Failure: unsupported format", b"processed")
    assert changed != body
    with pytest.raises(Fault):
        receipt.read(mime.whole(headers, changed), FOR_US)


@given(
    garbage=st.binary(max_size=400),
    kind=st.sampled_from(
        ['multipart/report; boundary="b"', 'multipart/signed; boundary="b"', "text/html", "", "application/pkcs7-mime"]
    ),
)
@settings(max_examples=150, deadline=None)
def test_whatever_else_comes_is_no_receipt(garbage, kind):
    with pytest.raises(Fault):
        receipt.read(mime.whole([("Content-Type", kind)], b"--b\r\n" + garbage), FOR_US)


@given(st.from_regex(names.NAME, fullmatch=True))
def test_names_are_read_as_they_were_written(name):
    assert names.read_name(names.written_name(name)) == name


@pytest.mark.parametrize(
    ("header", "found"), [("<a@b>", "a@b"), ("a@b", "a@b"), (" <a@b> ", "a@b"), ("", None), ("<a b>", None)]
)
def test_a_message_id_stands_in_brackets_or_not(header, found):
    assert names.read_message_id(header) == found
