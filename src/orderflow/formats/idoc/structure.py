"""The segments that are written and read: what they are called in a flat file, and how wide their fields are.

A later version of a segment has more fields at its end, so what is read may be of any. SAP takes every version that it
ever released.

Source: SAP's documentation of ORDERS05, SYSTAT01 and ALEAUD01, and of EDI_DC40, EDI_DD40 and EDI_DS40 (WE60).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

RECORD = 63
"""Characters of a data record before its segment's fields; with 1000 of those it is full."""

FULL_RECORD = 1_063


@dataclass(frozen=True)
class Layout:
    """A record's fields.

    Attributes:
        definition: The segment's name in a flat file, with its version.
        fields: Each field's width in characters, in the order in which they stand.
    """

    definition: str
    fields: dict[str, int]

    @cached_property
    def width(self) -> int:
        """Its fields' characters in all."""
        return sum(self.fields.values())

    @cached_property
    def data_places(self) -> dict[str, slice]:
        """The same in a data record, where they stand behind its own fields."""
        return {name: slice(place.start + RECORD, place.stop + RECORD) for name, place in self.places.items()}

    @cached_property
    def patterns(self) -> dict[tuple[str, ...], str]:
        """Formats of all its fields, each filled up with blanks, by the names of those that are given: most are not."""
        return {}

    def written(self, values: Mapping[str, str]) -> str:
        """Return the fields one behind the other; those that are not given are blank."""
        given = tuple(values)
        if given not in self.patterns:
            parts = (f"%({name})-{width}s" if name in values else " " * width for name, width in self.fields.items())
            self.patterns[given] = "".join(parts)
        return self.patterns[given] % values

    @cached_property
    def places(self) -> dict[str, slice]:
        """Where in the record each field stands."""
        found, start = {}, 0
        for name, width in self.fields.items():
            found[name] = slice(start, start + width)
            start += width
        return found


def _layout(definition: str, fields: str) -> Layout:
    pairs = (field.split(":") for field in fields.split())
    return Layout(definition, {name: int(width) for name, width in pairs})


CONTROL = _layout(
    "EDI_DC40",
    "TABNAM:10 MANDT:3 DOCNUM:16 DOCREL:4 STATUS:2 DIRECT:1 OUTMOD:1 EXPRSS:1 TEST:1 IDOCTYP:30 CIMTYP:30 MESTYP:30 "
    "MESCOD:3 MESFCT:3 STD:1 STDVRS:6 STDMES:6 SNDPOR:10 SNDPRT:2 SNDPFC:2 SNDPRN:10 SNDSAD:21 SNDLAD:70 RCVPOR:10 "
    "RCVPRT:2 RCVPFC:2 RCVPRN:10 RCVSAD:21 RCVLAD:70 CREDAT:8 CRETIM:6 REFINT:14 REFGRP:14 REFMES:14 ARCKEY:70 "
    "SERIAL:20",
)
HEADER = _layout("EDI_DD40", "SEGNAM:30 MANDT:3 DOCNUM:16 SEGNUM:6 PSGNUM:6 HLEVEL:2")
STATUS_RECORD = _layout(
    "EDI_DS40",
    "TABNAM:10 MANDT:3 DOCNUM:16 LOGDAT:8 LOGTIM:6 STATUS:2 STAMQU:3 STAMID:20 STAMNO:3 STATYP:1 STAPA1:50 STAPA2:50 "
    "STAPA3:50 STAPA4:50 STATXT:70 UNAME:12 REPID:30 ROUTID:30 SEGNUM:6 SEGFLD:30 REFINT:14 REFGRP:14 REFMES:14 "
    "ARCKEY:70",
)

_PARTNER = (
    "PARVW:3 PARTN:17 LIFNR:17 NAME1:35 NAME2:35 NAME3:35 NAME4:35 STRAS:35 STRS2:35 PFACH:35 ORT01:35 COUNC:9 PSTLZ:9 "
    "PSTL2:9 LAND1:3 ABLAD:35 PERNR:30 PARNR:30 TELF1:25 TELF2:25 TELBX:25 TELFX:25 TELTX:25 TELX1:25 SPRAS:1 ANRED:15 "
    "ORT02:35 HAUSN:6 STOCK:6 REGIO:3 PARGE:1 ISOAL:2 ISONU:2 FCODE:20 IHREZ:30 BNAME:35 PAORG:30 ORGTX:35 PAGRU:30 "
    "KNREF:30 ILNNR:70 PFORT:35 SPRAS_ISO:2 TITLE:15"
)
_CONDITION = "ALCKZ:3 KSCHL:4 KOTXT:80 BETRG:18 KPERC:8 KRATE:15 UPRBS:9 MEAUN:3 KOBTR:18 MWSKZ:7 MSATZ:17"
_PARAMETERS = "STAPA1:20 STAPA2:20 STAPA3:20 STAPA4:20"

