"""A template as a format: what it makes is recorded as what it is, and goes over any channel."""

import pytest
from pydantic import ValidationError

from orderflow.connectors.dropzone import over_channels
from orderflow.domain.errors import RejectedError
from orderflow.formats.order_fields import sample_order
from orderflow.formats.template import TemplateFormat, TemplateSettings

FORMAT = TemplateFormat()


def made(order=None, **settings):
    order = order or sample_order()
    return FORMAT.render(order, order.delivery, TemplateSettings(**settings))


def test_the_document_says_what_it_is():
    document = made(body_format="xml", body="<o>{{ order.external_order_number }}</o>")
    assert (document.content, document.media_type) == (b"<o>PO-12345</o>", "application/xml")
    assert (document.format_version, document.filename[-4:]) == ("rest_template", ".xml")
    assert made(body_format="xml", body="<o>{{ order.external_order_number }}</o>") == document


def test_totals_are_there_to_be_written():
    assert made(body='{"n": {{ totals.lines }}, "sum": {{ totals.amount }}}').content == b'{"n": 2, "sum": 3098.7195}'


def test_what_makes_no_json_of_a_sample_order_is_refused_when_it_is_saved():
    with pytest.raises(ValidationError, match="does not make JSON"):
        TemplateSettings(body='{"n": "{{ order.notes }}"}')


def test_half_a_letter_refuses_the_order_and_names_the_field():
    order = sample_order()
    order.notes = "a\ud800b"
    with pytest.raises(RejectedError, match=r"order\.notes holds the character U\+D800"):
        made(order, body_format="form", body="plain {{ order.notes | replace('a', 'b') }}")


def test_it_goes_over_any_channel():
    connector = over_channels("TEMPLATE", TemplateFormat)()
    config = {"mode": "filesystem", "export_path": "/out", "body": '{"n": {{ order.external_order_number }}}'}
    assert connector.preview(sample_order(), config).document.content == b'{"n": "PO-12345"}'


def test_decimals_are_judged_by_each_order_and_not_when_a_template_is_saved():
    body = '{"p": [{% for l in lines %}{{ l.unit_price | fixed(2) }}{% if not loop.last %},{% endif %}{% endfor %}]}'
    order = sample_order()
    with pytest.raises(RejectedError, match=r"1234\.5678 has more decimals"):
        made(order, body=body)
    order.lines[1].unit_price = None
    assert made(order, body=body).content == b'{"p": [1.23,null]}'


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("<o><line>{{ order.notes }}</o>", "mismatched tag"),
        ("<a/><b/>", "junk after document element"),
        ("{{ order.notes }}", "syntax error"),
        ("<?xml version='1.0' encoding='windows-1252'?><o>{{ order.notes }}</o>", "is written in UTF-8"),
    ],
)
def test_what_makes_no_xml_of_a_sample_order_is_refused_when_it_is_saved(body, why):
    with pytest.raises(ValidationError, match=f"does not make XML.*{why}"):
        TemplateSettings(body_format="xml", body=body)


@pytest.mark.parametrize(
    ("body_format", "body", "notes"),
    [
        ("xml", "<o><!-- {{ order.notes }} --></o>", "soon -- please"),
        ("xml", "<o>{% if order.notes == 'rush' %}<rush>{% endif %}</o>", "rush"),
        ("json", '{"n": 1{% if order.notes == "rush" %} "rush": true{% endif %}}', "rush"),
    ],
)
def test_what_an_order_makes_ill_formed_is_not_sent(body_format, body, notes):
    order = sample_order()
    order.notes = notes
    with pytest.raises(RejectedError, match=f"makes no {body_format.upper()}"):
        made(order, body_format=body_format, body=body)
