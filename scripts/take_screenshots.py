#!/usr/bin/env python
"""Takes the README's pictures: runs the demo, spreads what it did over a day, and photographs the page in Chromium."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import uvicorn
from httpx import Client
from playwright.sync_api import Browser, FloatRect, Page, sync_playwright
from sqlalchemy import text

from orderflow.engine.logs import configure_logs
from orderflow.entrypoints.api import create_app
from orderflow.entrypoints.cli.workplace import Workplace
from orderflow.entrypoints.demo.login import demo_login
from orderflow.entrypoints.demo.run import DemoOptions, deliver_all, demo_home, running_demo
from orderflow.entrypoints.demo.screen import Screen

IMAGES = Path(__file__).parents[1] / "docs" / "images"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SIZE = {"width": 1280, "height": 860}
_SPREAD = text("""
    UPDATE erp_export SET created_at = created_at - back, sent_at = sent_at - back, answered_at = answered_at - back
    FROM (SELECT id AS export, make_interval(hours => abs(hashtext(filename)) % 20) AS back FROM erp_export) AS shift
    WHERE export = id
""")


def main() -> None:
    """Write docs/images/*.png."""
    configure_logs("WARNING")
    IMAGES.mkdir(exist_ok=True)
    screen = Screen()
    with demo_home(None, once=True) as home, running_demo(home, "take", screen) as (place, erp):
        screen.sum_up(deliver_all(place, erp, DemoOptions(), screen))
        login = demo_login(place.app, place.org_id)
        with _served(place) as url, sync_playwright() as playwright:
            _bring_more(url, login)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            pages = {scheme: _signed_in(browser, url, login, scheme) for scheme in ("light", "dark")}
            for scheme, page in pages.items():
                _photograph_details(page, url, scheme)
            with place.app.database.transaction(place.org_id) as connection:
                connection.execute(_SPREAD)
            for scheme, page in pages.items():
                _photograph_overview(page, url, scheme)
            browser.close()


@contextmanager
def _served(place: Workplace) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(create_app(place.app), port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def _bring_more(url: str, login: tuple[str, str]) -> None:
    """Orders that still wait for a person, and a connector that is not in use."""
    with Client(base_url=f"{url}/api/v1") as client:
        token = client.post("/auth/login", json={"email": login[0], "password": login[1]}).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        mock = {"connector_type": "MOCK", "config": {"mode": "success"}, "name": "Test ERP", "status": "DISABLED"}
        client.post("/connectors", json=mock)
        sample = resources.files("orderflow.entrypoints.demo") / "sample_orders.jsonl"
        for number, line in enumerate(sample.read_text(encoding="utf-8").splitlines()[:7]):
            order = json.loads(line) | {"external_order_number": f"PO-2026-{secrets.randbelow(9000) + 1000}"}
            if number < 2:
                order["currency"] = None
            client.post("/draft-orders", json=order)


def _signed_in(browser: Browser, url: str, login: tuple[str, str], scheme: str) -> Page:
    page = browser.new_context(color_scheme="dark" if scheme == "dark" else "light", viewport=SIZE).new_page()
    page.goto(url)
    page.get_by_label("E-mail").fill(login[0])
    page.get_by_role("textbox", name="Password").fill(login[1])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Orders of today").wait_for()
    return page


def _photograph_details(page: Page, url: str, scheme: str) -> None:
    page.goto(f"{url}/connectors")
    page.get_by_role("button", name="Test connection").first.click()
    page.get_by_text("The test passed").wait_for()
    _save(page, f"connectors-{scheme}", height=520)
    page.goto(f"{url}/orders?status=ERROR")
    page.locator("tbody a").first.click()
    page.get_by_text("Refused by the ERP").wait_for()
    _save(page, f"order-{scheme}")


def _photograph_overview(page: Page, url: str, scheme: str) -> None:
    page.goto(url)
    page.get_by_role("img", name="Confirmed: ").wait_for()
    _save(page, f"overview-{scheme}")


def _save(page: Page, name: str, height: int = SIZE["height"]) -> None:
    page.mouse.move(SIZE["width"] - 1, 1)  # away from what reacts to it
    page.wait_for_timeout(700)  # for animations to end
    clip: FloatRect = {"x": 0.0, "y": 0.0, "width": float(SIZE["width"]), "height": float(height)}
    page.screenshot(path=IMAGES / f"{name}.png", clip=clip)


if __name__ == "__main__":
    main()
