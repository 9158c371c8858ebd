"""Schematron as XSLT: a mode for each pattern, in which the first rule that matches a node has its asserts tried.

Read is what rules of Peppol are written in (query binding xslt2): namespaces, `let`, patterns, rules, asserts and
reports, keys and functions. Whatever else stands in a file refuses it, so that no rule is silently left out.

Source: ISO/IEC 19757-3:2020 (Schematron), XSLT 3.0 (W3C).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lxml import etree

from orderflow.domain.text import visible
from orderflow.schematron.expressions import UnusableRulesError, checked
from orderflow.schematron.reading import parsed

SCHEMATRON = "http://purl.oclc.org/dsdl/schematron"
XSL = "http://www.w3.org/1999/XSL/Transform"
LARGEST = 5 * 1024 * 1024
"""Bytes of a file."""

_XML = "http://www.w3.org/XML/1998/namespace"
_FUNCTIONS = {
    "key", "function", "param", "variable", "sequence", "choose", "when", "otherwise", "if", "for-each", "value-of",
    "text",
}  # fmt: skip
_EXPRESSIONS = {"test", "select", "match", "use", "as"}
_PLAIN = {"name", "as"}
_PASSED_OVER = {"title", "p", "diagnostics"}


def transpile(content: bytes) -> str:
    """Return the stylesheet that tries the rules of a Schematron file on a document.

    It makes `<broken-rules>` with a `<broken id flag path>` for each, in which its sentence is.

    Raises:
        UnusableRulesError: It is no Schematron, or something stands in it that is not known here.
    """
    try:
        return _stylesheet(_schema(content))
    except ValueError as error:  # a name or an address that XML does not take
        raise UnusableRulesError(f"Something in the file has no place in a stylesheet: {error}.") from None


def _stylesheet(schema: etree._Element) -> str:
    sheet = etree.Element(_xsl("stylesheet"), nsmap={"xsl": XSL, **_namespaces(schema)}, version="3.0")
    etree.SubElement(sheet, _xsl("output"), method="xml", encoding="UTF-8")
    main = etree.SubElement(sheet, _xsl("template"), match="/")
    broken = etree.SubElement(main, "broken-rules")
    for number, pattern in enumerate(_parts(sheet, schema)):
        mode = f"pattern-{number}"
        etree.SubElement(broken, _xsl("apply-templates"), select="/", mode=mode)
        _in_turn(sheet, _rules(sheet, pattern), mode)
    return etree.tostring(sheet, encoding="unicode")


def _schema(content: bytes) -> etree._Element:
    if len(content) > LARGEST:
        raise UnusableRulesError(f"The file is larger than {LARGEST:,} bytes.")
    try:
        schema = parsed(content)
    except etree.XMLSyntaxError as error:
        raise UnusableRulesError(f"The file is no XML: {visible(str(error))[:200]}.") from None
    if etree.ElementTree(schema).docinfo.internalDTD is not None:
        raise UnusableRulesError("The file has a document type (DOCTYPE), which is never read.")
    if schema.tag != _sch("schema") or schema.get("queryBinding") not in ("xslt2", "xslt3"):
        raise UnusableRulesError("The file is no Schematron with the query binding xslt2.")
    return schema


def _namespaces(schema: etree._Element) -> dict[str, str]:
    return {str(part.get("prefix")): str(part.get("uri")) for part in schema.iterchildren(_sch("ns"))}


def _parts(sheet: etree._Element, schema: etree._Element) -> Iterator[etree._Element]:
    """Yield the patterns of a schema; what else stands in it goes into the stylesheet."""
    for part in schema:
        name = etree.QName(part)
        if name.namespace == XSL:
            sheet.append(_function(part))
        elif name.localname == "let":
            _let(sheet, part)
        elif name.localname == "pattern" and "is-a" not in part.attrib and part.get("abstract") != "true":
            yield part
        elif name.localname not in {"ns", *_PASSED_OVER}:
            raise _unknown(part)


def _function(part: etree._Element) -> etree._Element:
    """Return a key or a function, in which nothing stands but what calculates."""
    for element in part.iter():
        name = etree.QName(element)
        if name.namespace != XSL or name.localname not in _FUNCTIONS:
            raise _unknown(element)
        for attribute, value in ((str(key), str(given)) for key, given in element.attrib.items()):
            if attribute in _EXPRESSIONS:
                checked(value)
            elif attribute not in _PLAIN:
                raise UnusableRulesError(f"{name.localname} has the attribute {attribute}, which is not known here.")
    if etree.QName(part).localname not in ("key", "function"):
        raise _unknown(part)
    return part


def _let(parent: etree._Element, part: etree._Element) -> None:
    variable = etree.SubElement(parent, _xsl("variable"), name=part.get("name", ""))
    variable.set("select", checked(part.get("value", "")))


def _rules(sheet: etree._Element, pattern: etree._Element) -> list[etree._Element]:
    """Return the rules of a pattern; what it lets be known goes into the stylesheet."""
    rules = []
    for part in pattern:
        if part.tag == _sch("let"):
            _let(sheet, part)
        elif part.tag == _sch("rule") and part.get("abstract") != "true":
            checked(part.get("context", ""))
            rules.append(part)
        elif etree.QName(part).localname not in _PASSED_OVER:
            raise _unknown(part)
    return rules


def _in_turn(sheet: etree._Element, rules: Sequence[etree._Element], mode: str) -> None:
    """Write rules so that each node of a document meets the first one that matches it."""
    etree.SubElement(sheet, _xsl("mode"), {"name": mode, "on-no-match": "shallow-skip"})
    for place, rule in enumerate(rules):
        template = etree.SubElement(sheet, _xsl("template"), mode=mode, priority=str(len(rules) - place))
        template.set("match", rule.get("context", ""))
        _tried(template, rule)
        etree.SubElement(template, _xsl("apply-templates"), select="@*, node()", mode=mode)


def _tried(template: etree._Element, rule: etree._Element) -> None:
    """Write what a rule lets be known and asserts."""
    writers: dict[str, Callable[[etree._Element, etree._Element], None]] = {
        _sch("let"): _let,
        _sch("assert"): _assert,
        _sch("report"): _assert,
    }
    for part in rule:
        if part.tag not in writers:
            raise _unknown(part)
        writers[part.tag](template, part)


def _assert(template: etree._Element, part: etree._Element) -> None:
    test = checked(part.get("test", ""))
    broken = test if part.tag == _sch("report") else f"not({test})"
    told = etree.SubElement(etree.SubElement(template, _xsl("if"), test=broken), "broken")
    told.set("id", _as_written(part.get("id", "")))
    told.set("flag", _as_written(part.get("flag") or part.get("role") or ""))
    told.set("path", "{path(.)}")
    _sentence(told, part)


def _sentence(told: etree._Element, part: etree._Element) -> None:
    _add_text(told, part.text)
    for inner in part:
        if inner.tag == _sch("value-of"):
            etree.SubElement(told, _xsl("value-of"), select=checked(inner.get("select", "")))
        elif inner.tag == _sch("name"):
            etree.SubElement(told, _xsl("value-of"), select=checked(inner.get("path", ".")) + "/name()")
        else:
            _sentence(told, inner)
        _add_text(told, inner.tail)


def _add_text(told: etree._Element, text: str | None) -> None:
    if text and text.strip():
        etree.SubElement(told, _xsl("text")).text = text


def _as_written(value: str) -> str:
    """Return an attribute that XSLT takes as it stands."""
    return value.replace("{", "{{").replace("}", "}}")


def _unknown(part: etree._Element) -> UnusableRulesError:
    return UnusableRulesError(f"It has an element {etree.QName(part).localname!r} where it is not known here.")


def _sch(name: str) -> str:
    return f"{{{SCHEMATRON}}}{name}"


def _xsl(name: str) -> str:
    return f"{{{XSL}}}{name}"
