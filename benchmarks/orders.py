"""Orders of a given size, and the documents that they become."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from orderflow.domain.delivery import Delivery
from orderflow.domain.document import export_document
from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine

SMALL, LARGE = 3, 500
"""Lines of an order: what most have (the documents are of about 1 KB), and the largest that were promised (95 KB)."""


def make_orders(count: int, lines: int) -> list[DraftOrder]:
    """Return orders that are READY, no two alike."""
    return [_order(number, lines) for number in range(count)]


def _order(number: int, lines: int) -> DraftOrder:
    return DraftOrder(
        external_order_number=f"PO-{number}",
        order_date=date(2025, 12, 1),
        currency="EUR",
        customer=Customer("4711", "Müller & Söhne GmbH", new_id()),
        created_by="ops@acme.example",
        lines=[
            DraftOrderLine(
                line_no,
                f"INT-{number % 997}-{line_no}",
                qty=Decimal(line_no * 10) / 8,
                uom="M",
                unit_price=Decimal(number % 1000) / 100 + 1,
                currency="EUR",
                customer_sku_raw=f"AB-{line_no}",
                product_description="Kabel NYM-J 3x1,5 grau, Ring",
            )
            for line_no in range(1, lines + 1)
        ],
    )


def write_documents(folder: Path, count: int, lines: int) -> None:
    """Write the documents of as many orders into a new folder, for programs that only move files."""
    folder.mkdir(parents=True)
    for order in make_orders(count, lines):
        order.org_slug, order.approved_at = "bench", datetime.now(UTC)
        order.delivery = Delivery(new_id(), datetime.now(UTC))
        document = export_document(order)
        (folder / document.filename).write_bytes(document.content)
