"""An order as the parameters of BAPI_SALESORDER_CREATEFROMDAT2.

Source: "BAPI_SALESORDER_CREATEFROMDAT2", SAP's interface documentation: structures BAPISDHD1, BAPISDITM, BAPISCHDL,
BAPICOND, BAPIPARNR, BAPISDTEXT with their lengths. docs/connector-sap-rfc.md has the table of fields.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from lxml import etree

from orderflow.connectors.sap.payload import SapOrder
from orderflow.connectors.sap.rfc.config import SapRfcConfig
from orderflow.connectors.sap.rfc.values import element
from orderflow.connectors.whole_orders import Entity, PlainLetters, filled, short_key
from orderflow.domain.delivery import Delivery
from orderflow.domain.orders import DraftOrder, DraftOrderLine
from orderflow.formats.edi.order import Party
from orderflow.formats.edi.values import Values
from orderflow.http.soap import envelope

PARTY = {
    "street": ("STREET", 35), "city": ("CITY", 35), "postal_code": ("POSTL_CODE", 10), "phone": ("TELEPHONE", 16),
}  # fmt: skip
MATERIAL, LONG_MATERIAL, PLACE, TEXT_LINE = 18, 40, 28, 132
"""Characters: of MATERIAL, of MATERIAL_LONG beside it, of INCOTERMS2, and of a line of text."""

_HEAD = {
    "SalesOrderType": "DOC_TYPE", "SalesOrganization": "SALES_ORG", "DistributionChannel": "DISTR_CHAN",
    "OrganizationDivision": "DIVISION", "RequestedDeliveryDate": "REQ_DATE_H", "PurchaseOrderByCustomer": "PURCH_NO_C",
    "CustomerPurchaseOrderDate": "PURCH_DATE", "TransactionCurrency": "CURRENCY", "CustomerPaymentTerms": "PMNTTRMS",
    "IncotermsClassification": "INCOTERMS1",
}  # fmt: skip
_ITEM = {
    "SalesOrderItem": "ITM_NUMBER", "MaterialByCustomer": "CUST_MAT35", "SalesOrderItemText": "SHORT_TEXT",
    "RequestedQuantityUnit": "SALES_UNIT",
}  # fmt: skip
_CONDITION = {
    "ConditionType": "COND_TYPE", "ConditionRateValue": "COND_VALUE", "ConditionCurrency": "CURRENCY",
    "ConditionQuantity": "COND_P_UNT", "ConditionQuantityUnit": "COND_UNIT",
}  # fmt: skip


def reference_of(order: DraftOrder, export_id: UUID, settings: SapRfcConfig) -> str:
    """Return the customer's purchase order number. Raises RejectedError: there is none, or it is too long."""
    values = Values(PlainLetters("an SAP field"))
    if settings.reference_in == "number":
        return values.needed(order.external_order_number, 35, "external_order_number")
    key = short_key(export_id)
    number = values.text(order.external_order_number, 35 - len(key) - 1, "external_order_number")
    return f"{number}/{key}" if number else key


def as_kept(number: str, digits: int, settings: SapRfcConfig) -> str:
    """Return a number as SAP keeps it. Source: conversion exits ALPHA and MATN1."""
    return number.zfill(digits) if settings.pads_numbers and number.isascii() and number.isdigit() else number


def write_order(order: DraftOrder, delivery: Delivery, settings: SapRfcConfig) -> bytes:
    """Return the call's envelope.

    Raises:
        RejectedError: The order holds what SAP has no place for; the field is named.
    """
    return envelope(call(settings.create_function, _BapiOrder(order, delivery, settings).parameters()))


def call(function: str, parameters: Entity) -> etree._Element:
    """Return the element that calls a function module."""
    return element(f"{{urn:sap-com:document:sap:rfc:functions}}{function}", parameters)


def told(order: DraftOrder, settings: SapRfcConfig) -> DraftOrder:
    """Return the order without what the connection leaves out."""
    return _BapiOrder(order, order.delivery, settings).order


def line_tables(order: DraftOrder, line: DraftOrderLine, settings: SapRfcConfig) -> dict[str, list[Entity]]:
    """Return the tables of BAPI_SALESORDER_CHANGE by which a line becomes an item of an order that SAP has.

    Raises:
        RejectedError: As `write_order`.
    """
    whole = _BapiOrder(replace(order, lines=[line]), order.delivery, settings).parameters()
    of_line = {name: [row for row in whole[name] if row["ITM_NUMBER"] != "000000"] for name in _TABLES}
    return {_TABLES[name]: rows for name, rows in of_line.items()}


_TABLES = {
    "ORDER_ITEMS_IN": "ORDER_ITEM_IN",
    "ORDER_SCHEDULES_IN": "SCHEDULE_LINES",
    "ORDER_CONDITIONS_IN": "CONDITIONS_IN",
    "ORDER_TEXT": "ORDER_TEXT",
}
"""Tables of the order's call, and what they are called where it is changed."""


