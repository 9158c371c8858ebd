"""Who asks, and by which role."""

from __future__ import annotations

import pytest

from orderflow.domain.access import Role
from orderflow.domain.ids import new_id
from orderflow.entrypoints.api.deps import Caller
from orderflow.entrypoints.api.permissions import Permission
from orderflow.flow.ports import Actor


@pytest.mark.parametrize(
    ("role", "of_its_owner", "acts_as"),
    [
        (Role.ADMIN, None, Role.ADMIN),
        (Role.ADMIN, Role.ADMIN, Role.ADMIN),
        (Role.ADMIN, Role.OPS, Role.OPS),
        (Role.OPS, Role.ADMIN, Role.OPS),
    ],
)
def test_what_is_begun_goes_on_by_the_role_that_may_less(role: Role, of_its_owner: Role | None, acts_as: Role) -> None:
    caller = Caller(new_id(), None, "key", role, Actor("key"), cap=of_its_owner)
    assert caller.acts_as is acts_as
    assert caller.may(Permission.HOLDS_RELEASE) is (acts_as is Role.ADMIN)
