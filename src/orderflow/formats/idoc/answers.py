"""STATUS and ALEAUD: what SAP says about an IDoc. ORDRSP is the business's.

Source: SAP's documentation of SYSTAT01, ALEAUD01 and EDI_DS40, and of the status of IDocs (TEDS1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from uuid import UUID

from orderflow.domain.answer_details import Level
from orderflow.domain.answer_files import Answer, Reference, UnfinishedError, UnreadableError
from orderflow.domain.states import Kind
from orderflow.formats.answer_fields import number, words
from orderflow.formats.edi.codes import REC_20
from orderflow.formats.edi.response import control_number, failure, the_one, told_at, unit_names
from orderflow.formats.idoc.order_response import read_order_response
from orderflow.formats.idoc.reading import Idoc, Read, read_idocs
from orderflow.formats.idoc.settings import IdocSettings

RECEIVED = {"03", "12", "14", "18", "22", "39", "50", "64"}
UNDERSTOOD = {"06", "08", "10", "13", "16", "24", "55", "62"}
POSTED = {"41", "53"}
REFUSED = {"02", "04", "05", "07", "11", "15", "17", "20", "26", "29", "40", "51", "54", "56", "60", "63", "65", "68"}
"""Of status 52 a part was posted, so that it is neither."""

SAVED = ("V1", "311")
"""The message "&1 &2 has been saved", whose second parameter is the number of a sales document."""

SALES_ORDER = "BUS2032"
AUDITED = {
    "ORDERS": {Kind.ORDER}, "ORDCHG": {Kind.CHANGE, Kind.RECALL}, "ALEAUD": set(Kind), "": set(Kind),
}  # fmt: skip
"""What an audit is about; some programs name it itself."""

_OWN_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PARAMETERS = ("STAPA1", "STAPA2", "STAPA3", "STAPA4")

LONGEST_TEXT = 500
"""Characters of a text of SAP's, and of each of its parameters. Its fields have 70 and 50, but XML holds any."""

_PLACE = re.compile(r"&([1-4])?")


def read_answers(content: bytes, settings: IdocSettings) -> Iterator[Answer]:
    """Yield what a file says, IDoc by IDoc.

    Raises:
        UnfinishedError, UnreadableError: As `Format.read` does.
    """
    for found in read_idocs(content, settings.encoding):
        if not isinstance(found, Idoc):
            yield _status_record(found)
            continue
        _check_addresses(found.control, settings)
        match found.control.get("MESTYP"):
            case "STATUS":
                yield from _statuses(found)
            case "ALEAUD":
                yield from _audit(found)
            case "ORDRSP":
                yield read_order_response(found, unit_names(REC_20 | settings.units))
            case other:
                raise UnreadableError(f"It is {other[:30]!r}, which is no answer to an order.")


def _status_record(status: Read) -> Answer:
    """Read a status that stands alone: no control record says whose it is, so it must carry our own key."""
    if not _OWN_KEY.fullmatch(status.get("ARCKEY")):
        raise UnreadableError("It is a status without the key of an IDoc of ours (ARCKEY).")
    return _status(status, status.get("ARCKEY"))


def _check_addresses(control: Read, settings: IdocSettings) -> None:
    """Check that an IDoc is for us and from our SAP: numbers alone are the same for many. Raises UnreadableError."""
    given = control.get("RCVPRN"), control.get("SNDPRN")
    if given != (settings.sender, settings.receiver):
        raise UnreadableError(
            f"It is from {given[1]!r} for {given[0]!r}, and this connection sends as {settings.sender!r} to "
            f"{settings.receiver!r}."
        )
    if control.get("TEST") and not settings.test:
        raise UnreadableError("It is a test (TEST), and this connection's orders are none.")


def _statuses(idoc: Idoc) -> Iterator[Answer]:
    said = list(idoc.of("E1STATS"))
    if not said:
        raise UnfinishedError("It has no status (E1STATS).")
    for status in said:
        yield _status(status, status.get("ARCKEY"))


