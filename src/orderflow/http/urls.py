"""Addresses of servers, as a field of a configuration."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL, or of a template whose host is fixed.

    Raises:
        ValueError: It is no http(s) URL, names a user, or leaves the host to a template.
    """
    fixed = url.strip().split("{", 1)[0]
    parts = urlsplit(fixed)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(ord(char) <= 32 for char in fixed):
        raise ValueError("must begin with https:// and a host")
    if "{" in url and not parts.path.startswith("/"):
        raise ValueError("must name its host itself, and a / after it, before any template")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or a password; use the sign-in")
    return parts.scheme, parts.hostname.lower(), parts.port or (443 if parts.scheme == "https" else 80)


def web_url(url: str) -> str:
    """Return an address without a slash at its end.

    Raises:
        ValueError: It is none that a server can be asked at.
    """
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # brackets that do not close, a port that is no number
        usable = False
    if not usable or parts.username is not None or parts.query or parts.fragment or any(map(str.isspace, url.strip())):
        raise ValueError("must be an address like https://erp.example.com, without user, query or fragment")
    return url.strip().rstrip("/")


ServerUrl = Annotated[str, Field(max_length=1_000), AfterValidator(web_url)]
"""The type of a field that holds a server's address: http or https, with a host, without user, query and fragment."""
