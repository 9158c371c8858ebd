"""A real partner, django-pyas2, in a process of its own; and what is needed to speak with it."""

from __future__ import annotations

import base64
import datetime as dt
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Self

import httpx

from orderflow.channels.as2.new_keys import NewKeys, new_keys
from orderflow.entrypoints.demo.erps.as2_gateway import pkcs12

HERE = Path(__file__).parent
PYTHON = HERE.parents[2] / ".as2-peer" / "bin" / "python"
OURS, THEIRS = "OrderFlow ACME", "PARTNER"


@cache
def keys_of(name: str) -> NewKeys:
    return new_keys(name, dt.datetime.now(dt.UTC), days=60, bits=2048)


class As2Partner:
    """The partner; use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        assert PYTHON.exists(), "run scripts/install-as2-peer"
        setup = {"name": THEIRS, "partner": OURS, "key": pkcs12(keys_of(THEIRS), "tests"), "pass": "tests"}
        setup["certificate"] = keys_of(OURS).certificate
        self._setup = folder / "setup.json"
        self._setup.write_text(json.dumps(setup))

    def __enter__(self) -> Self:
        command = [str(PYTHON), str(HERE / "as2_peer" / "server.py"), str(self._setup)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.base = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self._client = httpx.Client(base_url=self.base, timeout=60)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._process.kill()
        self._process.communicate()

    @property
    def url(self) -> str:
        return f"{self.base}/as2"

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._client.get("/control/messages").raise_for_status().json()
        return [one | {"content": base64.b64decode(one["content"])} for one in found]

    def status(self, message_id: str) -> str:
        (found,) = [one for one in self.messages() if one["id"] == message_id]
        return str(found["status"])

    def change(self, **fields: Any) -> None:
        self._client.post("/control/change", json=fields).raise_for_status()

    def send(self, name: str, content: bytes, message_id: str | None = None) -> dict[str, Any]:
        asked = {"name": name, "content": base64.b64encode(content).decode(), "message_id": message_id}
        answer: dict[str, Any] = self._client.post("/control/send", json=asked).raise_for_status().json()
        return answer

    def send_receipts(self) -> int:
        return int(self._client.post("/control/receipts").raise_for_status().json()["sent"])

    def settings(self, **more: Any) -> dict[str, Any]:
        """Return our side's form of a connection to it."""
        return {
            "url": self.url,
            "plain_http": True,
            "as2_from": OURS,
            "as2_to": THEIRS,
            "own_certificates": keys_of(OURS).certificate,
            "own_keys": keys_of(OURS).key,
            "partner_certificates": keys_of(THEIRS).certificate,
            **more,
        }
