"""Files `ack_…` and `error_…`: what an ERP may write into an answer, and how strictly it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec

from orderflow.domain.answer_files import (
    LIMIT,
    Answer,
    OrderNumber,
    Reference,
    UnfinishedError,
    UnreadableError,
    in_utf_8,
)
from orderflow.domain.typed import typed
from orderflow.formats.answer_fields import LONGEST_CODE, named, number, words
from orderflow.formats.answer_lines import details_of

__all__ = ["LIMIT", "Answer", "UnfinishedError", "UnreadableError", "read_ack_file", "understand"]

PREFIXES: dict[str, Literal["ACKED", "FAILED"]] = {"ack_": "ACKED", "error_": "FAILED"}
"""What the name of an answer says."""


class _Written(msgspec.Struct):
    """The object in the file. Fields that are not listed here are the ERP's own business."""

    status: str
    erp_order_id: str | int | None = None
    error_code: str | int | None = None
    message: str | None = None
    processed_at: str | None = None


class _About(msgspec.Struct):
    """How the object names its delivery, where its file's name does not."""

    export_id: UUID | None = None
    file: str | None = None
    external_order_number: str | int | None = None


_NAMES = frozenset(_Written.__struct_fields__)
_ABOUT = frozenset(_About.__struct_fields__)
_ENDS = "\0\x1a \t\r\n"
"""What some programs leave at the end: NULs of a fixed length, the end mark of DOS."""


def is_ack_file(name: str) -> bool:
    """Return whether a file has the name of an answer, as docs/dropzone.md has them, or came without one."""
    return not name or name.lower().startswith(tuple(PREFIXES))


def orders_named_in(name: str) -> tuple[str, ...]:
    """Return which files the name of an answer may mean, the likelier first: it may carry one more `.json`."""
    if not name:
        return ()
    file = name.partition("_")[2]
    shorter = file[: -len(".json")] if file.lower().endswith(".json") else file
    return (file,) if shorter == file else (file, shorter)


def read_ack_file(name: str, content: bytes) -> Iterator[Answer]:
    """Read a file `ack_…` or `error_…`, or what came without a name; a file of another name is no answer.

    Raises:
        UnfinishedError, UnreadableError: As `understand`.
    """
    if not name:
        yield from _read_nameless(content)
    for prefix, expected in PREFIXES.items():
        if name.lower().startswith(prefix):
            yield understand(content, expected)


def understand(content: bytes, expected: Literal["ACKED", "FAILED"]) -> Answer:
    """Read an answer in a file whose name promises `expected`.

    What is unmistakable is read: UTF-16 and UTF-32, marks at the end, the status and the names
    of the fields in any case, a list of one.

    Raises:
        UnfinishedError: It is empty or breaks off.
        UnreadableError: It is anything else than JSON with the fields as documented.
    """
    answer = _answer(_the_object(_read(content)))
    if answer.status != expected:
        raise UnreadableError(f"Its name says {expected}, its status says {answer.status}.")
    return answer


def _read_nameless(content: bytes) -> Iterator[Answer]:
    """Read an answer, or a list of them, that came without a name: each names its delivery by a field of its own."""
    found = _read(content)
    for one in found if isinstance(found, list) else [found]:
        answer = _answer(one)
        yield replace(answer, about=_about(one))


def _about(found: Any) -> Reference:
    """Return which delivery an object names: by the document's file name, the export's id, or the order's number."""
    try:
        written = typed(named(found, _ABOUT), _About)
    except msgspec.ValidationError as error:
        raise UnreadableError(f"It does not name its delivery as documented: {error}.") from None
    if written.export_id is not None:
        return written.export_id
    if written.file:
        return written.file
    if order := number(written.external_order_number, "external_order_number"):
        return OrderNumber(order)
    raise UnreadableError("It names no delivery: none of export_id, file and external_order_number is there.")


def _read(content: bytes) -> Any:
    text = _text_of(content)
    if not text:
        raise UnfinishedError("The file is empty.")
    return _loaded(text)


def _answer(found: Any) -> Answer:
    written = _decode(found)
    status = written.status.strip().upper()
    if status not in ("ACKED", "FAILED"):
        raise UnreadableError("Its status is neither ACKED nor FAILED.")
    return Answer(
        "ACKED" if status == "ACKED" else "FAILED",
        number(written.erp_order_id),
        words(written.error_code, LONGEST_CODE),
        words(written.message),
        words(written.processed_at, LONGEST_CODE),
        details=details_of(found) if status == "ACKED" else None,
    )


def _text_of(content: bytes) -> str:
    try:
        return in_utf_8(content).decode().removeprefix("\ufeff").strip(_ENDS)
    except UnicodeDecodeError:
        raise UnreadableError("It is not in UTF-8. Write it as UTF-8.") from None


def _decode(found: Any) -> _Written:
    try:
        return typed(named(found, _NAMES) if isinstance(found, dict) else found, _Written)
    except msgspec.ValidationError as error:
        raise UnreadableError(f"It does not have the fields as documented: {error}.") from None


def _loaded(text: str) -> Any:
    try:
        msgspec.json.decode(text)
        return json.loads(text, object_pairs_hook=_without_twins, parse_float=Decimal)
    except msgspec.ValidationError:  # numbers that no program keeps
        raise UnreadableError("It is not JSON as it is commonly read.") from None
    except msgspec.DecodeError as error:
        kind = UnfinishedError if str(error) == "Input data was truncated" else UnreadableError
        raise kind(f"It is not JSON: {error}.") from None
    except RecursionError:
        raise UnreadableError("It is nested too deeply.") from None
    except (ValueError, ArithmeticError):
        raise UnreadableError("It is not JSON as it is commonly read.") from None


def _the_object(found: Any) -> Any:
    """Return the object that was meant: the only one of a list."""
    return found[0] if isinstance(found, list) and len(found) == 1 else found


def _without_twins(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableError("It has a field twice.")
    return found
