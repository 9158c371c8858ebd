"""What a sample of an ERP's file becomes: settings that the connection takes as they are, and that write the like."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

import pytest

from orderflow.domain.delivery import Delivery
from orderflow.domain.errors import InputError
from orderflow.domain.letters import normalized
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.formats.csv import CsvFormat
from orderflow.formats.csv.settings import KNOWN_FIELDS, CsvSettings
from orderflow.formats.edifact import EdifactFormat
from orderflow.formats.edifact.settings import EdifactSettings
from orderflow.formats.idoc import IdocFormat
from orderflow.formats.idoc.settings import IdocSettings
from orderflow.formats.order_fields import order_fields, sample_order
from orderflow.formats.samples import LARGEST, beginning_of
from orderflow.formats.samples.beginning import MOST_PLACES
from orderflow.formats.samples.names import words_known
from orderflow.formats.template.texts import check_template, filled, writer
from orderflow.formats.x12 import X12Format
from orderflow.formats.x12.settings import X12Settings

GERMAN = (
    "Bestellnummer;Bestelldatum;Kundennr.;Pos.;Artikel-Nr.;Menge;ME;Einzelpreis;Währung;Werk\r\n"
    "PO-1;24.12.2025;4711;1;NYM-1;2,5;ST;1.234,50;EUR;0100\r\n"
    "PO-1;24.12.2025;4711;2;NYM-2;10;ST;0,99;EUR;0100\r\n"
).encode("windows-1252")


def _delivery() -> Delivery:
    delivery = sample_order().delivery
    assert delivery is not None
    return delivery


def test_a_csv_file_becomes_the_columns_that_write_it() -> None:
    made = beginning_of(GERMAN)
    assert made.connector_type == "DROPZONE_CSV_V1"
    settings = CsvSettings.model_validate(made.config)
    assert [(column.name, column.field or column.constant) for column in settings.columns] == [
        ("Bestellnummer", "order.external_order_number"),
        ("Bestelldatum", "order.order_date"),
        ("Kundennr.", "customer.erp_customer_number"),
        ("Pos.", "line.line_no"),
        ("Artikel-Nr.", "line.internal_sku"),
        ("Menge", "line.qty"),
        ("ME", "line.uom"),
        ("Einzelpreis", "line.unit_price"),
        ("Währung", "order.currency"),
        ("Werk", "0100"),
    ]
    how = (settings.delimiter, settings.decimal_separator, settings.date_format, settings.encoding, settings.line_end)
    assert how == (";", ",", "%d.%m.%Y", "windows-1252", "crlf")
    assert made.notes == ["What these columns mean is not known, so each holds the sample's text: Werk."]
    written = CsvFormat().render(sample_order(), _delivery(), settings).content.decode("windows-1252")
    rows = list(csv.reader(io.StringIO(written), delimiter=";"))
    assert rows[0] == GERMAN.decode("windows-1252").splitlines()[0].split(";")
    assert rows[2] == ["PO-12345", "01.12.2025", "4711", "2", "INT-002", "2,5", "PCE", "1234,5678", "EUR", "0100"]


@pytest.mark.parametrize(
    ("sample", "delimiter", "headings"),
    [
        ("sku,qty\nA,1\n", ",", True),
        ("sku\tqty\nA\t1\n", "tab", True),
        ('"sku"|"qty"\n"A|B"|"1"\n', "|", True),
        ("A-1;2\nA-2;3\n", ";", False),
        ("sipariş no;stok kodu;miktar;birim fiyat\n1;2;3;4\n", ";", True),
    ],
)
def test_how_a_csv_file_is_written_is_seen(sample: str, delimiter: str, headings: bool) -> None:
    config = beginning_of(sample.encode()).config
    assert (config["delimiter"], config["headings"]) == (delimiter, headings)


def test_turkish_names_are_known() -> None:
    found = beginning_of("SİPARİŞ NO;STOK KODU;MİKTAR;BİRİM FİYATI\nA;B;3;4,5\n".encode()).found
    assert [each.field for each in found] == [
        "order.external_order_number",
        "line.internal_sku",
        "line.qty",
        "line.unit_price",
    ]


JSON = {
    "number": 7,
    "orderNumber": "PO-1",
    "orderDate": "24.12.2025",
    "currency": "EUR",
    "customer": {"number": "4711", "name": "Muster"},
    "shipTo": {"city": "Köln", "zip": "50667"},
    "channel": "{{ evil }}{% raw %}",
    "flags": [],
    "items": [{"sku": "A", "qty": 2, "price": "1.50", "vat": 19}, {"sku": "B", "qty": 1, "price": "2.00", "vat": 7}],
}


def test_a_json_text_becomes_a_template_of_the_like() -> None:
    made = beginning_of(json.dumps(JSON, ensure_ascii=False).encode())
    assert (made.connector_type, made.config["body_format"]) == ("REST_JSON", "json")
    body = check_template(made.config["body"], "json", None)
    written = json.loads(filled(body, writer("json"), order_fields(sample_order())))
    assert written["orderNumber"] == "PO-12345"
    assert written["orderDate"] == "01.12.2025"
    assert written["customer"] == {"number": "4711", "name": "Muster GmbH"}
    assert written["shipTo"] == {"city": "Köln", "zip": "50667"}
    assert written["channel"] == JSON["channel"]
    assert written["items"][1] == {"sku": "INT-002", "qty": 2.5, "price": "1234.5678", "vat": 19}
    assert "number, channel, items.vat" in made.notes[0]


def test_a_json_text_may_become_a_file() -> None:
    made = beginning_of(b'[{"lines": [{"sku": "A"}]}]', "TEMPLATE_DOCUMENT")
    assert (made.connector_type, made.config["content"]) == ("TEMPLATE_DOCUMENT", "json")
    assert "for line in lines" in made.config["template"]


@pytest.mark.parametrize("make", ["json", "csv"])
def test_a_long_name_is_neither_spelled_nor_kept_for_each_value(make: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, letters = "x" * 20_000, [0]

    def counting(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
        letters[0] += len(text)
        return normalized(form, text)

    monkeypatch.setattr("orderflow.formats.samples.names.normalized", counting)
    sample = json.dumps({name: {"sku": [0] * 5_000}}) if make == "json" else ";".join([name] * 40) + "\n1" + ";2" * 39
    made = beginning_of(sample.encode())
    assert letters[0] < 20_000
    assert len(made.found) == (MOST_PLACES if make == "json" else 40)
    assert sum(len(each.place) for each in made.found) <= 200 * len(made.found)
    assert max(map(len, made.notes)) < 20_000


def test_an_interchange_says_who_writes_to_whom() -> None:
    order = sample_order()
    ours = EdifactSettings.model_validate(
        {"sender": "4012345000009", "receiver": "ERP-1", "receiver_qualifier": "ZZ", "profile": "EANCOM", "test": True,
         "decimal_mark": ",", "letters": "UNOY", "syntax_version": "4"}
        | {"units": {"PCE": "PCE"}, "countries": {"Germany": "DE"}},
    )  # fmt: skip
    content = EdifactFormat().render(order, _delivery(), ours).content
    made = beginning_of(content)
    assert made.connector_type == "EDIFACT_ORDERS"
    read = EdifactSettings.model_validate(made.config | {"units": ours.units, "countries": ours.countries})
    assert read == ours
    assert "4012345000009 writes to ERP-1" in made.notes[0]


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n", b"\r"])
def test_an_interchange_in_lines_is_one(line_break: bytes) -> None:
    ours = EdifactSettings.model_validate({"sender": "US", "receiver": "THEM", "line_breaks": "none", "una": True})
    written = EdifactFormat().render(_plain_order(), _delivery(), ours).content
    read = beginning_of(written.replace(b"'", line_break))
    assert (read.config["sender"], read.config["receiver"], read.config["una"]) == ("US", "THEM", True)
    assert "line breaks alone" in read.notes[1]


def test_an_x12_interchange_says_it_too() -> None:
    ours = X12Settings.model_validate(
        {"sender": "US", "receiver": "ERP", "receiver_qualifier": "01", "version": "005010", "order_type": "NE",
         "element_separator": "|", "segment_terminator": "0x1D", "line_breaks": "none"}
        | {"units": {"PCE": "EA"}, "countries": {"Germany": "DE"}, "adjustments": {"95": "C310", "FC": "D240"}}
    )  # fmt: skip
    read = beginning_of(X12Format().render(_plain_order(), _delivery(), ours).content)
    assert read.connector_type == "X12_850"
    same = ("sender", "receiver", "receiver_qualifier", "version", "order_type", "element_separator")
    assert {name: read.config[name] for name in same} == {name: getattr(ours, name) for name in same}
    assert read.config["segment_terminator"] == "0x1D"


@pytest.mark.parametrize("layout", ["xml", "flat"])
def test_an_idoc_says_it_too(layout: str) -> None:
    ours = IdocSettings.model_validate(
        {"sender": "ORDERFLOW", "receiver": "PRDCLNT100", "receiver_port": "SAPPRD", "client": "100", "layout": layout,
         "sales_organization": "1000", "division": "00", "order_type": "OR"}
    )  # fmt: skip
    made = beginning_of(_idoc(ours))
    assert made.connector_type == "SAP_IDOC"
    wanted = ("sender", "receiver", "receiver_port", "client", "layout", "sales_organization", "division", "order_type")
    assert {name: made.config.get(name) for name in wanted} == {name: getattr(ours, name) for name in wanted}
    IdocSettings.model_validate(made.config)


def _idoc(settings: IdocSettings) -> bytes:
    return IdocFormat().render(_plain_order(), _delivery(), settings).content


def _plain_order() -> DraftOrder:
    line = DraftOrderLine(line_no=1, internal_sku="NYM-1", qty=Decimal(2), uom="PCE", unit_price=Decimal("1.5"))
    return DraftOrder(id=UUID(int=1), external_order_number="PO-1", order_date=date(2025, 12, 1), currency="EUR",
                      customer=Customer("4711", "Muster GmbH"), lines=[line])  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"  \r\n",
        b"one column\nA\n",
        b'{"order": ',
        b"[" * 100_000,
        b"[]",
        b"<order/>",
        b"ISA*00",
        b"UNB+UNOC:3+A+B",
        b"EDI_DC40",
        b"\x81\x8d;\x8f\n",
        b"a;b\n" * (LARGEST // 4 + 1),
    ],
)
def test_what_is_no_sample_is_told(content: bytes) -> None:
    with pytest.raises(InputError, match="sample") as caught:
        beginning_of(content)
    assert caught.value.code == "SAMPLE_UNREADABLE"


def test_every_name_means_a_field_that_there_is() -> None:
    groups = {field.partition(".")[0] for field in KNOWN_FIELDS}
    for word, field in words_known().items():
        assert field in KNOWN_FIELDS or field.partition(".")[0] in groups & {"ship_to"}, word
