"""The export document as pydantic models: validated as they are built, encoded by `model_dump_json`."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from benchmarks.peers.document_jsonschema import fields
from orderflow.domain.orders import DraftOrder


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Line(_Model):
    line_no: int
    internal_sku: str
    qty: float
    uom: str
    unit_price: float | None
    currency: str
    customer_sku_raw: str | None
    description: str | None


class Customer(_Model):
    id: UUID | None
    erp_customer_number: str
    name: str | None


class Header(_Model):
    external_order_number: str | None
    order_date: str | None
    currency: str
    requested_delivery_date: str | None
    notes: str | None


class Source(_Model):
    document_id: UUID | None
    file_name: str | None
    sha256: str | None


class Meta(_Model):
    created_by: str | None
    source_document: Source


class Document(_Model):
    export_version: Literal["orderflow_export_json_v1"]
    org_slug: str
    draft_order_id: UUID
    approved_at: str
    customer: Customer
    header: Header
    lines: list[Line]
    meta: Meta


def encode(order: DraftOrder) -> bytes:
    return Document.model_validate(fields(order)).model_dump_json().encode()
