"""What SAP's ports answer at once."""

from __future__ import annotations

import pytest

from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.idoc.receipts import read_receipt

SOAP = (
    b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    b'<n0:IDOC.Response xmlns:n0="urn:sap-com:document:sap:idoc:soap:messages"><IDocAssign>'
    b"<TransferId>000001</TransferId><DbId>0000000000806045</DbId></IDocAssign></n0:IDOC.Response></soap:Body></soap:Envelope>"
)


@pytest.mark.parametrize("content", [b"", b"OK", b"<html><body>OK</body></html>", b"{}", b"<!DOCTYPE x><a>1</a>"])
def test_what_says_nothing_of_an_idoc_is_no_receipt(content):
    assert read_receipt(content) is None


@pytest.mark.parametrize(
    "content",
    [
        b'{"STATUS": "ERROR", "MESSAGE": "Partner profile not found"}',
        b'{"STATUS": 500}',
        b'{"DOCNUM": "12", "STATUS": "OK"}',
        b"<response><STATUS>ERROR</STATUS><TEXT>No partner profile</TEXT></response>",
        b"<r><DOCNUM/><STATUS>failed</STATUS></r>",
    ],
)
def test_a_state_that_no_idoc_has_is_said_by_somebody_else(content):
    assert read_receipt(content) is None


def test_it_may_be_json():
    said = read_receipt(b'{"DOCNUM": "0000000000000017", "STATUS": "51", "STATUS_TEXT": "Not posted", "APPLIED": [1]}')
    assert said is not None
    assert (said.status, said.message) == ("FAILED", "IDoc 17 is in status 51: Not posted")
    assert read_receipt(b'{"DOCNUM": ') is None


def test_the_number_is_told_and_confirms_nothing():
    said = read_receipt(SOAP)
    assert said is not None
    assert (said.status, said.message, said.erp_order_id) == ("ACKED", "IDoc 806045", None)


@pytest.mark.parametrize(("status", "answer"), [("53", "ACKED"), ("64", "ACKED"), ("51", "FAILED"), ("56", "FAILED")])
def test_a_status_says_whether_it_is_refused(status, answer):
    said = read_receipt(f"<R><DOCNUM>0017</DOCNUM><STATUS>{status}</STATUS><STATXT>As it is</STATXT></R>".encode())
    assert said is not None
    assert said.status == answer
    assert said.error_code == (status if answer == "FAILED" else None)


@pytest.mark.parametrize(
    "content",
    [
        b'{"DOCNUM": "17", "STATUS": "51", "STATUS": "53"}',
        b'{"STATUS": 53, "STATUS": 51}',
        b"<R><DOCNUM>17</DOCNUM><STATUS>53</STATUS><STATUS>51</STATUS></R>",
        b"<R><S><STATUS>51</STATUS></S><S><STATUS>53</STATUS></S></R>",
    ],
)
def test_states_of_which_one_refuses_it_and_another_does_not_are_no_receipt(content):
    with pytest.raises(UnreadableError, match="several states"):
        read_receipt(content)


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b'{"DOCNUM": "17", "DOCNUM": "17", "STATUS": "53"}', "ACKED"),
        (b"<R><STATUS>50</STATUS><STATUS>64</STATUS><STATUS>53</STATUS></R>", "ACKED"),
        (b"<R><STATUS>51</STATUS><STATUS>56</STATUS></R>", "FAILED"),
    ],
)
def test_states_that_follow_each_other_are_one(content, answer):
    said = read_receipt(content)
    assert said is not None
    assert said.status == answer


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "iso-8859-1"])
@pytest.mark.parametrize(
    "text",
    [
        '{"DOCNUM": "17", "STATUS": "51", "STATUS_TEXT": "Kunde für Müller fehlt"}',
        ' {"DOCNUM": "17", "STATUS": "51"}',
        "<R><DOCNUM>17</DOCNUM><STATUS>51</STATUS></R>",
    ],
)
def test_a_refusal_is_one_in_every_encoding(encoding, text):
    said = read_receipt(text.encode(encoding))
    assert said is not None
    assert (said.status, said.error_code) == ("FAILED", "51")


@pytest.mark.parametrize("content", [b'\xff\xfe{\0"', b"\xff\xfe\0\xd8", b"\0\0", b"\xef\xbb\xbf"])
def test_what_is_in_no_encoding_says_nothing(content):
    assert read_receipt(content) is None
