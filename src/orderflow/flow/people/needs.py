"""What people note about what needs somebody: who takes care of it, until when it can wait, and why."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from orderflow.domain.errors import InputError, NotFoundError
from orderflow.flow.ports import Actor, Audit


class NeedMarks(Protocol):
    """The marks of one organization."""

    def clear(self) -> set[str]:
        """Forget what was noted about what is solved; returns the keys of what needs somebody now."""

    def may_be_assigned(self, email: str) -> bool:
        """Return whether somebody signs in with this address."""

    def note(self, key: str, changes: Mapping[str, Any], actor: str) -> None:
        """Note what is given; the rest stays."""


class NeedWork(Protocol):
    """One transaction in one organization."""

    @property
    def need_marks(self) -> NeedMarks:
        """The marks."""

    @property
    def audit(self) -> Audit:
        """Its audit log."""


class NeedStore(Protocol):
    """The database."""

    def work(self, org_id: UUID) -> AbstractContextManager[NeedWork]:
        """Open a transaction in an organization."""


def mark_need(store: NeedStore, org_id: UUID, actor: Actor, key: str, changes: Mapping[str, Any]) -> None:
    """Note who takes care of a group of what needs somebody (`assigned_to`), a `note`, or `snoozed_until`.

    Args:
        changes: What is noted of these three; None takes it back. What is left out stays.

    Raises:
        NotFoundError: Nothing needs anybody there any more.
        InputError: Nobody signs in with that address; that time has passed.
    """
    with store.work(org_id) as work:
        if key not in work.need_marks.clear():
            raise NotFoundError("Nothing needs anybody there any more.", hint="Look at the list again.")
        _check(work.need_marks, changes)
        work.need_marks.note(key, changes, actor.name)
        told = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in changes.items()}
        work.audit.add("NEED_MARKED", actor, "need", after={"key": key, **told})


def _check(marks: NeedMarks, changes: Mapping[str, Any]) -> None:
    email, until = changes.get("assigned_to"), changes.get("snoozed_until")
    if email is not None and not marks.may_be_assigned(email):
        raise _refused("assigned_to", "is not the address of a user of this organization")
    if until is not None and until <= datetime.now(UTC):
        raise _refused("snoozed_until", "must be in the future")


def _refused(field: str, message: str) -> InputError:
    return InputError("That cannot be noted.", details={"fields": [{"field": field, "message": message}]})