class _BapiOrder(SapOrder):
    settings: SapRfcConfig

    def references(self) -> Entity:
        return {"PurchaseOrderByCustomer": reference_of(self.order, self.delivery.export_id, self.settings)}

    def partners(self) -> list[Entity]:
        roles = {"ship_to": self.settings.ship_to_role, "bill_to": self.settings.bill_to_role}
        sold_to = as_kept(self.sold_to(), 10, self.settings)
        found = [{"PARTN_ROLE": self.settings.sold_to_role, "PARTN_NUMB": sold_to}]
        for name, role in roles.items():
            if given := getattr(self.order, name):
                kept = {key: value for key, value in given.items() if f"{name}.{key}" not in self.settings.left_out}
                found += self._partner(role, sold_to, Party(name, kept))
        return found

    def _partner(self, role: str, sold_to: str, party: Party) -> list[Entity]:
        values, field = self.values, party.field
        if number := values.text(party.get("number_at_seller"), 10, field("number_at_seller")):
            return [{"PARTN_ROLE": role, "PARTN_NUMB": as_kept(number, 10, self.settings)}]
        for name in party.values:
            if name not in {*PARTY, "name", "contact", "region", "country", "country_code"} and party.get(name):
                raise self.no_place(field(name))
        names = values.pieces(party.get("name"), 35, 3, field("name"))
        contact = values.text(party.get("contact"), 35, field("contact"))
        address = filled({
            **dict(zip(("NAME", "NAME_2", "NAME_3"), names, strict=False)),
            "NAME_4": contact,
            **{key: values.text(party.get(name), most, field(name)) for name, (key, most) in PARTY.items()},
            "COUNTRY": values.coded(party.country, self.countries, field("country"), "Countries"),
            "REGION": values.text(self.settings.regions.get(party.get("region") or "", party.get("region")), 3,
                                  field("region")),
        })  # fmt: skip
        return [{"PARTN_ROLE": role, "PARTN_NUMB": sold_to} | address] if address else []

    def parameters(self) -> Entity:
        """Return the parameters; empty tables are those that SAP is to answer with."""
        order = self.entity()
        items = order["to_Item"]
        return {
            "ORDER_HEADER_IN": _named(order, _HEAD) | self._place(order),
            "ORDER_CONDITIONS_IN": [*self._conditions_of(order, "000000"),
                                    *(row for item in items for row in self._conditions_of(item, _number(item)))],
            "ORDER_ITEMS_IN": [self._item_of(item) for item in items],
            "ORDER_PARTNERS": order["to_Partner"],
            "ORDER_SCHEDULES_IN": [self._schedule_of(item) for item in items],
            "ORDER_TEXT": [*self._texts(order, "000000"),
                           *(row for item in items for row in self._texts(item, _number(item)))],
            "RETURN": [],
        }  # fmt: skip

    def _place(self, order: Entity) -> Entity:
        place = order.get("IncotermsLocation1", "")
        return filled({"INCOTERMS2": place} if len(place) <= PLACE else {"INCOTERMS2L": place})

    def _item_of(self, item: Entity) -> Entity:
        material = as_kept(item["Material"], MATERIAL, self.settings)
        name = "MATERIAL" if len(material) <= MATERIAL else "MATERIAL_LONG"
        return _named(item, _ITEM) | {"ITM_NUMBER": _number(item), name: material}

    def _schedule_of(self, item: Entity) -> Entity:
        """Return the one schedule line of an item, which carries its quantity."""
        (given,) = item.get("to_ScheduleLine") or [{}]
        wanted = filled({"REQ_DATE": given.get("RequestedDeliveryDate")})
        return {"ITM_NUMBER": _number(item), "SCHED_LINE": "0001"} | wanted | {"REQ_QTY": item["RequestedQuantity"]}

    def _conditions_of(self, part: Entity, number: str) -> list[Entity]:
        return [{"ITM_NUMBER": number} | _named(one, _CONDITION) for one in part.get("to_PricingElement", ())]

    def _texts(self, part: Entity, number: str) -> list[Entity]:
        """Return texts in lines of 132 characters: `*` begins a paragraph, and a line without it goes on with one."""
        rows = []
        for text in part.get("to_Text", ()):
            head = {"ITM_NUMBER": number, "TEXT_ID": text["LongTextID"], "LANGU_ISO": text["Language"]}
            for paragraph in text["LongText"].split("\n"):
                pieces = self.values.pieces(paragraph, TEXT_LINE, 1_000, "notes")
                rows += [head | {"FORMAT_COL": "*" if not place else "", "TEXT_LINE": piece}
                         for place, piece in enumerate(pieces)]  # fmt: skip
        return rows


def _named(values: Entity, names: dict[str, str]) -> dict[str, Any]:
    return {name: values[ours] for ours, name in names.items() if ours in values}


def _number(item: Entity) -> str:
    return str(item["SalesOrderItem"]).zfill(6)
