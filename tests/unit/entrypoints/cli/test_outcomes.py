"""How a command says what came of many orders."""

from __future__ import annotations

import pytest
import typer

from orderflow.domain.bulk import BulkOutcome, BulkStatus
from orderflow.domain.ids import new_id
from orderflow.entrypoints.cli.bulk import Done
from orderflow.entrypoints.cli.outcomes import finish
from orderflow.flow.ports import BulkProgress


def test_a_job_that_was_cancelled_tells_only_of_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    progress = BulkProgress(BulkStatus.CANCELLED, 10, {BulkOutcome.DONE: 2, BulkOutcome.WAITING: 1}, {})
    with pytest.raises(typer.Exit) as left:
        finish("pushed", Done(new_id(), progress, []), json=False)
    assert left.value.exit_code == 1
    said = capsys.readouterr()
    assert "3 orders pushed." in said.out
    assert "cancelled; 7 orders are left as they were" in said.err
