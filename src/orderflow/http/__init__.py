"""The HTTP client of all connectors, public for yours: `from orderflow.http import HttpClient`.

It signs in, ends in time, reads no more than it should, goes where it may, and names each fault by what follows from
it, so that no order is sent twice or lost. docs/connectors.md shows it at work.

Each name is loaded when it is first asked for, so that a form does not pay for the client.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orderflow.http.answer import Answer, UnreadableError, read_answer
    from orderflow.http.client import HttpClient
    from orderflow.http.cookies import SessionCookies
    from orderflow.http.parts import is_part
    from orderflow.http.refusals import refusal_in
    from orderflow.http.request_signature import RequestSignature
    from orderflow.http.settings import (
        SignInSettings,
        TLSSettings,
        check_encrypted,
        check_sign_in,
        check_together,
        sign_in_of,
        tls_of,
    )
    from orderflow.http.sign_in import ApiKey, Basic, Bearer, Outgoing, SignIn, WebhookSignature
    from orderflow.http.soap import envelope, soap_call
    from orderflow.http.sorting import error_of
    from orderflow.http.tls import tls_context
    from orderflow.http.tokens import Assertion, ClientCredentials
    from orderflow.http.urls import ServerUrl

__all__ = [
    "Answer",
    "ApiKey",
    "Assertion",
    "Basic",
    "Bearer",
    "ClientCredentials",
    "HttpClient",
    "Outgoing",
    "RequestSignature",
    "ServerUrl",
    "SessionCookies",
    "SignIn",
    "SignInSettings",
    "TLSSettings",
    "UnreadableError",
    "WebhookSignature",
    "check_encrypted",
    "check_sign_in",
    "check_together",
    "envelope",
    "error_of",
    "is_part",
    "read_answer",
    "refusal_in",
    "sign_in_of",
    "soap_call",
    "tls_context",
    "tls_of",
]

_NAMES = {
    "answer": ("Answer", "UnreadableError", "read_answer"),
    "client": ("HttpClient",),
    "cookies": ("SessionCookies",),
    "parts": ("is_part",),
    "refusals": ("refusal_in",),
    "request_signature": ("RequestSignature",),
    "settings": (
        "SignInSettings",
        "TLSSettings",
        "check_encrypted",
        "check_sign_in",
        "check_together",
        "sign_in_of",
        "tls_of",
    ),
    "sign_in": ("ApiKey", "Basic", "Bearer", "Outgoing", "SignIn", "WebhookSignature"),
    "soap": ("envelope", "soap_call"),
    "sorting": ("error_of",),
    "tls": ("tls_context",),
    "tokens": ("Assertion", "ClientCredentials"),
    "urls": ("ServerUrl",),
}
_HOME = {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: Any = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
