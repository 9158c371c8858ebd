"""What SAP's ports answer at once to an IDoc that came by HTTP: its number there, and perhaps its status.

Sources: SAP's services `/sap/bc/idoc_xml`, which says nothing but 200, and `/sap/bc/srt/idoc`, whose SOAP answer names
the number (`DbId`); what stands before SAP answers with fields of the status record (EDI_DS40), as XML or JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from orderflow.documents.xml import read_xml
from orderflow.domain.answer_details import Level
from orderflow.domain.answer_files import Answer, UnreadableError, in_utf_8
from orderflow.domain.strict_json import Contradiction, NotJSONError, parse_answer
from orderflow.formats.answer_fields import words
from orderflow.formats.idoc.answers import REFUSED

NUMBERS = ("DOCNUM", "DbId")
TEXTS = ("STATXT", "STATUS_TEXT")
_STATE = re.compile(r"0[1-9]|[1-6][0-9]|7[0-5]")
"""A state of an IDoc. Source: SAP's table TEDS1."""


def read_receipt(content: bytes) -> Answer | None:
    """Return what an answer says about the IDoc that was just sent; None: it says nothing of it.

    Raises:
        UnreadableError: It refuses the IDoc, and does not.
    """
    said = _fields_of(content)
    number = next((said[name][-1].lstrip("0") for name in NUMBERS if said.get(name)), "")
    told = next((said[name][-1] for name in TEXTS if said.get(name)), "")
    statuses = said.get("STATUS", [])
    if not number and not statuses:
        return None
    if not all(map(_STATE.fullmatch, statuses)):
        return None  # it is of what stands before SAP, and says whatever that says
    refused = [status for status in statuses if status in REFUSED]
    if 0 < len(refused) < len(statuses):
        raise UnreadableError("It gives several states, one of which refuses the IDoc.")
    named = f"IDoc {number[:16]}" if number else "The IDoc"
    if refused:
        message = words(f"{named} is in status {refused[-1]}: {told or 'SAP says no more.'}")
        return Answer("FAILED", None, refused[-1], message, level=Level.UNDERSTOOD)
    return Answer("ACKED", None, None, words(f"{named} {told}".strip()), level=Level.RECEIVED)


def _fields_of(content: bytes) -> dict[str, list[str]]:
    """Return the fields of an answer by their names, those that say something; none of what is neither XML nor JSON."""
    said: dict[str, list[str]] = {}
    for name, value in _pairs_of(content):
        if text := value.strip():
            said.setdefault(name, []).append(text)
    return said


def _pairs_of(content: bytes) -> Iterator[tuple[str, str]]:
    text = _text_of(content)
    if text.startswith("{"):
        yield from _pairs_of_json(text)
        return
    try:
        root = read_xml(content)
    except UnreadableError:
        return
    yield from ((str(one.tag).rpartition("}")[2], one.text or "") for one in root.iter() if not len(one))


def _text_of(content: bytes) -> str:
    """Return what may be JSON, in whichever encoding: what is no UTF-8 is most often Latin 1."""
    try:
        told = in_utf_8(content)
    except UnreadableError:
        return ""
    try:
        return told.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError:
        return told.decode("iso-8859-1").lstrip()


def _pairs_of_json(text: str) -> Iterator[tuple[str, str]]:
    try:
        value = parse_answer(text)
    except NotJSONError:
        return
    for name, said in value.items():
        each = said if isinstance(said, Contradiction) else (said,)
        yield from ((name, str(one)) for one in each if isinstance(one, str | int))
