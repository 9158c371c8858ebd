"""The HTTP client of all connectors, public for yours: `from orderflow.http import HttpClient`.

It ends in time, reads no more than it should, goes where it may, and names each fault by what follows from it, so that
no order is sent twice or lost. docs/connectors.md shows it at work.
"""

from orderflow.http.client import Answer, HttpClient, UnreadableError, read_answer
from orderflow.http.parts import is_part
from orderflow.http.refusals import refusal_in
from orderflow.http.sorting import error_of
from orderflow.http.tls import tls_context
from orderflow.http.urls import ServerUrl

__all__ = [
    "Answer",
    "HttpClient",
    "ServerUrl",
    "UnreadableError",
    "error_of",
    "is_part",
    "read_answer",
    "refusal_in",
    "tls_context",
]
