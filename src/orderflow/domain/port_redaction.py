"""Whatever leaves a connector leaves without the secrets of its configuration: one place, for all connectors.

`ERPConnectorPort` wraps the methods of each class that extends it, so that it makes no difference who calls it, who
wrote it, or which of its methods calls another.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import inspect
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from orderflow.domain.delivery import Ack, ExportResult, TestResult
from orderflow.domain.errors import ConnectorError
from orderflow.domain.redaction import Redactor

if TYPE_CHECKING:
    from orderflow.domain.connector_port import ERPConnectorPort, Preview

MOST = 512
"""Configurations whose secrets are at hand in a form that can be looked for; making it takes milliseconds."""

MOST_KEPT = 16_000_000
"""Characters of all forms of these; a configuration with a password has some thousand, with one that has marks 23,000,
with an RSA key 200,000 to 400,000."""

MOST_IN_LOGS = 64
"""Configurations whose secrets are looked for in every line of the log."""

MOST_AT_HAND = 32
"""Configurations that are being worked with; no more of them stay in memory than that."""

LONG = 8
"""Characters of a secret from which on it is looked for in the log: no organization's hides words of all others'."""

_USERS = ("user", "login", "account", "client_id", "email")
_SOUNDS_SECRET = ("password", "passphrase", "secret", "token", "api_key", "apikey", "private_key", "credential")

_FACTS, _ANSWERS_FACTS = ("dropzone_path", "erp_order_id", "connector_metadata"), ("erp_order_id", "processed_at")
"""What the next question about an order, a change or a recall needs: no order is called `********`."""

METHODS = (
    "render",
    "preview",
    "export",
    "export_many",
    "take_back",
    "understand",
    "find",
    "test_connection",
    "poll_acks",
    "finish_acks",
    "bring_back",
    "read_arrived",
    "stage_many",
    "publish_many",
    "discard",
    "leftovers",
    "remove_leftovers",
)
"""All that says something, or may raise."""


def redacting(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a connector's method such that no secret of the configuration it is given leaves it.

    Raises:
        TypeError: None of its parameters is called `config`.
    """
    names = list(inspect.signature(method).parameters)
    if "config" not in names:
        raise TypeError(f"{method.__qualname__} must name its configuration 'config', as the port does")
    place = names.index("config") - 1

    @functools.wraps(method)
    def redacted(self: ERPConnectorPort, *arguments: Any, **named: Any) -> Any:
        config = named["config"] if "config" in named else arguments[place] if len(arguments) > place else {}
        try:
            made = method(self, *arguments, **named)
        except ConnectorError as error:
            raise _error(error, redactor_of(self, config))  # noqa: B904  # the same error: what led to it stays with it
        if isinstance(made, Iterator):
            return _each(made, self, config)
        return _shown(made, partial(redactor_of, self, config))

    return redacted


def _each(made: Iterator[Any], connector: ERPConnectorPort, config: dict[str, Any]) -> Iterator[Any]:
    asked = partial(redactor_of, connector, config)  # for each item: secrets may be got while they are made
    try:
        for item in made:
            yield _shown(item, asked)
    except ConnectorError as error:
        raise _error(error, redactor_of(connector, config))  # noqa: B904  # as above
    finally:
        if isinstance(made, Generator):  # whoever ends us ends what is under way
            made.close()


def _shown(made: Any, redactor: Callable[[], Redactor]) -> Any:
    """Return what a method made without secrets; a document or a path that was staged says none, and costs nothing."""
    if isinstance(made, tuple):
        return tuple([_shown(part, redactor) for part in made])
    if isinstance(made, ConnectorError):
        return _error(made, redactor())
    if isinstance(made, ExportResult):
        hides = redactor()
        _change(made, hides, "error_message", *(() if hides.hides_all else _FACTS))
    elif isinstance(made, TestResult):
        _change(made, redactor(), "error_message", "details")
    elif isinstance(made, Ack):
        hides = redactor()
        _change(made, hides, "error_code", "message", "excerpt", *(() if hides.hides_all else _ANSWERS_FACTS))
    elif type(made).__name__ == "Preview":
        _change(made, redactor(), "destination", "headers")
    return made


def _change(thing: Ack | ExportResult | TestResult | Preview, redactor: Redactor, *names: str) -> None:
    for name in names:
        value = getattr(thing, name, None)
        if value and (shown := redactor.value(value)) != value:
            setattr(thing, name, shown)


def _error(error: ConnectorError, redactor: Redactor) -> ConnectorError:
    error.message = redactor.text(error.message)
    error.args = (error.message,)
    if "hint" in vars(error):
        error.hint = redactor.text(error.hint)  # type: ignore[misc]  # an instance may be more precise than its class
    error.details = redactor.value(error.details)
    return error


Made = TypeVar("Made")


class ByConfig(Generic[Made]):
    """What was made of configurations lately: a worker has the same one in its hands for each order of a batch.

    Args:
        make: From a configuration, and what it depends on besides.
    """

    def __init__(self, make: Callable[..., Made]) -> None:
        self._make = make
        self._made: OrderedDict[int, tuple[dict[str, Any], dict[str, Any], tuple[Any, ...], Made]] = OrderedDict()

    def of(self, config: dict[str, Any], *beside: Any) -> Made:
        """Return what is made of `config`, anew if it is another one, or it or what is beside it was changed since."""
        known = self._made.get(id(config))
        if known is not None and known[1] == config and known[2] == beside:
            return known[3]
        made = self._make(config, *beside)
        self._made[id(config)] = config, copy.deepcopy(config), beside, made  # kept, so that no other has its id
        while len(self._made) > MOST_AT_HAND:
            self._made.popitem(last=False)
        return made


