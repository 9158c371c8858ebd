"""A small Schematron file: two patterns, a key, a function, values by name."""

from __future__ import annotations

HEAD = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
  xmlns:u="utils" queryBinding="xslt2">
  <title>Orders</title>
  <ns prefix="o" uri="urn:orders"/>
  <ns prefix="u" uri="utils"/>
  <ns prefix="xs" uri="http://www.w3.org/2001/XMLSchema"/>
"""
CURRENCIES = """
  <xsl:key name="lines" match="o:line" use="@no"/>
  <xsl:function name="u:even" as="xs:boolean"><xsl:param name="n"/>
    <xsl:sequence select="xs:integer($n) mod 2 = 0"/>
  </xsl:function>
  <pattern>
    <let name="known" value="tokenize('EUR USD', '\\s')"/>
    <rule context="o:order">
      <let name="money" value="string(@currency)"/>
      <assert id="R1" flag="fatal" test="$money = $known">[R1]-A currency of
        the list, not <value-of select="$money"/>.</assert>
    </rule>
    <rule context="o:line[@no = '1']"/>
    <rule context="o:line">
      <assert id="R2" flag="warning" test="u:even(@qty)">Even numbers.</assert>
      <report id="R3" flag="fatal" test="count(key('lines', @no)) &gt; 1">Each number once.</report>
    </rule>
  </pattern>
  <pattern>
    <rule context="o:line"><assert id="R4" flag="fatal" test="@qty">A quantity.</assert></rule>
  </pattern>
"""


def schema(body: str = CURRENCIES, head: str = HEAD) -> bytes:
    """Return a file."""
    return f"{head}{body}</schema>".encode()


def rule(test: str) -> bytes:
    """Return a file with one rule."""
    return schema(f'<pattern><rule context="/*"><assert id="R" test="{test}">No.</assert></rule></pattern>')
