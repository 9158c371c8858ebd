"""The page, below a path: somebody signs in there, and each of its requests finds what it asks for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.acceptance.brokers import free_port
from tests.acceptance.conftest import CHROMIUM, FLAGS, PATIENCE, CommandLine
from tests.waiting import is_ready, wait_until

pytestmark = [pytest.mark.large, pytest.mark.timeout(300)]
PASSWORD = "a horse of the test's own"


def test_somebody_signs_in_and_opens_an_address_of_the_page(own_orderflow: CommandLine) -> None:
    own_orderflow("org", "create", "acme")
    own_orderflow.environment["ORDERFLOW_PASSWORD"] = PASSWORD
    own_orderflow("user", "create", "admin@acme.example")
    order = {"external_order_number": "PO-9", "notes": "Ring at Muster's"}
    own_orderflow("orders", "import", "-", stdin=json.dumps(order))
    own_orderflow("orders", "reject", "PO-9", "--reason", "twice")
    port = free_port()
    base = f"http://127.0.0.1:{port}/orderflow"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "ORDERFLOW_HOME": str(own_orderflow.home)}
    command = [sys.executable, "-m", "orderflow", "serve", "--no-engine", "--port", str(port)]
    server = subprocess.Popen(command, env=environment | {"APP_BASE_URL": base})
    try:
        wait_until(lambda: is_ready(base))
        faults, beside = _walk(base)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    assert faults == []
    assert beside == []
    assert "Muster" not in own_orderflow("orders", "show", "PO-9").stdout


def _walk(base: str) -> tuple[list[str], list[str]]:
    """Sign in, open an address, erase personal data; return complaints, and what was asked beside the path."""
    faults: list[str] = []
    beside: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("request", lambda one: None if one.url.startswith(f"{base}/") else beside.append(one.url))
        page.goto(f"{base}/orders")
        page.get_by_label("E-mail").fill("admin@acme.example")
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Orders")).to_be_visible(timeout=PATIENCE)
        page.get_by_role("link", name="Connectors").first.click()
        expect(page).to_have_url(f"{base}/connectors")
        page.reload()
        expect(page.get_by_role("heading", name="Connectors")).to_be_visible(timeout=PATIENCE)
        page.goto(f"{base}/orders")
        page.get_by_text("PO-9").first.click()
        page.get_by_role("button", name="Erase personal data").click()
        page.get_by_role("button", name="Erase for good").click()
        expect(page.get_by_text("Personal data erased")).to_be_visible(timeout=PATIENCE)
        assert page.get_by_role("link", name="Docs").get_attribute("href") == "/orderflow/docs/"
        browser.close()
    return faults, beside
