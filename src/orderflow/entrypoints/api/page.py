"""The web page under `/`: browsers keep files with a hash in their name, and ask anew for everything else."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

_PACKAGE = Path(__file__).parents[2]
_YEAR = "public, max-age=31536000, immutable"
_NOT_BUILT = (
    "The web page is not built. `make frontend` builds it, with Node 20 or newer; then start again.\n"
    "The API is at /api/v1; see /api/v1/openapi.json.\n"
)


def page_folder() -> Path | None:
    """Return where the built page is: in the package, or in a checkout's frontend/dist; None if it is not built."""
    folders = (_PACKAGE / "page", _PACKAGE.parents[1] / "frontend" / "dist")
    return next((folder for folder in folders if (folder / "index.html").is_file()), None)


def add_page(api: FastAPI, folder: Path | None = None, *, base_path: str = "") -> None:
    """Serve the page for what no route of the API takes: its files, and its start to browsers at any other address.

    Args:
        folder: The built page; found by itself if left out.
        base_path: Below which it is reached, as `/orderflow`.
    """
    folder = folder or page_folder()
    if folder:
        api.mount("/assets", GZipMiddleware(_Assets(directory=folder / "assets"), minimum_size=1024))
    files = {f"/{file.name}": file for file in folder.iterdir() if file.is_file()} if folder else {}
    start = _start(files["/index.html"], base_path) if "/index.html" in files else None
    not_found = api.router.default

    async def default(scope: Scope, receive: Receive, send: Send) -> None:
        answer = _answer(scope, files, start)
        await (answer or not_found)(scope, receive, send)

    api.router.default = default


def _start(index: Path, base_path: str) -> str:
    """Return the page's start, which names its files, and where the API is, below the path."""
    page = index.read_text("utf-8").replace('="./', f'="{base_path}/')
    return page.replace('<meta name="base" content=""', f'<meta name="base" content="{base_path}"')


def _answer(scope: Scope, files: dict[str, Path], start: str | None) -> Response | None:
    """Return the file or the page's start; None where the API has to say that there is no such thing."""
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"} or scope["path"].startswith("/api/"):
        return None
    wanted = files.get(scope["path"])
    if wanted is not None and wanted.name != "index.html":
        return FileResponse(wanted, headers={"Cache-Control": "no-cache"})
    if wanted is None and "text/html" not in Headers(scope=scope).get("accept", ""):
        return None
    return HTMLResponse(start, headers={"Cache-Control": "no-cache"}) if start else PlainTextResponse(_NOT_BUILT, 404)


class _Assets(StaticFiles):
    def file_response(self, *args: object, **options: object) -> Response:
        response = super().file_response(*args, **options)  # type: ignore[arg-type]  # passed on as they came
        response.headers["Cache-Control"] = _YEAR
        return response
