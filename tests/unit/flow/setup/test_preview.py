"""A preview shows the letters that the bytes stand for, whatever their encoding."""

from __future__ import annotations

import pytest

from orderflow.connectors.dropzone import DropzoneCsvV1Connector
from orderflow.connectors.mock import MockConnector
from orderflow.domain.connector_port import Preview
from orderflow.domain.delivery import Document
from orderflow.flow.setup.preview import show
from orderflow.testing.engine import an_order

COLUMNS = [{"name": "Text", "field": "line.description"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252", "iso-8859-15"])
def test_a_mappings_encoding(encoding):
    order = an_order()
    order.lines = order.lines[:1]
    order.lines[0].product_description = "Größe 5 €"
    config = {"mode": "filesystem", "export_path": "/out", "columns": COLUMNS, "encoding": encoding}
    shown = show(DropzoneCsvV1Connector(), "DROPZONE_CSV_V1", order, config)
    assert (shown.text, shown.encoding) == ("Text\r\nGröße 5 €\r\n", encoding)


@pytest.mark.parametrize(
    ("content", "media_type", "text", "encoding"),
    [
        ("Größe".encode(), "text/plain", "Größe", "utf-8"),
        ("\ufeffGröße".encode(), "text/plain", "Größe", "utf-8-sig"),
        ("Größe".encode("cp1252"), "text/plain", "Größe", "windows-1252"),
        ("Größe".encode(), "text/plain; charset=klingon", "Größe", "utf-8"),
        (b"a" * 1_000_000, "text/plain; charset=punycode", "a" * 1_000_000, "utf-8"),
        (b"PK\x03\x04\0\x81", "application/zip", "PK\x03\x04\ufffd\ufffd", "binary"),
    ],
)
def test_any_document(content, media_type, text, encoding):
    class Connector(MockConnector):
        def preview(self, draft_order, config):
            return Preview(Document("x", content, media_type, "1"))

    shown = show(Connector(), "MOCK", an_order(), {})
    assert (shown.text, shown.encoding) == (text, encoding)
