"""The docs under `/docs`, where they are built: in the package, or in a checkout's build/docs."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

_PACKAGE = Path(__file__).parents[2]
_NOT_BUILT = "The docs are not built. `make docs` builds them; then start again.\n"
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; script-src 'self' {}; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def docs_folder() -> Path | None:
    """Return where the built docs are; None if they are not built."""
    folders = (_PACKAGE / "docs", _PACKAGE.parents[1] / "build" / "docs")
    return next((folder for folder in folders if (folder / "index.html").is_file()), None)


def add_docs(api: FastAPI, folder: Path | None = None) -> None:
    """Serve the docs.

    Args:
        folder: The built docs; found by itself if left out.
    """
    folder = folder or docs_folder()
    api.mount("/docs", _Docs(directory=folder, html=True) if folder else PlainTextResponse(_NOT_BUILT, 404))


class _Docs(StaticFiles):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/docs":  # its links are relative
            await RedirectResponse("/docs/")(scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    def file_response(self, full_path: object, *args: object, **options: object) -> Response:
        response = super().file_response(full_path, *args, **options)  # type: ignore[arg-type]  # passed on as they came
        response.headers["Cache-Control"] = "no-cache"
        path = Path(str(full_path))
        if path.suffix == ".html":
            response.headers["Content-Security-Policy"] = _POLICY.format(_scripts_of(path))
        return response


@lru_cache(maxsize=256)
def _scripts_of(page: Path) -> str:
    """Return the sources of the scripts that stand in a page itself, by their hashes (CSP Level 3, 2.3.1)."""
    digests = (hashlib.sha256(script).digest() for script in _SCRIPT.findall(page.read_bytes()))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
