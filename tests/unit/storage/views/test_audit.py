"""What a filter of the log of changes asks for."""

from __future__ import annotations

import pytest

from orderflow.storage.tables.models.organization import OF_EVERY_ORDER, OF_FEW
from orderflow.storage.views.audit import AuditFilter


@pytest.mark.parametrize("action", ["LOGIN_FAILED", "EXPORT_ACKED", *OF_EVERY_ORDER])
def test_of_an_action_that_an_index_has_it_is_said_that_it_has(action):
    """A plan for any action could not know, and would read the log from its end until it has a page."""
    conditions = dict(AuditFilter(action=action).conditions())
    assert conditions["a.action = :aaction"] == {"aaction": action}
    assert (f"a.{OF_FEW}" in conditions) == (action not in OF_EVERY_ORDER)
