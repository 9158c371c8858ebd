"""The CSV of many orders in three mappings, read back by Python's csv and by pandas: equal to the orders."""

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from orderflow.connectors.dropzone import DropzoneCsvV1Connector
from orderflow.domain.errors import RejectedError
from tests.many_orders import many_orders

OF_ORDER = {
    "order.external_order_number": lambda order: order.external_order_number,
    "order.order_date": lambda order: order.order_date,
    "customer.name": lambda order: order.customer.name,
    "ship_to.city": lambda order: (order.ship_to or {}).get("city") or "",
}
OF_LINE = {
    "line.line_no": lambda line: line.line_no,
    "line.internal_sku": lambda line: line.internal_sku,
    "line.qty": lambda line: line.qty,
    "line.unit_price": lambda line: line.unit_price,
    "line.description": lambda line: line.product_description,
}
MAPPINGS: dict[str, dict[str, Any]] = {
    "german windows": {
        "encoding": "windows-1252",
        "decimal_separator": ",",
        "date_format": "%d.%m.%Y",
        "quoting": "all",
    },
    "spreadsheet": {"encoding": "utf-8-sig", "delimiter": "tab", "line_end": "lf"},
    "two records": {
        "layout": "header_and_lines",
        "header_columns": [{"constant": "H"}, *({"field": field} for field in OF_ORDER)],
        "columns": [{"constant": "L"}, *({"field": field} for field in OF_LINE)],
        "headings": False,
        "encoding": "iso-8859-15",
        "delimiter": "|",
        "date_format": "%Y%m%d",
    },
}


@pytest.fixture(scope="module")
def orders():
    return many_orders(100)


@pytest.fixture(params=MAPPINGS)
def config(request):
    columns = [{"name": field, "field": field} for field in (*OF_ORDER, *OF_LINE)]
    return {"mode": "filesystem", "export_path": "/out", "columns": columns} | MAPPINGS[request.param]


def expected(order, config):
    """Return the rows that the order must make, as values."""
    head = [value(order) for value in OF_ORDER.values()]
    lines = [[value(line) for value in OF_LINE.values()] for line in order.lines]
    if "layout" in config:
        return [["H", *head], *(["L", *line] for line in lines)]
    return [[*head, *line] for line in lines]


def understood(rows, config):
    """Return the values that the texts of a file's rows stand for."""
    kinds = [config.get("header_columns", config["columns"]), *[config["columns"]] * (len(rows) - 1)]
    return [
        [value_of(text, column.get("field", ""), config) for text, column in zip(row, columns, strict=False)]
        for row, columns in zip(rows, kinds, strict=True)
    ]


def value_of(text, field, config):
    if field in ("line.qty", "line.unit_price"):
        return Decimal(text.replace(config.get("decimal_separator", "."), ".")) if text else None
    if field == "order.order_date":
        form = config.get("date_format", "%Y-%m-%d")
        return datetime.strptime(text, form).date() if text else None  # noqa: DTZ007  # a date has no time zone
    return int(text) if field == "line.line_no" else text


def reading(config):
    """Return the encoding and the separator that a reader has to be told."""
    return config["encoding"], "\t" if config.get("delimiter") == "tab" else config.get("delimiter", ";")


def files(orders, config):
    """Yield each order with its file; one with letters that the encoding lacks must be refused instead."""
    connector, (codec, _) = DropzoneCsvV1Connector(), reading(config)
    for order in orders:
        words = "".join(str(value) for row in expected(order, config) for value in row)
        if words.encode(codec, "ignore").decode(codec) == words:
            yield order, connector.render(order, config).content
        else:
            with pytest.raises(RejectedError, match=f"is not in {config['encoding']}"):
                connector.render(order, config)


def test_python_reads_back_what_the_orders_say(orders, config):
    codec, delimiter = reading(config)
    read = 0
    for order, content in files(orders, config):
        text = content.decode(codec)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        if "headings" not in config:
            assert rows.pop(0) == [*OF_ORDER, *OF_LINE]
        assert understood(rows, config) == expected(order, config)
        read += 1
    assert read > len(orders) * 0.8


def test_pandas_reads_back_what_the_orders_say(orders, config):
    codec, delimiter = reading(config)
    told = {"sep": delimiter, "encoding": codec, "dtype": str, "keep_default_na": False}
    told |= {"header": None, "names": range(len(OF_LINE) + 1)} if "headings" in config else {}
    for order, content in files(orders, config):
        frame = pd.read_csv(io.BytesIO(content), **told)
        assert understood(frame.to_numpy().tolist(), config) == expected(order, config)


def test_there_are_letters_and_decimals_to_lose(orders):
    assert any(not order.customer.name.isascii() for order in orders)
    assert any(line.unit_price % 1 for order in orders for line in order.lines if line.unit_price is not None)
