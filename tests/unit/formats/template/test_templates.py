"""Templates: exact values, safe in the place they go to, no way to Python, and an end."""

import json
import re
import time
from dataclasses import replace
from decimal import Decimal
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.errors import RejectedError
from orderflow.formats.order_fields import order_fields, sample_order
from orderflow.formats.template.filters import as_json, in_form, in_header, in_url, in_xml
from orderflow.formats.template.templates import Template

FIELDS = order_fields(sample_order())


def filled(source, write=as_json, **fields):
    return Template(source, write).render(FIELDS | fields)


def with_lines(count):
    order = sample_order()
    return order_fields(replace(order, lines=[replace(order.lines[0], line_no=n) for n in range(1, count + 1)]))


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("{{ order.external_order_number }}", '"PO-12345"'),
        ("{{ 'PO/' ~ order.external_order_number }}", '"PO/PO-12345"'),
        ("{{ order.order_date }}", '"2025-12-01"'),
        ("{{ order.order_date | date('%d.%m.%Y') }}", '"01.12.2025"'),
        ("{{ order.approved_at }}", '"2025-12-26T10:00:00Z"'),
        ("{{ ship_to.no_such_part }}", "null"),
        ("{{ ship_to.no_such_part | default('-') }}", '"-"'),
        ("{{ lines[1].qty }}", "2.5"),
        ("{{ lines[1].qty * lines[1].unit_price }}", "3086.4195"),
        ("{{ 1.1 + 2.2 }}", "3.3"),
        ("{{ lines[1].unit_price | fixed(4) }}", "1234.5678"),
        ("{{ lines[0].unit_price | fixed(3) }}", "1.230"),
        ("{{ lines[1].unit_price | round(2) }}", "1234.57"),
        ("{{ lines[0].qty | fixed(2) | text }}", '"10.00"'),
        ("{{ none | fixed(2) }},{{ none | round }},{{ none | date }}", "null,null,null"),
        ("{{ none | upper }},{{ none | left(3) }},{{ none | replace('a', 'b') }}", "null,null,null"),
        ("{{ lines | sum('qty', 'unit_price') }}", "3098.7195"),
        ("{{ lines | sum('qty') | fixed(2) }}", "12.50"),
        ("{{ lines | all_of('line_no') | sum }}", "3"),
        ("{{ (lines[0].qty | fixed(2)) * 2 }}", "20"),
        ("{{ order.approved_at | date('%d.%m.%Y %H:%M', 'Asia/Tokyo') }}", '"26.12.2025 19:00"'),
        ("{{ lines | length }}", "2"),
        ("{{ lines | all_of('internal_sku') | join(', ') }}", '"INT-001, INT-002"'),
        ("{% for line in lines %}{{ line.line_no }}{% if not loop.last %},{% endif %}{% endfor %}", "1,2"),
        ("{% if order.notes is none %}a{% else %}b{% endif %}", "b"),
        ("{{ order.notes | upper | left(5) }}", '"BITTE"'),
        ("{{ true }}{{ none }}", "truenull"),
    ],
)
def test_what_a_template_makes(source, made):
    assert filled(source) == made


def test_lists_and_groups_are_written_whole():
    assert json.loads(filled("{{ lines }}"))[0]["internal_sku"] == "INT-001"
    assert json.loads(filled("{{ customer }}"))["name"] == "Muster GmbH"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**14), max_value=10**14))
def test_numbers_are_exact(number):
    assert json.loads(filled("[{{ x }}]", x=number), parse_float=Decimal, parse_int=Decimal) == [number]


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(words)
def test_no_text_leaves_its_place(text):
    assert json.loads(filled('{"a": {{ x }}, "b": 1}', x=text)) == {"a": text, "b": 1}
    assert not set("&= ").intersection(filled("{{ x }}", in_form, x=text))


@given(words)
def test_xml_is_read_back_as_the_same_text_or_refused_with_the_character(text):
    source = '<a b="{{ x }}">{{ x }}</a>'
    if re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text):
        with pytest.raises(RejectedError, match=r"x holds the character U\+"):
            filled(source, in_xml, x=text)
        return
    made = filled(source, in_xml, x=text)
    read = ET.fromstring(made)  # made here
    assert (read.text or "", read.get("b")) == (text, text)


