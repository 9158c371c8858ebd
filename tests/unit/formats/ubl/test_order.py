"""Order: what is written is what another reader reads, or the order is refused and the field named."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError

from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import AllowanceCharge, Customer
from orderflow.domain.states import Kind
from orderflow.formats.order_fields import sample_order
from orderflow.formats.ubl import UblFormat, UblSettings
from tests.unit.formats.edi.orders import an_order, delivery, line, orders

FORMAT = UblFormat()
SPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
SELLER = {"seller_endpoint": "0088:4000001000005", "seller_name": "Acme GmbH", "seller_country": "DE"}
OUTSIDE_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
LETTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp", "Cn"]).filter(
    lambda letter: letter == letter.strip() and ord(letter) < 0xFFFE
)


def settings(**more):
    return UblSettings(**SELLER | {"endpoints": {"4711": "9930:DE123456789"}, "sku_as_name": True} | more)


def document(order=None, **more):
    return FORMAT.render(order or an_order(), delivery(), settings(**more))


def text(order=None, **more):
    return document(order, **more).content.decode()


def root(order=None, **more):
    return etree.fromstring(document(order, **more).content)


def values(element, path):
    return [str(found) for found in element.xpath(path + "/text()", namespaces=SPACES)]


def refusal(order, **more):
    with pytest.raises(RejectedError) as refused:
        document(order, **more)
    return refused.value


def test_an_order_as_peppol_has_it():
    order = an_order(
        line(product_description='"NYM" <3>', qty=Decimal("2.50"), unit_price=Decimal("1.2345"), line_notes="a\nb"),
        ship_to={"name": "Lager & Söhne", "street": "Weg 1", "city": "Köln", "postal_code": "50667", "country": "DE"},
        requested_delivery_date=date(2026, 12, 10),
    )
    assert (
        text(order)
        == """<?xml version="1.0" encoding="UTF-8"?>
<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2" xmlns:cac="urn:oasis:names:specification:ubl:schema\
:xsd:CommonAggregateComponents-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:order:3</cbc:CustomizationID>
  <cbc:ProfileID>urn:fdc:peppol.eu:poacc:bis:ordering:3</cbc:ProfileID>
  <cbc:ID>PO-1</cbc:ID>
  <cbc:IssueDate>2026-11-01</cbc:IssueDate>
  <cbc:OrderTypeCode>220</cbc:OrderTypeCode>
  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  <cac:BuyerCustomerParty>
    <cac:Party>
      <cbc:EndpointID schemeID="9930">DE123456789</cbc:EndpointID>
      <cac:PartyIdentification>
        <cbc:ID>4711</cbc:ID>
      </cac:PartyIdentification>
      <cac:PartyName>
        <cbc:Name>Muster GmbH</cbc:Name>
      </cac:PartyName>
      <cac:PartyLegalEntity>
        <cbc:RegistrationName>Muster GmbH</cbc:RegistrationName>
      </cac:PartyLegalEntity>
    </cac:Party>
  </cac:BuyerCustomerParty>
  <cac:SellerSupplierParty>
    <cac:Party>
      <cbc:EndpointID schemeID="0088">4000001000005</cbc:EndpointID>
      <cac:PartyName>
        <cbc:Name>Acme GmbH</cbc:Name>
      </cac:PartyName>
      <cac:PostalAddress>
        <cac:Country>
          <cbc:IdentificationCode>DE</cbc:IdentificationCode>
        </cac:Country>
      </cac:PostalAddress>
      <cac:PartyLegalEntity>
        <cbc:RegistrationName>Acme GmbH</cbc:RegistrationName>
      </cac:PartyLegalEntity>
    </cac:Party>
  </cac:SellerSupplierParty>
  <cac:Delivery>
    <cac:DeliveryLocation>
      <cac:Address>
        <cbc:StreetName>Weg 1</cbc:StreetName>
        <cbc:CityName>Köln</cbc:CityName>
        <cbc:PostalZone>50667</cbc:PostalZone>
        <cac:Country>
          <cbc:IdentificationCode>DE</cbc:IdentificationCode>
        </cac:Country>
      </cac:Address>
    </cac:DeliveryLocation>
    <cac:RequestedDeliveryPeriod>
      <cbc:StartDate>2026-12-10</cbc:StartDate>
      <cbc:EndDate>2026-12-10</cbc:EndDate>
    </cac:RequestedDeliveryPeriod>
    <cac:DeliveryParty>
      <cac:PartyName>
        <cbc:Name>Lager &amp; Söhne</cbc:Name>
      </cac:PartyName>
    </cac:DeliveryParty>
  </cac:Delivery>
  <cac:OrderLine>
    <cbc:Note>a&#10;b</cbc:Note>
    <cac:LineItem>
      <cbc:ID>1</cbc:ID>
      <cbc:Quantity unitCode="H87">2.5</cbc:Quantity>
      <cbc:LineExtensionAmount currencyID="EUR">3.09</cbc:LineExtensionAmount>
      <cac:Price>
        <cbc:PriceAmount currencyID="EUR">1.2345</cbc:PriceAmount>
      </cac:Price>
      <cac:Item>
        <cbc:Name>&quot;NYM&quot; &lt;3&gt;</cbc:Name>
        <cac:SellersItemIdentification>
          <cbc:ID>WIDGET-001</cbc:ID>
        </cac:SellersItemIdentification>
      </cac:Item>
    </cac:LineItem>
  </cac:OrderLine>
