"""An order under the names that mappings and templates use, and a full one to try them on.

`order`, `customer`, the parties (`ship_to`, `bill_to`, `buyer`, `seller`), `contact`, `shipping`, `metadata`, `totals`,
`source_document`, `delivery` are groups of fields, `lines` is a list of such groups; the fields are those of
`orderflow_export_json_v1`, and what it leaves out. `allowances`, `charges` and `taxes`, of the order and of a line, are
lists of groups again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from orderflow.domain.delivery import Delivery
from orderflow.domain.document import export_filename
from orderflow.domain.orders import (
    ADJUSTMENTS,
    HEADER,
    LINE_CONTENT,
    TEXTS_BY_NAME,
    AllowanceCharge,
    Customer,
    DraftOrder,
    DraftOrderLine,
    SourceDocument,
    totals,
)

Fields = dict[str, Any]
_LINE_NAMES = {"product_description": "description"}


class Address(dict[str, Any]):
    """An address as it came with the order: its fields are its own, and one that it lacks is empty."""

    def __missing__(self, name: str) -> None:
        return None


def order_fields(order: DraftOrder, delivery: Delivery | None = None) -> Fields:
    """Return the order's fields by group. Values are text, int, Decimal, date, datetime (UTC) or None."""
    return {
        "order": _header(order),
        "customer": _customer(order.customer or Customer()),
        **{name: Address(getattr(order, name) or {}) for name in TEXTS_BY_NAME},
        "lines": [_line(line, order.currency) for line in order.lines],
        "totals": totals(order),
        "source_document": _source_document(order.source_document or SourceDocument()),
        "delivery": _delivery(order, delivery or order.delivery),
    }


def _header(order: DraftOrder) -> Fields:
    return {
        "draft_order_id": str(order.id),
        "org_slug": order.org_slug or (str(order.org_id) if order.org_id else None),
        **{name: getattr(order, name) for name in HEADER},
        **{name: _adjustments(getattr(order, name)) for name in ADJUSTMENTS},
        "created_by": order.created_by,
        "approved_by": order.approved_by,
        "approved_at": order.approved_at.astimezone(UTC) if order.approved_at else None,
    }


def _customer(customer: Customer) -> Fields:
    return {
        "id": str(customer.id) if customer.id else None,
        "erp_customer_number": customer.erp_customer_number,
        "name": customer.name,
    }


def _line(line: DraftOrderLine, currency: str | None) -> Fields:
    values = {_LINE_NAMES.get(name, name): getattr(line, name) for name in LINE_CONTENT}
    values |= {name: _adjustments(values[name]) for name in ADJUSTMENTS}
    return values | {"currency": line.currency or currency}


def _adjustments(of: Iterable[AllowanceCharge]) -> list[Fields]:
    return [asdict(one) for one in of]


def _source_document(document: SourceDocument) -> Fields:
    return {
        "document_id": str(document.document_id) if document.document_id else None,
        "file_name": document.file_name,
        "sha256": document.sha256,
    }


def _delivery(order: DraftOrder, delivery: Delivery) -> Fields:
    return {
        "export_id": str(delivery.export_id),
        "reference": delivery.reference or export_filename(order.id, delivery),
        "requested_at": delivery.requested_at.astimezone(UTC),
    }


def sample_order() -> DraftOrder:
    """Return an order that has every field, the same one each time."""
    address = {"name": "Muster GmbH", "contact": "Eva Groß", "street": "Hauptstr. 1", "city": "Köln", "region": "NRW"}
    address |= {"postal_code": "50667", "country": "Germany", "phone": "+49 221 1", "email": "eva@muster.example"}
    moment = datetime(2025, 12, 26, 10, tzinfo=UTC)
    order = DraftOrder(
        id=UUID(int=1),
        org_slug="acme",
        external_order_number="PO-12345",
        order_date=date(2025, 12, 1),
        currency="EUR",
        requested_delivery_date=date(2025, 12, 10),
        earliest_delivery_date=date(2025, 12, 8),
        latest_delivery_date=date(2025, 12, 12),
        promised_delivery_date=date(2025, 12, 11),
        notes="Bitte früh liefern",
        customer=Customer("4711", "Muster GmbH", UUID(int=2)),
        ship_to=dict(address),
        bill_to=dict(address),
        buyer=address | _SAMPLE_BUYER,
        seller=address | {"name": "Acme GmbH", "gln": "4000001000005", "number_at_buyer": "70815"},
        allowances=(AllowanceCharge("95", "Rabatt", Decimal("12.5")),),
        charges=(AllowanceCharge("FC", "Fracht", Decimal("4.9")),),
        lines=[_sample_line(1, "10", "1.23"), _sample_line(2, "2.5", "1234.5678")],
        source_document=SourceDocument(UUID(int=3), "order.pdf", "ab" * 32),
        priority=60,
        created_by="ops@acme.example",
        approved_by="lead@acme.example",
        approved_at=moment,
        delivery_in_progress=Delivery(UUID(int=4), moment),
    )
    for name in HEADER:  # a field that was added since: it shows its own name
        setattr(order, name, getattr(order, name) or name)
    return order


def _sample_line(number: int, qty: str, price: str) -> DraftOrderLine:
    return DraftOrderLine(
        line_no=number,
        internal_sku=f"INT-{number:03}",
        qty=Decimal(qty),
        uom="PCE",
        unit_price=Decimal(price),
        currency="EUR",
        customer_sku_raw=f"AB-{number}",
        product_description='Kabel "NYM-J" 3x1,5; grün',
        requested_delivery_date=date(2025, 12, 10),
        line_notes="vor Ort abrollen",
        id=UUID(int=10 + number),
        gtin="04012345123456",
        buyer_article_number=f"AB-{number}",
        seller_article_number=f"NYM-{number:03}",
        earliest_delivery_date=date(2025, 12, 8),
        latest_delivery_date=date(2025, 12, 12),
        promised_delivery_date=date(2025, 12, 11),
        allowances=(AllowanceCharge("95", "Rabatt", Decimal("0.25"), Decimal("2.5"), Decimal(10)),),
        charges=(AllowanceCharge("PC", "Verpackung", Decimal("0.5")),),
    )


_SAMPLE_BUYER = {"gln": "4012345000009", "vat": "DE123456788", "duns": "315000554", "number_at_seller": "4711"}
