"""What most connectors need: their configuration checked, their latency measured, their document at hand."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from orderflow.connectors.sessions import SESSIONS
from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import Document, TestResult
from orderflow.domain.errors import ConfigError, ConnectorError, NeedsAttentionError
from orderflow.domain.orders import DraftOrder
from orderflow.flow.setup.mask import schema_of
from orderflow.net.certificates import last_end


@dataclass(slots=True)
class LatencyTimer:
    """How long something took, in milliseconds; final once its `with` block has ended."""

    name: str
    latency_ms: int = 0


class BaseConnector(ERPConnectorPort):
    """The usual parent of a connector: `export` and `test_connection` remain to be written."""

    def validate_required_fields(self, config: dict[str, Any], names: Iterable[str]) -> None:
        """Check that each of `names` is in `config` and not empty.

        Raises:
            ConfigError: Some are not; the message names them all.
        """
        missing = [name for name in names if config.get(name) in (None, "")]
        if missing:
            raise ConfigError(
                f"The configuration lacks: {', '.join(missing)}.",
                details={"fields": [{"field": name, "message": "is required"} for name in missing]},
            )

    def parse(self, config: dict[str, Any]) -> Any:
        """Return `config` as this connector's `config_model`.

        Raises:
            ConfigError: It does not fit; the message names fields and what is wrong with them, never values.
        """
        if self.config_model is None:
            return config
        return parse_config(self.config_model, config)

    def certificate_ends(self, config: dict[str, Any]) -> datetime | None:
        """Return when the first field that `holds` certificates has none left; None: there is none that ends."""
        return last_end(schema_of(self), config)

    def open_session(self, settings: Any) -> Any:
        """Return what lives by a configuration: something that holds connections open, and a `close()`.

        For connectors that keep connections; it is called when `session` has none for this configuration.

        Args:
            settings: The configuration as `config_model`.
        """
        raise TypeError(f"{type(self).__name__} uses session(), but has no open_session")

    @contextmanager
    def session(self, config: dict[str, Any]) -> Iterator[Any]:
        """Lend this configuration's live session, made by `open_session` if there is none; threads share it.

        It stays open for the next call; it is closed when it was not used for ten minutes, when there are too many,
        and at the end of the process.

        Raises:
            ConfigError: As `parse`.
        """
        with SESSIONS.use(self, config, lambda: self.open_session(self.parse(config))) as session:
            yield session

    def further_secrets(self, config: dict[str, Any]) -> Iterable[str]:
        """Return what the session of this configuration has got by signing in (`got`), as access tokens."""
        got = getattr(SESSIONS.peek(self, config), "got", None)
        return got() if got is not None else ()

    def close(self) -> None:
        """Close the sessions that `session` keeps."""
        SESSIONS.close(self)

    @contextmanager
    def measure_latency(self, name: str) -> Iterator[LatencyTimer]:
        """Measure what happens in the block; `timer.latency_ms` is set when it ends, also by an exception."""
        timer = LatencyTimer(name)
        started = time.perf_counter()
        try:
            yield timer
        finally:
            timer.latency_ms = round((time.perf_counter() - started) * 1000)

    def build_test_result(
        self,
        success: bool,
        error_message: str | None = None,
        latency_ms: int = 0,
        details: dict[str, Any] | None = None,
    ) -> TestResult:
        """Return a `TestResult`; `details` are safe to show."""
        return TestResult(success, error_message, latency_ms, details or {})

    def failed_test(self, error: ConnectorError, latency_ms: int = 0) -> TestResult:
        """Return the failed test that `error` stands for, with its code, hint and details."""
        details = error.as_json() | {"needs_attention": isinstance(error, NeedsAttentionError)}
        return TestResult(False, error.message, latency_ms, details)

    def document(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        """Return the document of this delivery: the stored one, or one made on the spot."""
        delivery = draft_order.delivery
        if delivery.document is None:
            delivery.document = self.render(draft_order, config)
        return delivery.document


def parse_config(model: type[BaseModel], config: dict[str, Any]) -> BaseModel:
    """Return `config` as `model`.

    Raises:
        ConfigError: It does not fit; the message names fields and what is wrong with them, never values.
    """
    try:
        return model.model_validate(config)
    except ValidationError as error:
        fields = [
            {"field": ".".join(str(part) for part in item["loc"]) or "configuration", "message": _plain(item["msg"])}
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]
    listed = "; ".join(f"{item['field']}: {item['message']}" for item in fields)
    raise ConfigError(f"The configuration cannot be used: {listed}.", details={"fields": fields})


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").rstrip(".")
