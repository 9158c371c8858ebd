"""Ids are UUIDs version 7, as RFC 9562 section 5.7 lays them out."""

import os
import time
from uuid import RFC_4122, UUID

import pytest

from orderflow.domain.ids import new_id


def test_version_and_variant():
    for _ in range(200):
        made = new_id()
        assert (made.version, made.variant) == (7, RFC_4122)


def test_the_first_48_bits_are_the_milliseconds_since_1970():
    before = time.time_ns() // 1_000_000
    made = new_id().int >> 80
    assert before <= made <= time.time_ns() // 1_000_000


def test_none_comes_twice():
    made = {new_id() for _ in range(20_000)}
    assert len(made) == 20_000


@pytest.mark.parametrize("step", [245, 10**10])
def test_later_ids_sort_behind_earlier_ones_also_within_a_millisecond(monkeypatch, step):
    moments = iter(range(0, 100 * step, step))
    monkeypatch.setattr(time, "time_ns", lambda: next(moments))
    made = [new_id() for _ in range(100)]
    assert made == sorted(made)
    assert [str(one) for one in made] == sorted(str(one) for one in made)


@pytest.mark.parametrize(
    ("nanoseconds", "random", "expected"),
    [
        (0, b"\x00" * 8, "017f22e2-79b0-7000-8000-000000000000"),
        (999_999, b"\xff" * 8, "017f22e2-79b0-7fff-bfff-ffffffffffff"),
        (500_000, b"\x00" * 8, "017f22e2-79b0-7800-8000-000000000000"),
        # The example of RFC 9562, appendix A.6, whose 12 random bits are the fraction here.
        (797_608, bytes.fromhex("63137030301ce63c"), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
    ],
)
def test_known_ids(monkeypatch, nanoseconds, random, expected):
    monkeypatch.setattr(time, "time_ns", lambda: 0x017F22E279B0 * 1_000_000 + nanoseconds)
    monkeypatch.setattr(os, "urandom", lambda _: random)
    assert new_id() == UUID(expected)
