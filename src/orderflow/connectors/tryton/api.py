"""The two ways into Tryton, as one: a method of a model is called, for a record or for none.

Source: trytond 8.2, `trytond/protocols/rest.py`, `dispatcher.py` and `jsonrpc.py`.
"""

from __future__ import annotations

import base64
import threading
from itertools import count
from typing import Any, Protocol
from urllib.parse import quote

from orderflow.connectors.order_book import rows_of
from orderflow.connectors.tryton.answers import from_rest, from_rpc, no_database, not_let_in, odd_answer
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.connectors.tryton.wire import encode
from orderflow.http import Answer
from orderflow.http.server import HttpServer

READS = frozenset({"search_read", "get_preferences", "get_access", "on_change"})
_JSON = {"Content-Type": "application/json"}


class TrytonApi(Protocol):
    """What the connector needs of Tryton."""

    def call(self, model: str, method: str, record: int | None = None, **arguments: Any) -> Any:
        """Call `method`; arguments in the order in which Tryton's method takes them.

        Raises:
            ConnectorError: Sorted by what follows.
        """

    def close(self) -> None:
        """Close all connections."""


def open_api(config: TrytonConfig) -> TrytonApi:
    """Return the way in that `config` names; nothing is sent yet."""
    server = HttpServer(config.url, config.timeout, "Tryton")
    return RestApi(server, config) if config.api == "rest" else RpcApi(server, config)


def search_read(api: TrytonApi, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
    """Return `fields` of the records that `domain` selects, oldest first."""
    order = [["id", "ASC"]]
    found = api.call(model, "search_read", domain=domain, offset=0, limit=None, order=order, fields_names=fields)
    return rows_of(found, fields, "Tryton")


class RestApi:
    """`/<database>/rest/model/…` with an application key."""

    def __init__(self, server: HttpServer, config: TrytonConfig) -> None:
        key = config.application_key.get_secret_value() if config.application_key else ""
        self._server = server
        self._headers = _JSON | {"Authorization": f"bearer {key}"}
        self._base = f"{quote(config.database)}/rest/model"
        self._database = config.database
        self._context: str | None = None

    def call(self, model: str, method: str, record: int | None = None, **arguments: Any) -> Any:
        """Call a method; see `TrytonApi`."""
        if self._context is None and method != "get_preferences":
            preferences = self.call("res.user", "get_preferences", context_only=True)
            self._context = base64.urlsafe_b64encode(encode(preferences)).decode()
        verb, path = "POST", f"{self._base}/{model}/{record}/{method}" if record else f"{self._base}/{model}/{method}"
        if method == "delete":  # as an action it would read what is no longer there
            verb, path = "DELETE", f"{self._base}/{model}/{record}"
        headers = self._headers | ({"X-Tryton-Context": self._context} if self._context else {})
        content = b"" if verb == "DELETE" else encode(arguments)
        response = self._server.send(
            verb, f"{path}?f=id", headers=headers, content=content, changes=method not in READS
        )
        return from_rest(response, self._database, changes=method not in READS)

    def close(self) -> None:
        """Close all connections."""
        self._server.close()


class RpcApi:
    """`/<database>/rpc/` with a user's session, opened again when it has run out."""

    def __init__(self, server: HttpServer, config: TrytonConfig) -> None:
        self._server = server
        self._config = config
        self._path = f"{quote(config.database)}/rpc/"
        self._ids = count(1)
        self._lock = threading.Lock()
        self._session: str | None = None
        self._context: dict[str, Any] = {}

    def call(self, model: str, method: str, record: int | None = None, **arguments: Any) -> Any:
        """Call a method; see `TrytonApi`."""
        # A method of one record takes its id, a method of records a list of them.
        ids = [] if record is None else [record] if method == "on_change" else [[record]]
        for _ in range(2):
            session = self._session or self._sign_in()
            params = [*ids, *arguments.values(), self._context]
            response = self._send(f"model.{model}.{method}", params, session, changes=method not in READS)
            if response.status != 401:
                return from_rpc(response, self._config.database, changes=method not in READS)
            with self._lock:
                if self._session == session:  # else another thread has opened a new one already
                    self._session = None
        raise not_let_in("the session that it has just opened")

    def close(self) -> None:
        """Close all connections."""
        self._server.close()

    def _sign_in(self) -> str:
        with self._lock:
            if self._session is not None:
                return self._session
            self._check_database()
            user, secret = self._config.username or "", self._config.password
            password = secret.get_secret_value() if secret else ""
            response = self._send("common.db.login", [user, {"password": password}], None, changes=False)
            if response.status == 401:
                raise not_let_in("the user or the password")
            signed_in = from_rpc(response, self._config.database, changes=False)
            if not signed_in:
                raise not_let_in("the user or the password")
            if not isinstance(signed_in, list) or len(signed_in) < 2:
                raise odd_answer("gave no session for our sign-in", self._config.database, changes=False)
            user_id, token, *_ = signed_in
            session = base64.b64encode(f"{user}:{user_id}:{token}".encode()).decode()
            response = self._send("model.res.user.get_preferences", [True, {}], session, changes=False)
            context = from_rpc(response, self._config.database, changes=False)
            if not isinstance(context, dict):
                raise odd_answer("gave no preferences of our user", self._config.database, changes=False)
            self._context = context
            self._session = session
            return session

    def _check_database(self) -> None:
        """Look whether there is the database, if Tryton tells: a sign-in to one that is not takes it 30 seconds."""
        listed = self._send("common.db.list", [], None, changes=False, path="rpc/")
        database = self._config.database
        there = from_rpc(listed, database, changes=False) if listed.ok else [database]
        if not isinstance(there, list) or database not in there:
            raise no_database(database)

    def _send(
        self, method: str, params: list[Any], session: str | None, *, changes: bool, path: str | None = None
    ) -> Answer:
        headers = _JSON | ({"Authorization": f"Session {session}"} if session else {})
        content = encode({"id": next(self._ids), "method": method, "params": params})
        return self._server.send("POST", path or self._path, headers=headers, content=content, changes=changes)
