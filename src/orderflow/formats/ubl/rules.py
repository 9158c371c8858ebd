"""Peppol's own rules, tried on a document before it is sent, where the operator has brought them.

Where there are none the document goes out as it is; `note` says so to whoever tests a connection.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from orderflow.domain.errors import (
    BusyError,
    ConnectorError,
    NeedsAttentionError,
    ObjectStoreError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.formats.ubl.fields import field_at
from orderflow.schematron.processes import RulesBusyError
from orderflow.schematron.rule_sets import Broken, RuleSets
from orderflow.schematron.runner import RulesNotRunError, RulesTooSlowError, SaxonMissingError

FAMILY = "peppol"
TRANSACTIONS = {Kind.ORDER: "T01", Kind.CHANGE: "T114", Kind.RECALL: "T115"}
"""Of Peppol."""

MISSING = (
    "Peppol's rules are not here for {}, so that such documents go out without having been tried by them. "
    "The operator brings them: orderflow rules add peppol FOLDER."
)
HINT = "Correct the field that is named, in the order or the connection's settings; then push again."

_rules: RuleSets | None = None


def use(rules: RuleSets | None) -> None:
    """Try documents of this process by these rules from now on."""
    global _rules  # noqa: PLW0603  # formats are stateless: what the operator brought is of the whole process
    _rules = rules


def note() -> str | None:
    """Return what a person should know about the rules; None: they are here."""
    try:
        kept: Collection[str] = _rules.kept(FAMILY) if _rules is not None else ()
    except ObjectStoreError as error:
        return f"Whether Peppol's rules are here is not known: {error.message}"
    missing = [f"{name} ({kind})" for kind, name in TRANSACTIONS.items() if name not in kept]
    return MISSING.format(", ".join(missing)) if missing else None


def check(kind: Kind, document: str, order: DraftOrder) -> None:
    """Try the rules of its transaction on a document.

    Raises:
        RejectedError: It breaks one that is fatal; the rule and the field of the order are named. Or the rules came to
            no end with it.
        BusyError, TransientError, UnavailableError, NeedsAttentionError: The rules are here and could not be tried.
    """
    if _rules is None:
        return
    try:
        broken = _rules.broken(FAMILY, TRANSACTIONS[kind], document, order.org_id)
    except RulesNotRunError as error:
        raise _not_run(error) from None
    except ObjectStoreError as error:
        raise UnavailableError(error.message, code=error.code, hint=error.hint) from None
    if fatal := [rule for rule in broken if rule.is_fatal]:
        raise _refusal(fatal, order)


def _not_run(error: RulesNotRunError) -> ConnectorError:
    kinds: dict[type[RulesNotRunError], type[ConnectorError]] = {
        SaxonMissingError: NeedsAttentionError,
        RulesTooSlowError: RejectedError,
        RulesBusyError: BusyError,
    }
    kind = kinds.get(type(error), TransientError)
    return kind(error.message, code=error.code, hint=error.hint, nothing_done=True)


def _refusal(fatal: list[Broken], order: DraftOrder) -> RejectedError:
    told = [(field_at(rule.path, order), rule) for rule in fatal]
    fields = [{"field": field, "message": _sentence(rule), "rule": rule.id} for field, rule in told]
    first, rule = told[0]
    more = f" And {len(told) - 1} more." if told[1:] else ""
    message = f"{first}: {_sentence(rule)} ({rule.id}){more}"
    details = {"field": first.rpartition(": ")[2], "fields": fields}
    return RejectedError(message, code="RULE_BROKEN", hint=HINT, details=details)


def _sentence(rule: Broken) -> str:
    """Return what a rule demands, without the identifier that rules of Peppol repeat in front."""
    return re.sub(rf"^\[{re.escape(rule.id)}\]\s*-?\s*", "", rule.sentence)
