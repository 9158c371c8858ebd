"""XML from outside: what no document of business needs is refused, and what breaks off may still be being written."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.answer_files import UnfinishedError, UnreadableError
from orderflow.formats.xml import LARGEST, read_xml

BOMB = b'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]><a>&d;</a>'
DOCUMENT = '<?xml version="1.0" encoding="UTF-8"?><a x="1"><b>Köln &amp; Bonn</b><!-- c --><d/></a>'


@pytest.mark.parametrize(
    "content", [DOCUMENT.encode(), b"\n" + DOCUMENT.encode() + b"\r\n\x1a", DOCUMENT.encode("utf-8-sig")]
)
def test_a_document_is_read_without_its_comments(content: bytes) -> None:
    root = read_xml(content)
    assert [(one.tag, one.text) for one in root] == [("b", "Köln & Bonn"), ("d", None)]


def test_a_document_may_be_in_utf_16() -> None:
    assert read_xml(DOCUMENT.replace("UTF-8", "UTF-16").encode("utf-16"))[0].text == "Köln & Bonn"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (BOMB, "DOCTYPE"),
        (BOMB.decode().encode("utf-16"), "DOCTYPE"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "DOCTYPE"),
        (b"<a>&unknown;</a>", "no XML"),
        (b"<a>" * 400 + b"</a>" * 400, "no XML"),
        (b"<a>" + b"<b/>" * 600_001 + b"</a>", "elements"),
        (b"<a>" + b" " * LARGEST + b"</a>", "larger than"),
        (b"<a></b>", "no XML"),
        (b"no XML", "no XML"),
    ],
)
def test_what_no_document_of_business_needs_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read_xml(content)


@given(end=st.integers(0, len(DOCUMENT.encode()) - 1))
def test_what_breaks_off_may_still_be_being_written(end: int) -> None:
    with pytest.raises(UnreadableError):
        read_xml(DOCUMENT.encode()[:end])
    with pytest.raises(UnfinishedError):
        read_xml(b"<a><b>text</b>")


@given(content=st.binary(max_size=200))
def test_random_bytes_never_fail_otherwise(content: bytes) -> None:
    with suppress(UnreadableError):
        read_xml(content)
    with suppress(UnreadableError):
        read_xml(b"<a>" + content + b"</a>")
