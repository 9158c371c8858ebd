"""EDIFACT, X12 and IDocs: who writes to whom, and how, as their first segments say."""

from __future__ import annotations

import re
from typing import Any

from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.edifact.syntax import read_interchanges
from orderflow.formats.idoc.reading import Idoc, read_idocs
from orderflow.formats.samples.beginning import Beginning

_ORDERS = "ORDERS"


def edifact(content: bytes, _connector_type: str | None) -> Beginning:
    """Return settings of EDIFACT_ORDERS, from UNA, UNB and the first UNH. Raises UnreadableError."""
    interchange = next(read_interchanges(content))
    unb = interchange.header
    message = next((each for each in interchange.inner if each.level.opens == "UNH"), None)
    unh = message.header if message else None
    una = re.match(rb"\s*UNA.(.)(.)..(.)", content, re.DOTALL)
    config: dict[str, Any] = {
        "sender": unb.get(2),
        "sender_qualifier": unb.get(2, 2),
        "receiver": unb.get(3),
        "receiver_qualifier": unb.get(3, 2),
        "letters": unb.get(1) or "UNOC",
        "syntax_version": unb.get(1, 2) or "3",
        "una": una is not None,
        "decimal_mark": "," if una and una[2] == b"," else ".",
        "application_reference": unb.get(7),
        "request_contrl": unb.get(9) == "1",
        "agreement": unb.get(10),
        "test": unb.get(11) == "1",
        "line_breaks": _line_breaks(content.strip()),
        "profile": "EANCOM" if unh and unh.get(2, 5).startswith("EAN") else "D.96A",
    }
    notes = [_our_side("UNB", config)]
    if una and una[3] in b"\r\n":
        notes.append("Its segments end with line breaks alone; what is written ends them with ', too.")
    if unh and unh.get(2) != _ORDERS:
        notes.append(f"It is no order, but {unh.get(2)}: an answer names sender and receiver the other way round.")
    if unh and (unh.get(2, 2), unh.get(2, 3)) != ("D", "96A"):
        notes.append(f"It is {unh.get(2, 2)}.{unh.get(2, 3)}; what is written is D.96A.")
    return Beginning("EDIFACT_ORDERS", config, notes=notes)


def _our_side(segment: str, config: dict[str, Any]) -> str:
    return f"{segment} says that {config['sender']} writes to {config['receiver']}: the sender should be you."


def x12(content: bytes, _connector_type: str | None) -> Beginning:
    """Return settings of X12_850, from ISA, GS and BEG. Raises UnreadableError.

    Source: ASC X12.5: ISA has 106 characters, each field at its place.
    """
    text = content.decode("iso-8859-1").lstrip("\r\n ")
    if len(text) < _ISA:
        raise UnreadableError("It breaks off within ISA.")
    element, terminator = text[3], text[105]
    isa = text[: _ISA - 1].split(element)
    if len(isa) != 17:
        raise UnreadableError("Its ISA has not 16 elements.")
    rest = [segment.strip().split(element) for segment in text[_ISA:].split(terminator)]
    gs = next((segment for segment in rest if segment[0] == "GS" and len(segment) > 8), None)
    beg = next((segment for segment in rest if segment[0] == "BEG" and len(segment) > 2), None)
    version = gs[8] if gs else "004010"
    config: dict[str, Any] = {
        "sender_qualifier": isa[5],
        "sender": isa[6].strip(),
        "receiver_qualifier": isa[7],
        "receiver": isa[8].strip(),
        "test": isa[15] == "T",
        "request_ta1": isa[14] == "1",
        "element_separator": _mark(element),
        "component_separator": _mark(isa[16]),
        "segment_terminator": _mark(terminator),
        "line_breaks": "none" if terminator in "\r\n" else _line_breaks(content.strip()),
        "version": "005010" if version.startswith("00501") else "004010",
        "industry": version[6:12],
    }
    if terminator in "\r\n":
        del config["segment_terminator"]
    if gs and (gs[2], gs[3]) != (config["sender"], config["receiver"]):
        config |= {"application_sender": gs[2].strip(), "application_receiver": gs[3].strip()}
    if beg:
        config["order_type"] = beg[2]
    notes = [_our_side("ISA", config)]
    if terminator in "\r\n":
        notes.append("Its segments end with line breaks alone; what is written ends them with ~, too.")
    if gs and gs[1] != "PO":
        notes.append(f"It is no order (850), but a group {gs[1]}: an answer names both sides the other way round.")
    return Beginning("X12_850", config, notes=notes)


_ISA = 106


def _mark(letter: str) -> str:
    return letter if letter.isprintable() and letter.isascii() else f"0x{ord(letter):02X}"


def idoc(content: bytes, _connector_type: str | None) -> Beginning:
    """Return settings of SAP_IDOC, from the control record and E1EDK14. Raises UnreadableError."""
    xml = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    encoding, found = _first_idoc(content)
    control = found.control
    config: dict[str, Any] = {
        "layout": "xml" if xml else "flat",
        "sender": control.get("SNDPRN"),
        "sender_type": control.get("SNDPRT"),
        "sender_port": control.get("SNDPOR"),
        "receiver": control.get("RCVPRN"),
        "receiver_type": control.get("RCVPRT"),
        "receiver_port": control.get("RCVPOR"),
        "client": control.get("MANDT"),
        "release": control.get("DOCREL"),
        "test": control.get("TEST") == "X",
        "message_code": control.get("MESCOD"),
        "message_function": control.get("MESFCT"),
    }
    if not xml:
        config |= {"encoding": encoding, "line_breaks": _line_breaks(content)}
    for record in found.of("E1EDK14"):
        if name := _ORGANIZATION.get(record.get("QUALF")):
            config[name] = record.get("ORGID")
    notes = [_our_side("The control record", config)]
    if control.get("MESTYP") != _ORDERS:
        notes.append(f"It is no order, but {control.get('MESTYP')}: an answer names both sides the other way round.")
    return Beginning("SAP_IDOC", {name: value for name, value in config.items() if value != ""}, notes=notes)


_ORGANIZATION = {"008": "sales_organization", "007": "distribution_channel", "006": "division", "012": "order_type"}
"""Qualifiers of E1EDK14. Source: SAP's documentation of ORDERS05 (WE60)."""


def _first_idoc(content: bytes) -> tuple[str, Idoc]:
    for encoding in ("utf-8", "windows-1252"):
        try:
            read = next(iter(read_idocs(content, encoding, with_totals=False)), None)
        except UnreadableError:
            if encoding != "utf-8":
                raise
            continue
        if isinstance(read, Idoc):
            return encoding, read
        break
    raise UnreadableError("It holds no IDoc.")


def _line_breaks(content: bytes) -> str:
    if b"\r\n" in content:
        return "crlf"
    return "lf" if b"\n" in content else "none"
