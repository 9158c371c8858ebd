"""What a connection asks for that writes IDocs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from orderflow.formats.edi.settings import in_document
from orderflow.formats.file_name import PARTS, check_pattern
from orderflow.formats.format import FormatSettings
from orderflow.formats.idoc.structure import SEGMENTS, type_of

PartnerType = Literal["LS", "KU", "LI", "B", "US"]
Port = Annotated[str, StringConstraints(pattern=r"^[!-~]{0,10}$")]
Partner = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,10}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{0,4}$")]
Qualifier = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3}$")]
TextId = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,4}$")]


def _definitions(names: dict[str, str]) -> dict[str, str]:
    for segment, definition in names.items():
        if segment not in SEGMENTS or type_of(definition) != segment:
            raise ValueError(f"{segment}: {definition} is no version of a segment that is written here; as E2EDP01007")
    return names


class IdocSettings(FormatSettings):
    """Orders as SAP IDocs (ORDERS05), answered by STATUS, ALEAUD and ORDRSP."""

    model_config = ConfigDict(title="SAP IDoc")

    sender: Partner = in_document(
        "Sender", "Our partner number in SAP (SNDPRN), as its partner profiles have it.", group="Partners"
    )
    sender_type: PartnerType = in_document(
        "Sender's type", "SNDPRT. LS: a logical system. KU: a customer.", default="LS", group="Partners"
    )
    sender_port: Port = in_document("Sender's port", "SNDPOR, as SAP knows it.", default="", group="Partners")
    receiver: Partner = in_document("Receiver", "SAP's own partner number (RCVPRN), as PRDCLNT100.", group="Partners")
    receiver_type: PartnerType = in_document("Receiver's type", "RCVPRT.", default="LS", group="Partners")
    receiver_port: Port = in_document("Receiver's port", "RCVPOR, as SAPPRD.", default="", group="Partners")
    client: Annotated[str, StringConstraints(pattern=r"^([0-9]{3})?$")] = in_document(
        "Client", "MANDT, as 100. Empty: SAP's own.", default="", group="Partners"
    )
    supplier: Annotated[str, Field(max_length=17)] = in_document(
        "Supplier's number", "Who is to deliver (E1EDKA1 LF) where an order names no seller. Empty: nobody.",
        default="", group="Partners",
    )  # fmt: skip
    layout: Literal["xml", "flat"] = in_document(
        "Layout", "xml: as SAP's XML port. flat: records of fixed width, as its file port.", default="xml"
    )
    line_breaks: Literal["lf", "crlf", "none"] = in_document(
        "Line breaks", "After each record. none: each data record has its full 1063 characters.", default="lf",
        extra={"show_when": {"layout": ["flat"]}},
    )  # fmt: skip
    encoding: Literal["utf-8", "iso-8859-1", "iso-8859-2", "iso-8859-15", "windows-1252", "us-ascii"] = in_document(
        "Encoding",
        "Of a flat file, as its port in SAP has it. An order with a letter that it lacks is refused.",
        default="utf-8",
        extra={"show_when": {"layout": ["flat"]}},
    )
    segment_names: Annotated[dict[str, str], AfterValidator(_definitions)] = in_document(
        "Segment names",
        "Versions of segments in a flat file that are to be others, as E1EDP01: E2EDP01007. SAP takes every version "
        "that it ever released.",
        default={},
        extra={"show_when": {"layout": ["flat"]}},
    )
    release: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,4}$")] = in_document(
        "Release", "Of the segments (DOCREL).", default="700"
    )
    test: bool = in_document("Test", "Each IDoc says that it is a test (TEST).", default=False)
    message_code: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{0,3}$")] = in_document(
        "Message code", "MESCOD, where the partner profile has one.", default=""
    )
    message_function: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{0,3}$")] = in_document(
        "Message function", "MESFCT, likewise.", default=""
    )
    sales_organization: Code = in_document("Sales organization", "E1EDK14 008.", default="")
    distribution_channel: Code = in_document("Distribution channel", "E1EDK14 007.", default="")
    division: Code = in_document("Division", "E1EDK14 006.", default="")
    order_type: Code = in_document(
        "Type of order", "E1EDK14 012, as OR. Empty: as SAP has it for the customer.", default=""
    )
    language: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = in_document(
        "Language", "Of texts (ISO 639), as EN.", default="EN"
    )
    order_text: TextId = in_document("Text of an order", "The text's id in SAP (TDID) for notes.", default="0002")
    line_text: TextId = in_document("Text of a line", "The same, for notes of a line.", default="0002")
    description_text: TextId = in_document(
        "Text of a description",
        "The same, for a description with more than the 70 characters of E1EDP19.",
        default="0001",
    )
    price_condition: Annotated[str, StringConstraints(pattern=r"^([A-Z0-9]{4})?$")] = in_document(
        "Price's condition",
        "A condition (KSCHL) as which prices are written, too, so that SAP takes them, as PMP0. Empty: SAP finds its "
        "own price, and compares that of the order.",
        default="",
    )
    units: dict[str, Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,3}$")]] = in_document(
        "Units",
        "ISO codes, as SAP has them, of units that orders call otherwise, as Stk: PCE. A code of UN/ECE Recommendation "
        "20 needs no entry.",
        default={},
        group="Mapping",
    )
    countries: dict[str, Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,3}$")]] = in_document(
        "Countries",
        "Codes of countries (ISO 3166) that orders call by name, as Germany: DE. A code needs no entry.",
        default={},
        group="Mapping",
    )
    regions: dict[str, Annotated[str, StringConstraints(max_length=3)]] = in_document(
        "Regions", "SAP's codes of regions that orders call by name, as Bavaria: 09.", default={}, group="Mapping"
    )
    conditions: dict[str, Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{4}$")]] = in_document(
        "Allowances and charges",
        "Conditions (KSCHL) for those of orders, as FC: HD00. An order with one that is not here is refused.",
        default={},
        group="Mapping",
    )
    payment_terms: dict[str, Annotated[str, StringConstraints(pattern=r"^[!-~]{1,17}$")]] = in_document(
        "Payment terms", "SAP's keys (ZTERM) for those of orders, as net 30 days: 0001.", default={}, group="Mapping"
    )
    incoterms: dict[str, Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]] = in_document(
        "Delivery terms",
        "Incoterms (LKOND) for delivery terms that do not begin with one, as free house: DDP.",
        default={},
        group="Mapping",
    )
    dates: dict[Literal["earliest", "latest", "promised"], Qualifier] = in_document(
        "Further dates",
        "Qualifiers (IDDAT) of dates beside the one of the order and the requested one, as promised: 001. Without one, "
        "an order that has the date is refused.",
        default={},
        group="Mapping",
    )
    articles: dict[Literal["buyer_article_number", "seller_article_number"], Qualifier] = in_document(
        "Further article numbers",
        "Qualifiers (E1EDP19) of numbers beside the article's, the customer's and the GTIN.",
        default={},
        group="Mapping",
    )
    left_out: list[Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$")]] = in_document(
        "Left out",
        "Fields that are not written since SAP has them in its own data, as ship_to.email. Without an entry, what has "
        "no place in an IDoc refuses the order.",
        default=[],
        group="Mapping",
    )
    file_name: Annotated[str, Field(min_length=8, max_length=120), AfterValidator(check_pattern)] | None = in_document(
        "File name",
        f"May hold {', '.join('{' + part + '}' for part in PARTS)}; {{export}} and an extension are musts. Empty: "
        "sales_order_{draft_order_id}_{timestamp}_{export} with .xml or .idoc.",
        default=None,
    )
