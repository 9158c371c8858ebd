"""What becomes of requests and answers in the suite, by what it is called in messages."""

from __future__ import annotations

from orderflow.testing.http_server import (
    DROP_AFTER,
    DROP_BEFORE,
    ERROR_INSIDE,
    HALF_JSON,
    HTML,
    NOTHING,
    RESET_MID_ANSWER,
    Fault,
    status,
)

MOST_READ = 16 * 1024 * 1024
"""Bytes of an answer that a client takes at most: what it reads, and what lies in the sockets between."""

LONGEST_MESSAGE = 5_000
"""Characters."""

FLOOD = Fault(takes=True, content=b'{"id": "' + b"9" * (4 * MOST_READ) + b'"}')
ODD = Fault(takes=True, status=201, content=b'{"message": "we are working on it"}')
TAKEN = {
    "the connection dropped": DROP_AFTER,
    "half an answer": RESET_MID_ANSWER,
    "half its JSON": HALF_JSON,
    "a web page": HTML,
    "an empty answer": NOTHING,
    "an answer without a number": ODD,
    "500": status(500, takes=True),
    "502": Fault(takes=True, status=502, content=b"<h1>Bad Gateway</h1>"),
    "503": status(503, takes=True, Retry_After="1"),
    "504": Fault(takes=True, status=504, content=b""),
}
"""What becomes of the answer after an order was taken."""

GATEWAY = Fault(status=404, content=b'{"message": "no Route matched with those values"}')
NO_ANSWER = {
    "the connection dropped": DROP_AFTER,
    "half its JSON": Fault(content=b'{"items": ['),
    "a web page": HTML,
    "an empty answer": NOTHING,
    "null": Fault(content=b"null"),
    "something else": Fault(content=b'{"message": "later"}'),
    "a part": Fault(content=b'{"items": [], "has_more": true}'),
    "a page of more": Fault(headers={"Link": '</orders?page=2>; rel="next"'}, content=b'{"items": []}'),
    "a page before more": Fault(content=b'{"items": [], "next": "/orders?page=2"}'),
    "fewer than there are": Fault(content=b'{"items": [], "total": 3}'),
    "a redirect": Fault(status=302, headers={"Location": "/login"}, content=b""),
    "an error in a 200": Fault(content=b'{"error": {"code": 17, "message": "the index is being built"}}'),
    **{str(code): status(code) for code in (400, 401, 403, 409, 410, 429, 500, 502, 503)},
    "a gateway's 404": GATEWAY,
    "a page's 404": Fault(status=404, content=b"<h1>Not Found</h1>"),
}
"""What is no answer to the question whether an order is there."""

ODD_BODIES = {
    "a list": b"[]",
    "a text": b'"SO-1"',
    "a number": b"7",
    "null": b"null",
    "another shape": b'{"id": {}}',
    "no number": b'{"id": NaN}',
    "JSON without an end": b"[" * 100_000,
    "a number without an end": b'{"id": ' + b"9" * 5_000 + b"}",
    "letters that are none": b'{"id": "\xff\xfe"}',
}
"""What stands in a 2xx."""

EMPTY_PROMISES = {
    "202": Fault(status=202, content=b'{"message": "accepted for processing"}'),
    "204": Fault(status=204, content=b""),
    **{str(code): Fault(status=code, content=b'{"message": "see within"}') for code in (203, 205, 206, 207, 226)},
    "a page to sign in at": Fault(headers={"Content-Type": "text/html"}, content=b"<title>Sign in</title>"),
    "an answer that says nothing": Fault(content=b"{}"),
    "a no with a number": Fault(content=b'{"id": "SO-9", "success": false, "message": "Customer 4711 is locked"}'),
}
"""What comes back as 2xx although no order was taken."""

REFUSALS = {
    "error": ERROR_INSIDE,
    "errors": Fault(content=b'{"data": null, "errors": [{"message": "Customer 4711 is locked"}]}'),
    "success": Fault(content=b'{"success": false, "message": "Customer 4711 is locked"}'),
    "status": Fault(content=b'{"status": "error", "message": "Customer 4711 is locked"}'),
    "a number": EMPTY_PROMISES["a no with a number"],
    "SOAP": Fault(
        headers={"Content-Type": "text/xml"},
        content=b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>'
        b"<faultstring>Customer 4711 is locked</faultstring></e:Fault></e:Body></e:Envelope>",
    ),
}
"""How a 2xx says that the order was not taken."""

NO_TOKEN = {
    "the connection dropped": DROP_BEFORE,
    "half an answer": RESET_MID_ANSWER,
    "a web page": HTML,
    "an empty answer": NOTHING,
    "an answer without a token": Fault(content=b'{"token_type": "bearer"}'),
    **{str(code): status(code, f"words-{code}", Retry_After="77") for code in (400, 401, 403, 429, 500, 503)},
}
"""What a token server gives instead of an access token."""

IN_PASSING = ("the connection dropped", "half an answer", "429", "500", "503")
"""Of these, what ends by itself: nobody has to do anything about the connection."""

LOST = ("the connection dropped", "half an answer", "a web page", "500", "503")
"""Of what becomes of an answer, what is tried with changes and recalls, too."""

NOT_WELL = {
    "the connection dropped": DROP_AFTER,
    **{str(code): status(code) for code in (401, 403, 404, 500, 502, 503)},
}
"""What a test of a connection must not pass for."""
