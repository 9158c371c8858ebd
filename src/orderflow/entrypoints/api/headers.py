"""What an answer says beside its body: where something is, which version it has, how much more may be asked for.

`ETag` and `Location` as RFC 9110 has them, `RateLimit-Policy` and `RateLimit` as
draft-ietf-httpapi-ratelimit-headers-10: what is limited is how much goes on at once (`qu="concurrent-requests"`), so
there is no window to wait for.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from orderflow.entrypoints.api.versions import noted, tag


def note_location(request: Request, path: str) -> None:
    """Let the answer carry the address of what was made, or of what tells how a request goes on."""
    noted(request)["location"] = path


def noted_headers(request: Request) -> dict[str, str]:
    """Return the headers of what was made or shown; they belong to an answer that is given again."""
    known = noted(request)
    version, location = known.get("version"), known.get("location")
    return ({} if version is None else {"ETag": tag(version)}) | ({"Location": location} if location else {})


def note_share(request: Request, work: str, each: int, left: int) -> None:
    """Let the answer say how much of a kind of work may go on at once, and how much more could now."""
    noted(request)["share"] = share_headers(work, each, left)


def share_headers(work: str, each: int, left: int) -> dict[str, str]:
    """Return the headers that say so."""
    return {
        "RateLimit-Policy": f'"{work}";q={each};qu="concurrent-requests"',
        "RateLimit": f'"{work}";r={left}',
    }


def add_headers(request: Request, answer: Response) -> None:
    """Give an answer what was noted for it."""
    added = noted_headers(request) | noted(request).get("share", {})
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in added.items()]
    names = {name for name, _ in headers}
    kept = [header for header in answer.raw_headers if header[0] not in names]
    answer.raw_headers[:] = kept + headers  # in place: whoever has asked for `answer.headers` holds the list
