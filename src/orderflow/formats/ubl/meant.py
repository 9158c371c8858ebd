"""Whether a response is meant for us: the response itself, and from the connection's seller.

Source: OASIS UBL 2.1 (cbc:CopyIndicator, cac:SellerSupplierParty), Peppol BIS Ordering 3 (EndpointID and its scheme).
"""

from __future__ import annotations

from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.ubl.reading import Part
from orderflow.formats.ubl.settings import UblSettings

ORIGINAL = ("", "false", "0")


def check_meant(head: Part, settings: UblSettings) -> None:
    """Check a response as a whole. Raises UnreadableError: it is not to be acted on."""
    if head.value("CopyIndicator") not in ORIGINAL:
        raise UnreadableError("It is a copy (CopyIndicator), and not the response itself.")
    if settings.seller_endpoint:
        _check_seller(head, settings.seller_endpoint)


def _check_seller(head: Part, expected: str) -> None:
    """Check that a seller is ours, where the response names its endpoint; a scheme may be left out."""
    number, scheme = head.part("SellerSupplierParty").part("Party").with_unit("EndpointID")
    our_scheme, _, ours = expected.partition(":")
    if number and (number.casefold() != ours.casefold() or scheme not in ("", our_scheme)):
        raise UnreadableError(
            f"It is from the seller {number[:40]!r}, and this connection's is {expected}. "
            "If orders name sellers of their own, leave the connection's 'Seller's endpoint' empty."
        )
