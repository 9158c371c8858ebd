#!/usr/bin/env python3
# ruff: noqa: T201  # a script to be copied: no package around it, and it prints
"""Takes orders from nothing to CONFIRMED over the API. Needs httpx.

    export ORDERFLOW_EMAIL=… ORDERFLOW_PASSWORD=…
    python3 api_client.py http://127.0.0.1:8000 orders.jsonl EXPORT_FOLDER ACK_FOLDER

The folders are a dropzone on the server's own disk, which its operator allows (ORDERFLOW_ALLOWED_FOLDERS);
dropzone_reader.py may play the ERP at its other end.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx


def sign_in(client: httpx.Client) -> None:
    """Let the client send a fresh token with every request; it holds for an hour."""
    credentials = {"email": os.environ["ORDERFLOW_EMAIL"], "password": os.environ["ORDERFLOW_PASSWORD"]}
    token = client.post("/auth/login", json=credentials).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"


def explain(response: httpx.Response) -> None:
    """Show an error in the API's words: what happened, and what to do next."""
    if response.is_error:
        error = json.loads(response.read())["error"]
        sys.exit(f"{error['code']}: {error['message']} {error['details'].get('hint', '')}")


def connect(client: httpx.Client, export_folder: str, ack_folder: str) -> None:
    """Set up a dropzone and test it; with `test_on_save`, what fails its test is not saved."""
    config = {"mode": "filesystem", "export_path": export_folder, "ack_path": ack_folder}
    client.post("/connectors/dropzone-json-v1", json={"name": "Warehouse", "config": config, "test_on_save": True})


def bring_in(client: httpx.Client, orders: Path) -> list[str]:
    """Send a file of orders, one JSON object in each line; returns the ids of those that are READY."""
    with orders.open("rb") as lines:
        answer = client.post("/draft-orders/import", content=lines, headers={"Content-Type": "application/x-ndjson"})
    ready = []
    for result in map(json.loads, answer.text.splitlines()):
        if result.get("status") == "READY":  # also of one that an earlier run brought in
            ready.append(result["id"])
        elif result.get("duplicate"):
            print(f"line {result['line']}: here already, {result['status']}")
        else:
            problems = [result["error"]["message"]] if "error" in result else result["missing"]
            print(f"line {result['line']}: {' '.join(problems)}")
    return ready


def act(client: httpx.Client, action: str, ids: list[str]) -> None:
    """Approve or push many orders; each is answered for by itself."""
    for start in range(0, len(ids), 10_000):
        job = client.post("/bulk-jobs", json={"action": action, "ids": ids[start : start + 10_000]}).json()
        while job["status"] == "RUNNING":
            time.sleep(0.5)
            job = client.get(f"/bulk-jobs/{job['id']}").json()
        for reason in job["reasons"]:
            print(f"{reason['orders']} orders: {reason['message']}")


def wait_for(client: httpx.Client, order_id: str) -> dict[str, Any]:
    """Return the order once the ERP has answered, or its delivery has failed."""
    while True:
        order: dict[str, Any] = client.get(f"/draft-orders/{order_id}").json()
        if order["status"] not in ("PUSHING", "PUSHED"):
            return order
        time.sleep(0.5)


def main(url: str, orders: str, export_folder: str, ack_folder: str) -> None:
    """Do it all."""
    with httpx.Client(base_url=f"{url}/api/v1", timeout=30, event_hooks={"response": [explain]}) as client:
        sign_in(client)
        connect(client, export_folder, ack_folder)
        ids = bring_in(client, Path(orders))
        act(client, "approve", ids)
        act(client, "push", ids)
        for order_id in ids:
            order = wait_for(client, order_id)
            why = order["error"]["message"] if order["error"] else order["erp_order_id"]
            print(f"{order['external_order_number']}: {order['status']} {why}")


if __name__ == "__main__":
    main(*sys.argv[1:])