</Order>
"""
    )


def test_the_same_order_and_delivery_make_the_same_document():
    assert document() == document()
    assert (document().media_type, document().format_version) == ("application/xml", "ubl_order_2_1")
    assert document().filename.endswith(".xml")


def test_plain_ubl_says_all_that_an_order_has():
    order = sample_order()
    order.requested_delivery_date = None
    for one in order.lines:
        one.requested_delivery_date = None
    written = root(order, profile="ubl", countries={"Germany": "DE"})
    buyer = written.find("cac:BuyerCustomerParty/cac:Party", SPACES)
    assert values(buyer, "cac:PartyIdentification/cbc:ID") == ["4711", "4012345000009", "315000554"]
    assert values(buyer, "cac:PartyTaxScheme/cbc:CompanyID") == ["DE123456788"]
    assert values(buyer, "cac:Contact/*") == ["Eva Groß", "+49 221 1", "eva@muster.example"]
    assert values(written, "cac:SellerSupplierParty//cac:PartyIdentification/cbc:ID") == ["4000001000005", "70815"]
    assert values(written, "cac:Delivery/cac:RequestedDeliveryPeriod/*") == ["2025-12-08", "2025-12-12"]
    assert values(written, "cac:Delivery/cac:PromisedDeliveryPeriod/*") == ["2025-12-11", "2025-12-11"]
    assert values(written, "cac:DeliveryTerms/cbc:SpecialTerms") == ["delivery_terms"]
    assert values(written, "cac:PaymentTerms/cbc:Note") == ["payment_terms"]
    assert values(written, "cac:AllowanceCharge/*") == ["false", "95", "Rabatt", "12.5", "true", "FC", "Fracht", "4.9"]
    first = written.find("cac:OrderLine/cac:LineItem", SPACES)
    assert values(first, "cac:AllowanceCharge/cbc:MultiplierFactorNumeric") == ["0.025"]
    assert values(first, "cbc:LineExtensionAmount") == ["12.55"]
    assert values(first, "cac:Item//*[not(*)]") == [
        'Kabel "NYM-J" 3x1,5; grün', "AB-1", "INT-001", "04012345123456", "seller_article_number", "NYM-001",
    ]  # fmt: skip


def test_peppol_has_room_for_one_number_of_a_party_and_one_of_the_company():
    buyer = {"endpoint": "0088:4012345000009", "gln": "4012345000009", "duns": "315000554", "vat": "DE123456788"}
    written = root(an_order(buyer=buyer)).find("cac:BuyerCustomerParty/cac:Party", SPACES)
    assert values(written, "cbc:EndpointID") == ["4012345000009"]
    assert values(written, "cac:PartyIdentification/cbc:ID") == ["4711"]
    assert values(written, "cac:PartyLegalEntity/cbc:CompanyID[@schemeID='0060']") == ["315000554"]
    assert values(written, "cac:PartyTaxScheme/cbc:CompanyID") == ["DE123456788"]


@given(order=orders(LETTERS), peppol=st.booleans())
def test_what_can_be_said_is_read_back_by_another_reader(order, peppol):
    more = {"profile": "peppol" if peppol else "ubl", "endpoints": {order.customer.erp_customer_number: "0088:1"}}
    read = root(order, **more)
    assert values(read, "cbc:ID") == [order.external_order_number]
    assert values(read, "cbc:IssueDate") == [(order.order_date or date(2026, 11, 29)).isoformat()]
    assert values(read, "cbc:Note") == ([order.notes] if order.notes else [])
    wanted = order.requested_delivery_date
    assert values(read, "cac:Delivery/cac:RequestedDeliveryPeriod/*") == ([wanted.isoformat()] * 2 if wanted else [])
    assert values(read, "cac:BuyerCustomerParty//cac:PartyIdentification/cbc:ID") == [
        order.customer.erp_customer_number
    ]
    lines = read.findall("cac:OrderLine/cac:LineItem", SPACES)
    assert len(lines) == len(order.lines)
    for one, written in zip(order.lines, lines, strict=True):
        assert values(written, "cbc:ID") == [str(one.line_no)]
        assert [Decimal(number) for number in values(written, "cbc:Quantity")] == [one.qty]
        prices = [Decimal(number) for number in values(written, "cac:Price/cbc:PriceAmount")]
        assert prices == ([] if one.unit_price is None else [one.unit_price])
        assert values(written, "cac:Item/cbc:Name") == [one.product_description or one.internal_sku]
        assert values(written, "cac:Item/cac:SellersItemIdentification/cbc:ID") == [one.internal_sku]


@given(content=st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_any_text_comes_back_or_is_refused(content):
    if OUTSIDE_XML.search(content.strip()):
        assert refusal(an_order(notes=content)).code == "NOT_IN_ENCODING"
    else:
        assert values(root(an_order(notes=content)), "cbc:Note") == ([content.strip()] if content.strip() else [])


@pytest.mark.parametrize(
    ("terms", "wanted"),
    [("DAP Hamburg", ["DAP", "Hamburg"]), ("EXW", ["EXW"]), ("frei Haus", ["frei Haus"])],
)
def test_delivery_terms_with_a_code_of_the_icc_are_told_by_it(terms, wanted):
    assert values(root(an_order(delivery_terms=terms)), "cac:DeliveryTerms//*[not(*)]") == wanted


def test_the_receiver_is_known_by_its_gln_and_an_earliest_and_latest_date_are_the_period():
    ship_to = {"gln": "4012345000009", "country": "Germany", "contact": "Eva", "name": "Lager"}
    order = an_order(ship_to=ship_to, earliest_delivery_date=date(2026, 12, 1), latest_delivery_date=date(2026, 12, 3))
    delivered = root(order, countries={"Germany": "DE"}).find("cac:Delivery", SPACES)
    assert values(delivered, "cac:DeliveryLocation/cbc:ID[@schemeID='0088']") == ["4012345000009"]
    assert values(delivered, "cac:RequestedDeliveryPeriod/*") == ["2026-12-01", "2026-12-03"]
    assert values(delivered, "cac:DeliveryParty//*[not(*)]") == ["Lager", "Eva"]


def test_allowances_have_percentages_in_peppol_and_factors_in_plain_ubl():
    order = an_order(allowances=(AllowanceCharge("95", "Rabatt", Decimal("0.25"), Decimal("2.5"), Decimal(10)),))
    path = "cac:AllowanceCharge/cbc:MultiplierFactorNumeric"
    assert values(root(order), path) == ["2.5"]
    assert values(root(order, profile="ubl"), path) == ["0.025"]


def test_units_go_by_the_connections_mapping():
    order = an_order(line(uom="Stk"), line(2, uom="KGM"), line(3, uom="PCE"))
    written = root(order, units={"Stk": "H87"}).findall(".//cbc:Quantity", SPACES)
    assert [quantity.get("unitCode") for quantity in written] == ["H87", "KGM", "H87"]


def asked(kind, order, before=None):
    what = replace(delivery(), kind=kind, before=before)
    return etree.fromstring(FORMAT.render(order, what, settings()).content)


def test_a_change_tells_of_each_line_what_became_of_it_and_names_the_order():
    before = an_order(line(1), line(2), line(3))
    after = an_order(line(1), line(2, qty=Decimal(9)), line(4))
    change = asked(Kind.CHANGE, after, before)
    assert etree.QName(change).localname == "OrderChange"
    assert values(change, "cbc:*")[:5] == [
        "urn:fdc:peppol.eu:poacc:trns:order_change:3", "urn:fdc:peppol.eu:poacc:bis:advanced_ordering:3", "C7",
        "2026-11-29", "7",
    ]  # fmt: skip
    assert values(change, "cac:OrderReference/cbc:ID") == ["PO-1"]
    assert values(change, "//cac:LineItem/cbc:ID") == ["1", "2", "4", "3"]
    assert values(change, "//cac:LineItem/cbc:LineStatusCode") == ["4", "3", "1", "2"]


def test_a_recall_names_the_order_and_the_parties():
    recall = asked(Kind.RECALL, an_order(bill_to={"name": "A", "country": "DE"}, notes="a"))
    assert etree.QName(recall).localname == "OrderCancellation"
    assert values(recall, "cbc:ID") == ["R7"]
    assert values(recall, "cbc:CancellationNote") == ["The order is cancelled."]
    assert [etree.QName(part).localname for part in recall][-3:] == [
        "OrderReference", "BuyerCustomerParty", "SellerSupplierParty",
    ]  # fmt: skip


def test_a_change_of_nobody_knows_what_is_refused():
    with pytest.raises(RejectedError):
        asked(Kind.CHANGE, an_order())


SHIP_TO = {"name": "A", "country": "DE"}


@pytest.mark.parametrize(
    ("order", "place", "code"),
    [
        (an_order(external_order_number=None), "external_order_number", "FIELD_MISSING"),
        (an_order(currency=None), "currency", "FIELD_MISSING"),
        (an_order(customer=Customer("1", "A")), "buyer.endpoint", "FIELD_MISSING"),
        (an_order(customer=Customer("4711")), "buyer.name", "FIELD_MISSING"),
        (an_order(seller={"name": "A"}), "seller.endpoint", "FIELD_MISSING"),
        (an_order(seller={"endpoint": "0088:1", "name": "A"}), "seller.country", "FIELD_MISSING"),
        (an_order(seller={"endpoint": "0088:1", **SHIP_TO, "vat": "DE123456789"}), "seller.vat", "NO_PLACE_IN_FORMAT"),
        (an_order(buyer={"gln": "4012345000009", "duns": "315000554"}), "buyer.duns", "NO_PLACE_IN_FORMAT"),
        (an_order(buyer={"number_at_buyer": "7"}), "buyer.number_at_buyer", "NO_PLACE_IN_FORMAT"),
        (an_order(bill_to={"name": "A"}), "bill_to.country", "FIELD_MISSING"),
        (an_order(ship_to={"city": "Köln"}), "ship_to.country", "FIELD_MISSING"),
        (an_order(ship_to={"gln": "4012345000009"}), "ship_to.country", "FIELD_MISSING"),
        (an_order(ship_to={"contact": "Eva"}), "ship_to.name", "FIELD_MISSING"),
        (an_order(ship_to=SHIP_TO | {"endpoint": "0088:1"}), "ship_to.endpoint", "NO_PLACE_IN_FORMAT"),
        (an_order(ship_to=SHIP_TO | {"floor": 3}), "ship_to.floor", "NO_PLACE_IN_FORMAT"),
        (an_order(ship_to={"name": "A", "country": "Germany"}), "ship_to.country", "CODE_UNKNOWN"),
        (an_order(ship_to={"name": "A", "country": "DEU"}), "ship_to.country", "CODE_UNKNOWN"),
        (an_order(promised_delivery_date=date(2026, 12, 1)), "promised_delivery_date", "NO_PLACE_IN_FORMAT"),
        (an_order(requested_delivery_date=date(2026, 12, 1), latest_delivery_date=date(2026, 12, 2)),
         "requested_delivery_date", "NO_PLACE_IN_FORMAT"),
        (an_order(charges=(AllowanceCharge("FC", None, Decimal(1)),)), "charges[0].reason", "FIELD_MISSING"),
        (an_order(charges=(AllowanceCharge("FC", "Fracht", None, Decimal(1)),)), "charges[0].amount", "FIELD_MISSING"),
        (an_order(charges=(AllowanceCharge("FC", "Fracht", Decimal("1.125")),)), "charges[0].amount", "DOES_NOT_FIT"),
        (an_order(notes="a\x0cb"), "notes", "NOT_IN_ENCODING"),
        (an_order(line(uom="Stk")), "Line 1: uom", "CODE_UNKNOWN"),
        (an_order(line(uom="BX")), "Line 1: uom", "CODE_UNKNOWN"),
        (an_order(line(uom=None)), "Line 1: uom", "FIELD_MISSING"),
        (an_order(line(qty=None)), "Line 1: qty", "FIELD_MISSING"),
        (an_order(line(qty=Decimal("NaN"))), "Line 1: qty", "DOES_NOT_FIT"),
        (an_order(line(internal_sku=None)), "Line 1: internal_sku", "FIELD_MISSING"),
        (an_order(line(), line(2, currency="USD")), "Line 2: currency", "NO_PLACE_IN_FORMAT"),
    ],
)  # fmt: skip
def test_what_peppol_cannot_say_refuses_the_order_and_names_the_field(order, place, code):
    refused = refusal(order)
    assert refused.message.startswith(f"{place} ")
    assert (refused.code, refused.details["field"]) == (code, place.rpartition(": ")[2])


def test_a_line_without_a_description_is_named_by_its_article_only_where_the_connection_says_so():
    assert refusal(an_order(), sku_as_name=False).details["field"] == "product_description"
    assert values(root(), "//cac:Item/cbc:Name") == ["WIDGET-001"]


@pytest.mark.parametrize(("currency", "taken"), [("JPY", "100"), ("EUR", "1.25"), ("KWD", "1.125")])
def test_amounts_have_the_decimals_of_their_currency(currency, taken):
    def with_charge(amount):
        charge = AllowanceCharge("FC", "Fracht", Decimal(amount))
        return an_order(line(unit_price=None), currency=currency, charges=(charge,))

    assert values(root(with_charge(taken), profile="ubl"), "cac:AllowanceCharge/cbc:Amount") == [taken]
    assert refusal(with_charge(Decimal(taken) + Decimal("0.0001")), profile="ubl").code == "DOES_NOT_FIT"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"seller_endpoint": "4000001000005"}, "seller_endpoint"), ({"seller_country": "Germany"}, "seller_country"),
        ({"endpoints": {"1": "x"}}, "endpoints"), ({"units": {"Stk": "piece"}}, "units"),
        ({"countries": {"Germany": "DEU"}}, "countries"), ({"file_name": "order.xml"}, "file_name"),
    ],
)  # fmt: skip
def test_settings_that_make_no_document_are_refused_when_they_are_saved(more, field):
    with pytest.raises(ValidationError) as refused:
        settings(**more)
    assert refused.value.errors()[0]["loc"][0] == field
