"""What a heading or a name in an ERP's file seems to mean, in English, German or Turkish."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from orderflow.domain.letters import normalized

_WORDS = {
    "order.external_order_number": (
        "order ordernumber orderno ordernr orderid orderref orderreference ponumber pono ponr purchaseorder "
        "purchaseordernumber purchaseorderno customerorder customerorderno customerordernumber reference "
        "bestellnummer bestellnr bestellung auftragsnummer auftragsnr auftrag belegnummer belegnr bstnk bstkd "
        "siparisno siparisnumarasi siparis belgeno externalordernumber externalorderno yourreference"
    ),
    "order.order_date": (
        "orderdate podate date documentdate bestelldatum auftragsdatum belegdatum datum siparistarihi tarih "
        "belgetarihi createdat bstdk audat"
    ),
    "order.currency": "currency currencycode curr waehrung wahrung waers parabirimi doviz dovizcinsi",
    "order.requested_delivery_date": (
        "deliverydate requesteddeliverydate requesteddate requesteddelivery duedate shipdate lieferdatum "
        "liefertermin wunschtermin wunschlieferdatum teslimtarihi termin vdatu"
    ),
    "order.notes": (
        "notes note remark remarks comment comments ordertext bemerkung bemerkungen notiz kommentar "
        "auftragstext not notlar siparisnotu"
    ),
    "order.payment_terms": (
        "paymentterms termsofpayment zahlungsbedingung zahlungsbedingungen odemekosulu odemesekli zterm"
    ),
    "order.delivery_terms": "deliveryterms incoterms incoterm lieferbedingung lieferbedingungen teslimsekli inco1",
    "customer.erp_customer_number": (
        "customer customernumber customerno customernr customerid customercode custno account accountnumber "
        "accountno soldto debitor debitornummer debitornr debitorennummer kunde kundennummer kundennr kundenr "
        "kdnr musteri musterino musterikodu carikod carikodu kunnr erpcustomernumber"
    ),
    "customer.name": "customername companyname company kundenname firma musteriadi cariadi unvan",
    "ship_to.name": "shiptoname deliveryname shippingname lieferadressename lieferanschriftname teslimadi",
    "ship_to.street": "shiptostreet deliverystreet shippingstreet lieferstrasse teslimadresi",
    "ship_to.postal_code": "shiptozip shiptopostalcode deliveryzip deliverypostalcode lieferplz teslimpostakodu",
    "ship_to.city": "shiptocity deliverycity shippingcity lieferort teslimsehri",
    "ship_to.country": "shiptocountry deliverycountry shippingcountry lieferland teslimulkesi",
    "line.line_no": (
        "line lineno linenumber linenr pos posnr position positionno positionsnummer itemno itemnumber satir "
        "satirno kalem kalemno sirano rowno"
    ),
    "line.internal_sku": (
        "sku internalsku article articleno articlenumber articlenr articlecode artikel artikelnr "
        "artikelnummer item itemid itemcode material materialnumber materialno materialnummer matnr product "
        "productcode productid productno productnumber partnumber partno stokkodu stok malzeme malzemekodu "
        "malzemeno urun urunkodu"
    ),
    "line.customer_sku_raw": (
        "customersku customerarticle customerarticleno customeritem customeritemno customermaterial "
        "kundenartikel kundenartikelnummer kundenartikelnr kdmat musteriurunkodu"
    ),
    "line.gtin": "gtin ean ean13 eancode eannummer barcode upc barkod ean11",
    "line.qty": (
        "qty quantity orderqty orderquantity orderedquantity menge bestellmenge auftragsmenge anzahl stueck "
        "stuck miktar adet kwmeng amount"
    ),
    "line.uom": "uom unit units unitofmeasure unitcode einheit mengeneinheit me meins vrkme birim olcubirimi",
    "line.unit_price": (
        "price unitprice netprice priceperunit preis einzelpreis stueckpreis stuckpreis nettopreis fiyat "
        "birimfiyat birimfiyati netpr"
    ),
    "line.description": (
        "description itemdescription productdescription productname itemname text bezeichnung "
        "artikelbezeichnung beschreibung artikeltext aciklama malzemeadi urunadi tanim arktx"
    ),
    "line.requested_delivery_date": (
        "linedeliverydate linedate positionsliefertermin positionstermin satirteslimtarihi"
    ),
    "line.line_notes": "linenotes linenote linetext positionstext positionsbemerkung satirnotu",
}
_FIELDS = {word: name for name, words in _WORDS.items() for word in words.split()}
_PLAIN_LETTERS = str.maketrans({"\N{LATIN SMALL LETTER DOTLESS I}": "i", "\N{COMBINING DOT ABOVE}": ""})
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_PARTIES = {
    "shipto": "ship_to", "shipping": "ship_to", "shippingaddress": "ship_to", "delivery": "ship_to",
    "deliveryaddress": "ship_to", "lieferadresse": "ship_to", "lieferanschrift": "ship_to", "teslimat": "ship_to",
    "billto": "bill_to", "billing": "bill_to", "billingaddress": "bill_to", "rechnungsadresse": "bill_to",
    "fatura": "bill_to", "buyer": "buyer", "kaeufer": "buyer", "seller": "seller", "supplier": "seller",
    "lieferant": "seller",
}  # fmt: skip
_OF_A_PARTY = {
    "name": "name", "name1": "name", "company": "name", "street": "street", "address": "street", "address1": "street",
    "line1": "street", "strasse": "street", "adres": "street", "city": "city", "town": "city", "ort": "city",
    "stadt": "city", "sehir": "city", "zip": "postal_code", "zipcode": "postal_code", "postcode": "postal_code",
    "postalcode": "postal_code", "plz": "postal_code", "postakodu": "postal_code", "country": "country",
    "countrycode": "country", "land": "country", "ulke": "country", "state": "region", "region": "region",
    "phone": "phone", "telefon": "phone", "email": "email", "contact": "contact", "gln": "gln",
}  # fmt: skip
_OF_A_CUSTOMER = {"customer", "kunde", "musteri", "cari", "debitor", "soldto", "account"}
_NUMBER_WORDS = {"number", "no", "nr", "nummer", "id", "code", "kod", "kodu", "erpcustomernumber"}


LONGEST = 100
"""Characters of a name that may mean something; the longest word that is known has a fifth."""


def words_known() -> dict[str, str]:
    """Return each word that is known, and the field that it seems to mean."""
    return dict(_FIELDS)


def field_named(name: str, within: str = "") -> str | None:
    """Return the field that a name seems to mean, as `line.qty`; None: nobody knows.

    Args:
        name: A heading, or the name of a JSON value, in any spelling.
        within: The name of the group that it stands in, if it does.
    """
    for word in _spellings(name):
        for group in _spellings(within):
            found = _of_group(word, group)
            if found:
                return found
    return next((_FIELDS[word] for word in _spellings(name) if word in _FIELDS), None)


def _of_group(word: str, group: str) -> str | None:
    if group in _PARTIES and word in _OF_A_PARTY:
        return f"{_PARTIES[group]}.{_OF_A_PARTY[word]}"
    if group in _OF_A_CUSTOMER and word in {"name", "name1"}:
        return "customer.name"
    if group in _OF_A_CUSTOMER and word in _NUMBER_WORDS:
        return "customer.erp_customer_number"
    return None


def _spellings(name: str) -> tuple[str, ...]:
    """Return a name in small letters without marks: ü as ue, and as u; each once. One that is too long has none."""
    return _spelled(name) if len(name) <= LONGEST else ()


@lru_cache(maxsize=1024)  # names of lists stand there for each value
def _spelled(name: str) -> tuple[str, ...]:
    small = normalized("NFKC", name).casefold().translate(_PLAIN_LETTERS)
    plain = "".join(letter for letter in normalized("NFKD", small) if not unicodedata.combining(letter))
    spelled = small.translate(_LETTERS)
    return tuple(dict.fromkeys(re.sub(r"[^a-z0-9]", "", text) for text in (spelled, plain)))
