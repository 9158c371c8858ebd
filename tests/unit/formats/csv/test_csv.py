"""CSV by a mapping: what it writes is what a reader reads, or the order is refused with the reason."""

import csv
import io
import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.connectors.base import parse_config
from orderflow.domain.delivery import Delivery
from orderflow.domain.errors import ConfigError, RejectedError
from orderflow.domain.orders import Customer
from orderflow.formats.csv.document import csv_document
from orderflow.formats.csv.settings import KNOWN_FIELDS, CsvSettings
from orderflow.formats.encodings import Encoding, charset
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
    source = io.StringIO(text, newline="")
    if config.quoting == "none":
        return list(csv.reader(source, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True))
    return list(csv.reader(source, delimiter=delimiter, strict=True))


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
    st.sampled_from(get_args(Encoding)),
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
        rows, refused = [], error.code
    else:
        refused = ""
    if refused:
        assert refused in ("NOT_IN_ENCODING", "NEEDS_QUOTES", "CHARACTER_NOT_ALLOWED")
        return
    assert len(rows) == 2
    assert rows[1][:2] in (["INT-001", text], ["INT-001", unicodedata.normalize("NFC", text)])
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
        ({"file_name": "order_{export}.tmp"}, "must not end as temporary files do"),
        ({"file_name": "order_{export}.filepart"}, "must not end as temporary files do"),
        ({"file_name": "order_{export}.PTH"}, "which other programs act on"),
        ({"file_name": "{external_order_number}_{export}"}, "must end in an extension"),
        ({"file_name": "{export}.{customer_number}"}, "must end in an extension"),
        ({"file_name": ".hidden_{export}.csv"}, "must not begin as hidden files do"),
        ({"file_name": "{export}" * 7 + ".csv"}, "makes names of up to 228 characters"),
        ({"time_zone": "Mars/Base"}, "is no time zone"),
        ({"formulas": "sure"}, "formulas"),
        ({"trailer_columns": [SKU]}, "the trailer is no line, so line.internal_sku"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_when_it_is_saved(wrong, named):
    with pytest.raises(ConfigError, match=named) as refused:
        parse_config(CsvSettings, {"columns": [SKU]} | wrong)
    assert refused.value.details["fields"]


@given(texts, texts)
def test_every_file_name_is_plain_and_of_one_delivery(number, customer):
    order = sample_order()
    order.external_order_number, order.customer = number, Customer(customer)
    order.delivery = Delivery(UUID(int=0xDEADBEEF), datetime(2025, 12, 26, 10, tzinfo=UTC))
    pattern = "PO_{external_order_number}_{customer_number}_{timestamp}_{export}.csv"
    name = csv_document(order, order.delivery, mapping(SKU, file_name=pattern)).filename
    assert re.fullmatch(r"PO_[A-Za-z0-9._-]{0,60}_[A-Za-z0-9._-]{0,60}_20251226T100000Z_0{24}deadbeef\.csv", name)


@given(texts, texts)
def test_no_order_hides_or_disguises_its_file(number, customer):
    order = sample_order()
    order.external_order_number, order.customer = number, Customer(customer)
    for pattern in ("{external_order_number}_{export}.csv", "{customer_number}.{external_order_number}{export}.txt"):
        name = csv_document(order, order.delivery, mapping(SKU, file_name=pattern)).filename
        assert re.match("[A-Za-z0-9]", name)
        assert name.endswith((f"{order.delivery.export_id.hex}.csv", f"{order.delivery.export_id.hex}.txt"))
        assert len(name.encode()) <= 200


@pytest.mark.parametrize("number", [".PO-7", "..", "...tmp", "-rf", "NUL", "com1.x", "lpt9", "~$PO"])
def test_a_name_that_receivers_skip_or_windows_reserves_is_made_plain(number):
    order = sample_order()
    order.external_order_number = number
    name = csv_document(order, order.delivery, mapping(SKU, file_name="{external_order_number}.{export}.csv")).filename
    assert re.match("[A-Za-z0-9]", name)
    assert name.split(".")[0].upper() not in {"NUL", "COM1", "LPT9"}


@pytest.mark.parametrize("encoding", ["windows-1252", "iso-8859-1", "cp850", "utf-16-le"])
def test_letters_that_came_in_parts_are_composed_where_the_encoding_needs_it(encoding):
    parts = unicodedata.normalize("NFD", "Bäckerei Üzüm")
    column = {"name": "Name", "field": "line.description"}
    rows = read(mapping(SKU, column, encoding=encoding), one_line(product_description=parts))
    assert unicodedata.normalize("NFC", rows[1][1]) == "Bäckerei Üzüm"
    with pytest.raises(RejectedError, match=re.escape("The letter 'q\u0308' (U+0308)")):
        written(mapping(SKU, column, encoding="windows-1252"), one_line(product_description="aq\u0308b"))


@pytest.mark.parametrize("encoding", get_args(Encoding))
def test_every_encoding_is_read_back_or_fails_loudly(encoding):
    plain = "PO 12,5/7 (A-Z) abc"
    assert read(mapping(SKU, encoding=encoding), one_line(internal_sku=plain))[1] == [plain]
    assert charset(encoding).startswith(
        ("utf-", "windows-", "iso-", "us-", "ibm", "koi8", "mac", "euc", "gb", "big", "ks")
    )
    if not encoding.startswith(("utf", "gb18030")):
        with pytest.raises(RejectedError, match="U\\+1F69A"):
            written(mapping(SKU, encoding=encoding), one_line(internal_sku="\U0001f69a"))


def test_utf_16_is_the_same_on_every_machine():
    assert written(mapping(SKU, encoding="utf-16")).startswith(b"\xff\xfeS\0K\0U\0")


def test_a_trailer_has_the_control_totals():
    config = mapping(
        {"constant": "L"},
        {"field": "line.internal_sku"},
        layout="header_and_lines",
        header_columns=[{"constant": "H"}],
        trailer_columns=[
            {"constant": "T"},
            {"field": "totals.lines"},
            {"field": "totals.qty", "decimals": 3},
            {"field": "totals.amount"},
        ],
        headings=False,
        decimal_separator=",",
    )
    assert read(config)[-1] == ["T", "2", "12,500", "3098,7195"]
    order = sample_order()
    order.lines[1].unit_price = None
    assert read(config, order)[-1] == ["T", "2", "12,500", ""], "a sum of what is not known is not known"


def test_moments_are_in_the_connections_time_zone():
    late = sample_order()
    late.delivery.requested_at = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    column = {"name": "T", "field": "delivery.requested_at", "date_format": "%d.%m.%Y %H:%M %z"}
    assert read(mapping(SKU, column), late)[1][1] == "28.03.2026 23:30 +0000"
    assert read(mapping(SKU, column, time_zone="Asia/Tokyo"), late)[1][1] == "29.03.2026 08:30 +0900"
    assert read(mapping(SKU, column, time_zone="Europe/Berlin"), late)[1][1] == "29.03.2026 00:30 +0100"


@pytest.mark.parametrize("text", ["=1+1", "+49 221", "-", "@SUM(A1)", "\t=1", "\r\n=1"])
def test_formulas_are_a_choice(text):
    column = {"name": "Text", "field": "line.description"}
    order = one_line(product_description=text, qty=Decimal(-5))
    qty = {"name": "Qty", "field": "line.qty"}
    assert read(mapping(SKU, column), order)[1][1] == text
    assert read(mapping(SKU, column, qty, formulas="apostrophe"), order)[1][1:] == [f"'{text}", "-5"]
    with pytest.raises(RejectedError, match=r"Line 1: line\.description begins with") as refused:
        written(mapping(SKU, column, formulas="refuse"), order)
    assert refused.value.code == "FORMULA"


@pytest.mark.parametrize("letter", ["\0", "\x0b", "\x1a", "\x1b", "\x7f"])
def test_a_control_character_refuses_the_order_and_names_its_field(letter):
    with pytest.raises(RejectedError, match=rf"Line 1: line.internal_sku holds the character U\+{ord(letter):04X}"):
        written(mapping(SKU), one_line(internal_sku=f"a{letter}b"))
