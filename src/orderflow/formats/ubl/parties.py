"""An order's parties as UBL has them, each with what Peppol needs of it and what it does not take.

Source: UBL 2.1 (cac:Party), Peppol BIS Order 3 (transaction T01).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from orderflow.domain.errors import RejectedError
from orderflow.formats.edi.order import Party
from orderflow.formats.edi.values import Values
from orderflow.formats.ubl.codes import Countries
from orderflow.formats.ubl.settings import UblSettings
from orderflow.formats.ubl.writing import group, leaf

ANY_LENGTH = 1_000_000

SCHEMES = {"number_at_seller": "", "gln": "0088", "duns": "0060", "number_at_buyer": ""}
"""How a party may be identified, and the scheme's code (ISO 6523); numbers that the two parties gave have none."""

NEEDED = {"buyer": ("endpoint", "name"), "seller": ("endpoint", "name", "country"), "bill_to": ("name", "country")}
LACKING = {"seller": ("vat",), "ship_to": ("vat", "endpoint")}
"""What Peppol wants of a party, and what it has no place for."""

_HINTS = {
    "buyer": ("Correct the order, or the connection's 'Buyers' endpoints' by customer number; then push again.",),
    "seller": ("Give the order its seller, or fill in the connection's fields of the seller; then push again.",),
}


class _Number(NamedTuple):
    field: str
    text: str
    scheme: str

    def element(self, name: str = "ID") -> str:
        return leaf(name, self.text, schemeID=self.scheme)


@dataclass
class Parties:
    """Writes the parties of one order.

    Raises:
        RejectedError: In each of its methods: a party says what has no place, or not what is needed.
    """

    values: Values
    settings: UblSettings

    @cached_property
    def _countries(self) -> Countries:
        return Countries(self.settings.countries)

    def party(self, party: Party) -> str:
        """Return a party with its address and its legal entity."""
        self._check(party)
        numbers = self._numbers(party)
        company = numbers.pop(1).element("CompanyID") if self._has_company(numbers) else ""
        registered = group("PartyLegalEntity", leaf("RegistrationName", self._text(party, "name")), company)
        address = group("PostalAddress", self._address(party))
        return self._element("Party", party, numbers, address, self._vat(party), registered)

    def receiver(self, party: Party) -> tuple[str, str]:
        """Return where and to whom an order is delivered, the location by its GLN."""
        self._check(party)
        address, gln = self._address(party), self._text(party, "gln")
        if gln and not address and self.settings.is_peppol:
            raise self._missing(party, "country")
        location = group("DeliveryLocation", leaf("ID", gln, schemeID=SCHEMES["gln"]), group("Address", address))
        receiver = self._element("DeliveryParty", party, self._numbers(party), self._vat(party))
        if receiver and self.settings.is_peppol and not party.get("name"):
            raise self._missing(party, "name")
        return location, receiver

    def _element(self, name: str, party: Party, numbers: list[_Number], *between: str) -> str:
        if self.settings.is_peppol and numbers[1:]:
            raise self.values.refusal(numbers[1].field, "has no place in Peppol beside the other", "NO_PLACE_IN_FORMAT")
        scheme, _, number = self._endpoint(party).partition(":")
        return group(
            name,
            leaf("EndpointID", self.values.text(number, ANY_LENGTH, party.field("endpoint")), schemeID=scheme),
            *(group("PartyIdentification", one.element()) for one in numbers),
            group("PartyName", leaf("Name", self._text(party, "name"))),
            *between,
            self._contact(party),
        )

    def _address(self, party: Party) -> str:
        country = self.values.coded(party.country, self._countries, party.field("country"), "Countries")
        written = (
            leaf("StreetName", self._text(party, "street"))
            + leaf("CityName", self._text(party, "city"))
            + leaf("PostalZone", self._text(party, "postal_code"))
            + leaf("CountrySubentity", self._text(party, "region"))
        )
        if written and not country and self.settings.is_peppol:
            raise self._missing(party, "country")
        return written + group("Country", leaf("IdentificationCode", country))

    def _text(self, party: Party, name: str) -> str:
        return self.values.text(party.get(name), ANY_LENGTH, party.field(name))

    def _check(self, party: Party) -> None:
        party.check_said(self.values, {*SCHEMES, "vat"})
        if not self.settings.is_peppol:
            return
        given = {"endpoint": self._endpoint(party), "country": party.country}
        for name in NEEDED.get(party.role, ()):
            if not given.get(name, party.get(name)):
                raise self._missing(party, name)
        for name in LACKING.get(party.role, ()):
            if party.get(name):
                raise self.values.refusal(party.field(name), "has no place in Peppol", "NO_PLACE_IN_FORMAT")

    def _missing(self, party: Party, name: str) -> RejectedError:
        problem, hint = "is missing, and Peppol needs it", _HINTS.get(party.role, ())
        return self.values.refusal(party.field(name), problem, "FIELD_MISSING", *hint)

    def _endpoint(self, party: Party) -> str:
        known = self.settings.endpoints.get(party.get("number_at_seller") or "") if party.role == "buyer" else None
        return party.get("endpoint") or known or ""

    def _numbers(self, party: Party) -> list[_Number]:
        """Return the numbers of a party that are told nowhere else."""
        found = [
            _Number(party.field(name), text, scheme)
            for name, scheme in SCHEMES.items()
            if (text := self._text(party, name)) and (party.role, name) != ("ship_to", "gln")
        ]
        endpoint = self._endpoint(party)
        return [number for number in found if not number.scheme or f"{number.scheme}:{number.text}" != endpoint]

    def _has_company(self, numbers: list[_Number]) -> bool:
        """Return whether the second number is told of the legal entity, for Peppol has room for one of the party's."""
        return self.settings.is_peppol and len(numbers) > 1 and bool(numbers[1].scheme)

    def _vat(self, party: Party) -> str:
        number = leaf("CompanyID", self._text(party, "vat"))
        return number and group("PartyTaxScheme", number, group("TaxScheme", leaf("ID", "VAT")))

    def _contact(self, party: Party) -> str:
        return group(
            "Contact",
            leaf("Name", self._text(party, "contact")),
            leaf("Telephone", self._text(party, "phone")),
            leaf("ElectronicMail", self._text(party, "email")),
        )
