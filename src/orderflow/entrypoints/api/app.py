"""The application: routers, errors, the outermost layer, and what starts and stops with it."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from orderflow.bootstrap import App, open_app
from orderflow.engine import broker
from orderflow.engine.logs import log_deliveries
from orderflow.engine.metrics import Metrics
from orderflow.engine.presence import Presence
from orderflow.engine.threads import Engine
from orderflow.engine.tracing import configure_tracing, makes_traces, trace_deliveries
from orderflow.entrypoints.api import (
    api_keys,
    as2,
    audit,
    bulk,
    bulk_jobs,
    certificates,
    connector_answers,
    connector_types,
    connectors,
    events,
    exports,
    holds,
    inbound,
    needs,
    notices,
    opening_hours,
    operation,
    order_csv,
    order_import,
    orders,
    organization,
    page_session,
    push_log,
    routes,
    saved_views,
    second_factor,
    sign_in,
    stats,
    typed_connectors,
    users,
    webhooks,
)
from orderflow.entrypoints.api.authentication import Authenticator
from orderflow.entrypoints.api.base_path import BasePath
from orderflow.entrypoints.api.computing import Computing
from orderflow.entrypoints.api.docs_site import add_docs
from orderflow.entrypoints.api.errors import handle_errors
from orderflow.entrypoints.api.fast import requests
from orderflow.entrypoints.api.fast.together import Together
from orderflow.entrypoints.api.ingress import Ingress
from orderflow.entrypoints.api.messages import describe_messages
from orderflow.entrypoints.api.middleware import Boundary
from orderflow.entrypoints.api.openapi import describe
from orderflow.entrypoints.api.page import add_page
from orderflow.entrypoints.api.rate_limit import RateLimit
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.session_tokens import Tokens
from orderflow.entrypoints.api.work import THREADS, Workload
from orderflow.entrypoints.waking import wake_every_engine
from orderflow.settings import Settings
from orderflow.storage.system.queues import queues, waits
from orderflow.storage.system.standing import standing

ROUTERS: list[ApiRouter] = [
    requests.router,  # first: a request is compared with one route after the other, and most are these
    bulk.router,
    order_csv.router,  # before the routes of `/draft-orders/{id}`
    orders.router,
    holds.router,
    order_import.router,
    bulk_jobs.router,
    sign_in.router,
    page_session.router,
    second_factor.router,
    notices.router,
    users.router,
    api_keys.router,
    organization.router,
    audit.router,
    events.router,
    webhooks.router,
    connector_types.router,
    typed_connectors.router,  # before the routes of `/connectors/{id}`
    connectors.router,
    connector_answers.router,
    certificates.router,
    inbound.router,
    opening_hours.router,
    routes.router,
    exports.router,
    push_log.router,
    stats.router,
    needs.router,
    saved_views.router,
]


def create_app(app: App | None = None, *, engine: bool = True) -> FastAPI:
    """Return the API, and the page if it is built.

    Args:
        app: What it works on; by default wired from the environment when the server starts, and closed when it ends.
        engine: Also deliver, in this process.
    """
    settings = app.settings if app else Settings.load()
    configure_tracing()

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = THREADS
        wired = await run_in_threadpool(open_app, settings) if app is None else app
        try:
            running = _start(api, wired, engine=engine)
            yield
            api.state.ended = await run_in_threadpool(running.stop) if running else True
            if not api.state.ended and api.state.may_exit:  # its threads would keep this process alive
                _exit_soon()
            await run_in_threadpool(api.state.presence.stop)
            await run_in_threadpool(api.state.together.close)
        finally:
            if app is None:
                await run_in_threadpool(wired.close)

    api = _Api(
        title="OrderFlow Connect",
        version="1",
        lifespan=lifespan,
        openapi_url=None,  # `describe` serves it
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for router in (*ROUTERS, as2.router, operation.router):
        api.router.routes.extend(router.routes)  # as they are: `include_router` makes each anew at its first request
    describe_messages(api)
    describe(api, settings.base_path)
    handle_errors(api)
    add_docs(api)
    add_page(api, base_path=settings.base_path)
    api.state.draining = api.state.may_exit = False
    api.state.metrics = Metrics(
        lambda: queues(api.state.orderflow.database),
        lambda: waits(api.state.orderflow.database),
        lambda: standing(api.state.orderflow.database),
        lambda: sorted(api.state.orderflow.trouble_codes()),
        broker.answers(settings),
    )
    if settings.cors_origins:
        api.add_middleware(
            CORSMiddleware, allow_origins=settings.cors_origins, allow_methods=["*"], allow_headers=["*"]
        )
    api.add_middleware(Boundary, metrics=api.state.metrics, tells_each=settings.access_log)
    if settings.base_path:
        api.add_middleware(BasePath, path=settings.base_path)
    return api


class _Api(FastAPI):
    """FastAPI without the layers that do for each request what `Boundary` does, or what only traces need."""

    _traced = False

    def build_middleware_stack(self) -> ASGIApp:
        """Return `Boundary` and what it needs around the routes; it answers what nothing else handles."""
        self._traced = makes_traces()
        handlers = {kind: handler for kind, handler in self.exception_handlers.items() if kind not in (500, Exception)}
        routes = Middleware(AsyncExitStackMiddleware)
        layers = [*self.user_middleware, Middleware(ExceptionMiddleware, handlers=handlers), routes]
        app: ASGIApp = self.router
        for layer, given, named in reversed(layers):
            app = layer(app, *given, **named)
        return app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, in a span of its own if there are traces."""
        if self._traced or self.middleware_stack is None:
            await super().__call__(scope, receive, send)
        else:
            scope["app"] = self
            await self.middleware_stack(scope, receive, send)


def _exit_soon() -> None:
    exiting = threading.Timer(2, os._exit, (0,))
    exiting.daemon = True
    exiting.start()


def _start(api: FastAPI, wired: App, *, engine: bool) -> Engine | None:
    """Set up what the routes find in `api.state`, and start the engine if wanted."""
    state = api.state
    wired.require_key()
    state.orderflow = wired
    state.tokens = Tokens(wired.settings.token_secret())
    state.together = Together(wired.store)
    state.ingress = Ingress(wired.accounts)
    state.authenticator = Authenticator(wired.accounts)
    state.workload = Workload()
    state.computing = Computing()
    state.password_checks = RateLimit(60, 60)
    _ = wired.passwords  # a missing pepper stops the start, not the first sign-in
    wired.wiring.observers.append(state.metrics.note_settled)
    log_deliveries(wired.wiring)
    trace_deliveries(wired.wiring)
    wake_every_engine(wired)
    state.engine = Engine(wired) if engine else None
    if state.engine:
        state.engine.start()
    state.presence = Presence(wired, "serve", slots=wired.settings.worker_threads if engine else 0)
    state.presence.start()
    return state.engine  # type: ignore[no-any-return]  # set three lines above
