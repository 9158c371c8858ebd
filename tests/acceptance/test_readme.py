"""What the README shows works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
RUN = """
from orderflow.bootstrap import default_app
push(default_app().create_organization("acme"))
"""


def test_the_example_for_embedding_runs_as_it_stands() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    with tempfile.TemporaryDirectory(prefix="of-readme-", ignore_cleanup_errors=True) as home:
        done = subprocess.run(  # our own program
            [sys.executable, "-W", "error", "-c", program + RUN],
            env=os.environ | {"ORDERFLOW_HOME": home},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        left = list(Path(home).glob("postgres/postmaster.pid"))
    assert done.returncode == 0, done.stderr
    assert left == [], "a clean end stops the embedded PostgreSQL"


def test_every_page_that_is_linked_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8"))
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_the_layout_names_every_folder_and_none_that_is_gone() -> None:
    layout = README.read_text("utf-8").split("## Layout")[1].split("\n## ")[0]
    rows = [row.split("|")[1] for row in layout.splitlines() if row.startswith("| `") and "beside" not in row]
    named = {name for row in rows for name in re.findall(r"`(\w+)/`", row)}
    assert named == {path.parent.name for path in (README.parent / "src/orderflow").glob("*/__init__.py")}
