"""Notices to one user, by e-mail and by webhook."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.headerregistry import Address
from typing import Any

import structlog

from orderflow.domain.ids import new_id
from orderflow.domain.reach import Reach
from orderflow.flow.notify import NotificationError
from orderflow.flow.people.notices import Way
from orderflow.flow.people.tell_people import Look, Notice, Send, Watcher
from orderflow.flow.tell import Endpoint, Message, Outcome
from orderflow.notices.events import event_sender
from orderflow.notices.mail import MailServer, send_mail, written
from orderflow.notices.words import body, link, settings_link, subject, title

log = structlog.get_logger(__name__)


def ways_to_people(mail: tuple[MailServer, str] | None, base_url: str) -> Iterator[tuple[Way, Send]]:
    """Yield the ways that this installation has.

    Args:
        mail: The mail server, and who sends; None: it sends no mail.
        base_url: The address of our page.
    """
    yield "webhook", lambda look, watcher, notice: _post(look, watcher, notice, base_url)
    if mail is not None:
        yield "mail", lambda look, watcher, notice: _mail(mail, look, watcher, notice, base_url)


def _mail(mail: tuple[MailServer, str], look: Look, watcher: Watcher, notice: Notice, base_url: str) -> Outcome:
    began, language = time.monotonic(), watcher.wanted.language
    try:
        text = body(look, notice, language, base_url)
        message = written(notice.id, f"[OrderFlow] {subject(look, notice, language)}", text)
        send_mail(*mail, [_one_address(watcher.email)], message)
    except NotificationError as problem:
        # Which server it is, and what it said, is the operator's business.
        log.warning("notice to a user not sent", code=problem.code, error=problem.message)
        error = {"code": "MAIL_NOT_TAKEN", "message": "The mail server of this installation did not take the e-mail."}
        return Outcome(None, error, _ms(began))
    return Outcome(None, None, _ms(began))


def _one_address(email: str) -> str:
    """Return it as one address and nothing more. Raises NotificationError."""
    try:
        return str(Address(addr_spec=email))
    except (ValueError, IndexError):  # the parser's own ways of refusing
        raise NotificationError("This is no address for e-mail.") from None


def _post(look: Look, watcher: Watcher, notice: Notice, base_url: str) -> Outcome:
    if watcher.signing.lost:  # whoever checks signatures would rather get nothing
        return Outcome(None, _SECRET_LOST, 0)
    secrets = (watcher.signing.secret,) if watcher.signing.secret else ()
    reach = Reach(look.slug, restricted=True)
    endpoint = Endpoint(watcher.user_id, look.org_id, new_id(), watcher.address or "", reach, secrets)
    message = Message(
        f"ntc_{notice.id}", 0, watcher.user_id, _kind(notice), look.at, _facts(look, watcher, notice, base_url)
    )
    with event_sender(endpoint) as send:
        return send(endpoint, message)


_SECRET_LOST = {
    "code": "KEY_LOST",
    "message": "The key that its secret was sealed with is not at hand. Nothing is sent until you make another secret.",
}


def _kind(notice: Notice) -> str:
    return "notice.test" if notice.test else "notice.digest" if notice.digest else "notice.new"


def _facts(look: Look, watcher: Watcher, notice: Notice, base_url: str) -> dict[str, Any]:
    language = watcher.wanted.language
    groups = [
        {
            "kind": group.kind,
            "code": group.code,
            "connection": group.connection,
            "orders": group.orders,
            "mine": group.key in notice.mine,
            "text": title(group, language),
            "url": link(group, base_url),
        }
        for group in notice.groups
    ]
    return {
        "organization": look.slug,
        "text": subject(look, notice, language),
        "groups": groups,
        "url": f"{base_url.rstrip('/')}/",
        "settings_url": settings_link(base_url),
    }


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
