"""A file that was delivered is taken back: renamed away, before an ERP does so that takes files by renaming them.

A rename is one step for whoever looks on, so exactly one of the two has the file. `<file>.recalled` is ours alone, and
stays: it proves, however often it is asked, that we were first.
"""

from __future__ import annotations

from orderflow.channels.filestore import FileStore, Rename
from orderflow.domain.delivery import Delivery, ExportResult
from orderflow.domain.errors import ConnectorError, InDoubtError, RejectedError

SUFFIX = ".recalled"
_ASK = "Ask whoever runs the ERP to cancel the order there, then confirm the recall by hand."


def take_back(store: FileStore, path: str, delivery: Delivery) -> ExportResult:
    """Rename the file at `path` away.

    Raises:
        RejectedError: The ERP took it before (TOO_LATE), or would keep a change, which is a file of its own.
        InDoubtError: Neither name is there, and an earlier attempt may have renamed it: somebody may have deleted that.
        ConnectorError: As `FileStore.rename`.
    """
    if delivery.sent is not None and delivery.sent.changed and not delivery.in_doubt:
        raise RejectedError(
            "A change of the order was put there too, in a file of its own.", code="TOO_LATE", hint=_ASK
        )
    aside = f"{path}{SUFFIX}"
    ((_, renamed),) = store.rename([Rename(path, aside, delivery.may_start, unsure=delivery.in_doubt)])
    if isinstance(renamed, ConnectorError):
        raise renamed
    if not renamed and store.stat(aside) is None:
        if delivery.in_doubt:
            raise InDoubtError(
                f"Neither {path} nor {aside} is there, and an earlier attempt may have renamed it.",
                hint="Look in the ERP whether it has the order, then confirm the recall, or end it.",
            )
        raise RejectedError("The ERP has taken the file already.", code="TOO_LATE", hint=_ASK)
    return ExportResult(True, delivery.export_id, dropzone_path=aside, inferred=not renamed)
