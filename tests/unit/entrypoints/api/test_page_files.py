"""How the page is served, with a page that is two files."""

import asyncio
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from orderflow.entrypoints.api import page

HTML = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(
        '<title>OrderFlow</title><meta name="base" content="" /><script src="./assets/index-1a2b.js"></script>'
    )
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "index-1a2b.js").write_text("let page;" * 500)
    return tmp_path


@pytest.fixture
def api(built: Path) -> FastAPI:
    api = FastAPI()
    page.add_page(api, built)
    return api


def ask(api: FastAPI, method: str, address: str, headers: dict[str, str]) -> Response:
    async def answer() -> Response:
        async with AsyncClient(transport=ASGITransport(api), base_url="http://test") as client:
            return await client.request(method, address, headers=headers)

    return asyncio.run(answer())


@pytest.mark.parametrize("address", ["/", "/orders", "/orders/0190c0de?view=all"])
def test_a_browser_gets_the_page_at_any_address(api: FastAPI, address: str) -> None:
    answer = ask(api, "GET", address, HTML)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert "OrderFlow" in answer.text


@pytest.mark.parametrize("base_path", ["", "/orderflow"])
def test_the_page_names_its_files_and_the_api_below_its_path(built: Path, base_path: str) -> None:
    api = FastAPI()
    page.add_page(api, built, base_path=base_path)
    for address in ("/", "/orders/1", "/index.html"):
        start = ask(api, "GET", address, HTML).text
        assert f'<meta name="base" content="{base_path}"' in start
        assert f'src="{base_path}/assets/index-1a2b.js"' in start


def test_assets_are_kept_and_compressed(api: FastAPI) -> None:
    answer = ask(api, "GET", "/assets/index-1a2b.js", {"Accept-Encoding": "gzip"})
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert ask(api, "GET", "/favicon.svg", {}).text == "<svg/>"


@pytest.mark.parametrize(
    ("method", "address", "headers"),
    [
        ("GET", "/api/v1/nothing", HTML),
        ("GET", "/nothing", {"Accept": "application/json"}),
        ("POST", "/orders", HTML),
        ("GET", "/assets/missing.js", HTML),
        ("GET", "/assets/../index.html/../../secret", {"Accept": "*/*"}),
    ],
)
def test_nothing_else_is_there(api: FastAPI, method: str, address: str, headers: dict[str, str]) -> None:
    assert ask(api, method, address, headers).status_code == 404


def test_a_page_that_is_not_built_says_how_to_build_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "page_folder", lambda: None)
    api = FastAPI()
    page.add_page(api)
    answer = ask(api, "GET", "/", HTML)
    assert answer.status_code == 404
    assert "make frontend" in answer.text
