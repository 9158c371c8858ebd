"""A busy target rests for as long as it asked, from a second to an hour."""

import math

import pytest

from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import BusyError, ConnectorError, InDoubtError, TransientError, UnavailableError
from orderflow.flow.delivery.rest import rest_of


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [
        (BusyError("429", rests_for=40), 40),
        (BusyError("429", rests_for=0), 1),
        (BusyError("429", rests_for=-5), 1),
        (BusyError("429", rests_for=math.nan), 1),
        (BusyError("429", rests_for=math.inf), 3600),
        (BusyError("429", rests_for=86_400), 3600),
        (BusyError("429", retry_after=7), 7),
        (BusyError("429"), 30),
        (InDoubtError("503", rests_for=12), 12),
        (ConnectorError("x", rests_for=12), 12),
        (UnavailableError("down", retry_after=40), 40),
        (UnavailableError("down"), None),
        (TransientError("later", retry_after=40), None),
        (TransientError("much later", retry_after=1800), 1800),
        (InDoubtError("lost"), None),
        (ExportResult(success=True), None),
        (None, None),
    ],
)
def test_it_rests(outcome, seconds):
    assert rest_of(outcome) == seconds
