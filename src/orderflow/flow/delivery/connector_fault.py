"""What is made of an exception that no connector should raise."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

from orderflow.domain.errors import InDoubtError

_PACKAGE = str(Path(__file__).parents[2])


class ConnectorFaultError(InDoubtError):
    """A connector broke its contract; whether the order arrived is unknown.

    Attributes:
        place: For its author, where its code was and what was raised there: "shop.py, line 57, in export: TypeError".
            Users are not shown it.
    """

    code = "CONNECTOR_FAULT"
    hint = "This is a fault of the connector: report it to its author with this text; the log says where it was."
    place: str | None = None


def connector_fault(connector_type: str, error: Exception | None) -> ConnectorFaultError:
    """Return the error that stands for a faulty connector, and log where it was.

    Only the exception's type is named: the text of an unknown exception may hold a secret.

    Args:
        error: What it raised; None if it gave no outcome for an order.
    """
    what = f"raised {type(error).__name__}" if error else "gave no outcome for an order"
    fault = ConnectorFaultError(f"The connector {connector_type} {what}; whether the order arrived is unknown.")
    if error is not None:
        fault.place = f"{_place(error)}: {type(error).__name__}"
        logging.getLogger(__name__).warning("the connector %s broke its contract in %s", connector_type, fault.place)
    return fault


def _place(error: Exception) -> str:
    """Return the author's own line that led to `error`, else the one that raised it."""
    frames = traceback.extract_tb(error.__traceback__) or [traceback.FrameSummary("?", 0, "?")]
    outside = [frame for frame in frames if not frame.filename.startswith(_PACKAGE)]
    own = [frame for frame in outside if "site-packages" not in frame.filename and "/lib/python" not in frame.filename]
    frame = (own or outside or frames)[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}, in {frame.name}"
