"""How OrderFlow logs: lines for people on a terminal, JSON for machines (`LOG_FORMAT=json`). Always on stderr."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import Any

import structlog


def configure_logs(level: str = "INFO", *, json: bool | None = None) -> None:
    """Set up logging for this process.

    Tracebacks never show local variables: those may hold an opened configuration.

    Args:
        level: DEBUG, INFO, WARNING, ERROR or CRITICAL.
        json: One JSON object per line; by default if `LOG_FORMAT` is `json`.
    """
    as_json = os.environ.get("LOG_FORMAT", "").lower() == "json" if json is None else json
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_rendered(as_json=as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(stream=sys.stderr)
    logging.getLogger().setLevel(max(logging.WARNING, logging.getLevelName(level)))
    logging.getLogger("asyncssh").setLevel(logging.ERROR)  # what it warns of, the connector says better


def _rendered(*, as_json: bool) -> list[Any]:
    if not as_json:
        colors = sys.stderr.isatty()
        return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)]
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer()]


def frames_of(error: BaseException) -> list[str]:
    """Return where an error happened, without its message: the text of an unknown exception may hold a secret."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
