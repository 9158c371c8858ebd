"""Puts the built web page into the wheel."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Page(BuildHookInterface):  # type: ignore[type-arg]  # it is generic over hatchling's own configuration
    """Adds frontend/dist as orderflow/page where it is built; a checkout installed for work serves it in place."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Say what the wheel also holds."""
        page = Path(self.root) / "frontend" / "dist"
        if version != "editable" and (page / "index.html").is_file():
            build_data["force_include"][str(page)] = "orderflow/page"
