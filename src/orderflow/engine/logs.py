"""How OrderFlow logs: lines for people on a terminal, JSON for machines (`LOG_FORMAT=json`). Always on stderr."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

import structlog

from orderflow.domain.errors import ConnectorError
from orderflow.domain.port_redaction import without_known_secrets
from orderflow.domain.states import AttemptStatus
from orderflow.domain.text import visible
from orderflow.flow.ports import Batch, Settlement, Wiring
from orderflow.settings import Settings

log = structlog.get_logger("orderflow.deliveries")
_COMPLETED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


_least: int = logging.NOTSET
"""The level from which on lines are written."""


def configure_logs(level: str = "INFO", *, json: bool | None = None) -> None:
    """Set up logging for this process.

    Tracebacks never show local variables: those may hold an opened configuration.

    Args:
        level: DEBUG, INFO, WARNING, ERROR or CRITICAL.
        json: One JSON object per line; by default if `LOG_FORMAT` is `json`.
    """
    global _least  # noqa: PLW0603  # one process has one log
    _least = logging.getLevelName(level)
    as_json = os.environ.get("LOG_FORMAT", "").lower() == "json" if json is None else json
    rendered = _rendered(as_json=as_json)
    structlog.configure(
        processors=[*_COMPLETED, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(_least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    from_libraries = logging.StreamHandler(sys.stderr)
    from_libraries.setFormatter(_as_ours(rendered))
    logging.basicConfig(handlers=[from_libraries])
    logging.getLogger().setLevel(max(logging.WARNING, _least))
    logging.getLogger("asyncssh").setLevel(logging.ERROR)  # what it warns of, the connector says better


def tells_debug() -> bool:
    """Return whether lines of DEBUG are written: to make one that is not costs a request more than to ask."""
    return _least <= logging.DEBUG


def configure_logs_by(settings: Settings) -> None:
    """Set up logging as the settings say, and begin with what a person should know of them: which database it is."""
    configure_logs(settings.log_level, json=settings.log_format == "json")
    log_start = structlog.get_logger("orderflow.settings")
    log_start.info("starting", database=settings.database_name)
    for unknown in settings.unknown():
        log_start.warning("unknown setting", name=unknown.name, meant=unknown.meant)


def log_deliveries(wiring: Wiring) -> None:
    """Log how every attempt to deliver ended, under the id of the request that asked for it."""
    wiring.observers.append(_log_attempts)


_LEVELS = {AttemptStatus.SUCCESS: "debug", AttemptStatus.RETRYING: "info", AttemptStatus.FAILED: "warning"}


def _log_attempts(batch: Batch, settlements: Sequence[Settlement]) -> None:
    for settlement in settlements:
        attempt = settlement.attempt
        error = attempt.outcome if isinstance(attempt.outcome, ConnectorError) else None
        getattr(log, _LEVELS[settlement.log_status])(
            "delivery attempted",
            request_id=attempt.request_id,
            outcome=settlement.log_status,
            order_id=str(attempt.order.id),
            export_id=str(attempt.export_id),
            connection_id=str(batch.to.target.connection_id),
            ms=attempt.latency_ms,
            **({"code": error.code, "error": error.message} if error else {}),
        )


def _as_ours(rendered: list[Any]) -> logging.Formatter:
    """Return what gives the lines of libraries the form of ours."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_COMPLETED, structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
    )


def _rendered(*, as_json: bool) -> list[Any]:
    if not as_json:
        colors = sys.stderr.isatty()
        return [
            _written_out,
            structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback),
            _without_secrets,
        ]
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer(), _without_secrets]


def _without_secrets(_logger: Any, _method: str, line: Any) -> Any:
    """Hide the secrets of connections used lately: a library may quote what it sent or was sent."""
    return without_known_secrets(line) if isinstance(line, str) else line


def _written_out(_logger: Any, _method: str, event: Any) -> Any:
    """Write out what would act on a terminal, or begin a line of its own: libraries quote what servers sent."""
    return {
        name: visible(value, lines=name == "exception") if isinstance(value, str) else value
        for name, value in event.items()
    }
