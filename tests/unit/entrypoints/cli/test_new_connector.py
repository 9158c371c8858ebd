"""A package for a connector has a name that pip, Python and a shell can take."""

from __future__ import annotations

import pytest

from orderflow.domain.errors import InputError
from orderflow.entrypoints.cli.new_connector import new_connector


@pytest.mark.parametrize("name", ["Acme", "acme_erp", "-x", "a b", "../x", "orderflow", "", "x" * 41])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no name for a package"):
        new_connector(name)
