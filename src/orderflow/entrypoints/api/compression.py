"""Answers that are worth it go out compressed (gzip, RFC 1952), to whoever accepts that.

Only what is read of orders and deliveries, of which nothing is secret: the length of a compressed answer that holds a
secret beside something that the asker chose would tell of the secret (BREACH, https://breachattack.com). So nothing of
sign-in, API keys, connectors or users is compressed, and no answer to a request that changes something.
"""

from __future__ import annotations

import gzip
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from orderflow.entrypoints.api.bodies import beside_the_loop

READ_ALOUD = tuple(
    f"/api/v1/{what}"
    for what in ("draft-orders", "exports", "push-log", "bulk-jobs", "audit-log", "events", "stats", "openapi")
)
"""Where a GET's answer may be compressed."""

WORTH_IT = 1_024
"""Bytes; what is shorter fits into a packet or two anyway."""

_LEVEL = 5
"""Of 1 to 9: half of the time of the usual 6 to 9, and nearly their size for JSON."""

_compress = partial(gzip.compress, compresslevel=_LEVEL, mtime=0)


async def compressed(request: Request, answer: Response) -> Response:
    """Return an answer to a GET, compressed where that may be and is worth it."""
    body = bytes(getattr(answer, "body", b""))
    if len(body) < WORTH_IT or answer.media_type != "application/json" or "content-encoding" in answer.headers:
        return answer
    answer.headers.add_vary_header("Accept-Encoding")
    if not _accepts_gzip(request):
        return answer
    answer.body = await beside_the_loop(body, _compress, body)
    answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Content-Length"] = str(len(answer.body))
    return answer


def _accepts_gzip(request: Request) -> bool:
    """Return whether `Accept-Encoding` names gzip, and not only to refuse it (RFC 9110, section 12.5.3)."""
    for one in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = one.partition(";")
        if coding.strip() in {"gzip", "x-gzip"}:
            return weight.replace(" ", "").rstrip("0").rstrip(".") != "q="
    return False
