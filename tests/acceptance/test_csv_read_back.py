"""The CSV of many orders in three mappings, read back by Python's csv and by pandas: equal to the orders.

`ORDERFLOW_TEST_ORDERS=FILE` names orders of one's own (JSON Lines); the demo's are read otherwise.
"""

import csv
import io
import os
from decimal import Decimal
from importlib import resources
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest

from orderflow.connectors.dropzone import DropzoneCsvV1Connector
from orderflow.domain.errors import RejectedError
from orderflow.flow.read_order_file import read_orders

_OWN = os.environ.get("ORDERFLOW_TEST_ORDERS")  # read before the tests clean the environment
COLUMNS = {
    "Order": "order.external_order_number",
    "Date": "order.order_date",
    "Customer": "customer.name",
    "City": "ship_to.city",
    "Line": "line.line_no",
    "SKU": "line.internal_sku",
    "Qty": "line.qty",
    "Price": "line.unit_price",
    "Text": "line.description",
}
MAPPINGS = {
    "plain": {},
    "german windows": {
        "encoding": "windows-1252",
        "decimal_separator": ",",
        "date_format": "%d.%m.%Y",
        "quoting": "all",
    },
    "spreadsheet": {"encoding": "utf-8-sig", "delimiter": "tab", "line_end": "lf"},
}


@pytest.fixture(scope="module")
def orders():
    demo = resources.files("orderflow.entrypoints.demo").joinpath("sample_orders.jsonl")
    with (Path(_OWN) if _OWN else demo).open("rb") as source:
        found = [order for _, order in islice(read_orders(source), 100)]
    for order in found:
        order.org_slug = "acme"
    return found


@pytest.fixture(params=MAPPINGS)
def config(request):
    columns = [{"name": name, "field": field} for name, field in COLUMNS.items()]
    return {"mode": "filesystem", "export_path": "/out", "columns": columns} | MAPPINGS[request.param]


def expected(order):
    for line in order.lines:
        ship_to = order.ship_to or {}
        yield (
            order.external_order_number,
            order.order_date,
            order.customer.name,
            ship_to.get("city") or "",
            line.line_no,
            line.internal_sku,
            line.qty,
            line.unit_price,
            line.product_description,
        )


def dialect(config):
    codec = config.get("encoding", "utf-8").replace("windows-", "cp")
    return codec, {"tab": "\t"}.get(config.get("delimiter"), ";")


def understood(row, config):
    number, day, customer, city, line, sku, qty, price, text = row
    form, point = config.get("date_format", "%Y-%m-%d"), config.get("decimal_separator", ".")
    day = pd.to_datetime(day, format=form).date() if day else None
    qty, price = (Decimal(value.replace(point, ".")) if value else None for value in (qty, price))
    return number, day, customer, city, int(line), sku, qty, price, text


def files(orders, config):
    """Yield each order with its file; one with letters that the encoding lacks must be refused instead."""
    connector, (codec, _) = DropzoneCsvV1Connector(), dialect(config)
    for order in orders:
        words = "".join(str(value) for row in expected(order) for value in row)
        if words.encode(codec, "ignore").decode(codec) == words:
            yield order, connector.render(order, config).content
        else:
            with pytest.raises(RejectedError, match="is not in windows-1252"):
                connector.render(order, config)


def test_python_reads_back_what_the_orders_say(orders, config):
    codec, delimiter = dialect(config)
    read = 0
    for order, content in files(orders, config):
        text = content.decode(codec)
        headings, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        assert headings == list(COLUMNS)
        assert [understood(row, config) for row in rows] == list(expected(order))
        read += 1
    assert read > len(orders) * 0.8


def test_pandas_reads_back_what_the_orders_say(orders, config):
    codec, delimiter = dialect(config)
    for order, content in files(orders, config):
        frame = pd.read_csv(io.BytesIO(content), sep=delimiter, encoding=codec, dtype=str, keep_default_na=False)
        assert list(frame.columns) == list(COLUMNS)
        assert [understood(row, config) for row in frame.itertuples(index=False)] == list(expected(order))


def test_there_are_letters_and_decimals_to_lose(orders):
    assert any(not order.customer.name.isascii() for order in orders)
    assert any(line.unit_price % 1 for order in orders for line in order.lines if line.unit_price is not None)
