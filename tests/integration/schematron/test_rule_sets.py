"""Rules run in a process of their own: what they say is told, and they reach nothing, and end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from orderflow.documents.object_store import ObjectStore
from orderflow.domain.errors import BusyError, NeedsAttentionError, RejectedError, TransientError
from orderflow.formats.ubl import UblFormat, UblSettings, rules
from orderflow.schematron import rule_sets, runner
from orderflow.schematron.expressions import UnusableRulesError
from orderflow.schematron.processes import Processes, RulesBusyError
from orderflow.schematron.rule_sets import Broken, RuleSets
from orderflow.schematron.runner import RulesNotRunError, Runner
from tests.unit.formats.edi.orders import an_order, delivery, line
from tests.unit.schematron.schema import rule, schema

ORDER = '<o:order xmlns:o="urn:orders" currency="{}">{}</o:order>'
LINES = '<o:line no="1" qty="1"/><o:line no="2" qty="3"/><o:line no="2"/>'


@pytest.fixture
def processes() -> Processes:
    return Processes(2, seconds=2, wait=0.2)


@pytest.fixture
def kept(tmp_path: Path, processes: Processes) -> Iterator[RuleSets]:
    sets = RuleSets(ObjectStore(tmp_path), processes)
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
        f"R3 {second}", f"R3 {third}", f"R4 {third}", f"R2 {second}", f"R2 {third}",
    ]  # fmt: skip


def test_a_fatal_rule_is_told_however_many_warnings_go_before(kept: RuleSets) -> None:
    kept.add("peppol", {"T01": schema()})
    document = ORDER.format("EUR", '<o:line no="2" qty="1"/>' * rule_sets.MOST_TOLD + '<o:line no="3"/>')
    found = kept.broken("peppol", "T01", document)
    assert len(found) == rule_sets.MOST_TOLD
    assert found[0].is_fatal


def test_a_document_without_rules_breaks_none(kept: RuleSets) -> None:
    assert broken(kept, "<a/>") == []
    kept.add("peppol", {"T114": schema()})
    assert broken(kept, "<a/>") == []


def test_another_process_has_the_same_rules_and_learns_of_new_ones(
    kept: RuleSets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = RuleSets(ObjectStore(tmp_path))
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


def test_rules_that_are_not_kept_any_more_leave_nothing_in_the_store(kept: RuleSets, tmp_path: Path) -> None:
    other = RuleSets(ObjectStore(tmp_path))
    kept.add("peppol", {"T01": rule("false()"), "T114": rule("true()")})
    assert set(other.kept("peppol")) == {"T01", "T114"}
    kept.add("peppol", {"T01": rule("1 = 2"), "T114": rule("true()")})
    assert len(list(tmp_path.rglob("*.xsl"))) == 2
    assert broken(other, "<a/>") == ["R a[1]"]
    kept.remove("peppol")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    other.close()


def test_an_organization_has_one_process_at_a_time_and_nobody_waits_for_long() -> None:
    processes = Processes(2, wait=0.1)
    with processes.one("a"):
        with pytest.raises(RulesBusyError), processes.one("a"):
            pass
        with processes.one("b"), pytest.raises(RulesBusyError), processes.one("c"):
            pass
        with processes.one("c"):
            pass
    with processes.one("a"):
        pass


def test_an_organization_does_not_wait_for_the_slow_rules_of_another(kept: RuleSets, processes: Processes) -> None:
    kept.add("peppol", {"T01": rule("true()")})
    with processes.one("slow"):
        assert kept.broken("peppol", "T01", "<a/>", "other") == []


ENDLESS = "sum(for $i in 1 to 100000, $j in 1 to 1000000 return $i * $j mod 7)"


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
    with pytest.raises(RulesNotRunError, match="more than 1 seconds"):
        process.run("endless", sheet(ENDLESS), "<a/>")
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
    used.add("peppol", {"T01": schema(PRICES, SPACES)})
    first = line(10, product_description="A")
    UblFormat().render(an_order(first), delivery(), SETTINGS)
    second = line(20, product_description="B", unit_price=Decimal(500))
    with pytest.raises(RejectedError) as refused:
        UblFormat().render(an_order(first, second), delivery(), SETTINGS)
    assert refused.value.message == "Line 20: unit_price: Prices below 100. (R5)"
    assert (refused.value.code, refused.value.details["field"]) == ("RULE_BROKEN", "unit_price")


def test_which_rules_are_missing_is_told(used: RuleSets) -> None:
    assert "for T01 (order), T114 (change), T115 (recall)," in (UblFormat().note(SETTINGS) or "")
    used.add("peppol", {"T01": rule("true()"), "T114": rule("true()")})
    assert "for T115 (recall)," in (UblFormat().note(SETTINGS) or "")
    used.add("peppol", dict.fromkeys(("T01", "T114", "T115"), rule("true()")))
    assert UblFormat().note(SETTINGS) is None


def test_an_order_with_which_the_rules_come_to_no_end_is_refused_and_not_tried_again(used: RuleSets) -> None:
    used.add("peppol", {"T01": rule(f"{ENDLESS} = 1")})
    with pytest.raises(RejectedError) as refused:
        UblFormat().render(an_order(line(product_description="A")), delivery(), SETTINGS)
    assert refused.value.code == "RULES_NOT_RUN"


def test_while_others_are_tried_the_connection_rests(used: RuleSets, processes: Processes) -> None:
    used.add("peppol", {"T01": rule("true()")})
    with processes.one(None), pytest.raises(BusyError) as busy:
        UblFormat().render(an_order(line(product_description="A")), delivery(), SETTINGS)
    assert (busy.value.code, busy.value.nothing_done) == ("RULES_NOT_RUN", True)


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
