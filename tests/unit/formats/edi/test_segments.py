"""Segments of both dialects."""

from __future__ import annotations

from orderflow.formats.edi.segments import Marks, SegmentReader

MARKS = Marks(element="+", component=":", segment="'", release="?")


def test_what_is_not_there_is_empty():
    segment = next(iter(SegmentReader("FTX+AAI+++ one :two?::::'", MARKS, 0)))
    assert (segment.get(1), segment.get(1, 2), segment.get(4, 2), segment.get(9)) == ("AAI", "", "two:", "")
    assert (segment.all(4), segment.all(4, 2), segment.all(2), segment.all(5)) == (["one", "two:"], ["two:"], [], [])
