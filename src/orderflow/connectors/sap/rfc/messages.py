"""What SAP says in its return tables (BAPIRET2), and what follows from it.

| message | what follows |
|---|---|
| type A or E | it did not do it: `RejectedError`, in SAP's words |
| of these one that somebody else has it open | nothing was done: `TransientError` |
| type W, I, S | said beside a success, and kept in the attempt's log |

Source: structure BAPIRET2; "BAPI Programming Guide: Return Parameters" (help.sap.com).
"""

from __future__ import annotations

from dataclasses import dataclass

from orderflow.connectors.sap.answers import LOCKED
from orderflow.connectors.sap.rfc.values import Structure, table
from orderflow.domain.errors import ConnectorError, RejectedError, TransientError

SAVED = "V1/311"
"""That the order was saved: said of each, and worth no line in a log."""

_MOST_TOLD = 8


@dataclass(frozen=True, slots=True)
class Message:
    """One row of a return table."""

    kind: str
    code: str
    text: str

    @property
    def is_wrong(self) -> bool:
        """Whether it was not done."""
        return self.kind in ("A", "E")

    @property
    def told(self) -> str:
        """The words with the message's number."""
        return f"{self.text.rstrip('.')} ({self.code})" if self.code else self.text


def messages_in(answer: Structure, name: str = "RETURN") -> list[Message]:
    """Return what a function module says."""
    found = [_message(row) for row in table(answer, name)]
    return [message for message in found if message.text or message.is_wrong]


def refusal_in(messages: list[Message]) -> ConnectorError | None:
    """Return what follows if the function module did not do it; None: it did."""
    wrong = [message for message in messages if message.is_wrong]
    if not wrong:
        return None
    told = [message.told for message in wrong]
    if len(told) > _MOST_TOLD:
        told[_MOST_TOLD:] = [f"and {len(told) - _MOST_TOLD} more"]
    words = "; ".join(told)[:1_000]
    if any(message.code in LOCKED for message in wrong):
        return TransientError(f"Somebody else is at it in SAP: {words}", code="ERP_BUSY")
    return RejectedError(
        f"SAP refuses the order: {words}",
        code="ERP_REJECTED",
        hint="Correct the order, or what SAP names in its own data; then approve it and push it again.",
    )


def told_beside(messages: list[Message]) -> list[str]:
    """Return what SAP says beside a success."""
    return [message.told[:300] for message in messages if not message.is_wrong and message.code != SAVED][:20]


def _message(row: Structure) -> Message:
    number, space = str(row.get("NUMBER") or ""), str(row.get("ID") or "")
    said = f"{space}/{number.zfill(3)}" if space else str(row.get("CODE") or "")
    words = " ".join(str(row.get("MESSAGE") or "").split())
    return Message(str(row.get("TYPE") or "").strip().upper()[:1], said[:40], words[:400])
