"""XML from outside: what no document of business needs is refused, and what breaks off may still be being written."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.documents.xml import LARGEST, MOST_ELEMENTS, read_xml
from orderflow.domain.answer_files import UnfinishedError, UnreadableError
from orderflow.formats.idoc import IdocFormat
from orderflow.formats.ubl import UblFormat

BOMB = b'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]><a>&d;</a>'
SAYS_UTF_7 = b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a [+ADwAIQ-ENTITY b "c">]><a>&b;</a>'
DOCUMENT = '<?xml version="1.0" encoding="UTF-8"?><a x="1"><b>Köln &amp; Bonn</b><!-- c --><d/></a>'


@pytest.mark.parametrize(
    "content", [DOCUMENT.encode(), b"\n" + DOCUMENT.encode() + b"\r\n\x1a", DOCUMENT.encode("utf-8-sig")]
)
def test_a_document_is_read_without_its_comments(content: bytes) -> None:
    root = read_xml(content)
    assert [(one.tag, one.text) for one in root] == [("b", "Köln & Bonn"), ("d", None)]


@pytest.mark.parametrize(("encoding", "mark"), [("utf-16-le", BOM_UTF16_LE), ("utf-16-be", BOM_UTF16_BE)])
@pytest.mark.parametrize("end", ["", "\n", "\r\n\x1a"])
def test_a_document_may_be_in_utf_16(encoding: str, mark: bytes, end: str) -> None:
    content = mark + (DOCUMENT.replace("UTF-8", "UTF-16") + end).encode(encoding)
    assert read_xml(content)[0].text == "Köln & Bonn"
    with pytest.raises(UnfinishedError):
        read_xml(content[: len(content) // 2 * 2 - 1])


@pytest.mark.parametrize("encoding", ["windows-1252", "iso-8859-15"])
@pytest.mark.parametrize("blanks", [1, 300])
def test_a_document_is_read_in_the_encoding_that_it_names(encoding: str, blanks: int) -> None:
    declared = DOCUMENT.replace(" encoding", " " * blanks + "encoding").replace("UTF-8", encoding)
    assert read_xml(declared.encode(encoding))[0].text == "Köln & Bonn"


def test_as_many_elements_as_are_told_are_read() -> None:
    most = b"<?xml version='1.0'?><a><!-- c -->" + b"<b></b>" * (MOST_ELEMENTS - 1) + b"</a>"
    assert len(read_xml(most)) == MOST_ELEMENTS - 1
    with pytest.raises(UnreadableError, match="elements"):
        read_xml(most.replace(b"</a>", b"<b/></a>"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (BOMB, "DOCTYPE"),
        (BOMB.decode().encode("utf-16"), "DOCTYPE"),
        (BOM_UTF16_BE + BOMB.decode().encode("utf-16-be"), "DOCTYPE"),
        (SAYS_UTF_7.replace(b" encoding", b" " * 300 + b"encoding"), "UTF-7, which is not read"),
        (SAYS_UTF_7, "UTF-7, which is not read"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "DOCTYPE"),
        (b"<a>&unknown;</a>", "no XML"),
        (b"<a>" * 400 + b"</a>" * 400, "no XML"),
        (b"<a>" + b" " * LARGEST + b"</a>", "larger than"),
        (b"<a></b>", "no XML"),
        (b"no XML", "no XML"),
    ],
)
def test_what_no_document_of_business_needs_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read_xml(content)


@pytest.mark.parametrize("form", [IdocFormat, UblFormat])
def test_a_channel_brings_a_format_of_xml_all_that_is_read(form: type[IdocFormat | UblFormat]) -> None:
    assert form.largest_answer == LARGEST


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