SEGMENTS = {
    "E1EDK01": _layout(
        "E2EDK01005",
        "ACTION:3 KZABS:1 CURCY:3 HWAER:3 WKURS:12 ZTERM:17 KUNDEUINR:20 EIGENUINR:20 BSART:4 BELNR:35 NTGEW:18 "
        "BRGEW:18 GEWEI:3 FKART_RL:4 ABLAD:25 BSTZD:4 VSART:2 VSART_BEZ:20 RECIPNT_NO:10 KZAZU:1 AUTLF:1 AUGRU:3 "
        "AUGRU_BEZ:40 ABRVW:3 ABRVW_BEZ:20 FKTYP:1 LIFSK:2 LIFSK_BEZ:20 EMPST:25 ABTNR:4 DELCO:3 WKURS_M:12",
    ),
    "E1EDK14": _layout("E2EDK14", "QUALF:3 ORGID:35"),
    "E1EDK03": _layout("E2EDK03", "IDDAT:3 DATUM:8 UZEIT:6"),
    "E1EDK05": _layout("E2EDK05", _CONDITION),
    "E1EDKA1": _layout("E2EDKA1003", _PARTNER),
    "E1EDK02": _layout("E2EDK02", "QUALF:3 BELNR:35 POSNR:6 DATUM:8 UZEIT:6"),
    "E1EDK17": _layout("E2EDK17", "QUALF:3 LKOND:3 LKTEXT:70"),
    "E1EDKT1": _layout("E2EDKT1002", "TDID:4 TSSPRAS:3 TSSPRAS_ISO:2 TDOBJECT:10 TDOBNAME:70"),
    "E1EDKT2": _layout("E2EDKT2001", "TDLINE:70 TDFORMAT:2"),
    "E1EDP01": _layout(
        "E2EDP01006",
        "POSEX:6 ACTION:3 PSTYP:1 KZABS:1 MENGE:15 MENEE:3 BMNG2:15 PMENE:3 ABFTZ:7 VPREI:15 PEINH:9 NETWR:18 ANETW:18 "
        "SKFBP:18 NTGEW:18 GEWEI:3 EINKZ:1 CURCY:3 PREIS:18 MATKL:9 UEPOS:6 GRKOR:3 EVERS:7 BPUMN:6 BPUMZ:6 ABGRU:2 "
        "ABGRT:40 ANTLF:1 FIXMG:1 KZAZU:1 BRGEW:18 PSTYV:4 EMPST:25 ABTNR:4 ABRVW:3 WERKS:4 LPRIO:2 LPRIO_BEZ:20 "
        "ROUTE:6 ROUTE_BEZ:40 LGORT:4 VSTEL:4 DELCO:3 MATNR:35",
    ),
    "E1EDP02": _layout("E2EDP02001", "QUALF:3 BELNR:35 ZEILE:6 DATUM:8 UZEIT:6 BSARK:35 IHREZ:30"),
    "E1EDP03": _layout("E2EDP03", "IDDAT:3 DATUM:8 UZEIT:6"),
    "E1EDP05": _layout("E2EDP05", _CONDITION),
    "E1EDP20": _layout("E2EDP20", "WMENG:15 AMENG:15 EDATU:8 EZEIT:6 EDATU_OLD:8 EZEIT_OLD:6"),
    "E1EDP19": _layout("E2EDP19001", "QUALF:3 IDTNR:35 KTEXT:70 MFRPN:42 MFRNR:10"),
    "E1EDPT1": _layout("E2EDPT1001", "TDID:4 TSSPRAS:3 TSSPRAS_ISO:2"),
    "E1EDPT2": _layout("E2EDPT2001", "TDLINE:70 TDFORMAT:2"),
    "E1EDS01": _layout("E2EDS01", "SUMID:3 SUMME:18 SUNIT:3 WAERQ:3"),
    "E1STATS": _layout(
        "E2STATS",
        "TABNAM:10 MANDT:3 DOCNUM:16 LOGDAT:8 LOGTIM:6 STATUS:2 UNAME:12 REPID:8 ROUTID:30 STACOD:8 STATXT:70 SEGNUM:6 "
        f"SEGFLD:10 {_PARAMETERS} REFINT:14 REFGRP:14 REFMES:14 ARCKEY:70 STATYP:1",
    ),
    "E1ADHDR": _layout("E2ADHDR", "MESTYP:6 MESCOD:3 MESFCT:3"),
    "E1STATE": _layout("E2STATE", f"DOCNUM:16 STATUS:2 STACOD:8 STATXT:70 {_PARAMETERS} STATYP:1"),
    "E1PRTOB": _layout("E2PRTOB", "DOCNUM:16 LOGSYS:10 OBJTYPE:10 OBJKEY:70"),
}

_DEFINITION = re.compile(r"E2((?:ED[KPS][A-Z0-9]\d)|STATS|ADHDR|STATE|PRTOB)(?:\d{3})?")


@lru_cache(maxsize=1_024)
def type_of(definition: str) -> str:
    """Return the type of a segment by its name in a flat file, `E1EDP01` of `E2EDP01006`; of all others the name."""
    found = _DEFINITION.fullmatch(definition)
    return f"E1{found[1]}" if found else definition
