from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import typer.main
from typer.testing import CliRunner

from orderflow.entrypoints.cli.app import app


def commands(group, path=()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


PATHS = sorted(commands(typer.main.get_command(app)))


def help_of(*path: str) -> str:
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert shown.exit_code == 0, shown.output
    return re.sub(r"\s+", " ", shown.output)


def test_the_commands_are_those_that_the_guides_name():
    wanted = "demo serve worker push retry withdraw push-log connector-types decrypt-connector-config"
    assert set(wanted.split()) < {path[0] for path in PATHS}
    assert ("keys", "rotate") in PATHS
    assert ("connections", "accept-host-key") in PATHS


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_has_help_with_an_example_of_itself(path):
    shown = help_of(*path)
    assert "Example:" in shown
    assert f"orderflow {' '.join(path)}" in shown.split("Example:")[1]


def test_the_exit_codes_are_documented():
    assert "Exit codes: 0 done; 1" in help_of()
