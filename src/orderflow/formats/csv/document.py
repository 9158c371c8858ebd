"""An order as CSV, by a mapping: every value exact, every letter kept, or the order is refused with the reason.

The dialect is that of RFC 4180, with the separators, quotes and encodings that ERPs want instead.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Literal
from zoneinfo import ZoneInfo

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.document import exact
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.formats.csv.settings import Column, CsvSettings
from orderflow.formats.encodings import charset, encoded
from orderflow.formats.file_name import made_name
from orderflow.formats.order_fields import Fields, order_fields

FORMAT_VERSION = "orderflow_csv_v1"
_QUOTING: dict[str, Literal[0, 1, 3]] = {"minimal": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL, "none": csv.QUOTE_NONE}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Some end a file or a text where it is read (U+001A on Windows, NUL)."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a text begins that a spreadsheet runs. Source: https://owasp.org/www-community/attacks/CSV_Injection"""

_HINT = "Correct the order, or the connection's mapping, then push again."


def csv_document(order: DraftOrder, delivery: Delivery, config: CsvSettings) -> Document:
    """Write an order as the mapping says.

    Raises:
        RejectedError: A value is missing where one is required, has more decimals than its column, or holds
            letters or separators that the format cannot write.
    """
    lines: list[str] = []
    # Python before 3.13 quotes only those line breaks that its own line end consists of: so it is given both, and
    # each line gets the end that is wanted afterwards. A writer calls `write` once for each row.
    writer = csv.writer(
        SimpleNamespace(write=lines.append),
        delimiter="\t" if config.delimiter == "tab" else config.delimiter,
        quoting=_QUOTING[config.quoting],
        quotechar=None if config.quoting == "none" else '"',
        lineterminator="\r\n",
    )
    try:
        writer.writerows(_rows(order, delivery, config))
    except csv.Error:
        raise RejectedError(
            "The order holds a separator, a quote or a line break, which a CSV file without quotes cannot write.",
            code="NEEDS_QUOTES",
            hint="Let the mapping use quotes, or another separator; or correct the order.",
        ) from None
    end = "\r\n" if config.line_end == "crlf" else "\n"
    content = encoded("".join(line.removesuffix("\r\n") + end for line in lines), config.encoding)
    media_type = f"text/csv; charset={charset(config.encoding)}"
    return Document(made_name(config.file_name, order, delivery), content, media_type, FORMAT_VERSION)


def _rows(order: DraftOrder, delivery: Delivery, config: CsvSettings) -> Iterator[list[str]]:
    fields = order_fields(order, delivery)
    if config.headings:
        yield [column.name for column in config.columns]
    if config.layout == "header_and_lines":
        yield _row(config.header_columns, fields, config)
    for line in fields["lines"]:
        yield _row(config.columns, fields | {"line": line}, config)
    if config.trailer_columns:
        yield _row(config.trailer_columns, fields, config)


def _row(columns: Sequence[Column], fields: Fields, config: CsvSettings) -> list[str]:
    return [_cell(column, fields, config) for column in columns]


def _cell(column: Column, fields: Fields, config: CsvSettings) -> str:
    if column.field is None:
        return column.constant or ""
    group, _, name = column.field.partition(".")
    value = fields[group][name]
    if column.required and value in (None, ""):
        raise RejectedError(f"{_place(column, fields)} is empty, and the mapping requires it.", hint=_HINT)
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(ZoneInfo(config.time_zone)).strftime(column.date_format or config.date_format)
        case date():
            return value.strftime(column.date_format or config.date_format)
        case int() | Decimal():
            return _number(Decimal(value), column, fields).replace(".", config.decimal_separator)
        case _:
            return _text(str(value), column, fields, config)


def _text(text: str, column: Column, fields: Fields, config: CsvSettings) -> str:
    if found := _CONTROL.search(text):
        raise RejectedError(
            f"{_place(column, fields)} holds the character U+{ord(found[0]):04X}, which no CSV file should hold.",
            code="CHARACTER_NOT_ALLOWED",
            hint="Correct the order's field, then push again.",
        )
    if config.formulas == "as_is" or not text.startswith(FORMULA):
        return text
    if config.formulas == "apostrophe":
        return f"'{text}"
    raise RejectedError(
        f"{_place(column, fields)} begins with {text[0]!r}, as a formula does, and the mapping refuses formulas.",
        code="FORMULA",
        hint="Correct the order, or the setting 'Formulas' of the connection, then push again.",
    )


def _number(value: Decimal, column: Column, fields: Fields) -> str:
    number = Decimal(exact(value) or 0)
    if column.decimals is None:
        return f"{number:f}"
    if max(-_exponent(number), 0) > column.decimals:
        raise RejectedError(
            f"{_place(column, fields)} is {number:f}, and its column has {column.decimals} decimals only.",
            code="NUMBER_DOES_NOT_FIT",
            hint="Give the column more decimals in the mapping, or correct the order; OrderFlow does not round.",
        )
    return f"{number:.{column.decimals}f}"


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _place(column: Column, fields: Fields) -> str:
    in_line = column.field is not None and column.field.startswith("line.")
    return f"Line {fields['line']['line_no']}: {column.field}" if in_line else str(column.field)
