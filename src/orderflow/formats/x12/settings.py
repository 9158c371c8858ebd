"""What a connection asks for that writes X12."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, StringConstraints, ValidationInfo, field_validator

from orderflow.formats.edi.segments import Marks
from orderflow.formats.edi.settings import EdiSettings, in_document, partner

Qualifier = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2}$")]
Unit = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2}$")]
ApplicationCode = Annotated[str, StringConstraints(pattern=r"^([!-~]([ -~]{0,13}[!-~])?)?$")]


def _separator(text: str) -> str:
    mark = separator(text)
    if len(mark) != 1 or mark.isalnum() or mark in " .-" or not mark.isascii() or mark in "\0\r\n":
        raise ValueError("is one character, neither letter nor digit, or a code as 0x1D")
    return text


def separator(text: str) -> str:
    """Return the character that a setting means, which may be a code as 0x1D."""
    return chr(int(text, 0)) if text.startswith("0x") and len(text) == 4 else text


Separator = Annotated[str, StringConstraints(pattern=r"^(.|0x[0-9A-Fa-f]{2})$"), AfterValidator(_separator)]


class X12Settings(EdiSettings):
    """Orders as X12 850, answered by TA1, 997, 999, 855 and 865."""

    model_config = ConfigDict(title="X12 850")

    sender: str = partner("Sender", "Our identification in the interchange (ISA06); answers come to it.", 15)
    sender_qualifier: Qualifier = in_document(
        "Sender's qualifier",
        "ISA05. ZZ: agreed between you. 01: D-U-N-S. 12: telephone.",
        default="ZZ",
        group="Partners",
    )
    receiver: str = partner("Receiver", "The partner's identification in the interchange (ISA08).", 15)
    receiver_qualifier: Qualifier = in_document(
        "Receiver's qualifier", "ISA07, as the sender's.", default="ZZ", group="Partners"
    )
    application_sender: ApplicationCode = in_document(
        "Application sender", "GS02. Empty: the sender.", default="", group="Partners"
    )
    application_receiver: ApplicationCode = in_document(
        "Application receiver", "GS03. Empty: the receiver.", default="", group="Partners"
    )
    version: Literal["004010", "005010"] = in_document("Version", "Of the transaction set.", default="004010")
    industry: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{0,6}$")] = in_document(
        "Industry", "What stands behind the version in GS08, as VICS.", default=""
    )
    order_type: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2}$")] = in_document(
        "Type of order", "BEG02. SA: stand-alone. NE: new order. DS: dropship.", default="SA"
    )
    encoding: Literal["us-ascii", "iso-8859-1", "windows-1252", "utf-8"] = in_document(
        "Encoding",
        "X12 does not tell it, so the partner must know. An order with a letter that it lacks is refused.",
        default="iso-8859-1",
    )
    element_separator: Separator = in_document(
        "Element separator", "A text that holds a separator cannot be written: choose another for such.", default="*"
    )
    component_separator: Separator = in_document("Component separator", "ISA16.", default=">")
    repetition_separator: Separator = in_document("Repetition separator", "ISA11 of 005010.", default="^")
    segment_terminator: Separator = in_document("Segment terminator", "As ~, or 0x1C.", default="~")
    request_ta1: bool = in_document(
        "Ask for TA1", "The partner is asked to say that the interchange arrived (ISA14).", default=False
    )
    units: dict[str, Unit] = in_document(
        "Units",
        "Codes (X12 355) of units that orders call otherwise, as Stk: EA. A code of X12 needs no entry, nor one of "
        "UN/ECE Recommendation 20 that both lists have.",
        default={},
        group="Mapping",
    )
    adjustments: dict[str, Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{3}$")]] = in_document(
        "Allowances and charges",
        "Codes (X12 1300) for those of orders, as FC: D240. An order with one that is not here is refused.",
        default={},
        group="Mapping",
    )

    @field_validator("segment_terminator")
    @classmethod
    def _are_apart(cls, terminator: str, others: ValidationInfo) -> str:
        given = [others.data.get(f"{name}_separator", "") for name in ("element", "component", "repetition")]
        marks = [separator(text) for text in (*given, terminator)]
        if len(set(marks)) < len(marks):
            raise ValueError("is the same as a separator; each needs a character of its own")
        for name in ("sender", "receiver", "application_sender", "application_receiver"):
            if any(mark in others.data.get(name, "") for mark in marks):
                raise ValueError(f"or a separator stands in the {name.replace('_', ' ')}'s identification")
        return terminator

    @property
    def marks(self) -> Marks:
        """The separators as characters."""
        return Marks(
            separator(self.element_separator),
            separator(self.component_separator),
            separator(self.segment_terminator),
        )

    @property
    def repetition(self) -> str:
        """The repetition separator, which 004010 does not have."""
        return separator(self.repetition_separator) if self.version == "005010" else ""

    @property
    def codes(self) -> tuple[str, str]:
        """The codes of sender and receiver in the group."""
        return self.application_sender or self.sender, self.application_receiver or self.receiver
