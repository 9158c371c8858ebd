#!/usr/bin/env python3
# ruff: noqa: T201  # a script to be copied: no package around it, and it prints
"""A small ERP: takes orders from a dropzone, remembers them, and answers. Plain Python 3.9, nothing to install.

    python3 dropzone_reader.py OUT_FOLDER ACK_FOLDER [--once] [--database orders.sqlite3]

Replace `book` with what your ERP does. Everything else is what the dropzone asks for; see dropzone.md.
"""

import argparse
import json
import sqlite3
import time
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path


class Refused(Exception):  # noqa: N818  # the word that the answer uses
    """The order cannot be booked: a code for programs and a message for the people who see the order."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def book(database: sqlite3.Connection, order: dict) -> str:
    """Book the order once, whatever comes; returns the ERP's number."""
    key = order["draft_order_id"]
    with database:
        database.execute("INSERT OR IGNORE INTO sales_order (draft_order_id) VALUES (?)", (key,))
        (number,) = database.execute("SELECT number FROM sales_order WHERE draft_order_id = ?", (key,)).fetchone()
    return f"SO-{number:06d}"


VERSIONS = ("orderflow_export_json_v1", "orderflow_export_json_v2")  # the second has all of the first


def read(path: Path) -> dict:
    """Read an order; numbers stay exact."""
    try:
        order = json.loads(path.read_text("utf-8"), parse_float=Decimal)
    except ValueError:
        raise Refused("NOT_JSON", "The file is no JSON.") from None
    if not isinstance(order, dict) or order.get("export_version") not in VERSIONS:
        raise Refused("UNKNOWN_VERSION", f"The file is of none of the versions {', '.join(VERSIONS)}.")
    if not order["customer"]["erp_customer_number"]:
        raise Refused("CUSTOMER_MISSING", "The order names no customer number.")
    for line in order["lines"]:
        if line["qty"] <= 0:
            raise Refused("QUANTITY", f"Line {line['line_no']}: the quantity must be more than 0.")
    return order


def answer(acks: Path, name: str, fields: dict) -> None:
    """Write the answer whole, then give it its name, so that nobody reads half of it."""
    prefix = "ack" if fields["status"] == "ACKED" else "error"
    fields["processed_at"] = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: UP017  # Python 3.9
    temporary = acks / f"{prefix}_{name}.tmp"
    temporary.write_text(json.dumps(fields, ensure_ascii=False), "utf-8")
    temporary.rename(acks / f"{prefix}_{name}")


def take(database: sqlite3.Connection, path: Path, acks: Path) -> None:
    """Book, answer, remove: in this order, so that a crash in between repeats and never loses."""
    try:
        fields = {"status": "ACKED", "erp_order_id": book(database, read(path))}
    except Refused as reason:
        fields = {"status": "FAILED", "error_code": reason.code, "message": str(reason)}
    answer(acks, path.name, fields)
    path.unlink()
    print(path.name, fields["status"], fields.get("erp_order_id") or fields["message"], flush=True)


def main() -> None:
    """Look for orders, once or every two seconds."""
    options = argparse.ArgumentParser(description="Take orders from a dropzone and answer them.")
    options.add_argument("out", type=Path)
    options.add_argument("acks", type=Path)
    options.add_argument("--once", action="store_true", help="take what is there, then end")
    options.add_argument("--database", default="orders.sqlite3")
    chosen = options.parse_args()
    database = sqlite3.connect(chosen.database)
    database.execute("CREATE TABLE IF NOT EXISTS sales_order (number INTEGER PRIMARY KEY, draft_order_id TEXT UNIQUE)")
    while True:
        for path in sorted(chosen.out.glob("*.json")):  # never *.tmp
            take(database, path, chosen.acks)
        if chosen.once:
            break
        time.sleep(2)
    database.close()


if __name__ == "__main__":
    main()
