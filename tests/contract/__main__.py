"""Writes down what clients rely on, when a release is made: `python -m tests.contract`."""

from __future__ import annotations

import json

from orderflow.entrypoints.api import create_app
from tests.contract.contract import RELEASED, contract_of

if __name__ == "__main__":
    contract = contract_of(create_app(engine=False).openapi())
    RELEASED.write_text(json.dumps(contract, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n", "utf-8")
