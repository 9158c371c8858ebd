"""What a caller may do with an order as it stands: the table of `domain.states`, as far as the role goes."""

from __future__ import annotations

from orderflow.domain.states import OrderAction, OrderStatus, actions_of
from orderflow.entrypoints.api.deps import Caller
from orderflow.entrypoints.api.permissions import Permission

NEEDED: dict[OrderAction, Permission] = {
    OrderAction.EDIT: Permission.ORDERS_EDIT,
    OrderAction.REJECT: Permission.ORDERS_EDIT,
    OrderAction.APPROVE: Permission.ORDERS_APPROVE,
} | dict.fromkeys(
    (
        OrderAction.PUSH,
        OrderAction.RETRY,
        OrderAction.WITHDRAW,
        OrderAction.CONFIRM,
        OrderAction.RESOLVE_DELIVERED,
        OrderAction.RESOLVE_NOT_DELIVERED,
        OrderAction.RESOLVE_SEND_AGAIN,
    ),
    Permission.ORDERS_PUSH,
)


def actions_for(caller: Caller, status: str, delivery_is: str | None) -> list[OrderAction]:
    """Return what `caller` may do with an order.

    Args:
        status: The order's.
        delivery_is: What is known of its delivery; see `storage.views.search`.
    """
    if delivery_is == "SUPERSEDED":
        return []
    in_doubt, under_way = delivery_is == "IN_DOUBT", delivery_is == "UNDER_WAY"
    possible = actions_of(OrderStatus(status), in_doubt=in_doubt, under_way=under_way)
    return [action for action in possible if caller.may(NEEDED[action])]
