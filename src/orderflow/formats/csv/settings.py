"""How an ERP wants its CSV: which columns, from where, and how they are written. Checked when it is saved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from orderflow.formats.encodings import Encoding
from orderflow.formats.file_name import PARTS, check_pattern
from orderflow.formats.format import FormatSettings
from orderflow.formats.order_fields import Address, order_fields, sample_order


def _single_values() -> dict[str, Any]:
    """Return the groups of a sample order without their lists, which fit into no column."""
    sample = order_fields(sample_order())
    sample["line"] = sample.pop("lines")[0]
    return {
        group: type(fields)({name: value for name, value in fields.items() if not isinstance(value, list)})
        for group, fields in sample.items()
    }


_GROUPS = _single_values()
KNOWN_FIELDS = sorted(f"{group}.{name}" for group, fields in _GROUPS.items() for name in fields)
"""Every field that a column may name; the parties, as `ship_to`, have whatever the order's have."""


def _field(path: str) -> str:
    group, _, name = path.partition(".")
    if group not in _GROUPS:
        raise ValueError(f"there is no group {group!r}; there are {', '.join(sorted(_GROUPS))}")
    if isinstance(_GROUPS[group], Address):
        if not name:
            raise ValueError(f"{group} needs a field, as {group}.city")
    elif name not in _GROUPS[group]:
        raise ValueError(f"{group} has no field {name!r}; it has {', '.join(_GROUPS[group])}")
    return path


def _date_format(text: str) -> str:
    moment = datetime(2025, 12, 26, tzinfo=UTC)
    written = moment.strftime(text)
    if not written.isprintable() or written == text:
        raise ValueError("is not a date's format; as %d.%m.%Y, see https://docs.python.org/3/library/datetime.html")
    return text


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must not contain line breaks or control characters")
    return text


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone; as Europe/Berlin") from None
    return name


DateFormat = Annotated[str, Field(min_length=2, max_length=40), AfterValidator(_date_format)]


