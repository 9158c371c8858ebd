"""Many orders as JSON Lines: stored while they arrive, in memory only a few at a time."""

from __future__ import annotations

import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, BinaryIO, cast
from uuid import UUID

import msgspec
from anyio import from_thread
from fastapi import Depends, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.requests import ClientDisconnect

from orderflow.domain.errors import InputError, NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.order_keys import OnDuplicate
from orderflow.domain.orders import Missing
from orderflow.domain.states import OrderStatus
from orderflow.entrypoints.api.body_limit import BodyTooLargeError, BodyTooSlowError
from orderflow.entrypoints.api.computing import take_turns
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.duplicates import WhenDuplicate, must_be_editor
from orderflow.entrypoints.api.errors import UnderWayError, answers
from orderflow.entrypoints.api.languages import told_here, told_problem
from orderflow.entrypoints.api.once import HEADER, LONGEST_KEY, Claim, Once, digest_of, once_of
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import STREAMS, ApiRouter
from orderflow.entrypoints.api.schemas import Out
from orderflow.entrypoints.api.work import Work, slow
from orderflow.flow.order.importing import MOST_REFUSED, Imported, import_orders
from orderflow.flow.order.reading_files import lines_of, read_orders
from orderflow.storage.views.problem import Problem
from orderflow.storage.work.kept_answers import LONGEST_PART, Kept

JSONL = "application/x-ndjson"
IN_MEMORY = 1 << 20
"""Bytes of results that are kept in memory; more go to a temporary file."""

COUNTED = ("Accepted", "Duplicate", "Revised", "Refused")
MOST_EMPTY = 50_000
"""Lines that may hold less than `LEAST_LINE` bytes each, on average: each is answered by some hundred bytes."""

LEAST_LINE = 64
"""Bytes; an order with one line has 200."""

_encode = msgspec.json.Encoder(uuid_format="canonical").encode
router = ApiRouter("/draft-orders", "Orders")


class ImportedLine(Out):
    """What became of one line: `id`, `status` and `missing`, or `error`."""

    line: int = Field(description="Counted from 1")
    id: UUID | None = None
    status: OrderStatus | None = None
    missing: list[str] = Field(default_factory=list)
    missing_fields: list[Missing] = Field(default_factory=list, description="The same for a program")
    duplicate: bool = Field(False, description="It was here before and says the same: nothing was changed")
    revised: bool = Field(False, description="It was here before, and says now what came in")
    error: Problem | None = None


class JsonLines(StreamingResponse):
    """One JSON object in each line."""

    media_type = JSONL


_EXAMPLE = (
    '{"external_order_number": "PO-1", "currency": "EUR", "customer": {"erp_customer_number": "4711"}, "lines": []}'
)


@router.post(
    "/import",
    response_class=JsonLines,
    responses={200: {"model": ImportedLine, "description": "One line for each line that holds anything"}},
    openapi_extra={
        STREAMS: True,
        "requestBody": {
            "required": False,
            "description": "Orders as JSON Lines, each as for `POST /draft-orders`; also one JSON object or one list. "
            "Nothing brings in nothing.",
            "content": {JSONL: {"schema": {"type": "string"}, "example": f"{_EXAMPLE}\n"}},
        },
    },
)
@slow(Work.IMPORT)
def import_draft_orders(
    request: Request,
    caller: Annotated[Caller, Depends(require(Permission.ORDERS_IMPORT))],
    on_duplicate: WhenDuplicate = OnDuplicate.REFUSE,
) -> Response:
    """Bring in many orders. A bad line costs no good one: each line is answered by a line.

    Orders are stored while the body arrives; the answer begins when it has ended, so that a client may send all
    before it reads anything. The headers `X-Orders-Accepted`, `X-Orders-Duplicate`, `X-Orders-Revised` and
    `X-Orders-Refused` count. By `X-Import-Id` all that it brought in is found again (`import_id`),
    as to recall it. With an `Idempotency-Key`, the answer can be read once more by that.
    """
    if on_duplicate is OnDuplicate.REVISE:
        must_be_editor(caller)
    body, import_id = _Body(request), new_id()
    results = _results(request, caller, on_duplicate, body, import_id)
    if HEADER not in request.headers:
        return _imported(body, results, import_id)
    once = once_of(request)
    begun = once.begin()
    if isinstance(begun, Kept):
        body.drain()
        return once.again(begun, body.digest.digest())
    body.live = partial(once.live, begun)
    return _imported(body, once.while_busy(begun, results), import_id, once, begun)


def _imported(
    body: _Body, found: Iterable[Imported], import_id: UUID, once: Once | None = None, claim: Claim | None = None
) -> JsonLines:
    """Import, and return what became of each line; keep that if it may be asked for again."""
    with ExitStack() as stack:
        results = cast("BinaryIO", stack.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY)))
        counts = Counter(_write(results, result) for result in found)
        headers = {f"X-Orders-{what}": str(counts[what]) for what in COUNTED} | {"X-Import-Id": str(import_id)}
        answer = JsonLines(_sent(results, stack.pop_all()), headers=headers)
        if once and claim:
            claim.request_sha256 = body.digest.digest()
            once.keep(claim, answer, _parts(results, LONGEST_PART))
        return answer


