"""What a connection asks for that writes EDIFACT."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, StringConstraints, ValidationInfo, field_validator

from orderflow.formats.edi.settings import EdiSettings, in_document, partner
from orderflow.formats.edifact.letters import EdifactLetters

_PLAIN = r"^[A-Za-z0-9 ._-]*$"
Qualifier = Annotated[str, StringConstraints(max_length=4, pattern=r"^[A-Z0-9]*$")]
Unit = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,3}$")]


class EdifactSettings(EdiSettings):
    """Orders as EDIFACT ORDERS (D.96A or its EANCOM), answered by CONTRL, APERAK and ORDRSP."""

    model_config = ConfigDict(title="EDIFACT ORDERS")

    sender: str = partner("Sender", "Our identification in the interchange (UNB), as a GLN; answers come to it.", 35)
    sender_qualifier: Qualifier = in_document(
        "Sender's qualifier", "14: it is a GLN. ZZ: agreed between you. May be empty.", default="14", group="Partners"
    )
    receiver: str = partner("Receiver", "The partner's identification in the interchange (UNB).", 35)
    receiver_qualifier: Qualifier = in_document(
        "Receiver's qualifier", "As the sender's.", default="14", group="Partners"
    )
    profile: Literal["D.96A", "EANCOM"] = in_document(
        "Profile",
        "EANCOM: the messages say EAN008, and an article without a GTIN stands in PIA instead of LIN.",
        default="D.96A",
    )
    letters: Literal[
        "UNOA", "UNOB", "UNOC", "UNOD", "UNOE", "UNOF", "UNOG", "UNOH", "UNOI", "UNOJ", "UNOK", "UNOL", "UNOY"
    ] = in_document(
        "Letters",
        "UNOC: western Europe (ISO 8859-1). UNOA: capitals only. UNOY: all (UTF-8). An order with a letter that is not "
        "among them is refused, never changed.",
        default="UNOC",
    )
    syntax_version: Literal["1", "2", "3", "4"] = in_document(
        "Syntax version", "Of ISO 9735; most partners read 3.", default="3"
    )
    una: bool = in_document("UNA", "The first segment tells the marks, which are the usual ones.", default=True)
    decimal_mark: Literal[".", ","] = in_document("Decimal mark", "In numbers; UNA tells it.", default=".")
    request_contrl: bool = in_document(
        "Ask for CONTRL", "The partner is asked to say that it could read the interchange.", default=True
    )
    agreement: Annotated[str, StringConstraints(max_length=35, pattern=_PLAIN)] = in_document(
        "Agreement", "Identification of the interchange agreement (UNB 0032), as EANCOM.", default=""
    )
    application_reference: Annotated[str, StringConstraints(max_length=14, pattern=_PLAIN)] = in_document(
        "Application reference", "UNB 0026, as ORDERS, where the partner sorts by it.", default=""
    )
    units: dict[str, Unit] = in_document(
        "Units",
        "Codes (UN/ECE Recommendation 20) of units that orders call otherwise, as Stk: PCE. A code needs no entry.",
        default={},
        group="Mapping",
    )
    regions: dict[str, Annotated[str, StringConstraints(max_length=9)]] = in_document(
        "Regions",
        "Codes of regions whose names have more than the 9 characters of EDIFACT, as Isle of Wight: IOW.",
        default={},
        group="Mapping",
    )

    @field_validator("letters")
    @classmethod
    def _write_the_partners(cls, letters: str, others: ValidationInfo) -> str:
        for name in ("sender", "receiver"):
            if EdifactLetters(letters, "3").written(others.data.get(name, "")) is None:
                raise ValueError(f"has not all letters of the {name}'s identification")
        return letters
