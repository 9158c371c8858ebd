"""What a connection asks for in both dialects."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from orderflow.formats.file_name import PARTS, check_pattern
from orderflow.formats.format import FormatSettings

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,3}$")]
LINE_ENDS = {"none": "", "lf": "\n", "crlf": "\r\n"}


def partner(title: str, about: str, longest: int) -> Any:
    """Return the field of a party's identification in the interchange."""
    return Field(
        min_length=1,
        max_length=longest,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        title=title,
        description=about,
        json_schema_extra={"group": "Partners"},
    )


def in_document(title: str, about: str, **more: Any) -> Any:
    """Return what describes a setting of the document's."""
    extra = {"group": more.pop("group", "Document"), "destination": False} | more.pop("extra", {})
    return Field(title=title, description=about, json_schema_extra=extra, **more)


class EdiSettings(FormatSettings):
    """The settings that both dialects have; each document goes from `sender` to `receiver`."""

    test: bool = in_document(
        "Test", "Each document says that it is a test, which the partner does not carry out.", default=False
    )
    line_breaks: Literal["none", "lf", "crlf"] = in_document(
        "Line breaks", "After each segment. none: the segment's own mark alone ends it.", default="lf"
    )
    supplier: Annotated[str, Field(max_length=35)] | None = in_document(
        "Supplier's number",
        "Who is to deliver, as the ERP knows it. Empty: the receiver's identification.",
        default=None,
        group="Partners",
    )
    countries: dict[str, Country] = in_document(
        "Countries",
        "Codes of countries (ISO 3166) that orders call by name, as Germany: DE. A code needs no entry.",
        default={},
        group="Mapping",
    )
    file_name: Annotated[str, Field(min_length=8, max_length=120), AfterValidator(check_pattern)] = in_document(
        "File name",
        f"May hold {', '.join('{' + part + '}' for part in PARTS)}; {{export}} and an extension are musts.",
        default="sales_order_{draft_order_id}_{timestamp}_{export}.edi",
    )