def _audit(idoc: Idoc) -> Iterator[Answer]:
    """Read an audit: each status may name the documents that were made (E1PRTOB)."""
    kinds = set(Kind)
    for header in idoc.of("E1ADHDR"):
        if header.get("MESTYP") not in AUDITED:
            raise UnreadableError(f"It is about {header.get('MESTYP')!r}, and this connection sends ORDERS.")
        kinds &= AUDITED[header.get("MESTYP")]
    said = [segment for segment in idoc.segments if segment.type in ("E1STATE", "E1PRTOB")]
    if not said or said[0].type != "E1STATE":
        raise UnfinishedError("It has no status (E1STATE).")
    begins = [n for n, segment in enumerate(said) if segment.type == "E1STATE"]
    for first, behind in pairwise([*begins, len(said)]):
        orders = (one.get("OBJKEY") for one in said[first + 1 : behind] if one.get("OBJTYPE") == SALES_ORDER)
        with told_at(_about(said[first].get("DOCNUM"), "", kinds)):
            made = the_one(filter(None, orders), "the sales order that was made") or ""
        yield _status(said[first], "", made, kinds)


def _status(status: Read, key: str, made: str = "", kinds: Iterable[Kind] = Kind) -> Answer:
    """Return what a status says.

    Args:
        key: Our own of the IDoc (ARCKEY), if the answer carries it.
        made: The number of the sales order that was made of it, if it is named.
        kinds: What the IDoc may be.
    """
    about, code = _about(status.get("DOCNUM"), key, kinds), status.get("STATUS")
    told = _words(status)
    if code in REFUSED:
        return failure(
            about, " ".join([code, *_message(status)]), told or f"SAP has it in status {code}.", Level.UNDERSTOOD
        )
    if code in POSTED:
        order = made or _saved_as(status)
        level = Level.ANSWERED if order else Level.UNDERSTOOD
        return Answer("ACKED", number(order), None, words(told), about=about, level=level)
    if code in RECEIVED | UNDERSTOOD:
        level = Level.RECEIVED if code in RECEIVED else Level.UNDERSTOOD
        return Answer("ACKED", message=words(told), about=about, level=level)
    told = f" SAP says: {told}" if told else ""
    raise UnreadableError(f"SAP has the IDoc in status {code[:2]!r}. Look there what became of the order.{told}", about)


def _about(docnum: str, key: str, kinds: Iterable[Kind]) -> Reference:
    return UUID(key) if _OWN_KEY.fullmatch(key) else control_number(docnum.lstrip("0"), kinds)


def _message(status: Read) -> tuple[str, ...]:
    """Return class and number of SAP's message (T100), from fields of their own or as SAPV1311; empty: it has none."""
    if status.get("STAMID"):
        return status.get("STAMID"), status.get("STAMNO")
    found = re.fullmatch(r"SAP([A-Z0-9/]{2})(\d{3})", status.get("STACOD"))
    return found.groups() if found else ()


def _parameter(status: Read, name: str) -> str:
    return status.get(f"{name}_LNG") or status.get(name)


def _words(status: Read) -> str:
    """Return SAP's words, its parameters filled in: &2 is the second one, and each & alone the next."""
    given = [_parameter(status, name)[:LONGEST_TEXT] for name in PARAMETERS]
    in_turn = iter(given)
    text = _PLACE.sub(
        lambda place: given[int(place[1]) - 1] if place[1] else next(in_turn, "&"), status.get("STATXT")[:LONGEST_TEXT]
    )
    return words(text) or " ".join(filter(None, given))


def _saved_as(status: Read) -> str:
    """Return the number under which a sales document was saved, if that is what SAP's message surely says."""
    saved = _parameter(status, "STAPA2")
    return saved if _message(status) == SAVED and re.fullmatch(r"\d{1,10}", saved, re.ASCII) else ""
