"""A configuration kept secret by the recipe that most take: JSON, sealed by cryptography's Fernet."""

from __future__ import annotations

import json
from typing import Any

from cryptography.fernet import Fernet


class Configs:
    def __init__(self) -> None:
        self._fernet = Fernet(Fernet.generate_key())

    def encrypt(self, config: dict[str, Any]) -> bytes:
        return self._fernet.encrypt(json.dumps(config).encode())

    def decrypt(self, token: bytes) -> dict[str, Any]:
        return json.loads(self._fernet.decrypt(token))
