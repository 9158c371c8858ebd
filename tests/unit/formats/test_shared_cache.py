from __future__ import annotations

import pytest

from orderflow.domain.reach import Reach, within
from orderflow.formats.shared_cache import BESIDE_A_TEXT, SharedCache


class Maker:
    """Notes what it makes."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, text: str, *beside: str) -> str:
        if not text:
            raise ValueError("empty")
        self.made.append("".join([text, *beside]))
        return self.made[-1]


def kept(cache: SharedCache[str]) -> int:
    return sum(len(key[0]) + BESIDE_A_TEXT for mine in cache._kept.values() for key in mine)


def test_what_was_made_of_a_text_is_made_once() -> None:
    make = Maker()
    cache = SharedCache(make, 10_000)
    assert [cache("a"), cache("a"), cache("a", "b"), cache("a", "b")] == ["a", "a", "ab", "ab"]
    assert make.made == ["a", "ab"]
    with pytest.raises(ValueError, match="empty"):
        cache("")


def test_whose_texts_take_most_room_gives_way_and_it_all_stays_within_its_size() -> None:
    make = Maker()
    cache = SharedCache(make, 100_000)
    with within(Reach("acme")):
        cache("ours")
    for number in range(1_000):
        with within(Reach("evil")):
            cache(str(number) * 1_000)
        assert kept(cache) == cache._sizes.total() <= 100_000
    with within(Reach("acme")):
        cache("ours")
    assert make.made.count("ours") == 1
    with within(Reach("evil")):
        cache("999" * 1_000)
        cache("0" * 1_000)
    assert (make.made.count("999" * 1_000), make.made.count("0" * 1_000)) == (1, 2)


def test_a_text_that_has_no_room_at_all_is_made_all_the_same() -> None:
    cache = SharedCache(Maker(), 10)
    assert cache("a") == "a"
    assert (kept(cache), cache._kept) == (0, {})
