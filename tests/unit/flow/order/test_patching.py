"""JSON Merge Patch, as RFC 7396 tells it by examples; and an order that nothing is changed of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orderflow.flow.order.patching import merged, patched, said_by
from orderflow.flow.order.reading import read_order
from tests.unit.flow.order.test_reading import ORDER

RFC_7396 = """
{"a":"b"}                  {"a":"c"}                       {"a":"c"}
{"a":"b"}                  {"b":"c"}                       {"a":"b","b":"c"}
{"a":"b"}                  {"a":null}                      {}
{"a":"b","b":"c"}          {"a":null}                      {"b":"c"}
{"a":["b"]}                {"a":"c"}                       {"a":"c"}
{"a":"c"}                  {"a":["b"]}                     {"a":["b"]}
{"a":{"b":"c"}}            {"a":{"b":"d","c":null}}        {"a":{"b":"d"}}
{"a":[{"b":"c"}]}          {"a":[1]}                       {"a":[1]}
["a","b"]                  ["c","d"]                       ["c","d"]
{"a":"b"}                  ["c"]                           ["c"]
{"e":null}                 {"a":1}                         {"e":null,"a":1}
[1,2]                      {"a":"b","c":null}              {"a":"b"}
{}                         {"a":{"bb":{"ccc":null}}}       {"a":{"bb":{}}}
"""
"""Its appendix A."""


@pytest.mark.parametrize("row", RFC_7396.strip().splitlines())
def test_the_examples_of_the_rfc(row: str) -> None:
    target, patch, result = (json.loads(text) for text in row.split())
    assert merged(target, patch) == result


def test_an_empty_patch_changes_nothing() -> None:
    order = read_order(ORDER)
    assert said_by(patched(order, {})) == said_by(order)
    assert patched(order, {}).id == order.id


def test_what_is_removed_is_gone() -> None:
    changes: dict[str, Any] = {"lines": None, "customer": {"name": None}}
    changed = patched(read_order(ORDER), changes)
    assert (changed.lines, changed.customer and changed.customer.name) == ([], None)