@router.get(
    "/import/{key}",
    response_class=JsonLines,
    responses=answers(404, 409) | {200: {"model": ImportedLine, "description": "The same lines, and the same headers"}},
)
def get_import(
    request: Request,
    caller: Annotated[Caller, Depends(require(Permission.ORDERS_IMPORT))],
    key: Annotated[str, Path(max_length=LONGEST_KEY, description="The `Idempotency-Key` that it was sent with")],
) -> Response:
    """Read the answer to an import once more, for 24 hours: for whoever lost it."""
    once = Once(app_of(request).store, caller, key)
    kept = once.find()
    if kept is None or (kept.headers and not kept.headers["content-type"].startswith(JSONL)):
        raise NotFoundError("You sent no import with this Idempotency-Key in the last 24 hours.")
    if kept.busy:
        raise UnderWayError
    if kept.status is None:
        raise StateError(
            "The import was broken off, and its answer is lost.",
            code="IMPORT_BROKEN_OFF",
            hint="Send it again: orders that have a number come in once. Look for those that have none.",
        )
    return once.again(kept, None)


def _results(
    request: Request, caller: Caller, on_duplicate: OnDuplicate, body: _Body, import_id: UUID
) -> Iterator[Imported]:
    orders = read_orders(_whole_lines(body))
    last, store = 0, app_of(request).store
    done = import_orders(
        store, caller.org_id, orders, caller.actor, on_duplicate, MOST_REFUSED, import_id, lambda: body.taken
    )
    for result in done:
        last = result.line
        yield result
        if last >= MOST_EMPTY and body.taken < LEAST_LINE * last:
            yield Imported(last + 1, error=_hardly_anything(last))
            break
    body.drain()  # whoever still sends is not reading yet
    if body.stopped is not None:
        yield Imported(last + 1, error=body.stopped)


def _hardly_anything(lines: int) -> InputError:
    return InputError(
        f"{lines} lines hold hardly anything, so the import ended here; what was accepted before is stored.",
        code="TOO_MANY_BAD_LINES",
        hint="Look at the file: this is no list of orders.",
    )


def _whole_lines(body: _Body) -> Iterator[bytes]:
    """Yield the lines of a body, without the one in which it was stopped: half a line tells nothing of an order."""
    for line in lines_of(io.BufferedReader(body, 1 << 16)):
        if body.stopped is None or line.endswith(b"\n"):
            yield line


def _write(results: BinaryIO, result: Imported) -> str:
    """Write one line; returns as what it counts."""
    shown: dict[str, Any] = {"line": result.line}
    if result.error is not None:
        shown["error"] = told_problem(result.error.as_json())
    else:
        shown |= {"id": result.id, "status": result.status}
        missing = [replace(one, message=told_here(one.message)) for one in result.missing]
        shown |= {"missing": [one.message for one in missing], "missing_fields": missing}
        shown |= {"duplicate": result.duplicate, "revised": result.revised}
    results.write(_encode(shown) + b"\n")
    if result.error is not None:
        return "Refused"
    return "Duplicate" if result.duplicate else "Revised" if result.revised else "Accepted"


class _Body(io.RawIOBase):
    """A request's body as a file, for a thread of the server's pool.

    What ends it early (the limit of size, a client that went away) is kept in `stopped`, for what came before is
    stored by then and has to be answered for.

    Attributes:
        live: Called for each piece that comes; what it raises ends the import.
    """

    def __init__(self, request: Request) -> None:
        self._chunks = request.stream()
        self._rest = b""
        self.taken = 0
        self.digest = digest_of(request)
        self.stopped: InputError | None = None
        self.live: Callable[[], None] = lambda: None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what came next; 0 at the end."""
        if not self._rest:
            self._rest = self._next()
            self.taken += len(self._rest)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    def drain(self) -> None:
        """Read what is left."""
        while self.read(1 << 16):
            pass

    def _next(self) -> bytes:
        try:
            while self.stopped is None:
                take_turns()
                if chunk := from_thread.run(anext, self._chunks, None):
                    self.live()
                    self.digest.update(chunk)
                    return bytes(chunk)
                if chunk is None:
                    break
        except (BodyTooLargeError, BodyTooSlowError) as error:
            self.stopped = InputError(error.message, code=error.code, hint="Send what is left on its own.")
        except ClientDisconnect:
            self.stopped = InputError("The body ended before it was complete.", code="BODY_INCOMPLETE")
        return b""


def _sent(results: BinaryIO, stack: ExitStack) -> Iterator[bytes]:
    with stack:
        yield from _parts(results, 1 << 16)


def _parts(results: BinaryIO, size: int) -> Iterator[bytes]:
    results.seek(0)
    while part := results.read(size):
        yield part
