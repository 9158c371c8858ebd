"""What others wrote reaches a terminal as text, wherever a command prints it."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from orderflow.domain.errors import InputError
from orderflow.entrypoints.cli import output
from orderflow.entrypoints.cli.failures import report
from orderflow.entrypoints.demo.screen import Screen

BAD = "\x1b]0;owned\x07 \x9b2J \u202eabc"
ACTS = "\x1b\x07\x9b\u202e"


def plain(captured):
    text = captured.out + captured.err
    return text and not any(character in text for character in ACTS)


@pytest.mark.parametrize(
    "show",
    [
        lambda: output.print_table([{"a": BAD}, {"a": {"message": BAD}}, {"a": [BAD]}], {"a": BAD}, empty=""),
        lambda: output.print_table([], {"a": "a"}, empty=BAD),
        lambda: output.print_facts({BAD: BAD}),
        lambda: output.print_told((BAD, "", BAD), BAD),
        lambda: output.out().print(BAD),
        lambda: output.err().print(f"{BAD}", markup=False),
        lambda: output.print_json({"name": BAD}),
        lambda: report(InputError(BAD, hint=BAD)),
        lambda: Screen(Console()).say(BAD),
    ],
)
def test_nothing_acts(show, capsys):
    show()
    assert plain(capsys.readouterr())


def test_json_still_says_what_it_was(capsys):
    output.print_json({"name": BAD})
    assert json.loads(capsys.readouterr().out) == {"name": BAD}


def test_styles_are_ours(capsys):
    console = output.safe(Console(force_terminal=True, color_system="standard"))
    console.print(BAD, style="red")
    shown = capsys.readouterr().out
    assert "\x1b[31m" in shown
    assert "\x1b]0;" not in shown


def test_a_sentence_is_as_wide_as_the_terminal_and_nothing_else_folds_it(capsys, monkeypatch):
    told = ("DELIVERIES_LATE", "northwind", "done"), "Orders wait for an answer. " * 6
    monkeypatch.setenv("COLUMNS", "80")
    output.print_told(*told)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "DELIVERIES_LATE  northwind  done"
    assert (len(lines), max(map(len, lines))) == (4, 80)
    monkeypatch.delenv("COLUMNS")
    output.print_told(*told)
    assert len(capsys.readouterr().out.splitlines()) == 2, "where no terminal reads it, nothing is folded"
