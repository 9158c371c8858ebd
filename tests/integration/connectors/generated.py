"""The connector that `orderflow new-connector` makes, and such as differ from it by a line."""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from orderflow.testing import engine as engines

_numbers = itertools.count()


def source():
    """Return its source."""
    package = Path(engines.__file__).parent / "connector_template" / "package"
    text = (package / "src" / "{{ module }}" / "connector.py.jinja").read_text("utf-8")
    names = {"connector_type": "MADE", "display_name": "Made", "class_name": "MadeConnector"}
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: names[found[1]], text)


def connector_class(text=None):
    """Return the class that a source makes."""
    name = f"made_connector_{next(_numbers)}"
    module: Any = ModuleType(name)
    sys.modules[name] = module  # pydantic looks there for what annotations name
    exec(compile(text or source(), "connector.py", "exec", dont_inherit=True), vars(module))
    return module.MadeConnector
