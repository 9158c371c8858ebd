"""What SAP's ports answer at once to an IDoc that came by HTTP: its number there, and perhaps its status.

Sources: SAP's services `/sap/bc/idoc_xml`, which says nothing but 200, and `/sap/bc/srt/idoc`, whose SOAP answer names
the number (`DbId`); what stands before SAP answers with fields of the status record (EDI_DS40), as XML or JSON.
"""

from __future__ import annotations

from orderflow.documents.xml import read_xml
from orderflow.domain.answer_details import Level
from orderflow.domain.answer_files import Answer, UnreadableError
from orderflow.domain.strict_json import NotJSONError, parse
from orderflow.formats.answer_fields import words
from orderflow.formats.idoc.answers import REFUSED

NUMBERS = ("DOCNUM", "DbId")
TEXTS = ("STATXT", "STATUS_TEXT")


def read_receipt(content: bytes) -> Answer | None:
    """Return what an answer says about the IDoc that was just sent; None: it says nothing of it."""
    said = _fields_of(content)
    number = next((said[name].lstrip("0") for name in NUMBERS if said.get(name)), "")
    status, told = said.get("STATUS", ""), next((said[name] for name in TEXTS if said.get(name)), "")
    if not number and not status:
        return None
    named = f"IDoc {number[:16]}" if number else "The IDoc"
    if status in REFUSED:
        message = words(f"{named} is in status {status}: {told or 'SAP says no more.'}")
        return Answer("FAILED", None, status, message, level=Level.UNDERSTOOD)
    return Answer("ACKED", None, None, words(f"{named} {told}".strip()), level=Level.RECEIVED)


def _fields_of(content: bytes) -> dict[str, str]:
    """Return the fields of an answer by their names; none of what is neither XML nor an object of JSON."""
    if content.lstrip().startswith(b"{"):
        try:
            value = parse(content)
        except NotJSONError:
            return {}
        return {name: str(one) for name, one in value.items() if isinstance(one, str | int)}
    try:
        root = read_xml(content)
    except UnreadableError:
        return {}
    return {str(one.tag).rpartition("}")[2]: (one.text or "").strip() for one in root.iter() if not len(one)}
