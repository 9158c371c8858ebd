"""Segments of both dialects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.answer_files import UnfinishedError
from orderflow.formats.edi.segments import Marks, SegmentReader

MARKS = Marks(element="+", component=":", segment="'", release="?")


def test_what_is_not_there_is_empty():
    segment = next(iter(SegmentReader("FTX+AAI+++ one :two?::::'", MARKS, 0)))
    assert (segment.get(1), segment.get(1, 2), segment.get(4, 2), segment.get(9)) == ("AAI", "", "two:", "")
    assert (segment.all(4), segment.all(4, 2), segment.all(2), segment.all(5)) == (["one", "two:"], ["two:"], [], [])


WHATEVER_MARKS = st.lists(st.characters(categories=["P", "S"]), min_size=4, max_size=4, unique=True)


@given(data=st.data(), marks=WHATEVER_MARKS)
def test_what_was_released_is_read_as_it_was_whatever_the_marks(data, marks):
    element, component, end, release = marks
    text = st.text(st.sampled_from([*marks, "A", "b"]), max_size=12)
    written = data.draw(st.lists(st.lists(text, min_size=1, max_size=3), min_size=1, max_size=4))
    released = [[_released(part, marks) for part in one] for one in written]
    segment = element.join(["TAG", *(component.join(one) for one in released)]) + end
    reader = iter(SegmentReader(segment * 2, Marks(element, component, end, release), 0))
    for read in (next(reader), next(reader)):
        assert read.tag == "TAG"
        assert [[read.get(n, m) for m, _ in enumerate(one, 1)] for n, one in enumerate(written, 1)] == written


def _released(text, marks):
    return "".join(f"{marks[3]}{letter}" if letter in marks else letter for letter in text)


@pytest.mark.parametrize("text", ["FTX+it?'s", "FTX+?", "FTX+???'"])
def test_a_released_mark_ends_no_segment(text):
    with pytest.raises(UnfinishedError):
        next(iter(SegmentReader(text, MARKS, 0)))
