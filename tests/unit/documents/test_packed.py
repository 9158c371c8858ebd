"""What is kept compressed comes back byte for byte, and nothing else is taken for it."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.documents import packed
from orderflow.documents.packed import LEAST, MARK, pack, unpack


@given(st.binary(max_size=200), st.integers(1, 200), st.booleans())
def test_every_document_comes_back_as_it_was(content: bytes, times: int, marked: bool) -> None:
    document = (MARK if marked else b"") + content * times
    assert unpack(pack(document)) == document
    assert unpack(pack(pack(document))) == pack(document)


@pytest.mark.parametrize("content", [b"", b"a" * (LEAST - 1), os.urandom(LEAST), os.urandom(100_000)])
def test_what_saves_no_block_is_kept_as_it_is(content: bytes) -> None:
    assert pack(content) is content


def test_what_is_large_takes_few_blocks() -> None:
    assert len(pack(b'{"line_no": 1}' * 5_000)) < 4_096


@pytest.mark.parametrize("damage", [lambda kept: kept[:-1], lambda kept: kept[:-3] + b"abc", lambda kept: MARK + b"x"])
def test_what_was_damaged_is_no_document(damage: object) -> None:
    assert callable(damage)
    kept = damage(pack(b"order " * 5_000))
    assert unpack(kept) == kept


def test_no_document_is_unpacked_beyond_all_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = pack(b"order " * 5_000)
    monkeypatch.setattr(packed, "MOST", 1_000)
    assert unpack(kept) == kept
