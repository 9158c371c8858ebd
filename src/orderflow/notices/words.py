"""What a user is told, in their language. English is written here; the others are in `orderflow.locales`."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from urllib.parse import quote

from orderflow.flow.people.tell_people import Group, Look, Notice

OURS = "en"
MOST_TOLD = 50
"""Groups that one text names; how many more there are it says."""

MOST_COUNTED = 10_000
"""As `storage.views.needs` counts: there may be more."""

Words = dict[str, list[str]]
ENGLISH: Words = {
    "SUBJECT_NEWS": ["1 new thing at {name} needs somebody", "{count} new things at {name} need somebody"],
    "SUBJECT_MINE": ["1 thing at {name} was given to you", "{count} things at {name} were given to you"],
    "SUBJECT_DIGEST": ["1 thing at {name} needs somebody", "{count} things at {name} need somebody"],
    "SUBJECT_TEST": ["A try: notices of {name} arrive here"],
    "IN_DOUBT": ["1 order is in doubt at {connection}", "{count} orders are in doubt at {connection}"],
    "CONNECTOR": ["{connection} needs somebody"],
    "FAILED": ["1 order failed ({code})", "{count} orders failed ({code})"],
    "UNREADABLE": [
        "The answer of {connection} to 1 order cannot be read",
        "The answer of {connection} to {count} orders cannot be read",
    ],
    "OVERDUE": ["{connection} owes an answer to 1 order", "{connection} owes an answer to {count} orders"],
    "DIFFERS": [
        "1 order was confirmed otherwise than ordered",
        "{count} orders were confirmed otherwise than ordered",
    ],
    "RECALLING": ["1 order is asked back from the ERP", "{count} orders are asked back from the ERP"],
    "NO_ROUTE": ["1 order waits for a route", "{count} orders wait for a route"],
    "NEEDS_REVIEW": ["1 order lacks something", "{count} orders lack something"],
    "READY": ["1 order waits for approval", "{count} orders wait for approval"],
    "OTHER": ["Something needs somebody ({code})"],
    "NOWHERE": ["a connector that is gone"],
    "MINE": ["given to you"],
    "MORE": ["and 1 more", "and {count} more"],
    "ALL": ["All that needs somebody: {url}"],
    "OFF": ["You chose to be told of this. Change or end it: {url}"],
}

_LINKS = {
    "IN_DOUBT": "/deliveries?view=doubt",
    "CONNECTOR": "/connectors",
    "FAILED": "/orders?status=ERROR",
    "UNREADABLE": "/orders?unreadable_answer=true",
    "OVERDUE": "/deliveries?view=overdue",
    "DIFFERS": "/orders?differs=true",
    "RECALLING": "/orders?status=RECALLING",
    "NO_ROUTE": "/orders?waits_for=NO_ROUTE&waits_for=ROUTED_TO_NOBODY",
    "NEEDS_REVIEW": "/orders?status=NEEDS_REVIEW",
    "READY": "/orders?status=READY",
}
"""The lists of the page, as its `needLink` has them."""


def link(group: Group, base_url: str) -> str:
    """Return the address of the list that holds just these."""
    address = base_url.rstrip("/") + _LINKS.get(group.kind, "/")
    if group.kind == "FAILED" and group.code:
        return f"{address}&error_code={quote(group.code, safe='')}"
    at_connection = group.kind in ("IN_DOUBT", "UNREADABLE", "OVERDUE") and group.connection_id
    return f"{address}&connection_id={group.connection_id}" if at_connection else address


def settings_link(base_url: str) -> str:
    """Return where a user changes what they are told."""
    return f"{base_url.rstrip('/')}/settings?tab=account"


def subject(look: Look, notice: Notice, language: str) -> str:
    """Return one line."""
    if notice.test:
        return _said("SUBJECT_TEST", language, name=look.name)
    only_mine = not notice.digest and all(group.key in notice.mine for group in notice.groups)
    kind = "SUBJECT_DIGEST" if notice.digest else "SUBJECT_MINE" if only_mine else "SUBJECT_NEWS"
    return _said(kind, language, len(notice.groups), name=look.name)


def title(group: Group, language: str) -> str:
    """Return what a group is, in one line: counts and codes, and nothing of a customer."""
    kind = group.kind if group.kind in ENGLISH else "OTHER"
    connection = group.connection or _said("NOWHERE", language)
    return _said(kind, language, group.orders, connection=connection, code=group.code or group.kind)


def body(look: Look, notice: Notice, language: str, base_url: str) -> str:
    """Return the whole text, with links into the page."""
    told = notice.groups[:MOST_TOLD]
    lines = [f"{subject(look, notice, language)}.", ""]
    for group in told:
        mine = f": {_said('MINE', language)}" if group.key in notice.mine else ""
        lines += [f"- {title(group, language)}{mine}", f"  {link(group, base_url)}"]
    if more := len(notice.groups) - len(told):
        lines.append(f"- {_said('MORE', language, more)}")
    lines += ["", _said("ALL", language, url=f"{base_url.rstrip('/')}/")]
    return "\n".join([*lines, _said("OFF", language, url=settings_link(base_url)), ""])


def _said(key: str, language: str, count: int = 1, **facts: str) -> str:
    forms = of_language(language)[key]
    shown = f"{MOST_COUNTED}+" if count >= MOST_COUNTED else str(count)
    return forms[0 if count == 1 else -1].format(count=shown, **facts)


@cache
def of_language(name: str) -> Words:
    """Return what is said in a language; English where it is not known there."""
    catalogue = files("orderflow.locales") / f"{name}.json"
    if name == OURS or not catalogue.is_file():
        return ENGLISH
    told: Words = json.loads(catalogue.read_text("utf-8")).get("notices", {})
    return ENGLISH | told