class Column(BaseModel):
    """One column: a field of the order, or a text that is always the same."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Column", hide_input_in_errors=True)

    name: Annotated[str, Field(max_length=200), AfterValidator(_one_line)] = Field(
        "", title="Heading", description="As it stands in the first row."
    )
    field: Annotated[str, Field(max_length=200), AfterValidator(_field)] | None = Field(
        None,
        title="Field",
        description="Where the value comes from, as line.internal_sku, customer.erp_customer_number, ship_to.city.",
        examples=KNOWN_FIELDS,
    )
    constant: Annotated[str, Field(max_length=1_000), AfterValidator(_one_line)] | None = Field(
        None, title="Constant", description="A text that stands in every row instead of a field."
    )
    decimals: int | None = Field(
        None,
        ge=0,
        le=6,
        title="Decimals",
        description="For numbers: exactly so many. Empty: as many as there are.",
        json_schema_extra={"group": "Advanced"},
    )
    date_format: DateFormat | None = Field(
        None,
        title="Date format",
        description="For dates, as %d.%m.%Y. Empty: the connection's.",
        json_schema_extra={"group": "Advanced"},
    )
    required: bool = Field(
        False,
        title="Required",
        description="An order without a value here is refused.",
        json_schema_extra={"group": "Advanced"},
    )

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_empty(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value is not None and (value or name == "constant")}

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.field is None) == (self.constant is None):
            raise ValueError("give either a field or a constant")
        return self


class CsvSettings(FormatSettings):
    """A dropzone for CSV files, and the mapping that makes them."""

    model_config = ConfigDict(title="Dropzone for CSV")

    layout: Literal["one_row_per_line", "header_and_lines"] = Field(
        "one_row_per_line",
        title="Layout",
        description="one_row_per_line: every row has all columns. header_and_lines: a record for the order, then one "
        "for each line.",
        json_schema_extra={"group": "Mapping", "destination": False},
    )
    columns: list[Column] = Field(
        min_length=1,
        max_length=500,
        title="Columns",
        description="In the order in which they stand in a row (of a line).",
        json_schema_extra={"group": "Mapping", "destination": False},
    )
    header_columns: list[Column] = Field(
        [],
        max_length=500,
        title="Header's columns",
        description="For header_and_lines: the columns of the order's own record.",
        json_schema_extra={"group": "Mapping", "destination": False, "show_when": {"layout": ["header_and_lines"]}},
    )
    trailer_columns: list[Column] = Field(
        [],
        max_length=500,
        title="Trailer's columns",
        description="The columns of a last record, as totals.lines, totals.qty, totals.amount. Empty: none is written.",
        json_schema_extra={"group": "Mapping", "destination": False},
    )
    headings: bool = Field(
        True,
        title="Headings",
        description="The first row holds the columns' headings (of lines).",
        json_schema_extra={"group": "Format", "destination": False},
    )
    delimiter: Literal[",", ";", "tab", "|"] = Field(
        ";",
        title="Separator",
        description="Between two columns.",
        json_schema_extra={"group": "Format", "destination": False},
    )
    quoting: Literal["minimal", "all", "none"] = Field(
        "minimal",
        title="Quotes",
        description='minimal: around values that need "…". none: orders whose texts would need them are refused.',
        json_schema_extra={"group": "Format", "destination": False},
    )
    line_end: Literal["crlf", "lf"] = Field(
        "crlf",
        title="Line ends",
        description="crlf: as Windows has them.",
        json_schema_extra={"group": "Format", "destination": False},
    )
    encoding: Encoding = Field(
        "utf-8",
        title="Encoding",
        description="utf-8-sig: with a BOM. An order with a letter that it lacks is refused, never changed.",
        json_schema_extra={"group": "Format", "destination": False},
    )
    decimal_separator: Literal[".", ","] = Field(
        ".",
        title="Decimal separator",
        description="In numbers.",
        json_schema_extra={"group": "Format", "destination": False},
    )
    date_format: DateFormat = Field(
        "%Y-%m-%d",
        title="Date format",
        description="As %d.%m.%Y.",
        json_schema_extra={"group": "Format", "destination": False},
    )
    time_zone: Annotated[str, Field(max_length=60), AfterValidator(_time_zone)] = Field(
        "UTC",
        title="Time zone",
        description="Of moments such as order.approved_at and delivery.requested_at, as Europe/Berlin.",
        json_schema_extra={"group": "Format", "destination": False},
    )
    formulas: Literal["as_is", "apostrophe", "refuse"] = Field(
        "as_is",
        title="Formulas",
        description="A text that begins with = + - @ runs as a formula where somebody opens the file in a spreadsheet. "
        "as_is: written as it is, for an ERP. apostrophe: with ' before it. refuse: such an order is refused.",
        json_schema_extra={"group": "Format", "destination": False},
    )
    file_name: Annotated[str, Field(min_length=8, max_length=120), AfterValidator(check_pattern)] = Field(
        "sales_order_{draft_order_id}_{timestamp}_{export}.csv",
        title="File name",
        description=f"May hold {', '.join('{' + part + '}' for part in PARTS)}; {{export}} and an extension are musts.",
        json_schema_extra={"group": "Format", "destination": False},
    )

    @field_validator("header_columns")
    @classmethod
    def _fit_the_layout(cls, columns: list[Column], others: ValidationInfo) -> list[Column]:
        two = others.data.get("layout") == "header_and_lines"
        if two and not columns:
            raise ValueError("is needed for the layout header_and_lines")
        if columns and not two:
            raise ValueError("is for the layout header_and_lines only")
        return _of_no_line(columns, "the header")

    @field_validator("trailer_columns")
    @classmethod
    def _trail(cls, columns: list[Column]) -> list[Column]:
        return _of_no_line(columns, "the trailer")

    @field_validator("columns")
    @classmethod
    def _say_something_of_lines(cls, columns: list[Column]) -> list[Column]:
        if not any((column.field or "").startswith("line.") for column in columns):
            raise ValueError("no column names a field of a line, as line.internal_sku")
        return columns

    @field_validator("headings")
    @classmethod
    def _have_headings(cls, headings: bool, others: ValidationInfo) -> bool:
        if headings and not all(column.name for column in others.data.get("columns", ())):
            raise ValueError("every column needs a heading, or turn headings off")
        return headings


def _of_no_line(columns: list[Column], record: str) -> list[Column]:
    for number, column in enumerate(columns, 1):
        if (column.field or "").startswith("line."):
            raise ValueError(f"column {number}: {record} is no line, so {column.field} has no value there")
    return columns
