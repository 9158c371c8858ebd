"""Changes and recalls in both dialects: what is written, and what a partner makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from mockedi.testing import Mock

from orderflow.domain.delivery import Sent
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.formats.edifact import EdifactFormat, EdifactSettings
from orderflow.formats.x12 import X12Format, X12Settings
from tests.unit.formats.edi.orders import MOMENT, an_order, delivery, line

BEFORE = an_order(line(), line(2, internal_sku="GEAR-100", unit_price=Decimal("8.9")), line(3, internal_sku="BRKT-050"))
NOW = replace(
    BEFORE,
    lines=[
        line(),
        line(2, internal_sku="GEAR-100", unit_price=Decimal("8.9"), qty=Decimal(9)),
        line(4, qty=Decimal(1)),
    ],
)
DIALECTS: dict[str, tuple[Any, Any]] = {
    "EDIFACT": (EdifactFormat(), EdifactSettings(sender="EURODIS", receiver="MOCKEDI")),
    "X12": (X12Format(), X12Settings(sender="ACME", receiver="MOCKEDI")),
}


def written(dialect: str, order: DraftOrder, number: int = 8, **more: Any) -> list[str]:
    form, settings = DIALECTS[dialect]
    text: str = form.render(order, delivery(number, **more), settings).content.decode("iso-8859-1")
    return text.splitlines()


def test_ordchg_says_what_becomes_of_each_line() -> None:
    assert written("EDIFACT", NOW, kind=Kind.CHANGE, before=BEFORE)[2:] == [
        "UNH+8+ORDCHG:D:96A:UN'",
        "BGM+230+C8+4'",
        "DTM+137:20261129:102'",
        "DTM+4:20261101:102'",
        "RFF+ON:PO-1'",
        "NAD+BY+4711::91++Muster GmbH'",
        "NAD+SU+MOCKEDI::91'",
        "CUX+2:EUR:9'",
        "LIN+1+4+WIDGET-001:SA'", "QTY+21:5:PCE'", "PRI+AAA:12.5'",
        "LIN+2+3+GEAR-100:SA'", "QTY+21:9:PCE'", "PRI+AAA:8.9'",
        "LIN+4+1+WIDGET-001:SA'", "QTY+21:1:PCE'", "PRI+AAA:12.5'",
        "LIN+3+2+BRKT-050:SA'", "QTY+21:5:PCE'", "PRI+AAA:12.5'",
        "UNS+S'",
        "CNT+2:4'",
        "UNT+23+8'",
        "UNZ+1+8'",
    ]  # fmt: skip


def test_860_says_what_becomes_of_each_line() -> None:
    assert written("X12", NOW, kind=Kind.CHANGE, before=BEFORE)[1:] == [
        "GS*PC*ACME*MOCKEDI*20261129*1015*8*X*004010~",
        "ST*860*0008~",
        "BCH*04*SA*PO-1**C8*20261101*****20261129~",
        "CUR*BY*EUR~",
        "N1*BY*Muster GmbH*91*4711~",
        "N1*SE**91*MOCKEDI~",
        "POC*1*NC*5**PC*12.5**VP*WIDGET-001~",
        "POC*2*CA*9**PC*8.9**VP*GEAR-100~",
        "POC*4*AI*1**PC*12.5**VP*WIDGET-001~",
        "POC*3*DI*5**PC*12.5**VP*BRKT-050~",
        "CTT*4~",
        "SE*11*0008~",
        "GE*1*8~",
        "IEA*1*000000008~",
    ]


def test_a_recall_is_a_cancellation_without_lines() -> None:
    asked: dict[str, Any] = {"kind": Kind.RECALL, "reason": "ordered twice"}
    ordchg, set_860 = written("EDIFACT", BEFORE, **asked), written("X12", BEFORE, **asked)
    assert {"BGM+230+R8+1'", "RFF+ON:PO-1'", "FTX+CHG+++ordered twice'", "CNT+2:0'"} <= set(ordchg)
    assert {"BCH*01*SA*PO-1**R8*20261101*****20261129~", "CTT*0~"} <= set(set_860)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_recall_says_no_more_than_which_order_it_means(dialect: str) -> None:
    order = replace(
        BEFORE, notes="Bitte", payment_terms="30 days", delivery_terms="EXW", latest_delivery_date=MOMENT.date()
    )
    assert written(dialect, order, kind=Kind.RECALL) == written(dialect, BEFORE, kind=Kind.RECALL)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_order_without_a_date_has_that_of_its_push_again(dialect: str) -> None:
    undated, sent = replace(BEFORE, order_date=None), Sent(UUID(int=3), MOMENT - timedelta(days=9), "order.edi")
    document = written(dialect, undated, kind=Kind.RECALL, sent=sent)
    assert any("DTM+4:20261120:102'" in one or "*R8*20261120*****20261129~" in one for one in document)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_change_of_what_nobody_knows_is_refused(dialect: str) -> None:
    with pytest.raises(RejectedError, match="what the partner has is not known"):
        written(dialect, NOW, kind=Kind.CHANGE)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_document_says_which_message_it_holds(dialect: str, kind: Kind) -> None:
    form, settings = DIALECTS[dialect]
    document = form.render(NOW, delivery(kind=kind, before=BEFORE), settings)
    assert document.format_version == (form.name if kind is Kind.ORDER else form.change)
    assert kind in form.kinds


@pytest.fixture(params=DIALECTS)
def trade(request: pytest.FixtureRequest) -> Iterator[tuple[str, Mock]]:
    """A partner that has the order as it was."""
    with Mock.start(despatch_delay_ms=3_600_000, invoice_delay_ms=3_600_000) as partner:
        send(partner, written(request.param, BEFORE, 7))
        yield request.param, partner


def send(partner: Mock, document: list[str]) -> None:
    assert partner.send("\n".join(document))["accepted"]


def test_a_partner_has_the_lines_as_they_are_now(trade: tuple[str, Mock]) -> None:
    dialect, partner = trade
    document = written(dialect, NOW, kind=Kind.CHANGE, before=BEFORE)
    assert all(finding.endswith("accepted") for finding in partner.findings("\n".join(document)))
    send(partner, document)
    wanted: dict[str, tuple[str, Decimal | int]] = {
        one["line"]: (one["sku"], Decimal(one["confirmed"])) for one in partner.order("PO-1")["lines"]
    }
    assert wanted == {
        "1": ("WIDGET-001", 5), "2": ("GEAR-100", 9), "3": ("BRKT-050", 0), "4": ("WIDGET-001", 1),
    }  # fmt: skip


def test_a_partner_cancels_what_is_recalled(trade: tuple[str, Mock]) -> None:
    dialect, partner = trade
    send(partner, written(dialect, BEFORE, kind=Kind.RECALL))
    assert partner.order("PO-1")["status"] == "cancelled"