def test_the_field_that_xml_cannot_hold_is_named():
    order = sample_order()
    order.lines[1].product_description = "page 1\fpage 2"
    with pytest.raises(RejectedError, match=r"lines\[2\]\.description holds the character U\+000C"):
        Template("{% for l in lines %}<l>{{ l.description }}</l>{% endfor %}", in_xml).render(order_fields(order))


@given(words.filter(lambda text: text not in ("", ".", "..")))
def test_no_text_leaves_its_part_of_a_url(text):
    part = filled("{{ x }}", in_url, x=text)
    assert not set("/?#&:@%").intersection(part.replace("%", ""))
    assert unquote(part) == text


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_a_url_needs_a_name(text):
    with pytest.raises(RejectedError):
        filled("https://x/{{ x }}", in_url, x=text)


@pytest.mark.parametrize("text", ["a\r\nX-Evil: 1", "ü", "a\0"])
def test_a_header_takes_plain_text_only(text):
    with pytest.raises(RejectedError):
        filled("{{ x }}", in_header, x=text)


ESCAPES = [
    "{{ order.__class__ }}",
    "{{ order['__class__'] }}",
    "{{ order['__cla' ~ 'ss__'] }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ order.notes.upper() }}",
    "{{ order.notes.upper }}",
    "{{ order.keys }}",
    "{{ order | attr('keys') }}",
    "{{ lines.append }}",
    "{{ self }}",
    "{{ loop }}",
    "{{ range(10) }}",
    "{{ cycler }}",
    "{{ lipsum }}",
    "{{ namespace() }}",
    "{% for a in lines %}{{ loop.__init__ }}{% endfor %}",
    "{% for a in lines %}{{ loop._iterable }}{% endfor %}",
    "{% for a in lines recursive %}{{ loop(lines) }}{% endfor %}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% extends 'x' %}",
    "{% macro a() %}{% endmacro %}",
    "{% block a %}{% endblock %}",
    "{% call x() %}{% endcall %}",
    "{% filter upper %}{% endfilter %}",
    "{% set x %}{% endset %}",
    "{{ '%s' % order }}",
    "{{ '{0.__class__}'.format(order) }}",
    "{{ '{0.__class__}' | format(order) }}",
    "{{ x.real }}",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_there_is_no_way_to_python(source):
    with pytest.raises((ValueError, RejectedError)) as refused:
        filled(source, x=1)
    assert "Traceback" not in str(refused.value)


def nested(depth):
    return "".join(f"{{% for a{level} in lines %}}" for level in range(depth)) + "{% endfor %}" * depth


BOMBS = [
    "{{ 'a' * 1000000000 }}",
    "{{ lines * 1000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a ~ a ~ a ~ a ~ a ~ a ~ a ~ a ~ a ~ a %}" * 12,
    "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a + a %}" * 60,
    "{% set a = 9999999999 %}" + "{% set a = a * a %}" * 40,
    "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a | replace('x', a) %}" * 12,
    nested(6),
    "{% for a in lines %}" * 3 + "{{ order.notes }}" * 200 + "{% endfor %}" * 3,
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ 1" + " + 1" * 5000 + " }}",
    "{{ 1 / 0 }}",
    "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}",
    "{% set a = [a, a] %}" * 60 + "{{ a }}",
    "{% set a = (1, 2) %}" + "{% set a = (a, a) %}" * 40 + "{% if a == a %}x{% endif %}",
    "{% set a = [order.notes] %}" + "{% set a = [a, a, a, a] %}" * 9 + "{% if a == [a] %}x{% endif %}" * 1000,
    "{% set a = [lines, lines, lines] %}" + "{{ a }}" * 5000,
    "".join(f"{{% set a{n} = lines | all_of('notes') %}}" for n in range(500)) + "{% for l in lines %}" * 4,
    "{% if order %}" * 3000 + "{% endif %}" * 3000,
    "{% if order %}{% set a = 1 %}{% endif %}" * 1500 + "{{ 1 / 0 }}",
    "{{ " + "'a' ~ " * 3000 + "1 }}{{ 1 / 0 }}",
    "{{ [" + "1," * 20_000 + "] }}",
]


