"""What a caller wants of an order that is here already."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from orderflow.domain.order_keys import OnDuplicate
from orderflow.entrypoints.api.deps import Caller
from orderflow.entrypoints.api.permissions import Permission

WhenDuplicate = Annotated[
    OnDuplicate,
    Query(
        description="What to do with an order whose `source`, customer number and `external_order_number` are those of "
        "one that is here and not REJECTED. `refuse`: one that says the same is answered with the order that is here, "
        "any other is a conflict. `revise`: change the order that is here, if it may still be edited. `new`: store it "
        "all the same; it will be delivered beside the other one."
    ),
]


def must_be_editor(caller: Caller) -> None:
    """Raise ForbiddenError for who may bring in orders, but not change those that are here."""
    caller.must_be_allowed(Permission.ORDERS_EDIT)
