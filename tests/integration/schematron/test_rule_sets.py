"""Rules run in a process of their own: what they say is told, and they reach nothing, and end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from orderflow.documents.object_store import ObjectStore
from orderflow.domain.errors import NeedsAttentionError, RejectedError, TransientError
from orderflow.formats.ubl import UblFormat, UblSettings, rules
from orderflow.schematron import rule_sets, runner
from orderflow.schematron.expressions import UnusableRulesError
from orderflow.schematron.rule_sets import Broken, RuleSets
from orderflow.schematron.runner import RulesNotRunError, Runner
from tests.unit.formats.edi.orders import an_order, delivery, line
from tests.unit.schematron.schema import rule, schema

ORDER = '<o:order xmlns:o="urn:orders" currency="{}">{}</o:order>'
LINES = '<o:line no="1" qty="1"/><o:line no="2" qty="3"/><o:line no="2"/>'


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[RuleSets]:
    sets = RuleSets(ObjectStore(tmp_path), Runner(seconds=2))
    yield sets
    sets.close()


def broken(sets: RuleSets, document: str) -> list[str]:
    return [f"{one.id} {one.path}" for one in sets.broken("peppol", "T01", document)]


def test_what_a_document_breaks_is_told_with_its_place(kept: RuleSets) -> None:
    kept.add("peppol", {"T01": schema()})
    assert kept.broken("peppol", "T01", ORDER.format("GBP", "")) == [
        Broken("R1", "fatal", "order[1]", "[R1]-A currency of the list, not GBP.")
    ]
    assert broken(kept, ORDER.format("EUR", '<o:line no="1" qty="1"/>')) == []
    second, third = (f"order[1]/line[{position}]" for position in (2, 3))
    assert broken(kept, ORDER.format("EUR", LINES)) == [
        f"R2 {second}", f"R3 {second}", f"R2 {third}", f"R3 {third}", f"R4 {third}",
    ]  # fmt: skip


def test_a_document_without_rules_breaks_none(kept: RuleSets) -> None:
    assert broken(kept, "<a/>") == []
    kept.add("peppol", {"T114": schema()})
    assert broken(kept, "<a/>") == []


def test_another_process_has_the_same_rules_and_learns_of_new_ones(
    kept: RuleSets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = RuleSets(ObjectStore(tmp_path), Runner())
    assert other.kept("peppol") == {}
    kept.add("peppol", {"T01": rule("false()")})
    monkeypatch.setattr(rule_sets, "FRESH", -1.0)
    assert broken(other, "<a/>") == ["R a[1]"]
    kept.remove("peppol")
    assert broken(other, "<a/>") == []
    other.close()


def test_rules_that_cannot_be_used_leave_those_that_there_were(kept: RuleSets) -> None:
    kept.add("peppol", {"T01": rule("false()")})
    with pytest.raises(UnusableRulesError, match="T01: A rule calls doc"):
        kept.add("peppol", {"T01": rule("doc('a')")})
    with pytest.raises(RulesNotRunError, match="cannot be run"):
        kept.add("peppol", {"T01": rule("1 +")})
    assert broken(kept, "<a/>") == ["R a[1]"]


def sheet(select: str) -> str:
    return (
        '<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
        f'<a><xsl:value-of select="{select}"/></a></xsl:template></xsl:stylesheet>'
    )


@pytest.mark.parametrize("reaching", ["unparsed-text('/etc/hostname')", "doc('file:///etc/fstab')", "doc('http://a')"])
def test_the_process_opens_no_file_and_no_connection(kept: RuleSets, reaching: str) -> None:
    process = Runner()
    with pytest.raises(RulesNotRunError):
        process.run("a", sheet(reaching), "<a/>")
    process.close()


def test_rules_that_do_not_end_or_take_all_memory_are_ended_and_others_go_on() -> None:
    process = Runner(seconds=1)
    endless = "sum(for $i in 1 to 100000, $j in 1 to 1000000 return $i * $j mod 7)"
    with pytest.raises(RulesNotRunError, match="more than 1 seconds"):
        process.run("endless", sheet(endless), "<a/>")
    assert process.run("fine", sheet("1 + 1"), "<a/>").endswith("<a>2</a>")
    process.close()
    process = Runner(seconds=30)
    huge = "string-length(string-join(reverse(for $i in 1 to 200000000 return string($i))))"
    with pytest.raises(RulesNotRunError, match="too much memory"):
        process.run("huge", sheet(huge), "<a/>")
    assert process.run("fine", sheet("1 + 1"), "<a/>").endswith("<a>2</a>")
    process.close()


@pytest.fixture
def used(kept: RuleSets) -> Iterator[RuleSets]:
    rules.use(kept)
    yield kept
    rules.use(None)


SETTINGS = UblSettings(
    seller_endpoint="0088:4000001000005", seller_name="Acme", seller_country="DE", endpoints={"4711": "0088:1"}
)
SPACES = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">
  <ns prefix="cac" uri="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"/>
  <ns prefix="cbc" uri="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"/>
"""
PRICES = """<pattern><rule context="cac:Price">
  <assert id="R5" flag="fatal" test="cbc:PriceAmount &lt; 100">[R5]-Prices below 100.</assert>
</rule><rule context="/*"><assert id="R6" flag="warning" test="false()">Whatever.</assert></rule></pattern>"""


def test_an_order_that_breaks_a_rule_is_refused_with_rule_and_field(used: RuleSets) -> None:
    assert UblFormat().note(SETTINGS) == rules.MISSING
    used.add("peppol", {"T01": schema(PRICES, SPACES)})
    assert UblFormat().note(SETTINGS) is None
    first = line(10, product_description="A")
    UblFormat().render(an_order(first), delivery(), SETTINGS)
    second = line(20, product_description="B", unit_price=Decimal(500))
    with pytest.raises(RejectedError) as refused:
        UblFormat().render(an_order(first, second), delivery(), SETTINGS)
    assert refused.value.message == "Line 20: unit_price: Prices below 100. (R5)"
    assert (refused.value.code, refused.value.details["field"]) == ("RULE_BROKEN", "unit_price")


def test_nothing_goes_out_untried_where_there_are_rules(used: RuleSets, monkeypatch: pytest.MonkeyPatch) -> None:
    used.add("peppol", {"T01": schema(PRICES, SPACES)})
    used.close()
    monkeypatch.setattr(runner, "find_spec", lambda _: None)
    with pytest.raises(NeedsAttentionError) as missing:
        UblFormat().render(an_order(line(product_description="A")), delivery(), SETTINGS)
    assert missing.value.code == "RULES_NOT_RUN"


def test_a_process_that_somebody_ended_is_made_anew(used: RuleSets) -> None:
    used.add("peppol", {"T01": schema(PRICES, SPACES)})
    order = an_order(line(product_description="A"))
    children = {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}
    for pid in children:
        if b"schematron" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    with pytest.raises(TransientError, match="ended"):
        UblFormat().render(order, delivery(), SETTINGS)
    UblFormat().render(order, delivery(), SETTINGS)
