"""The two ways into Odoo, as one: a method of a model is called, for records or for none.

Sources: Odoo 19, `addons/rpc/controllers/json2.py`; the "External API" pages of Odoo 14 to 19's documentation.
"""

from __future__ import annotations

import json
import threading
from typing import Any, Protocol

from orderflow.connectors.odoo.answers import from_json2, from_jsonrpc, not_let_in, odd_answer
from orderflow.connectors.odoo.config import OdooConfig
from orderflow.connectors.order_book import rows_of
from orderflow.http.server import HttpServer

READS = frozenset({"search_read", "context_get", "fields_get", "has_access", "check_access_rights"})
_JSON = {"Content-Type": "application/json"}


class OdooApi(Protocol):
    """What the connector needs of Odoo."""

    def call(self, model: str, method: str, ids: list[int] | None = None, **arguments: Any) -> Any:
        """Call `method` of the records `ids`, or of the model.

        Raises:
            ConnectorError: Sorted by what follows.
        """

    def may(self, model: str, operation: str) -> bool:
        """Return whether our user may `create`, `read`, `write` or `unlink` records of `model`."""

    def close(self) -> None:
        """Close all connections."""


def open_api(config: OdooConfig) -> OdooApi:
    """Return the way in that `config` names; nothing is sent yet."""
    server = HttpServer(config.url, config.timeout, "Odoo")
    return Json2Api(server, config) if config.api == "json2" else JsonRpcApi(server, config)


def search_read(api: OdooApi, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
    """Return `fields` of the records that `domain` selects, oldest first."""
    return rows_of(api.call(model, "search_read", domain=domain, fields=fields, order="id"), fields, "Odoo")


class Json2Api:
    """`/json/2/<model>/<method>` with an API key."""

    def __init__(self, server: HttpServer, config: OdooConfig) -> None:
        key = config.api_key.get_secret_value()
        self._server = server
        self._database = config.database
        self._headers = _JSON | {"Authorization": f"bearer {key}", "X-Odoo-Database": config.database}

    def call(self, model: str, method: str, ids: list[int] | None = None, **arguments: Any) -> Any:
        """Call a method; see `OdooApi`."""
        content = json.dumps(arguments | ({} if ids is None else {"ids": ids})).encode()
        changes = method not in READS
        response = self._server.send(
            "POST", f"json/2/{model}/{method}", headers=self._headers, content=content, changes=changes
        )
        return from_json2(response, self._database, changes=changes)

    def may(self, model: str, operation: str) -> bool:
        """Return whether our user may; see `OdooApi`."""
        return bool(self.call(model, "has_access", operation=operation))

    def close(self) -> None:
        """Close all connections."""
        self._server.close()


class JsonRpcApi:
    """`/jsonrpc`: every call brings the user's id and key."""

    def __init__(self, server: HttpServer, config: OdooConfig) -> None:
        self._server = server
        self._config = config
        self._lock = threading.Lock()
        self._user: int | None = None

    def call(self, model: str, method: str, ids: list[int] | None = None, **arguments: Any) -> Any:
        """Call a method; see `OdooApi`."""
        config = self._config
        positional = [] if ids is None else [ids]
        caller = [config.database, self._sign_in(), config.api_key.get_secret_value()]
        whole = [*caller, model, method, positional, arguments]
        return self._send("object", "execute_kw", whole, changes=method not in READS)

    def may(self, model: str, operation: str) -> bool:
        """Return whether our user may; see `OdooApi`."""
        return bool(self.call(model, "check_access_rights", operation=operation, raise_exception=False))

    def close(self) -> None:
        """Close all connections."""
        self._server.close()

    def _sign_in(self) -> int:
        with self._lock:
            if self._user is None:
                config = self._config
                key = config.api_key.get_secret_value()
                user = self._send("common", "authenticate", [config.database, config.username, key, {}], changes=False)
                if not user:
                    raise not_let_in()
                if not isinstance(user, int):
                    raise odd_answer("gave no user for our sign-in", config.database, changes=False)
                self._user = user
            return self._user

    def _send(self, service: str, method: str, arguments: list[Any], *, changes: bool) -> Any:
        params = {"service": service, "method": method, "args": arguments}
        content = json.dumps({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}).encode()
        response = self._server.send("POST", "jsonrpc", headers=_JSON, content=content, changes=changes)
        return from_jsonrpc(response, self._config.database, changes=changes)
