"""Order Responses, in parts."""

from __future__ import annotations

HEAD = "urn:oasis:names:specification:ubl:schema:xsd:"
SPACES = f'xmlns:cac="{HEAD}CommonAggregateComponents-2" xmlns:cbc="{HEAD}CommonBasicComponents-2"'
REFERENCE = "<cac:OrderReference><cbc:ID>PO-1</cbc:ID></cac:OrderReference>"


def response(
    code: str, *parts: str, reference: str = REFERENCE, root: str = "OrderResponse", currency: str = "EUR"
) -> bytes:
    """Return a document that says what becomes of the order PO-1."""
    said = f"<cbc:OrderResponseCode>{code}</cbc:OrderResponseCode>" if code else ""
    money = f"<cbc:DocumentCurrencyCode>{currency}</cbc:DocumentCurrencyCode>"
    inner = said + money + reference + "".join(parts)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{HEAD}{root}-2" {SPACES}>{inner}</{root}>'.encode()


def line(number: object, status: object, *parts: str, beside: str = "") -> str:
    """Return an OrderLine."""
    about = f"<cac:OrderLineReference><cbc:LineID>{number}</cbc:LineID></cac:OrderLineReference>" if number else ""
    code = f"<cbc:LineStatusCode>{status}</cbc:LineStatusCode>" if status else ""
    item = f"<cac:LineItem><cbc:ID>9</cbc:ID>{code}{''.join(parts)}</cac:LineItem>"
    return f"<cac:OrderLine>{item}{beside}{about}</cac:OrderLine>"


def qty(number: object, unit: str = "H87", name: str = "Quantity") -> str:
    return f'<cbc:{name} unitCode="{unit}">{number}</cbc:{name}>'


def price(amount: object, basis: str = "", currency: str = "EUR") -> str:
    return f'<cac:Price><cbc:PriceAmount currencyID="{currency}">{amount}</cbc:PriceAmount>{basis}</cac:Price>'


def article(number: str) -> str:
    inner = f"<cac:SellersItemIdentification><cbc:ID>{number}</cbc:ID></cac:SellersItemIdentification>"
    return f"<cac:Item><cbc:Name>A</cbc:Name>{inner}</cac:Item>"


def promised(first: str, last: str = "", more: str = "") -> str:
    end = f"<cbc:EndDate>{last}</cbc:EndDate>" if last else ""
    days = f"<cbc:StartDate>{first}</cbc:StartDate>{end}"
    return f"<cac:Delivery>{more}<cac:PromisedDeliveryPeriod>{days}</cac:PromisedDeliveryPeriod></cac:Delivery>"


def note(text: str) -> str:
    return f"<cbc:Note>{text}</cbc:Note>"
