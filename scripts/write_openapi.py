#!/usr/bin/env python
"""Writes frontend/openapi.json, from which the page's types are made; --check only tells whether it is up to date.

The addresses that name one type of connector are left out: the page draws its forms from `/connector-types`, so that
a new connector changes nothing in it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from orderflow.entrypoints.api import create_app, typed_connectors

FILE = Path(__file__).parents[1] / "frontend" / "openapi.json"


def document() -> str:
    """Return the page's part of the OpenAPI document, without errors, which have one shape, and without examples."""
    typed_connectors.router.routes.clear()
    document = create_app(engine=False).openapi()
    for operations in document["paths"].values():
        for operation in operations.values():
            answers = operation["responses"]
            operation["responses"] = {status: answer for status, answer in answers.items() if status < "400"}
            for answer in operation["responses"].values():
                for content in answer.get("content", {}).values():
                    content.pop("example", None)
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    """Write, or check."""
    if "--check" not in sys.argv:
        FILE.write_text(document(), encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != document():
        sys.exit("frontend/openapi.json does not match the API: run `make openapi` and commit what it changed.")


if __name__ == "__main__":
    main()
