"""Parts stay as they came; what has no end, or two meanings, is not read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.channels.as2 import mime
from orderflow.channels.as2.faults import Fault


def multipart(body: bytes, boundary: str = "b") -> mime.Entity:
    return mime.whole([("Content-Type", f'multipart/mixed; boundary="{boundary}"')], body)


@given(
    st.lists(
        st.binary(max_size=80).filter(lambda part: b"\n--b" not in b"\n" + part and not part.endswith(b"\r")),
        min_size=1,
        max_size=8,
    )
)
def test_parts_come_back_as_they_went(parts):
    assert mime.parts(multipart(mime.multipart("b", parts))) == parts


def test_a_boundary_that_begins_like_another_is_told_apart():
    body = b"--b\r\nfirst\r\n--bc\r\ninner\r\n--bc--\r\n--b\r\nsecond\r\n--b--\r\n"
    assert mime.parts(multipart(body)) == [b"first\r\n--bc\r\ninner\r\n--bc--", b"second"]


def test_lines_may_end_without_a_carriage_return():
    assert mime.parts(multipart(b"preamble\n--b\none\n--b \ntwo\n--b--")) == [b"one", b"two"]


@pytest.mark.parametrize("body", [b"", b"--b\r\nx", b"--b--", b"--b\r\nx\r\n" * 12 + b"--b--"])
def test_a_multipart_without_an_end_is_not_read(body):
    if body == b"--b--":
        assert mime.parts(multipart(body)) == []
        return
    with pytest.raises(Fault):
        mime.parts(multipart(body))


@pytest.mark.parametrize(
    "raw", [b"", b"no head", b"A: 1\r\n" * 200 + b"\r\nx", b"no colon\r\n\r\nx", b"A: " + b"x" * 20_000 + b"\r\n\r\n"]
)
def test_a_head_has_limits(raw):
    with pytest.raises(Fault):
        mime.parse(raw)


def test_a_header_that_two_readers_might_read_apart_is_not_taken():
    with pytest.raises(Fault):
        mime.whole([("Content-Type", "text/plain"), ("content-type", "application/pkcs7-mime")], b"")


@pytest.mark.parametrize(
    ("encoding", "body", "content"),
    [
        ("base64", b"aGVs\r\nbG8=", b"hello"),
        ("quoted-printable", b"a=3Db", b"a=b"),
        ("BINARY", b"\0", b"\0"),
    ],
)
def test_a_transfer_encoding_is_taken_off(encoding, body, content):
    assert mime.whole([("Content-Transfer-Encoding", encoding)], body).content == content


@pytest.mark.parametrize(("encoding", "body"), [("base64", b"a"), ("uuencode", b"x")])
def test_a_transfer_encoding_that_is_none_is_told(encoding, body):
    with pytest.raises(Fault):
        _ = mime.whole([("Content-Transfer-Encoding", encoding)], body).content


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a \\"b\\".edi"', 'a "b".edi'),
        ("attachment; filename=a.edi", "a.edi"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\x\\\\y.edi"', "y.edi"),
        ('attachment; filename=".."', None),
        (f'attachment; filename="{"x" * 300}"', None),
        ("attachment", None),
    ],
)
def test_a_file_name_is_a_name_alone(disposition, name):
    assert mime.whole([("Content-Disposition", disposition)], b"").filename == name
