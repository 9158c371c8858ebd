"""CSV by a mapping: what it writes is what a reader reads, or the order is refused with the reason."""

import csv
import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.connectors.base import parse_config
from orderflow.domain.delivery import Delivery
from orderflow.domain.errors import ConfigError, RejectedError
from orderflow.formats.csv.document import csv_document
from orderflow.formats.csv.settings import KNOWN_FIELDS, CsvSettings
from orderflow.formats.order_fields import sample_order

SKU = {"name": "SKU", "field": "line.internal_sku"}


def mapping(*columns, **more):
    return parse_config(CsvSettings, {"columns": list(columns) or [SKU]} | more)


def written(config, order=None):
    order = order or sample_order()
    return csv_document(order, order.delivery, config).content


def read(config, order=None):
    text = written(config, order).decode(config.encoding)
    delimiter = "\t" if config.delimiter == "tab" else config.delimiter
    quoting = csv.QUOTE_NONE if config.quoting == "none" else csv.QUOTE_MINIMAL
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True))


def one_line(**fields):
    order = sample_order()
    order.lines = order.lines[:1]
    for name, value in fields.items():
        setattr(order.lines[0], name, value)
    return order


def test_every_known_field_can_be_a_column():
    config = mapping(*({"name": field, "field": field} for field in KNOWN_FIELDS))
    headings, first, second = read(config)
    assert headings == KNOWN_FIELDS
    assert dict(zip(headings, first, strict=True))["customer.erp_customer_number"] == "4711"
    assert all(first), [name for name, value in zip(headings, first, strict=True) if not value]
    assert second[headings.index("line.qty")] == "2.5"


def test_a_form_can_offer_every_known_field():
    column = CsvSettings.model_json_schema()["$defs"]["Column"]["properties"]["field"]
    assert column["examples"] == KNOWN_FIELDS


def test_dates_numbers_and_constants_as_the_erp_wants_them():
    config = mapping(
        {"name": "Typ", "constant": "L"},
        {"name": "Datum", "field": "order.order_date"},
        {"name": "Termin", "field": "line.requested_delivery_date", "date_format": "%Y%m%d"},
        {"name": "Menge", "field": "line.qty", "decimals": 3},
        {"name": "Preis", "field": "line.unit_price"},
        {"name": "Leer", "field": "ship_to.no_such_part"},
        date_format="%d.%m.%Y",
        decimal_separator=",",
    )
    assert read(config)[1:] == [
        ["L", "01.12.2025", "20251210", "10,000", "1,23", ""],
        ["L", "01.12.2025", "20251210", "2,500", "1234,5678", ""],
    ]


def test_a_record_for_the_order_then_one_for_each_line():
    config = mapping(
        {"constant": "L"},
        {"field": "line.line_no"},
        layout="header_and_lines",
        header_columns=[{"constant": "H"}, {"field": "order.external_order_number"}, {"field": "ship_to.city"}],
        headings=False,
        delimiter="|",
        line_end="lf",
    )
    assert written(config) == "H|PO-12345|Köln\nL|1\nL|2\n".encode()


def test_the_format_is_in_the_bytes():
    umlaut = {"name": "Ä", "field": "ship_to.city"}
    assert written(mapping(umlaut, SKU, encoding="utf-8-sig")).startswith(b"\xef\xbb\xbf\xc3\x84;SKU\r\nK")
    assert written(mapping(umlaut, SKU, encoding="windows-1252")).startswith(b"\xc4;SKU\r\nK\xf6ln;")
    assert written(mapping(umlaut, SKU, delimiter="tab", line_end="lf")).startswith("Ä\tSKU\n".encode())
    assert written(mapping(umlaut, SKU, quoting="all", delimiter=",")).startswith('"Ä","SKU"\r\n'.encode())
    assert "€".encode("iso8859-15") in written(mapping(SKU, encoding="iso-8859-15"), one_line(internal_sku="€"))


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@given(
    texts,
    st.decimals("0.001", 10**15 - 1, places=3),
    st.sampled_from([",", ";", "tab", "|"]),
    st.sampled_from(["minimal", "all", "none"]),
    st.sampled_from(["utf-8", "utf-8-sig", "windows-1252", "iso-8859-15"]),
    st.sampled_from(["crlf", "lf"]),
)
def test_what_a_reader_reads_is_what_the_order_says(text, qty, delimiter, quoting, encoding, line_end):
    config = mapping(
        SKU,
        {"name": "Text", "field": "line.description"},
        {"name": "Qty", "field": "line.qty"},
        delimiter=delimiter,
        quoting=quoting,
        encoding=encoding,
        line_end=line_end,
    )
    try:
        rows = read(config, one_line(product_description=text, qty=qty))
    except RejectedError as error:
        refused = error
    else:
        refused = None
    if refused:
        assert refused.code in ("NOT_IN_ENCODING", "NEEDS_QUOTES")
        return
    assert len(rows) == 2
    assert rows[1][:2] == ["INT-001", text]
    assert Decimal(rows[1][2]) == qty


