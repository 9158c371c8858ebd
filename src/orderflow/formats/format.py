"""What a dialect is: how an order is written, and how the ERP's answer to it is read.

A format is one folder here and one line in `orderflow.connectors.registry`, which puts it on every channel.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.formats.answers import LIMIT, Answer, is_ack_file, orders_named_in, read_ack_file


class FormatSettings(BaseModel):
    """The parent of every format's settings. Title and docstring of the child head the form."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


class Format(ABC):
    """One dialect. Stateless, and does no I/O."""

    name: ClassVar[str]
    """As it is recorded with each document: `orderflow_export_json_v1`."""

    title: ClassVar[str]
    """For people, as `CSV file`."""

    settings: ClassVar[type[BaseModel]]
    """Its part of the form."""

    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.ORDER})
    """What it can write: `render` finds it in `Delivery.kind`.

    A connection whose format can write more than orders asks, for each kind, whether its ERP reads them.
    """

    numbered: ClassVar[bool] = False
    """Each document carries `Delivery.control_number`, by which its answers name it."""

    largest_answer: ClassVar[int] = LIMIT
    """Bytes; what is larger is told, and not read."""

    @abstractmethod
    def render(self, order: DraftOrder, delivery: Delivery, settings: Any) -> Document:
        """Write `order`: same order and delivery, same bytes and name.

        Args:
            settings: An instance of the model above.

        Raises:
            RejectedError: The order cannot be expressed in this dialect; nothing is rounded, replaced or cut.
        """

    def note(self, settings: Any) -> str | None:  # for those that need it
        """Return what a person who tests a connection should know; None: nothing."""
        return None

    def receipt(self, content: bytes) -> Answer | None:  # for those that need it
        """Return what a target says at once, as in the body of a 2xx, about the document that it was just sent.

        None: it says nothing in this dialect. FAILED is a refusal; anything else is a receipt, and confirms nothing.

        Raises:
            UnreadableError: It says in this dialect that it refuses the document, and that it does not.
        """
        return None

    def claims(self, name: str) -> bool:
        """Return whether a file of this name is an answer in this dialect; most are answered by `ack_…` and `error_…`.

        What a channel lays in the folder itself, and what is still being written (`.tmp`), is not asked about. An empty
        name is that of what came without one, as over HTTP: it is claimed, means no file, and says itself what it is
        about.
        """
        return is_ack_file(name)

    def about(self, name: str) -> Sequence[str]:
        """Return which files the name of an answer may mean, the likelier first.

        Where there are none, what lies in it says: it is read, and each `Answer` names its delivery (`about`).
        """
        return orders_named_in(name)

    def read(self, name: str, content: bytes, settings: Any) -> Iterable[Answer]:  # for those that need it
        """Read what came in under `name`, a name that is claimed: one answer, or several.

        Raises:
            UnfinishedError: It breaks off, and may still be being written.
            UnreadableError: It is an answer, and cannot be understood; the text says why. Nothing of it is taken.
        """
        return read_ack_file(name, content)
