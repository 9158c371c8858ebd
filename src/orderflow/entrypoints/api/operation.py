"""For those who run it: is it alive, is it ready, what does it measure. Outside of `/api/v1`, without sign-in."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from prometheus_client.exposition import choose_encoder
from pydantic import BaseModel
from starlette.responses import Response

from orderflow.entrypoints.api.deps import app_of
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.schemas import JSON
from orderflow.flow.people.sign_in import AuthRequiredError
from orderflow.storage.tables.migrations import state

router = APIRouter(tags=["Operation"], generate_unique_id_function=lambda route: route.name)
_METRICS = {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text format"}


class Alive(BaseModel):
    """The process answers."""

    status: str = "ok"


class Readiness(BaseModel):
    """Each part, `ok` or what is wrong; the engine may be `off`.

    `troubles` are codes of what this process cannot do beside answering requests, and of what stands still in the
    whole installation: they take it out of no rotation, for the others would be no better.
    """

    ready: bool
    database: str
    engine: str
    troubles: list[str] = []


@router.get("/healthz")
async def healthz() -> Alive:
    """Tell that the process answers; asks nobody else, so that a database's outage restarts nothing."""
    return Alive()


@router.get(
    "/readyz",
    response_model_exclude_defaults=True,
    responses={503: {"model": Readiness, "description": "Send no requests here"}},
)
async def readyz(request: Request) -> Readiness:
    """Return whether requests can be served: database there and at head, engine alive, process not about to stop."""
    database = await to_thread.run_sync(state, app_of(request).database, limiter=_limiter(request))
    engine = request.app.state.engine
    working = "off" if engine is None else "ok" if engine.alive else "stopped"
    well = database == "ok" and working != "stopped" and not request.app.state.draining
    ready = Readiness(ready=well, database=database, engine=working, troubles=_troubles(request))
    return ready if ready.ready else JSON(ready.model_dump(exclude_defaults=True), 503)  # type: ignore[return-value]  # FastAPI passes it on


def _troubles(request: Request) -> list[str]:
    return sorted({trouble.code for trouble in request.app.state.presence.known()})


def _limiter(request: Request) -> CapacityLimiter:
    """Return threads beside those that requests use, so that the answer comes however busy they are."""
    state = request.app.state
    if not hasattr(state, "probes"):
        state.probes = CapacityLimiter(2)
    limiter: CapacityLimiter = state.probes
    return limiter


def _from_this_machine(request: Request) -> bool:
    forwarded = {"forwarded", "via", "x-forwarded-for", "x-real-ip"} & set(request.headers.keys())
    host = request.client.host if request.client else ""
    try:
        return not forwarded and ip_address(host).is_loopback
    except ValueError:
        return not host and not forwarded  # a socket of this machine's


@router.get("/metrics", response_class=Response, responses={200: _METRICS, **answers(401)})
def metrics(request: Request) -> Response:
    """Return the measurements. `ORDERFLOW_METRICS_TOKEN` must be sent as a bearer token.

    Where none is set, they are for this machine only, and for nobody who comes through a proxy on it: they name
    organizations and connections.
    """
    token = app_of(request).settings.metrics_token
    sent = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token is None and not _from_this_machine(request):
        raise AuthRequiredError(
            "The measurements are for this machine only, unless a token is set.",
            hint="Set ORDERFLOW_METRICS_TOKEN, and send it as `Authorization: Bearer …`.",
        )
    if token and not hmac.compare_digest(sent.encode(), token.get_secret_value().encode()):
        raise AuthRequiredError
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(request.app.state.metrics.registry()), media_type=media_type)
