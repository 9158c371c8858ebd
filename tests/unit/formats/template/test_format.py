"""A template as a format: what it makes is recorded as what it is, goes over any channel, and never changes a value."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orderflow.connectors.registry import ConnectorRegistry
from orderflow.domain.delivery import Document
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import DraftOrder, DraftOrderLine
from orderflow.formats.order_fields import sample_order
from orderflow.formats.template import TemplateFormat, TemplateSettings

FORMAT = TemplateFormat()
XML = "<o><n>{{ order.external_order_number }}</n>{% for l in lines %}<l>{{ l.internal_sku }}</l>{% endfor %}</o>"
JSON = '{"n": {{ order.external_order_number }}, "lines": {{ lines | all_of("internal_sku") }}}'
TEXT = "H;{{ order.external_order_number }}\n{% for l in lines %}L;{{ l.internal_sku }};{{ l.qty }}\n{% endfor %}"
BY_KIND = {"xml": XML, "json": JSON, "text": TEXT}


def made(order: DraftOrder | None = None, **settings: Any) -> Document:
    order = order or sample_order()
    settings = {"content": "xml", **settings}
    return FORMAT.render(
        order, order.delivery, TemplateSettings(**{"template": BY_KIND[settings["content"]]} | settings)
    )


def refused(order: DraftOrder, **settings: Any) -> RejectedError:
    with pytest.raises(RejectedError) as told:
        made(order, **settings)
    return told.value


@pytest.mark.parametrize(
    ("settings", "content", "media_type", "ending"),
    [
        ({}, b"<o><n>PO-12345</n><l>INT-001</l><l>INT-002</l></o>", "application/xml", ".xml"),
        ({"content": "json"}, b'{"n": "PO-12345", "lines": ["INT-001","INT-002"]}', "application/json", ".json"),
        ({"content": "text"}, b"H;PO-12345\nL;INT-001;10\nL;INT-002;2.5\n", "text/plain; charset=utf-8", ".txt"),
        ({"content": "text", "line_end": "crlf", "encoding": "windows-1252"},
         b"H;PO-12345\r\nL;INT-001;10\r\nL;INT-002;2.5\r\n", "text/plain; charset=windows-1252", ".txt"),
        ({"media_type": "application/acme+xml", "file_name": "PO_{external_order_number}_{export}.ord"},
         b"<o><n>PO-12345</n><l>INT-001</l><l>INT-002</l></o>", "application/acme+xml", "4.ord"),
    ],
)  # fmt: skip
def test_the_document_says_what_it_is(settings, content, media_type, ending):
    document = made(**settings)
    assert (document.content, document.media_type) == (content, media_type)
    assert document.format_version == "template_document"
    assert document.filename.endswith(ending)
    assert made(**settings) == document


def test_it_is_a_type_of_connector_over_any_channel():
    connector = ConnectorRegistry.get("TEMPLATE_DOCUMENT")
    config = {"mode": "filesystem", "export_path": "/out", "content": "json", "template": JSON}
    assert connector.preview(sample_order(), config).document.content.startswith(b'{"n": "PO-12345"')


def test_fields_of_a_fixed_width_are_filled_up_and_never_cut():
    line = "{{ l.internal_sku | width(9) }}{{ l.qty | fixed(2) | width(7, 'right', '0') }}|"
    text = "{% for l in lines %}" + line + "\n{% endfor %}"
    assert made(content="text", template=text).content == b"INT-001  0010.00|\nINT-002  0002.50|\n"
    order = sample_order()
    order.lines[1].internal_sku = "INT-000002"
    assert (
        "width(9) does not cut, and 'INT-000002' has 10 characters"
        in refused(order, content="text", template=text).message
    )


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\u2028b", "a\x1ab"])
def test_a_text_that_could_be_taken_for_the_templates_own_refuses_the_order(text):
    order = sample_order()
    order.lines[1].internal_sku = text
    told = refused(order, content="text")
    assert told.message.startswith("lines[2].internal_sku holds the character U+")
    assert told.code == "CHARACTER_NOT_ALLOWED"


def test_a_separator_in_a_field_refuses_the_order_unless_the_template_replaces_it():
    order = sample_order()
    order.external_order_number = "A;1"
    assert (
        "order.external_order_number holds the character U+003B"
        in refused(order, content="text", separators=";").message
    )
    replaced = TEXT.replace("number }}", "number | replace(';', ',') }}")
    assert made(order, content="text", separators=";", template=replaced).content.startswith(b"H;A,1\n")


def test_a_letter_that_the_encoding_lacks_refuses_the_order():
    order = sample_order()
    order.external_order_number = "PO-Ω"
    declared = '<?xml version="1.0" encoding="iso-8859-1"?>' + XML
    assert refused(order, encoding="iso-8859-1", template=declared).code == "NOT_IN_ENCODING"
    assert made(encoding="iso-8859-1", template=declared).content.startswith(b"<?xml")


def test_a_field_in_an_attribute_ends_it_with_no_kind_of_quote():
    order = sample_order()
    order.external_order_number = """A' b="c" x='"""
    for quote in ("'", '"'):
        body = f"<o n={quote}{{{{ order.external_order_number }}}}{quote}>{{{{ lines | length }}}}</o>"
        root = ET.fromstring(made(order, template=body).content)
        assert root.attrib == {"n": order.external_order_number}


def test_half_a_letter_refuses_the_order_and_names_the_field():
    order = sample_order()
    order.notes = "a\ud800b"
    text = "plain {{ order.notes | replace('a', 'b') }} {{ lines | length }}"
    assert "order.notes holds the character U+D800" in refused(order, content="text", template=text).message


def test_decimals_are_judged_by_each_order_and_not_when_a_template_is_saved():
    body = '{"p": [{% for l in lines %}{{ l.unit_price | fixed(2) }}{% if not loop.last %},{% endif %}{% endfor %}]}'
    order = sample_order()
    assert "1234.5678 has more decimals" in refused(order, content="json", template=body).message
    order.lines[1].unit_price = None
    assert made(order, content="json", template=body).content == b'{"p": [1.23,null]}'


@pytest.mark.parametrize(
    ("settings", "field", "why"),
    [
        ({"content": "json", "template": '["{{ order.notes }}", {{ lines | length }}]'}, "template", "not make JSON"),
        ({"template": "<o>{{ lines | length }}<line></o>"}, "template", "mismatched tag"),
        ({"template": "<a/><b>{{ lines | length }}</b>"}, "template", "junk after document element"),
        ({"template": "{{ lines | length }}"}, "template", "syntax error"),
        ({"template": "<?xml version='1.0' encoding='windows-1252'?>" + XML}, "template", "is written in UTF-8"),
        ({"encoding": "windows-1252"}, "template", "its first line says no encoding"),
        ({"template": "<!DOCTYPE o [<!ENTITY a 'b'>]>" + XML}, "template", "it declares entities"),
        ({"content": "text", "template": "  {% if lines %} {% endif %}"}, "template", "it is empty"),
        ({"template": "<o>{{ order.notes }}</o>"}, "template", "does not write the lines"),
        ({"template": "<o>{{ lines | nothing }}</o>"}, "template", "there is no filter 'nothing'"),
        ({"content": "json", "encoding": "utf-16"}, "encoding", "must be utf-8"),
        ({"content": "text", "separators": "A"}, "separators", "neither letters"),
        ({"media_type": "xml\r\nX: 1"}, "media_type", "is no media type"),
        ({"file_name": "order.xml"}, "file_name", "must hold {export}"),
    ],
)  # fmt: skip
def test_what_makes_no_document_is_refused_when_it_is_saved(settings, field, why):
    content = settings.get("content", "xml")
    with pytest.raises(ValidationError, match=why) as told:
        TemplateSettings(**{"content": content, "template": BY_KIND[content]} | settings)
    assert told.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize(
    ("content", "template", "notes"),
    [
        ("xml", "<o><!-- {{ order.notes }} {{ lines | length }} --></o>", "soon -- please"),
        ("xml", "<o>{{ lines | length }}{% if order.notes == 'rush' %}<rush>{% endif %}</o>", "rush"),
        ("json", '{"n": {{ lines | length }}{% if order.notes == "rush" %} "rush": true{% endif %}}', "rush"),
    ],
)
def test_what_an_order_makes_ill_formed_is_not_sent(content, template, notes):
    order = sample_order()
    order.notes = notes
    assert f"makes no {content.upper()}" in refused(order, content=content, template=template).message


LINES = st.lists(
    st.builds(
        DraftOrderLine,
        st.integers(1, 9_999),
        st.text(min_size=1, max_size=30),
        st.decimals("0.001", "9999999", places=3),
        st.just("PCE"),
    ),
    min_size=1,
    max_size=4,
)


@given(lines=LINES, content=st.sampled_from(["xml", "json", "text"]))
def test_what_a_document_can_hold_is_read_back_and_all_else_refused(lines, content):
    order = sample_order()
    order.lines = lines
    settings = {"content": content, "template": WHOLE[content], "separators": ";" if content == "text" else ""}
    try:
        document = made(order, **settings)
    except RejectedError:
        assert any(FORBIDDEN[content].search(line.internal_sku or "") for line in lines)
    else:
        assert READERS[content](document.content.decode()) == [(line.internal_sku, line.qty) for line in lines]


FORBIDDEN = {
    "xml": re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"),
    "json": re.compile(r"[\ud800-\udfff]"),
    "text": re.compile(r"[\x00-\x1f\x7f-\x9f;\u2028\u2029\ud800-\udfff]"),
}
WHOLE = {
    "xml": "<o>{% for l in lines %}<l q='{{ l.qty }}'>{{ l.internal_sku }}</l>{% endfor %}</o>",
    "json": "{{ [lines | all_of('internal_sku'), lines | all_of('qty')] }}",
    "text": "{% for l in lines %}{{ l.internal_sku }};{{ l.qty }}\n{% endfor %}",
}
READERS = {
    "xml": lambda text: [(one.text, Decimal(one.get("q", ""))) for one in ET.fromstring(text)],
    "json": lambda text: list(zip(*json.loads(text, parse_float=Decimal), strict=True)),
    "text": lambda text: [
        (sku, Decimal(qty)) for sku, qty in (line.split(";") for line in text.removesuffix("\n").split("\n"))
    ],
}
