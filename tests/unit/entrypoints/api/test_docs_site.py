"""How the docs are served, with docs that are two files."""

import base64
import hashlib
from pathlib import Path

import pytest
from fastapi import FastAPI

from orderflow.entrypoints.api import docs_site
from tests.unit.entrypoints.api.test_page_files import HTML, ask

SCRIPT = "document.title"


@pytest.fixture
def api(tmp_path: Path) -> FastAPI:
    (tmp_path / "index.html").write_text(f"<h1>Docs</h1><script>{SCRIPT}</script><script src='a.js'></script>")
    (tmp_path / "a.js").write_text("let site")
    api = FastAPI()
    docs_site.add_docs(api, tmp_path)
    return api


def test_a_page_may_run_its_own_scripts_and_no_others(api: FastAPI) -> None:
    answer = ask(api, "GET", "/docs/", HTML)
    assert "Docs" in answer.text
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert ask(api, "GET", "/docs/a.js", {}).text == "let site"


@pytest.mark.parametrize("address", ["/docs/../secret", "/docs/%2e%2e/secret", "/docs/nothing.html"])
def test_what_is_not_there_is_not_found(api: FastAPI, address: str, tmp_path: Path) -> None:
    (tmp_path.parent / "secret").write_text("secret")
    answer = ask(api, "GET", address, HTML)
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_where_they_are_not_built_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs_site, "docs_folder", lambda: None)
    api = FastAPI()
    docs_site.add_docs(api)
    answer = ask(api, "GET", "/docs/", HTML)
    assert (answer.status_code, "make docs" in answer.text) == (404, True)
