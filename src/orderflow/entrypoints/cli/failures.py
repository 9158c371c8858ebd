"""How a command ends when it cannot do what was asked: one sentence, what to do next, and an exit code."""

from __future__ import annotations

import os
import sys
import traceback

from rich.text import Text

from orderflow.domain.errors import InputError, NotFoundError, OrderFlowError, StateError
from orderflow.entrypoints.cli.output import err

EXIT_CODES = (
    "Exit codes: 0 done; 1 it failed, or some of it did; 2 wrong usage or bad input; "
    "3 no such thing, or its state does not allow it; 130 stopped by Ctrl-C. "
    "ORDERFLOW_DEBUG=1 shows tracebacks."
)
INTERRUPTED = 130


def report(error: BaseException) -> int:
    """Tell a person on stderr what went wrong, and return the exit code."""
    if os.environ.get("ORDERFLOW_DEBUG"):
        traceback.print_exception(error)
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED
        case OrderFlowError():
            _print(error.message, error.code, error.hint)
            return exit_code(error)
        case OSError():
            _print(_os_sentence(error), "OS_ERROR", _OS_HINTS.get(error.errno or 0, "Correct it and try again."))
            return 1
        case _:
            hint = "This is a fault of OrderFlow: run it again with ORDERFLOW_DEBUG=1 and report what it prints."
            _print(f"Unexpected {type(error).__name__}.", "INTERNAL", hint)
            return 1


def exit_code(error: OrderFlowError) -> int:
    """Return what the process exits with after `error`."""
    match error:
        case InputError():
            return 2
        case NotFoundError() | StateError():
            return 3
        case _:
            return 1


_OS_HINTS = {
    13: "Give this user the right to it, or choose another place.",
    28: "Make room on the disk and run it again; what was done before is kept.",
    98: "Choose another port with --port.",
}


def _os_sentence(error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    return f"{error.filename}: {reason}." if error.filename else f"{reason}."


def _print(message: str, code: str, hint: str) -> None:
    console = err()
    console.print(Text.assemble(("Error: ", "bold red"), message, (f" [{code}]", "dim")))
    if hint:
        console.print(Text.assemble(("  → ", "dim"), hint))
    sys.stderr.flush()
