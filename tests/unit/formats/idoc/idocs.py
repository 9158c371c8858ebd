"""IDocs as somebody else reads and writes them: XML by lxml, flat files by the places in SAP's documentation."""

from __future__ import annotations

from typing import Any

from lxml import etree

Read = list[tuple[str, dict[str, str]]]

PLACES = {
    "EDI_DC40": {"DOCNUM": (13, 29), "DIRECT": (35, 36), "TEST": (38, 39), "IDOCTYP": (39, 69), "MESTYP": (99, 129),
                 "MESCOD": (129, 132), "SNDPOR": (148, 158), "SNDPRT": (158, 160), "SNDPRN": (162, 172),
                 "RCVPOR": (263, 273), "RCVPRT": (273, 275), "RCVPRN": (277, 287), "CREDAT": (378, 386),
                 "ARCKEY": (434, 504)},
    "E2EDK01005": {"ACTION": (0, 3), "CURCY": (4, 7), "ZTERM": (22, 39), "KUNDEUINR": (39, 59), "EIGENUINR": (59, 79),
                   "BELNR": (83, 118)},
    "E2EDK14": {"QUALF": (0, 3), "ORGID": (3, 38)},
    "E2EDK03": {"IDDAT": (0, 3), "DATUM": (3, 11)},
    "E2EDK05": {"ALCKZ": (0, 3), "KSCHL": (3, 7), "KOTXT": (7, 87), "BETRG": (87, 105), "KPERC": (105, 113)},
    "E2EDKA1003": {"PARVW": (0, 3), "PARTN": (3, 20), "LIFNR": (20, 37), "NAME1": (37, 72), "NAME2": (72, 107),
                   "NAME3": (107, 142), "NAME4": (142, 177), "STRAS": (177, 212), "STRS2": (212, 247),
                   "ORT01": (282, 317), "PSTLZ": (326, 335), "LAND1": (344, 347), "TELF1": (442, 467),
                   "REGIO": (655, 658), "BNAME": (713, 748), "ILNNR": (873, 943)},
    "E2EDK02": {"QUALF": (0, 3), "BELNR": (3, 38), "DATUM": (44, 52)},
    "E2EDK17": {"QUALF": (0, 3), "LKOND": (3, 6), "LKTEXT": (6, 76)},
    "E2EDKT1002": {"TDID": (0, 4), "TSSPRAS_ISO": (7, 9)},
    "E2EDKT2001": {"TDLINE": (0, 70), "TDFORMAT": (70, 72)},
    "E2EDP01006": {"POSEX": (0, 6), "ACTION": (6, 9), "MENGE": (11, 26), "MENEE": (26, 29), "PMENE": (44, 47),
                   "VPREI": (54, 69), "PEINH": (69, 78), "CURCY": (154, 157)},
    "E2EDP03": {"IDDAT": (0, 3), "DATUM": (3, 11)},
    "E2EDP05": {"ALCKZ": (0, 3), "KSCHL": (3, 7), "KOTXT": (7, 87), "BETRG": (87, 105), "KPERC": (105, 113),
                "KRATE": (113, 128), "UPRBS": (128, 137), "MEAUN": (137, 140)},
    "E2EDP20": {"WMENG": (0, 15), "EDATU": (30, 38)},
    "E2EDP19001": {"QUALF": (0, 3), "IDTNR": (3, 38), "KTEXT": (38, 108)},
    "E2EDPT1001": {"TDID": (0, 4), "TSSPRAS_ISO": (7, 9)},
    "E2EDPT2001": {"TDLINE": (0, 70), "TDFORMAT": (70, 72)},
}  # fmt: skip
"""From and up to where each field stands in its record; of a segment, behind the 63 characters before its fields."""

WIDTHS = {
    "EDI_DC40": 524, "E2EDK01005": 420, "E2EDK14": 101, "E2EDK03": 80, "E2EDK05": 245, "E2EDKA1003": 1058,
    "E2EDK02": 121, "E2EDK17": 139, "E2EDKT1002": 152, "E2EDKT2001": 135, "E2EDP01006": 492, "E2EDP03": 80,
    "E2EDP05": 245, "E2EDP20": 121, "E2EDP19001": 223, "E2EDPT1001": 72, "E2EDPT2001": 135,
}  # fmt: skip


def read(content: bytes, encoding: str = "utf-8") -> Read:
    """Return the segments of a document, in their order, each with its fields that are not empty."""
    if content.startswith(b"<"):
        return _in_xml(etree.fromstring(content)[0])
    return [_in_record(record) for record in content.decode(encoding).split("\n")[:-1]]


def _in_xml(element: Any) -> Read:
    found: Read = []
    for child in element:
        if child.get("SEGMENT") == "1":
            found.append((child.tag, {one.tag: one.text for one in child if one.get("SEGMENT") is None}))
            found += _in_xml(child)
    return found


def _in_record(record: str) -> tuple[str, dict[str, str]]:
    name = record[:30].split(maxsplit=1)[0]
    fields = record if name == "EDI_DC40" else record[63:]
    assert len(record) == WIDTHS[name]
    read_values = {field: fields[start:end].rstrip() for field, (start, end) in PLACES[name].items()}
    names = {"EDI_DC40": "EDI_DC40"}
    return names.get(name, f"E1{name[2:7]}"), {field: value for field, value in read_values.items() if value}


def of(segments: Read, segment_type: str) -> list[dict[str, str]]:
    """Return the fields of all segments of a type."""
    return [values for name, values in segments if name == segment_type]


def lines_of(segments: Read) -> list[Read]:
    """Return the segments of each line."""
    lines: list[Read] = []
    for name, values in segments:
        if name == "E1EDP01":
            lines.append([])
        if lines:
            lines[-1].append((name, values))
    return lines


def text_of(segments: Read, segment_type: str) -> str:
    """Return a text as SAP puts its lines together."""
    text = ""
    for line in of(segments, segment_type):
        text += ("\n" if line.get("TDFORMAT") == "*" else " ") + line["TDLINE"]
    return text.removeprefix("\n")


Tree = tuple[str, dict[str, str], list[Any]]
"""A segment to be written: type, fields, and the segments in it."""


def control(message: str, idoc_type: str, **fields: str) -> dict[str, str]:
    return {"TABNAM": "EDI_DC40", "DOCNUM": "0000000000009001", "IDOCTYP": idoc_type, "MESTYP": message, "DIRECT": "1",
            "SNDPRN": "PRDCLNT100", "RCVPRN": "ORDERFLOW"} | fields  # fmt: skip


def as_xml(head: dict[str, str], *segments: Tree) -> bytes:
    """Return an IDoc as XML, as SAP's port writes it."""
    root = etree.Element(head["IDOCTYP"])
    idoc = etree.SubElement(root, "IDOC", BEGIN="1")
    for tree in (("EDI_DC40", head, []), *segments):
        _add(idoc, tree)
    made: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def _add(parent: Any, tree: Tree) -> None:
    name, fields, inner = tree
    element = etree.SubElement(parent, name, SEGMENT="1")
    for field, value in fields.items():
        etree.SubElement(element, field).text = value
    for one in inner:
        _add(element, one)
