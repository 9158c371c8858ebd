"""What an answer may hold: strictly read, never an exception of another kind, never a guess."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.formats.answers import LIMIT, Answer, UnfinishedError, UnreadableError, understand


def written(**fields):
    return json.dumps({"status": "ACKED", **fields}).encode()


def reason(content, expected="ACKED"):
    with pytest.raises(UnreadableError) as error:
        understand(content, expected)
    return str(error.value)


def test_an_order_taken():
    content = written(erp_order_id="SO-2025-000123", processed_at="2025-12-26T10:05:00Z", plant="Köln")
    assert understand(content, "ACKED") == Answer("ACKED", "SO-2025-000123", None, None, "2025-12-26T10:05:00Z")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("end", ["", "\0" * 40, "\x1a", "\r\n\x1a", "\n"])
@pytest.mark.parametrize(
    "text", ['{"Status": "acked", "ERP_ORDER_ID": 7}', '[{"status": " Acked ", "erp_order_id": "7"}]']
)
def test_what_is_unmistakable_is_read(encoding, end, text):
    answer = understand((text + end).encode(encoding), "ACKED")
    assert (answer.status, answer.erp_order_id) == ("ACKED", "7")


@given(st.binary(max_size=60), st.sampled_from(["utf-8", "utf-16", "utf-32", "latin-1"]), st.integers(0, 80))
def test_a_spoiled_answer_is_refused_or_means_the_same(noise, encoding, at):
    content = '{"status": "FAILED", "message": "Müller"}'.encode(encoding)
    try:
        answer = understand(content[:at] + noise + content[at:], "ACKED")
    except UnreadableError:
        return
    assert answer.status == "ACKED"
    assert b"ACKED" in noise.upper().replace(b"\0", b"")


def test_an_order_refused():
    content = written(status="FAILED", error_code=42, message="Kunde 4711 gesperrt\nBitte prüfen")
    assert understand(content, "FAILED") == Answer("FAILED", None, "42", "Kunde 4711 gesperrt\nBitte prüfen", None)


def test_numbers_come_as_text_or_digits_or_not_at_all():
    assert understand(written(erp_order_id=4500012345), "ACKED").erp_order_id == "4500012345"
    assert understand(written(erp_order_id="  "), "ACKED").erp_order_id is None
    assert understand(written(erp_order_id=None), "ACKED").erp_order_id is None


def test_a_byte_order_mark_is_tolerated():
    assert understand(b"\xef\xbb\xbf" + written(), "ACKED").status == "ACKED"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"this is no JSON", "not JSON"),
        (b'{"status": "ACKED"} {"status": "ACKED"}', "not JSON"),
        (b'["ACKED"]', "fields as documented"),
        (b"{}", "fields as documented"),
        (b'{"status": "ok"}', "neither ACKED nor FAILED"),
        (b'[{"status": "ACKED"}, {"status": "ACKED"}]', "fields as documented"),
        (b'{"status": "ACKED", "Status": "FAILED"}', "a field twice"),
        (b'{"status": "ACKED", "erp_order_id": "SO-1\xe2\x80\xae2"}', "cannot be seen"),
        (b'{"status": "FAILED"}', "Its name says ACKED, its status says FAILED"),
        (b'{"status": "ACKED", "status": "ACKED"}', "a field twice"),
        (b'{"status": "ACKED", "x": {"y": 1, "y": 2}}', "a field twice"),
        (b'{"status": "ACKED", "erp_order_id": 1.5}', "erp_order_id"),
        (b'{"status": "ACKED", "erp_order_id": true}', "erp_order_id"),
        (b'{"status": "ACKED", "erp_order_id": "a\\u0000b"}', "cannot be seen"),
        (b'{"status": "ACKED", "erp_order_id": "a\\nb"}', "cannot be seen"),
        (b'{"status": "ACKED", "message": ["x"]}', "message"),
        (b'{"status": "ACKED", "x": NaN}', "not JSON"),
        (b'{"status": "ACKED", "x": "\xff"}', "UTF-8"),
        (b'{"status": "ACKED", "message": "caf\xe9"}', "UTF-8"),
        (b"\xff\xfe" + b"\x00\xd8x\x00y\x00", "says that it is UTF-16, and is not"),
        (b'{"status": "ACKED", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too deeply"),
        (b'{"status": "ACKED", "x": ' + b"9" * 5_000 + b"}", "not JSON"),
        (written(erp_order_id="x" * 201), "longer than 200"),
    ],
)
def test_garbage_has_a_reason(content, why):
    assert why in reason(content)


@pytest.mark.parametrize("content", [b"", b" \n", b"\0" * 512, b"\xef\xbb\xbf", b"{", b'{"status": "AC'])
def test_what_breaks_off_may_still_be_being_written(content):
    with pytest.raises(UnfinishedError):
        understand(content, "ACKED")


def test_long_words_are_cut_and_control_characters_leave():
    content = written(
        status="FAILED", message="\x00\x1b[31m" + "x" * 5_000, error_code="e" * 500, processed_at="n" * 500
    )
    answer = understand(content, "FAILED")
    lengths = [len(words or "") for words in (answer.message, answer.error_code, answer.processed_at)]
    assert lengths == [2_000, 100, 100]
    assert "\x1b" not in (answer.message or "")


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_raise_anything_else(content):
    try:
        understand(content, "ACKED")
    except UnreadableError:
        return


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from(["status", "erp_order_id", "error_code", "message", "processed_at"]) | st.text(max_size=5)


@given(st.dictionaries(NAMES, JSON | st.sampled_from(["ACKED", "FAILED"]), max_size=6))
def test_any_object_is_understood_in_full_or_not_at_all(fields):
    content = json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        answer = understand(content, "FAILED")
    except UnreadableError:
        return
    statuses = [value for name, value in fields.items() if name.strip().lower() == "status"]
    assert [status.strip().upper() for status in statuses] == [answer.status] == ["FAILED"]
    for text in (answer.erp_order_id, answer.error_code, answer.message, answer.processed_at):
        assert text is None or (text and "\x00" not in text and len(text) <= LIMIT)
        assert text is None or text.encode("utf-8")


@given(
    st.fixed_dictionaries(
        {"status": st.just("ACKED"), "erp_order_id": st.text("SO-0123456789", min_size=1), "message": st.text()}
    ),
    st.data(),
)
def test_no_beginning_of_an_answer_passes_for_one(fields, data):
    content = json.dumps(fields).encode()
    length = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(UnreadableError):
        understand(content[:length], "ACKED")
