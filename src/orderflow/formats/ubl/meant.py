"""Whether a response is meant for us: the response itself, and from the connection's seller.

Source: OASIS UBL 2.1 (cbc:CopyIndicator, cac:SellerSupplierParty), Peppol BIS Ordering 3 (EndpointID and its scheme).
"""

from __future__ import annotations

from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.ubl.reading import Part
from orderflow.formats.ubl.settings import UblSettings

ORIGINAL = ("", "false", "0")


def check_meant(root: Part, settings: UblSettings) -> None:
    """Check a response as a whole. Raises UnreadableError: it is not to be acted on."""
    if root.value("CopyIndicator") not in ORIGINAL:
        raise UnreadableError("It is a copy (CopyIndicator), and not the response itself.")
    if settings.seller_endpoint:
        _check_seller(root, settings.seller_endpoint)


def _check_seller(root: Part, expected: str) -> None:
    """Check that a seller is ours, where the response names its endpoint; a scheme may be left out."""
    named = root.one("SellerSupplierParty", "Party", "EndpointID")
    if named is None or not named.text:
        return
    scheme, _, number = expected.partition(":")
    if named.text.casefold() != number.casefold() or named.attribute("schemeID") not in ("", scheme):
        raise UnreadableError(
            f"It is from the seller {named.text[:40]!r}, and this connection's is {expected}. "
            "If orders name sellers of their own, leave the connection's 'Seller's endpoint' empty."
        )
