"""What the configurations of connectors to ERPs with an API have in common."""

from __future__ import annotations

from typing import Any

from orderflow.http.urls import ServerUrl

__all__ = ["ServerUrl", "form"]


def form(group: str, show_when: dict[str, list[str]] | None = None, **more: Any) -> dict[str, Any]:
    """Return where a field stands on the form; `show_when` names the values of another field that call for it.

    What stands under Server or Sign-in decides who gets the secrets (`destination`), unless `more` says otherwise.
    """
    decides = group in ("Server", "Sign-in")
    return {"group": group, "destination": decides, **({"show_when": show_when} if show_when else {}), **more}
