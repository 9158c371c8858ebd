"""Files `ack_…` and `error_…`: what an ERP may write into an answer, and how strictly it is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from orderflow.domain.answer_files import LIMIT, MARKS, Answer, UnfinishedError, UnreadableError
from orderflow.domain.typed import typed

__all__ = ["LIMIT", "Answer", "UnfinishedError", "UnreadableError", "read_ack_file", "understand"]

LONGEST_MESSAGE = 2_000
LONGEST_NUMBER = 200
LONGEST_CODE = 100
"""Characters. Messages and codes are cut; a number that is cut would be another number."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


PREFIXES: dict[str, Literal["ACKED", "FAILED"]] = {"ack_": "ACKED", "error_": "FAILED"}
"""What the name of an answer says."""


class _Written(msgspec.Struct):
    """The object in the file. Fields that are not listed here are the ERP's own business."""

    status: str
    erp_order_id: str | int | None = None
    error_code: str | int | None = None
    message: str | None = None
    processed_at: str | None = None


_NAMES = frozenset(_Written.__struct_fields__)
_ENDS = "\0\x1a \t\r\n"
"""What some programs leave at the end: NULs of a fixed length, the end mark of DOS."""


def is_ack_file(name: str) -> bool:
    """Return whether a file has the name of an answer, as docs/dropzone.md has them."""
    return name.lower().startswith(tuple(PREFIXES))


def orders_named_in(name: str) -> tuple[str, ...]:
    """Return which files the name of an answer may mean, the likelier first: it may carry one more `.json`."""
    file = name.partition("_")[2]
    shorter = file[: -len(".json")] if file.lower().endswith(".json") else file
    return (file,) if shorter == file else (file, shorter)


def read_ack_file(name: str, content: bytes) -> Iterator[Answer]:
    """Read a file `ack_…` or `error_…`; a file of another name is no answer.

    Raises:
        UnfinishedError, UnreadableError: As `understand`.
    """
    for prefix, expected in PREFIXES.items():
        if name.lower().startswith(prefix):
            yield understand(content, expected)


def understand(content: bytes, expected: Literal["ACKED", "FAILED"]) -> Answer:
    """Read an answer in a file whose name promises `expected`.

    What is unmistakable is read: UTF-16 or UTF-32 that says so by its mark, marks at the end, the status and the names
    of the fields in any case, a list of one.

    Raises:
        UnfinishedError: It is empty or breaks off.
        UnreadableError: It is anything else than JSON with the fields as documented.
    """
    text = _text_of(content)
    if not text:
        raise UnfinishedError("The file is empty.")
    written = _decode(text)
    status = written.status.strip().upper()
    if status not in ("ACKED", "FAILED"):
        raise UnreadableError("Its status is neither ACKED nor FAILED.")
    if status != expected:
        raise UnreadableError(f"Its name says {expected}, its status says {status}.")
    return Answer(
        expected,
        _number(written.erp_order_id),
        _text(written.error_code, LONGEST_CODE),
        _text(written.message, LONGEST_MESSAGE),
        _text(written.processed_at, LONGEST_CODE),
    )


def _text_of(content: bytes) -> str:
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), None)
    try:
        return content.decode(encoding or "utf-8").removeprefix("\ufeff").strip(_ENDS)
    except UnicodeDecodeError as error:
        if encoding not in (None, "utf-8") and error.end >= len(content) - 2:
            raise UnfinishedError(f"It breaks off within a letter of {str(encoding).upper()}.") from None
    said = f"It says that it is {encoding.upper()}, and is not." if encoding else "It is not in UTF-8."
    raise UnreadableError(f"{said} Write it as UTF-8.")


def _decode(text: str) -> _Written:
    try:
        return typed(_as_documented(_loaded(text)), _Written)
    except msgspec.ValidationError as error:
        raise UnreadableError(f"It does not have the fields as documented: {error}.") from None


def _loaded(text: str) -> Any:
    try:
        msgspec.json.decode(text)
        return json.loads(text, object_pairs_hook=_without_twins)
    except msgspec.ValidationError:  # numbers that no program keeps
        raise UnreadableError("It is not JSON as it is commonly read.") from None
    except msgspec.DecodeError as error:
        kind = UnfinishedError if str(error) == "Input data was truncated" else UnreadableError
        raise kind(f"It is not JSON: {error}.") from None
    except RecursionError:
        raise UnreadableError("It is nested too deeply.") from None
    except ValueError:
        raise UnreadableError("It is not JSON as it is commonly read.") from None


def _as_documented(found: Any) -> Any:
    """Return the object that was meant: the only one of a list, its fields by their names in any case."""
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, dict):
        return found
    fields = {name: value for name, value in found.items() if name in _NAMES}
    for name, value in found.items():
        plain = name.strip().lower()
        if name not in _NAMES and plain in _NAMES:
            if plain in fields:
                raise UnreadableError("It has a field twice.")
            fields[plain] = value
    return fields


def _without_twins(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableError("It has a field twice.")
    return found


def _number(value: str | int | None) -> str | None:
    if value is None:
        return None
    number = str(value).strip()
    if len(number) > LONGEST_NUMBER:
        raise UnreadableError(f"Its erp_order_id is longer than {LONGEST_NUMBER} characters.")
    if not number.isprintable():  # controls, and marks that turn the direction of text or are not seen
        raise UnreadableError("Its erp_order_id holds characters that cannot be seen.")
    return number or None


def _text(value: str | int | None, longest: int) -> str | None:
    if value is None:
        return None
    return _CONTROL.sub(" ", str(value)).strip()[:longest] or None
