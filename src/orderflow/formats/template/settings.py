"""What a template document asks of a person; it is tried on a sample order when it is saved."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from orderflow.formats.encodings import Encoding
from orderflow.formats.file_name import PARTS, check_pattern
from orderflow.formats.format import FormatSettings
from orderflow.formats.template.texts import check_template


def _media_type(text: str) -> str:
    if not re.fullmatch(r"[\w.+-]+/[\w.+-]+( *; *[\w-]+=([\w.:+-]+|\"[\w .:+-]+\"))*", text, re.ASCII):
        raise ValueError("is no media type; as application/xml or text/plain; charset=utf-8")
    return text


def _separators(text: str) -> str:
    if not text.isprintable() or any(letter.isalnum() or letter == " " for letter in text):
        raise ValueError("are marks as ; or |, neither letters nor digits nor blanks")
    return text


def _setting(title: str, about: str, **more: Any) -> Any:
    extra = {"group": more.pop("group", "Format"), "destination": False} | more.pop("extra", {})
    return Field(title=title, description=about, json_schema_extra=extra, **more)


class TemplateSettings(FormatSettings):
    """A dropzone for files that a template of your own makes."""

    model_config = ConfigDict(title="Dropzone for templates")

    content: Literal["text", "json", "xml"] = _setting(
        "Content",
        "How a field is written. json: it brings its own quotes. xml: escaped. text: as it is; an order in which one "
        "holds a line break or a control character is refused.",
        group="Template",
        default="xml",
    )
    separators: Annotated[str, Field(max_length=20), AfterValidator(_separators)] = _setting(
        "Separators",
        "Characters with a meaning in a text, as ;| where they part columns. An order in which a field holds one is "
        "refused.",
        group="Template",
        default="",
        extra={"show_when": {"content": ["text"]}},
    )
    encoding: Encoding = _setting(
        "Encoding",
        "utf-8-sig: with a BOM. JSON is UTF-8. XML names any other in its first line. An order with a letter that it "
        "lacks is refused, never changed.",
        default="utf-8",
    )
    template: str = _setting(
        "Template",
        "The file. Fields are named as {{ order.external_order_number }}; see docs/connector-template.md.",
        group="Template",
        extra={"multiline": True},
    )
    line_end: Literal["lf", "crlf"] = _setting(
        "Line ends", "Of the template's lines. crlf: as Windows has them.", default="lf"
    )
    media_type: Annotated[str, Field(max_length=100), AfterValidator(_media_type)] | None = _setting(
        "Media type", "Stored with the file, and its Content-Type over HTTP. Empty: that of the content.", default=None
    )
    file_name: Annotated[str, Field(min_length=8, max_length=120), AfterValidator(check_pattern)] | None = _setting(
        "File name",
        f"May hold {', '.join('{' + part + '}' for part in PARTS)}; {{export}} and an extension are musts. Empty: "
        "sales_order_{draft_order_id}_{timestamp}_{export} with .xml, .json or .txt.",
        default=None,
    )

    @field_validator("encoding")
    @classmethod
    def _suit_the_content(cls, encoding: str, others: ValidationInfo) -> str:
        if others.data.get("content") == "json" and encoding != "utf-8":
            raise ValueError("must be utf-8: that is what JSON is")
        return encoding

    @field_validator("template")
    @classmethod
    def _make_the_content(cls, text: str, others: ValidationInfo) -> str:
        if not {"content", "encoding", "separators"} <= others.data.keys():  # one of them is wrong, and told
            return text
        if not re.search(r"\blines\b", text):
            raise ValueError("does not write the lines: {% for line in lines %} … {% endfor %}")
        given = {name: others.data[name] for name in ("encoding", "separators")}
        return check_template(text, others.data["content"], others.context, **given)
