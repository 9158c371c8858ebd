"""Why something does not go on, as it was stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why something does not go on."""

    code: Annotated[str | None, Field(examples=["TARGET_UNAVAILABLE"])] = None
    message: Annotated[str | None, Field(examples=["The server erp.example:22 refuses the connection."])] = None
    hint: str | None = None
    details: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestProblem(Problem):
    """Why the last test of the present configuration failed."""

    __test__ = False

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableAnswer:
    """What the ERP answered and nobody understood; the file is put away."""

    export_id: Annotated[UUID, Field(description="Of the delivery that it is about, which can have it read again")]
    file: str | None
    reason: Annotated[str | None, Field(description="One sentence for a person")]
    excerpt: Annotated[str | None, Field(description="How it begins")]
    read_at: datetime | None