@pytest.mark.parametrize(
    ("order", "column", "more", "code", "named"),
    [
        (one_line(internal_sku="電線"), SKU, {"encoding": "windows-1252"}, "NOT_IN_ENCODING", "U\\+96FB"),
        (one_line(internal_sku="a;b"), SKU, {"quoting": "none"}, "NEEDS_QUOTES", "separator"),
        (one_line(unit_price=Decimal("1.005")), {"field": "line.unit_price", "decimals": 2}, {}, "NUMBER_DOES_NOT_FIT",
         "Line 1: line.unit_price is 1.005"),
        (one_line(uom=None), {"field": "line.uom", "required": True}, {}, "REJECTED", "Line 1: line.uom is empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_refused_with_the_reason(order, column, more, code, named):
    with pytest.raises(RejectedError, match=named) as refused:
        written(mapping(column, **{"headings": False} | more), order)
    assert refused.value.code == code
    assert refused.value.hint


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"columns": []}, "columns"),
        (
            {"columns": [{"name": "a", "field": "line.nope"}]},
            r"columns\.0\.field: line has no field 'nope'; it has lin",
        ),
        ({"columns": [{"name": "a", "field": "nope.sku"}]}, "there is no group 'nope'; there are bill_to"),
        ({"columns": [{"name": "a", "field": "line.__class__"}]}, "no field '__class__'"),
        ({"columns": [{"name": "a", "field": "ship_to"}]}, "as ship_to.city"),
        ({"columns": [SKU, {"name": "a"}]}, r"columns\.1: give either a field or a constant"),
        ({"columns": [SKU | {"constant": "x"}]}, "give either"),
        ({"columns": [SKU | {"nmae": "x"}]}, r"columns\.0\.nmae"),
        ({"columns": [{"name": "a", "field": "order.notes"}]}, "no column names a field of a line"),
        ({"columns": [{"field": "line.qty"}]}, "every column needs a heading"),
        ({"columns": [SKU | {"date_format": "dd.mm.yyyy"}]}, "not a date's format"),
        ({"layout": "header_and_lines"}, "header_columns: is needed"),
        ({"header_columns": [SKU]}, "header_columns: is for the layout"),
        ({"layout": "header_and_lines", "header_columns": [SKU]}, "the header is no line"),
        ({"delimiter": "a"}, "delimiter"),
        ({"encoding": "latin-1"}, "encoding"),
        ({"file_name": "order.csv"}, r"must hold \{export\}"),
        ({"file_name": "{nope}_{export}.csv"}, r"there is no part \{nope\}"),
        ({"file_name": "../{export}.csv"}, "may hold letters"),
        ({"file_name": "order_{export}.tmp"}, "must not begin or end"),
        ({"file_name": ".hidden_{export}"}, "must not begin or end"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_when_it_is_saved(wrong, named):
    with pytest.raises(ConfigError, match=named) as refused:
        parse_config(CsvSettings, {"columns": [SKU]} | wrong)
    assert refused.value.details["fields"]


@given(texts, texts)
def test_every_file_name_is_plain_and_of_one_delivery(number, customer):
    order = sample_order()
    order.external_order_number, order.customer.erp_customer_number = number, customer
    order.delivery = Delivery(UUID(int=0xDEADBEEF), datetime(2025, 12, 26, 10, tzinfo=UTC))
    pattern = "PO_{external_order_number}_{customer_number}_{timestamp}_{export}.csv"
    name = csv_document(order, order.delivery, mapping(SKU, file_name=pattern)).filename
    assert re.fullmatch(r"PO_[A-Za-z0-9._-]{0,60}_[A-Za-z0-9._-]{0,60}_20251226T100000Z_deadbeef\.csv", name)
