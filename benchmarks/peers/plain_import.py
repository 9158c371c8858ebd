"""A file of orders put into PostgreSQL without a look at what is in it: COPY as it is, or rows of orders and lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

Program = Callable[[psycopg.Connection[Any], Path], None]
_ORDER = ("external_order_number", "order_date", "currency", "customer")
_LINE = ("line_no", "internal_sku", "qty", "uom", "unit_price", "currency", "customer_sku_raw", "description")


def make_tables(connection: psycopg.Connection[Any]) -> None:
    connection.execute("CREATE SCHEMA plain")
    connection.execute("CREATE TABLE plain.document (content jsonb NOT NULL)")
    connection.execute(
        "CREATE TABLE plain.orders (id uuid PRIMARY KEY, external_order_number text, order_date date, currency text,"
        " customer jsonb)"
    )
    connection.execute(
        "CREATE TABLE plain.line (order_id uuid REFERENCES plain.orders, line_no int, internal_sku text, qty numeric,"
        " uom text, unit_price numeric, currency text, customer_sku_raw text, description text,"
        " PRIMARY KEY (order_id, line_no))"
    )


def copy(connection: psycopg.Connection[Any], file: Path) -> None:
    with file.open() as lines, connection.cursor().copy("COPY plain.document FROM STDIN") as target:
        for line in lines:
            target.write_row((line,))


def insert(connection: psycopg.Connection[Any], file: Path) -> None:
    orders, order_lines = [], []
    with file.open() as lines:
        for line in lines:
            order, order_id = json.loads(line), uuid4()
            order["customer"] = json.dumps(order["customer"])
            orders.append((order_id, *(order[name] for name in _ORDER)))
            order_lines += [(order_id, *(each[name] for name in _LINE)) for each in order["lines"]]
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO plain.orders VALUES (%s, %s, %s, %s, %s)", orders)
    cursor.executemany("INSERT INTO plain.line VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)", order_lines)
