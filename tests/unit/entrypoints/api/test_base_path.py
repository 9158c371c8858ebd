"""Serving below a path, whether the proxy passes it on or takes it away."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from httpx import Response as Answer
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from orderflow.entrypoints.api import create_app
from orderflow.entrypoints.api.base_path import BasePath
from orderflow.settings import Settings, SettingsError


@pytest.fixture
def api() -> FastAPI:
    api = FastAPI()
    api.add_middleware(BasePath, path="/orderflow")

    @api.get("/where")
    def where(request: Request) -> Response:
        return JSONResponse({"path": request.url.path}, headers={"Location": "/api/v1/it"})

    @api.get("/away")
    def away() -> Response:
        return RedirectResponse("https://elsewhere.example/x")

    return api


def ask(api: FastAPI, address: str) -> Answer:
    async def answer() -> Answer:
        async with AsyncClient(transport=ASGITransport(api), base_url="http://test") as client:
            return await client.get(address)

    return asyncio.run(answer())


@pytest.mark.parametrize("address", ["/orderflow/where", "/where"])
def test_what_is_asked_for_is_the_same_with_the_path_and_without(api: FastAPI, address: str) -> None:
    answer = ask(api, address)
    assert answer.json() == {"path": "/where"}
    assert answer.headers["location"] == "/orderflow/api/v1/it"


def test_only_the_path_itself_is_taken_off(api: FastAPI) -> None:
    assert ask(api, "/orderflowers/where").status_code == 404
    assert ask(api, "/orderflow/orderflow/where").status_code == 404


def test_the_path_alone_leads_to_the_page(api: FastAPI) -> None:
    answer = ask(api, "/orderflow")
    assert (answer.status_code, answer.headers["location"]) == (308, "/orderflow/")


def test_where_others_are_stays(api: FastAPI) -> None:
    assert ask(api, "/orderflow/away").headers["location"] == "https://elsewhere.example/x"


def test_the_settings_say_the_path_and_the_document_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_BASE_URL", "https://erp.example/orderflow/")
    api = create_app(engine=False)
    assert api.openapi()["servers"][0]["url"] == "/orderflow"
    assert ask(api, "/orderflow/docs").headers.get("location", "/orderflow/docs/") == "/orderflow/docs/"


@pytest.mark.parametrize(
    "url", ["https://a.example/<b>", "https://a.example/b?c", "https://a.example/b#c", "https://a/b c"]
)
def test_a_path_that_would_have_to_be_written_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("APP_BASE_URL", url)
    with pytest.raises(SettingsError, match="APP_BASE_URL"):
        Settings.load()
