"""What the suite for HTTP connectors changes of an order: all that an order may say, and nothing passes for another."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from orderflow import BaseConnector, Document, DraftOrder, ExportResult, TestResult
from orderflow.domain.orders import (
    ADJUSTMENTS,
    CONTENT,
    HEADER,
    LINE_CONTENT,
    PARTIES,
    TEXTS_BY_NAME,
    Customer,
)
from orderflow.formats.order_fields import order_fields
from orderflow.testing.http_conformance import FIELDS, NOT_IN_JSON_V1
from orderflow.testing.http_conformance.content import Content


class NoSettings(BaseModel):
    """There are none."""


class WritesAll(BaseConnector):
    """Writes all that an order says."""

    connector_type: ClassVar[str] = "WRITES_ALL"
    display_name: ClassVar[str] = "Writes all"
    config_model: ClassVar[type[BaseModel]] = NoSettings

    def fields(self, order: DraftOrder) -> dict[str, Any]:
        return order_fields(order)

    def render(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        fields = self.fields(draft_order)
        return Document("order.json", json.dumps(fields, default=str).encode(), "application/json", "all")

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        raise AssertionError("nothing is sent here")

    def test_connection(self, config: dict[str, Any]) -> TestResult:
        raise AssertionError("nothing is sent here")


class WritesNothing(WritesAll):
    def fields(self, order: DraftOrder) -> dict[str, Any]:
        return {}


TESTS = [name for name in vars(Content) if name.startswith("test_") and "left_as" not in name and "whole" not in name]


@pytest.mark.parametrize("name", TESTS)
def test_what_writes_all_passes(name: str) -> None:
    getattr(Content(), name)(WritesAll(), {})


def test_each_field_that_is_dropped_is_named() -> None:
    with pytest.raises(AssertionError, match="not in the document: ") as found:
        Content().test_all_that_the_order_holds_is_in_the_document(WritesNothing(), {})
    assert set(str(found.value).removeprefix("not in the document: ").split("\n")[0].split(", ")) == set(FIELDS)


def test_a_part_of_what_is_left_out_is_left_out() -> None:
    class Suite(Content):
        leaves_out = frozenset({name.partition(".")[0] for name in FIELDS})

    Suite().test_all_that_the_order_holds_is_in_the_document(WritesNothing(), {})
    Suite().test_what_is_nearly_alike_stays_apart(WritesNothing(), {})


def test_all_that_an_order_may_say_is_changed() -> None:
    """A field that an order learned to say since belongs here, too."""
    ours = {"source", "source_document", "priority"}
    groups = {*TEXTS_BY_NAME, "customer"}
    assert _unchanged({*HEADER, *ADJUSTMENTS, *groups} - ours, FIELDS) == set()
    assert _unchanged({f"lines.{name}" for name in LINE_CONTENT}, FIELDS) == set()
    assert {*HEADER, *ADJUSTMENTS, *groups} - ours == set(CONTENT) - ours
    assert set(PARTIES) <= groups
    assert {f"customer.{name}" for name in vars(Customer)["__dataclass_fields__"]} - {"customer.id"} <= set(FIELDS)
    assert set(FIELDS) > NOT_IN_JSON_V1


def _unchanged(names: Collection[str], changed: Collection[str]) -> set[str]:
    return {name for name in names if not any(one == name or one.startswith(f"{name}.") for one in changed)}
