"""Which field of an order an element of the document comes from."""

from __future__ import annotations

import re

from orderflow.domain.orders import DraftOrder, DraftOrderLine

_STEP = re.compile(r"(\w+)(?:\[(\d+)\])?")

_PARTIES = {"BuyerCustomerParty": "buyer", "SellerSupplierParty": "seller", "AccountingCustomerParty": "bill_to"}
_OF_PARTY = {
    "EndpointID": "endpoint",
    "PartyIdentification": "number_at_seller",
    "PartyName": "name",
    "RegistrationName": "name",
    "StreetName": "street",
    "CityName": "city",
    "PostalZone": "postal_code",
    "CountrySubentity": "region",
    "Country": "country",
    "PartyTaxScheme": "vat",
    "CompanyID": "duns",
    "Contact": "contact",
    "PostalAddress": "country",
}
_OF_HEAD = {
    "ID": "external_order_number",
    "IssueDate": "order_date",
    "Note": "notes",
    "DocumentCurrencyCode": "currency",
    "RequestedDeliveryPeriod": "requested_delivery_date",
    "DeliveryTerms": "delivery_terms",
    "PaymentTerms": "payment_terms",
    "ProfileID": "setting process",
    "CustomizationID": "setting profile",
}
_OF_LINE = {
    "Note": "line_notes",
    "Quantity": "qty",
    "LineExtensionAmount": "unit_price",
    "Price": "unit_price",
    "RequestedDeliveryPeriod": "requested_delivery_date",
    "BuyersItemIdentification": "buyer_article_number",
    "SellersItemIdentification": "internal_sku",
    "StandardItemIdentification": "gtin",
    "Name": "product_description",
}


def field_at(path: str, order: DraftOrder) -> str:
    """Return what an order calls what stands at a path; the path itself, where it is nothing of the order's.

    Args:
        path: Names with their positions, as `Order[1]/OrderLine[2]/LineItem[1]/Quantity[1]`.
    """
    steps = [(name, int(position or 1)) for name, position in _STEP.findall(path.replace("@", ""))][1:]
    names = [name for name, _ in steps]
    if names[:1] == ["OrderLine"] and steps[0][1] <= len(order.lines):
        line = order.lines[steps[0][1] - 1]
        return f"Line {line.line_no}: {_adjustment(steps, line) or _named(names, _OF_LINE) or 'line'}"
    if names[:1] == ["Delivery"] and "RequestedDeliveryPeriod" not in names:
        return f"ship_to.{_named(names, _OF_PARTY)}" if _named(names, _OF_PARTY) else "ship_to"
    if names and (role := _PARTIES.get(names[0])):
        return f"{role}.{_named(names, _OF_PARTY)}" if _named(names, _OF_PARTY) else role
    return _adjustment(steps, order) or _named(names, _OF_HEAD) or path or "order"


def _named(names: list[str], fields: dict[str, str]) -> str:
    return next((fields[name] for name in reversed(names) if name in fields), "")


def _adjustment(steps: list[tuple[str, int]], of: DraftOrder | DraftOrderLine) -> str:
    """Return which allowance or charge it is: allowances are written first."""
    place = next((position for name, position in steps if name == "AllowanceCharge"), None)
    if place is None:
        return ""
    count = len(of.allowances)
    return f"allowances[{place - 1}]" if place <= count else f"charges[{place - 1 - count}]"