@pytest.mark.parametrize("source", BOMBS, ids=lambda source: source[:30])
def test_every_template_ends_soon(source):
    started = time.thread_time()
    with pytest.raises((ValueError, RejectedError)):
        Template(source, as_json).render(with_lines(60))
    assert time.thread_time() - started < 6


def test_ten_thousand_lines_are_no_bomb():
    source = "[{% for line in lines %}{{ line }}{% if not loop.last %},{% endif %}{% endfor %}]"
    assert len(json.loads(Template(source, as_json).render(with_lines(10_000)))) == 10_000


@pytest.mark.parametrize(
    "source", ["{{ order.nope }}", "{{ nope }}", "{% for a in nope %}{% endfor %}", "{{ lines[9] }}"]
)
def test_a_field_that_is_not_there_is_named(source):
    with pytest.raises(RejectedError, match="there is no field") as refused:
        filled(source)
    assert refused.value.code == "TEMPLATE_FAILED"


def test_of_a_misspelt_group_the_group_is_named():
    with pytest.raises(RejectedError, match="there is no field 'ordr' here"):
        filled("{{ ordr.notes }}{{ ordr['x'].y }}")


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("{{ a", "unexpected"),
        ("{{ range(3) }}", "calls a function"),
        ("{{ a | nope }}", "there is no filter 'nope'"),
        ("{{ a is callable }}", "there is no test 'callable'"),
        ("{{ a.__class__ }}", "'__class__'"),
    ],
)
def test_what_is_wrong_with_a_template_is_said(source, named):
    with pytest.raises(ValueError, match="is not a valid template") as refused:
        Template(source, as_json)
    assert named in str(refused.value)


@pytest.mark.parametrize(
    "source",
    [
        "{% set t = 0 %}{% for l in lines %}{% set t = t + l.qty %}{% endfor %}{{ t }}",
        "{% for l in lines %}{% if l.qty %}{% set t = 1 %}{% endif %}{% endfor %}{% set t = 2 %}{{ t }}",
        "{% for l in lines %}{% set t = 1 %}{% for m in lines %}{% set t = t + 1 %}{% endfor %}{{ t }}{% endfor %}",
        "{% set t = 0 %}{% for l in lines %}{% else %}{% for m in lines %}{% set t = 1 %}{% endfor %}{% endfor %}",
    ],
)
def test_what_a_loop_would_lose_is_refused_when_it_is_saved(source):
    with pytest.raises(ValueError, match=r"'t' inside a loop.*sum\("):
        Template(source, as_json)


def test_names_of_one_round_are_fine():
    source = "{% for l in lines %}{% set v = l.qty * 2 %}{{ v }};{% endfor %}"
    assert filled(source + source) == "20;5;20;5;"


def test_fixed_does_not_round_and_sum_misses_nothing():
    with pytest.raises(RejectedError, match=r"fixed\(2\) does not round, and 1234\.5678 has more decimals"):
        filled("{{ lines[1].unit_price | fixed(2) }}")
    order = sample_order()
    order.lines[1].unit_price = None
    with pytest.raises(RejectedError, match="sum finds no unit_price in line 2"):
        Template("{{ lines | sum('unit_price') }}", as_json).render(order_fields(order))
    with pytest.raises(RejectedError, match="no time zone 'Mars/Base'"):
        filled("{{ order.approved_at | date('%H', 'Mars/Base') }}")


@pytest.mark.parametrize("source", ["{{ 1e999 }}", "{{ -7.5e4000 + 1 }}", "{% if 9e9999 > 1 %}x{% endif %}"])
def test_a_number_beyond_what_can_be_written_is_refused(source):
    with pytest.raises(ValueError, match="too large"):
        Template(source, as_json)
