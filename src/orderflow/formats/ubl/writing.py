"""XML as text: elements that are left out where nothing is in them, in letters that XML has."""

from __future__ import annotations

import re

from orderflow.formats.xml_text import NOT_IN_XML, escaped

_PLAIN = re.compile("[ !#-%'-;=?-~]*")


class XmlLetters:
    """Writes texts as they stand in an element or an attribute; line breaks survive every reader and every indent."""

    name = "XML"

    def written(self, text: str) -> str | None:
        """Return a text, or None: it holds a character that no XML document may hold."""
        if _PLAIN.fullmatch(text):
            return text
        return None if NOT_IN_XML.search(text) else escaped(text)


def leaf(name: str, text: str, **attributes: str) -> str:
    """Return an element of `cbc` around a text that is escaped already; nothing if there is none."""
    if not text:
        return ""
    for key, value in attributes.items():
        if value:
            return f'\n<cbc:{name} {key}="{value}">{text}</cbc:{name}>'
    return f"\n<cbc:{name}>{text}</cbc:{name}>"


def group(name: str, *parts: str) -> str:
    """Return an element of `cac` around others; nothing if there are none."""
    inner = "".join(parts)
    return f"\n<cac:{name}>{_indented(inner)}\n</cac:{name}>" if inner else ""


def document(root: str, *parts: str) -> str:
    """Return a whole document of UBL 2.1."""
    spaces = f'xmlns="{NAMESPACE.format(root)}" xmlns:cac="{AGGREGATE}" xmlns:cbc="{BASIC}"'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {spaces}>{_indented("".join(parts))}\n</{root}>\n'


def _indented(inner: str) -> str:
    return inner.replace("\n", "\n  ")


NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:{}-2"
AGGREGATE = NAMESPACE.format("CommonAggregateComponents")
BASIC = NAMESPACE.format("CommonBasicComponents")
