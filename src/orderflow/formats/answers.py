"""What an ERP may write into an answer, and how strictly it is read."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

LIMIT = 1024 * 1024
"""Bytes; an answer that is larger is not read."""

LONGEST_MESSAGE = 2_000
LONGEST_NUMBER = 200
LONGEST_CODE = 100
"""Characters. Messages and codes are cut; a number that is cut would be another number."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


PREFIXES: dict[str, Literal["ACKED", "FAILED"]] = {"ack_": "ACKED", "error_": "FAILED"}
"""What the name of an answer says."""


class UnreadableError(Exception):
    """The answer is not what docs/dropzone.md describes; the text says why and quotes nothing of it."""


class UnfinishedError(UnreadableError):
    """The answer breaks off: it may still be being written."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the ERP said about one delivery; the fields are those of `orderflow.domain.delivery.Ack`."""

    status: Literal["ACKED", "FAILED"]
    erp_order_id: str | None = None
    error_code: str | None = None
    message: str | None = None
    processed_at: str | None = None


class _Written(msgspec.Struct):
    """The object in the file. Fields that are not listed here are the ERP's own business."""

    status: str
    erp_order_id: str | int | None = None
    error_code: str | int | None = None
    message: str | None = None
    processed_at: str | None = None


_decoder = msgspec.json.Decoder(_Written)


def read_ack_file(name: str, content: bytes) -> Iterator[Answer]:
    """Read a file `ack_…` or `error_…`, as docs/dropzone.md has them; a file of another name is no answer.

    Raises:
        UnfinishedError, UnreadableError: As `understand`.
    """
    for prefix, expected in PREFIXES.items():
        if name.lower().startswith(prefix):
            yield understand(content, expected)


def understand(content: bytes, expected: Literal["ACKED", "FAILED"]) -> Answer:
    """Read an answer in a file whose name promises `expected`.

    Raises:
        UnfinishedError: It is empty or breaks off.
        UnreadableError: It is anything else than JSON in UTF-8 with the fields as documented.
    """
    content = content.removeprefix(codecs.BOM_UTF8)
    if not content.strip(b"\0 \t\r\n"):
        raise UnfinishedError("The file is empty.")
    written = _decode(content)
    if written.status not in ("ACKED", "FAILED"):
        raise UnreadableError("Its status is neither ACKED nor FAILED.")
    if written.status != expected:
        raise UnreadableError(f"Its name says {expected}, its status says {written.status}.")
    return Answer(
        expected,
        _number(written.erp_order_id),
        _text(written.error_code, LONGEST_CODE),
        _text(written.message, LONGEST_MESSAGE),
        _text(written.processed_at, LONGEST_CODE),
    )


def _decode(content: bytes) -> _Written:
    try:
        written = _decoder.decode(content)
        json.loads(content.decode("utf-8"), object_pairs_hook=_without_twins)
    except msgspec.ValidationError as error:
        raise UnreadableError(f"It does not have the fields as documented: {error}.") from None
    except msgspec.DecodeError as error:
        kind = UnfinishedError if str(error) == "Input data was truncated" else UnreadableError
        raise kind(f"It is not JSON: {error}.") from None
    except UnicodeDecodeError:
        raise UnreadableError("It is not in UTF-8.") from None
    except RecursionError:
        raise UnreadableError("It is nested too deeply.") from None
    except ValueError:
        raise UnreadableError("It is not JSON as it is commonly read.") from None
    return written


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
    if _CONTROL.search(number) or "\n" in number or "\t" in number:
        raise UnreadableError("Its erp_order_id holds control characters.")
    return number or None


def _text(value: str | int | None, longest: int) -> str | None:
    if value is None:
        return None
    return _CONTROL.sub(" ", str(value)).strip()[:longest] or None
