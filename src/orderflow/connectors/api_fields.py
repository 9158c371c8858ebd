"""What the configurations of connectors to ERPs with an API have in common."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field


def _web_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be an address like https://erp.example.com, without user, query or fragment")
    return url.rstrip("/")


ServerUrl = Annotated[str, Field(max_length=1_000), AfterValidator(_web_url)]


def form(group: str, show_when: dict[str, list[str]] | None = None, **more: Any) -> dict[str, Any]:
    """Return where a field stands on the form; `show_when` names the values of another field that call for it.

    What stands under Server or Sign-in decides who gets the secrets (`destination`), unless `more` says otherwise.
    """
    decides = group in ("Server", "Sign-in")
    return {"group": group, "destination": decides, **({"show_when": show_when} if show_when else {}), **more}
