"""What is released has the page and the docs, and shows them: a wheel, built and installed as the Dockerfile does."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from tests.acceptance.conftest import CHROMIUM, FLAGS, PATIENCE

ROOT = Path(__file__).parents[2]
IMAGE = ROOT / "deploy" / "image"
pytestmark = pytest.mark.large


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what a checkout holds, with its page and its docs."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in ("src", "docs", "pyproject.toml", "hatch_build.py", "mkdocs.yml", "README.md", "LICENSE"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    shutil.copytree(ROOT / "frontend" / "dist", source / "frontend" / "dist")
    tools = _environment(tmp_path_factory.mktemp("tools"))
    _run(tools, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(IMAGE / "build.txt"))
    _run(tools, "-m", "mkdocs", "build", "--quiet", cwd=source)
    _run(tools, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built), cwd=source)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def url(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the installed wheel."""
    python = _environment(tmp_path_factory.mktemp("installed"))
    _run(python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(IMAGE / "app.txt"))
    _run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "ORDERFLOW_HOME": str(home)}
    command, said = [str(python), "-m", "orderflow", "serve", "--port", str(port)], home / "said"
    with said.open("w") as output:
        server = subprocess.Popen(command, env=environment, cwd=home, stdout=output, stderr=output)
    try:
        address = f"http://127.0.0.1:{port}"
        _until_it_serves(address, server, said)
        yield address
    finally:
        server.terminate()
        server.wait(60)


def test_the_page_and_the_docs_are_there_and_can_be_searched(url: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        faults: list[str] = []
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.goto(url)
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        page.goto(f"{url}/docs")
        expect(page.get_by_role("heading", name="OrderFlow Connect", level=1)).to_be_visible()
        page.goto(f"{url}/docs/python.html")
        expect(page.get_by_role("heading", name="PushOrchestrator").first).to_be_visible()
        page.get_by_role("textbox", name="Search").fill("host key")
        expect(page.locator(".md-search-result__item").first).to_be_visible()
        browser.close()
    assert not faults


def _environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder / "bin" / "python"


def _run(python: Path, *arguments: str, cwd: Path | None = None) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(python), *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _until_it_serves(address: str, server: subprocess.Popen[bytes], said: Path) -> None:
    while True:
        assert server.poll() is None, said.read_text("utf-8")
        try:
            if httpx.get(f"{address}/readyz", trust_env=False, timeout=60).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
