"""Serving below a path, as `/orderflow`, that a proxy may pass on or take away: both are answered."""

from __future__ import annotations

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BasePath:
    """Takes the path off what is asked for, and puts it before each `Location` of ours.

    Args:
        path: Where everything is for who asks, as `/orderflow`.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self.app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == self._path:
            await RedirectResponse(f"{self._path}/", 308)(scope, receive, send)
        else:
            await self.app(self._within(scope), receive, self._sending(send))

    def _within(self, scope: Scope) -> Scope:
        if not scope["path"].startswith(f"{self._path}/"):
            return scope
        return {**scope, "path": scope["path"].removeprefix(self._path)}

    def _sending(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [self._placed(*header) for header in message.get("headers", ())]}
            await send(message)

        return sent

    def _placed(self, name: bytes, value: bytes) -> tuple[bytes, bytes]:
        ours = name.lower() == b"location" and value.startswith(b"/") and not value.startswith(b"//")
        return (name, self._path.encode() + value) if ours else (name, value)