class _Redactors:
    """Those made last, by a digest of the secrets that only this process can make."""

    def __init__(self) -> None:
        self._key, self._lock = secrets.token_bytes(32), threading.Lock()
        self._made, self._for_logs = _Lately(MOST), _Lately(MOST_IN_LOGS)
        self._at_hand = ByConfig(self._asked)

    def of(self, config: dict[str, Any], model: Any, further: Iterable[str]) -> Redactor:
        return self._of(*self._at_hand.of(config, model, *further))

    def hiding(self, hidden: list[str], users: list[str], got: list[str]) -> Redactor:
        digest = self._digest([*hidden, "\2"], users, got)  # none of a configuration, which the log is to know
        return self._known(digest) or self._keep(digest, Redactor(hidden, users, got=got))

    def _asked(self, config: dict[str, Any], model: Any, *got: str) -> tuple[bytes, list[str], list[str], list[str]]:
        hidden, users = _told_apart(config, model)
        return self._digest(hidden, users, [*got]), hidden, users, [*got]

    def _digest(self, hidden: list[str], users: list[str], got: list[str]) -> bytes:
        text = "\0".join([*hidden, "\1", *users, "\1", *got]).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._key).digest()

    def _of(self, digest: bytes, hidden: list[str], users: list[str], got: list[str]) -> Redactor:
        if found := self._known(digest):
            return found
        made = self._keep(digest, Redactor(hidden, users, got=got))
        long, lately = ([secret for secret in secrets if len(secret) >= LONG] for secrets in (hidden, got))
        for_logs = made if (long, lately) == (hidden, got) else Redactor(long, users, got=lately)
        if (long or lately) and not for_logs.hides_all:
            with self._lock:
                self._for_logs.put(digest, for_logs)
        return made

    def _known(self, digest: bytes) -> Redactor | None:
        with self._lock:
            return self._made.get(digest)

    def _keep(self, digest: bytes, made: Redactor) -> Redactor:
        with self._lock:
            self._made.put(digest, made)
        return made

    def for_logs(self) -> list[Redactor]:
        with self._lock:
            return self._for_logs.all()


class _Lately:
    """Those used last, within a number and a size. Not for several threads at once."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._kept: OrderedDict[bytes, Redactor] = OrderedDict()

    def get(self, digest: bytes) -> Redactor | None:
        found = self._kept.get(digest)
        if found is not None:
            self._kept.move_to_end(digest)
        return found

    def put(self, digest: bytes, made: Redactor) -> None:
        before = self._kept.pop(digest, None)
        self._kept[digest] = made
        self._size += made.size - (before.size if before else 0)
        while len(self._kept) > self._most or self._size > MOST_KEPT:
            self._size -= self._kept.popitem(last=False)[1].size

    def all(self) -> list[Redactor]:
        return list(self._kept.values())


_redactors = _Redactors()


def redactor_of(connector: ERPConnectorPort, config: dict[str, Any]) -> Redactor:
    """Return what takes the secrets of a configuration out of a text: those configured, and those got by them since."""
    return _redactors.of(config, connector.config_model, connector.further_secrets(config))


def redactor_for(secrets: Iterable[str], users: Iterable[str] = (), got: Iterable[str] = ()) -> Redactor:
    """Return what takes these secrets out of a text, as `Redactor` does; it is made once as long as it is used."""
    return _redactors.hiding([*secrets], [*users], [*got])


def _told_apart(config: dict[str, Any], model: Any) -> tuple[list[str], list[str]]:
    """Return the secrets of a configuration, and names that may be sent together with one."""
    secret, plain = _fields(model)
    hidden: list[str] = []
    users: list[str] = []
    for name, value in _settings(config, ""):
        if name in secret or (name not in plain and _sounds_secret(name)):
            hidden.append(value)
        elif len(value) <= 200 and _is_user(name):
            users.append(value)
    return hidden, users[:20]


def without_known_secrets(text: str) -> str:
    """Return a text without the secrets of any connection that this process has used lately: for its log."""
    for redactor in _redactors.for_logs():
        text = redactor.text(text)
    return text


@functools.lru_cache(maxsize=1024)  # both are asked for each order
def _sounds_secret(name: str) -> bool:
    return any(part in name.lower() for part in _SOUNDS_SECRET)


@functools.lru_cache(maxsize=1024)
def _is_user(name: str) -> bool:
    return any(part in name.lower() for part in _USERS)


@functools.lru_cache(maxsize=256)
def _fields(model: Any) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of a connector's settings that are secret, and of those that are not, at any depth."""
    schema = model.model_json_schema() if model else {}
    parts = (schema, *schema.get("$defs", {}).values())
    fields = [pair for part in parts for pair in part.get("properties", {}).items()]
    secret = {name for name, field in fields if any(one.get("writeOnly") for one in (field, *field.get("anyOf", ())))}
    return frozenset(secret), frozenset({name for name, _ in fields} - secret)


def _settings(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield all settings that are texts, by the name of the field that they stand in."""
    if isinstance(value, dict):
        for inner_name, inner in value.items():
            yield from _settings(inner, str(inner_name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _settings(inner, name)
    elif hasattr(value, "get_secret_value"):
        yield name, str(value.get_secret_value())
    elif isinstance(value, str) and value:
        yield name, value
