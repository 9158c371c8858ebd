"""Puts the built web page and the built docs into the wheel."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Page(BuildHookInterface):  # type: ignore[type-arg]  # it is generic over hatchling's own configuration
    """Adds what is built: frontend/dist as orderflow/page, build/docs as orderflow/docs.

    A checkout installed for work serves them in place.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Say what the wheel also holds."""
        for built, place in (("frontend/dist", "orderflow/page"), ("build/docs", "orderflow/docs")):
            folder = Path(self.root, built)
            if version != "editable" and (folder / "index.html").is_file():
                build_data["force_include"][str(folder)] = place
