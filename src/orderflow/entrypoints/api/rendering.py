"""Answers that are made before what they tell of is kept: one that cannot be made changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any, Generic, TypeVar, cast

from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from orderflow.entrypoints.api.once import keep_within
from orderflow.entrypoints.api.schemas import JSON
from orderflow.storage.store import SqlStore, SqlWork

T = TypeVar("T")


def rendered(request: Request, value: Any) -> Response:
    """Return the answer of the request's route, encoded: FastAPI has nothing left to do with it.

    Raises:
        ValidationError, PydanticSerializationError: The route cannot answer with such a value.
    """
    route: APIRoute = request.scope["route"]
    if is_dataclass(value):
        return JSON(value, route.status_code or 200)
    answers = TypeAdapter(route.response_model)
    content = answers.dump_json(answers.validate_python(value, from_attributes=True), by_alias=True)
    return Response(content, route.status_code or 200, media_type="application/json")


def at_once(request: Request, value: T, work: SqlWork) -> T:
    """Return what a route answers, encoded before its transaction ends; it stands for what the route says it returns.

    It is kept in that transaction, the route's only one, if the request has a key: sent again, it is not done again.

    Raises:
        ValidationError, PydanticSerializationError: As `rendered`.
    """
    answer = rendered(request, value)
    keep_within(work, request, answer)
    return cast("T", answer)


class Rendering(Generic[T]):
    """The answer to a change, made at the end of each of its transactions, from what is about to be committed.

    ```python
    answer = Rendering(request, lambda work: work.organization.get())
    pause_deliveries(answer.within(store), …)
    return answer.made
    ```

    Args:
        read: Returns, in the transaction, what the route answers.
        once: There is one transaction, in which the answer is kept, as `at_once` does.

    Attributes:
        made: The last one that was made, a `Response`; it stands for what the route says it returns.
    """

    made: T

    def __init__(self, request: Request, read: Callable[[SqlWork], T], *, once: bool = False) -> None:
        self._request, self._read, self._once = request, read, once

    def within(self, store: SqlStore) -> SqlStore:
        """Return a store whose transactions end with the making of the answer, and are undone if that fails."""
        return store.ending(self._make)

    def _make(self, work: SqlWork) -> None:
        answer = rendered(self._request, self._read(work))
        if self._once:
            keep_within(work, self._request, answer)
        self.made = cast("T", answer)
