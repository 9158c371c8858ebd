"""What of a configuration may be shown: everything but its secrets."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from pydantic import BaseModel, ValidationError

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.errors import InputError
from orderflow.flow.setup.misplaced import MASK, hidden

__all__ = [
    "MASK",
    "destination",
    "effective",
    "masked",
    "moved",
    "needs_stored",
    "plain_maps",
    "plain_part",
    "schema_of",
    "secret_fields",
    "unmasked",
]


def plain_part(connector: ERPConnectorPort, config: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `config`, at its top, that everybody reads who may see the connection."""
    if connector.config_model is None:
        return {}
    secrets = secret_fields(connector)
    return {name: value for name, value in config.items() if name not in secrets}


def secret_fields(connector: ERPConnectorPort) -> set[str]:
    """Return the names of the fields that hold secrets, at any depth."""
    return {name for name, field in _fields(schema_of(connector)) if _is_secret(field)}


def plain_maps(connector: ERPConnectorPort) -> set[str]:
    """Return the names of the fields that hold names and values as a person likes, at any depth."""
    return {name for name, field in _fields(schema_of(connector)) if _is_plain_map(field)}


def masked(connector: ERPConnectorPort | None, config: dict[str, Any]) -> dict[str, Any]:
    """Return `config` with every secret as `MASK`.

    What the connector's model does not name may be a secret too, so it is masked; without a connector, all is.
    """
    schema = schema_of(connector) if connector else {}
    plain = {name for name, field in _fields(schema) if not _is_secret(field)}
    maps = {name for name, field in _fields(schema) if _is_plain_map(field)}
    return {name: _masked(value, name, plain, maps) for name, value in config.items()}


def unmasked(connector: ERPConnectorPort, config: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """Return `config` as it is to be stored: nobody has to type a secret twice, and a mask never becomes one.

    A `MASK`, and a secret that is left out, stand for what is stored; a secret that is null is removed.

    Raises:
        InputError: A stored secret is to be kept, and something changed that decides who gets it or how it is
            protected on the way. Whoever may edit a connection could otherwise have its password sent to a host of
            his own, or in the clear.
    """
    secrets = secret_fields(connector)
    whole = _unmasked(config, stored, secrets)
    if stored and whole != _unmasked(config, {}, secrets) and (changed := moved(connector, whole, stored)):
        raise InputError(
            f"{' and '.join(changed)} changed, so the connection's secrets have to be entered again.",
            code="SECRETS_NEEDED",
            hint="Secrets stay with the target and the protection that they were entered for. Enter those named again; "
            "on the command line with --secret FIELD.",
            details={"fields": [{"field": name, "message": _AGAIN} for name in _kept(config, stored, secrets)]},
        )
    return whole


_AGAIN = "must be entered again: it was entered for another target, or for another protection on the way"


def moved(connector: ERPConnectorPort, config: dict[str, Any], stored: dict[str, Any]) -> list[str]:
    """Return the names of the destination's fields in which two whole configurations differ, sorted."""
    now, before = destination(connector, config), destination(connector, stored)
    return sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))


def destination(connector: ERPConnectorPort, config: dict[str, Any]) -> dict[str, Any]:
    """Return what of a whole configuration decides where it leads.

    A field belongs to the destination unless it is a secret or its model marks it `"destination": false`: of a model
    that says nothing, everything may decide where secrets go. What counts is the value that the connector would work
    with, so that a port left out is the usual one.
    """
    marked = schema_of(connector).get("properties", {}).items()
    harmless = {name for name, field in marked if not field.get("destination", True) or _is_secret(field)}
    return {name: value for name, value in effective(connector, config).items() if name not in harmless}


def effective(connector: ERPConnectorPort, config: dict[str, Any]) -> dict[str, Any]:
    """Return what the connector would work with: defaults included, what is empty left out, secrets masked."""
    model = connector.config_model
    if model is None:
        return config
    try:
        known = model.model_validate(config).model_dump()
    except ValidationError:  # it is refused for that elsewhere; or it was stored before the model became stricter
        fields = schema_of(connector).get("properties", {})
        known = {name: field["default"] for name, field in fields.items() if "default" in field} | config
    return {name: value for name, value in masked(connector, known).items() if value not in (None, "")}


def _kept(config: dict[str, Any], stored: dict[str, Any], secret: set[str]) -> list[str]:
    """Return the names, at the top of the configuration, of what stands for stored secrets."""
    left_out = {name for name in secret & stored.keys() - config.keys() if stored[name]}
    return sorted(left_out | {name for name, value in config.items() if needs_stored(value)})


def needs_stored(config: Any) -> bool:
    """Return whether `config` holds a `MASK`, so that it means nothing without what is stored."""
    if isinstance(config, dict):
        return any(needs_stored(value) for value in config.values())
    if isinstance(config, list):
        return any(map(needs_stored, config))
    return isinstance(config, str) and MASK in config


def _unmasked(config: dict[str, Any], stored: dict[str, Any], secret: set[str]) -> dict[str, Any]:
    kept = {name: stored[name] for name in secret & stored.keys() - config.keys()}
    given = {name: value for name, value in config.items() if value is not None or name not in secret}
    return kept | {name: _filled(value, stored.get(name), secret) for name, value in given.items()}


def _filled(value: Any, stored: Any, secret: set[str]) -> Any:
    if isinstance(value, dict):
        return _unmasked(value, stored if isinstance(stored, dict) else {}, secret)
    if isinstance(value, list):
        beside = stored if isinstance(stored, list) else []
        return [_filled(inner, before, secret) for inner, before in zip_longest(value, beside[: len(value)])]
    if isinstance(value, str) and MASK in value:
        return stored if value in (MASK, *_shown_texts(stored)) else value
    return value


def _masked(value: Any, name: str, plain: set[str], maps: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner, name if name in maps else key, plain, maps) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, name, plain, maps) for inner in value]
    if name in plain or value in (None, ""):
        return hidden(value, headers=name == "headers") if isinstance(value, str) else value
    return MASK


def _shown_texts(stored: Any) -> tuple[str, ...]:
    return (hidden(stored), hidden(stored, headers=True)) if isinstance(stored, str) else ()


def schema_of(connector: ERPConnectorPort) -> dict[str, Any]:
    """Return the JSON Schema of a connector's configuration, to be read only; empty if it has no model."""
    model = connector.config_model
    return _schema_of(model) if model else {}


@lru_cache(maxsize=256)
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's schema, which takes milliseconds to make and is looked at for every connection that is shown."""
    return model.model_json_schema()


def _fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every field of a JSON Schema by pydantic, at any depth."""
    for part in (schema, *schema.get("$defs", {}).values()):
        yield from part.get("properties", {}).items()


def _is_secret(field: dict[str, Any]) -> bool:
    return any(kind.get("writeOnly", False) for kind in (field, *field.get("anyOf", ())))


def _is_plain_map(field: dict[str, Any]) -> bool:
    """Return whether a field holds values of a declared type, none of them secret, by names that are data."""
    inner = field.get("additionalProperties")
    return isinstance(inner, dict) and "type" in inner and not _is_secret(inner)
