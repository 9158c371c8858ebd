"""Schematron as XSLT: what rules are made of is carried over, and whatever else stands in a file refuses it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.schematron.expressions import UnusableRulesError
from orderflow.schematron.transpile import transpile
from tests.unit.schematron.schema import CURRENCIES, HEAD, rule, schema


def test_a_pattern_is_a_mode_and_of_its_rules_the_first_goes_before():
    sheet = transpile(schema())
    assert sheet.count("<xsl:mode ") == 2
    assert [sheet.count(f'priority="{number}"') for number in (3, 2, 1)] == [1, 1, 2]
    assert "not($money = $known)" in sheet
    assert "count(key('lines', @no)) &gt; 1" in sheet


FUNCTIONS = '<ns prefix="x" uri="http://www.w3.org/2005/xpath-functions"/>'
LET = '<let name="a" value="{}"/>'


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no XML"),
        (b"<schema/>", "no Schematron"),
        (schema(head=HEAD.replace('queryBinding="xslt2"', "")), "no Schematron"),
        (b'<!DOCTYPE schema [<!ENTITY e "x">]>' + schema(), "DOCTYPE"),
        (b" " * 5_300_000, "larger than"),
        (schema('<include href="other.sch"/>'), "'include'"),
        (schema('<pattern abstract="true"/>'), "'pattern'"),
        (schema('<pattern><rule abstract="true" id="a"/></pattern>'), "'rule'"),
        (schema('<pattern><rule context="/*"><extends rule="a"/></rule></pattern>'), "'extends'"),
        (schema('<phase id="p"/>'), "'phase'"),
        (schema('<xsl:include href="a.xsl"/>'), "'include'"),
        (schema('<xsl:variable name="a" select="1"/>'), "'variable'"),
        (schema('<xsl:function name="u:a"><xsl:result-document href="a"/></xsl:function>'), "'result-document'"),
        (schema('<xsl:function name="u:a"><xsl:sequence _select="1"/></xsl:function>'), "attribute _select"),
        (schema('<xsl:function name="u:a"><xsl:sequence select="doc(1)"/></xsl:function>'), "calls doc()"),
        (schema('<let name="a" value="unparsed-text(\'/etc/passwd\')"/>'), "calls unparsed-text()"),
        (rule("doc('a')"), "calls doc()"),
        (rule("fn:document ('a')"), "calls document()"),
        (rule("Q{http://www.w3.org/2005/xpath-functions}collection()"), "address of a namespace"),
        (rule("Q{'}x or doc('a')"), "address of a namespace"),
        (schema(FUNCTIONS + LET.format("x:doc(1)")), "calls doc()"),
        (rule("(doc#1)('a')"), "calls doc()"),
        (rule("environment-variable('PATH')"), "calls environment-variable()"),
        (rule("true() (: ' :) or doc('a') (: ' :)"), "A comment"),
        (rule("a" * 100_001), "more than"),
    ],
    ids=lambda value: str(value)[-60:],
)  # fmt: skip
def test_what_is_not_known_or_reaches_out_refuses_the_file(content, why):
    with pytest.raises(UnusableRulesError) as unusable:
        transpile(content)
    assert why in unusable.value.message


def test_what_only_looks_like_reaching_out_is_taken():
    for harmless in ("'doc(1)' = 'a'", "cac:DocumentReference", "my-doc(1)", "document = 1", "u:my-doc(1)"):
        assert "No." in transpile(rule(harmless))


@given(content=st.binary(max_size=200), at=st.integers(0, len(CURRENCIES)))
def test_damaged_files_are_refused_with_the_reason(content, at):
    damaged = schema()[:at] + content + schema()[at:]
    try:
        transpile(damaged)
    except UnusableRulesError as unusable:
        assert unusable.message  # noqa: PT017  # a damaged file may be one that can be used
