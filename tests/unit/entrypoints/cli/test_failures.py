from __future__ import annotations

import errno

import pytest

from orderflow.domain.errors import ConnectorError, InputError, NotFoundError, StateError
from orderflow.entrypoints.cli.failures import report


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InputError("Bad file.", hint="Mend it."), 2, "Error: Bad file. [VALIDATION_ERROR]\n  → Mend it."),
        (NotFoundError("No order 5."), 3, "No order 5."),
        (StateError("It is PUSHED."), 3, "It is PUSHED."),
        (ConnectorError("It broke [bold]."), 1, "It broke [bold]."),
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), 1, "Make room on the disk"),
        (KeyboardInterrupt(), 130, ""),
        (KeyError("s3cret"), 1, "Unexpected KeyError."),
    ],
)
def test_an_error_becomes_a_sentence_and_an_exit_code(error, code, said, capsys):
    assert report(error) == code
    stderr = capsys.readouterr().err
    assert said in stderr
    assert "s3cret" not in stderr
    assert "Traceback" not in stderr


def test_a_traceback_is_shown_on_request(monkeypatch, capsys):
    monkeypatch.setenv("ORDERFLOW_DEBUG", "1")
    report(ValueError("deep down"))
    assert "deep down" in capsys.readouterr().err
