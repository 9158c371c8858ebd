"""What is made of an exception that no connector should raise."""

from __future__ import annotations

from orderflow.domain.errors import InDoubtError


def connector_fault(connector_type: str, error: Exception | None) -> InDoubtError:
    """Return the error that stands for a faulty connector.

    Only the exception's type is named: the text of an unknown exception may hold a secret.

    Args:
        error: What it raised; None if it gave no outcome for an order.
    """
    what = f"raised {type(error).__name__}" if error else "gave no outcome for an order"
    return InDoubtError(
        f"The connector {connector_type} {what}; whether the order arrived is unknown.",
        code="CONNECTOR_FAULT",
        hint="This is a fault of the connector: report it to its author with this text.",
    )
