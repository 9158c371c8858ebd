"""Which expressions of XPath a rule may have: those that need nothing but the document that is checked.

Source: XPath and XQuery Functions 3.1 (W3C), which functions read what lies elsewhere or run what they are given.
"""

from __future__ import annotations

import re

from orderflow.domain.errors import InputError


class UnusableRulesError(InputError):
    """A Schematron file cannot be used; the text says what is in it."""

    code = "SCHEMATRON_UNUSABLE"
    hint = "Give the files as their publisher has them; nothing was kept."


_LITERAL = re.compile("\"[^\"]*\"|'[^']*'")
# Under any prefix: which one stands for the functions of XPath, a file says where it likes.
_REACHING = re.compile(
    r"(?<![\w.-])"
    r"(doc|doc-available|document|collection|uri-collection|unparsed-text(?:-lines|-available)?|json-doc|parse-xml|"
    r"parse-xml-fragment|transform|load-xquery-module|environment-variable|available-environment-variables|"
    r"system-property|function-lookup|apply|static-base-uri|key-available|evaluate|current-output-uri)\s*[(#]"
)
LONGEST = 100_000
"""Characters; the longest that is published is a list of codes."""


def checked(expression: str) -> str:
    """Return an expression. Raises UnusableRulesError: it reads what lies elsewhere, or hides what it does."""
    if len(expression) > LONGEST:
        raise UnusableRulesError(f"An expression has more than {LONGEST:,} characters.")
    if "Q{" in expression:  # in it may stand a quote, so that nobody knows what is a text
        raise UnusableRulesError(f"An address of a namespace stands in the expression {expression[:80]!r}.")
    bare = _LITERAL.sub("''", expression)
    if "(:" in bare:
        raise UnusableRulesError(f"A comment stands in the expression {expression[:80]!r}.")
    if found := _REACHING.search(bare):
        raise UnusableRulesError(f"A rule calls {found[1]}(), which reads or runs what is not in the document.")
    return expression
