"""Where a configuration leads: hosts, and folders of this machine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.errors import EncryptionError, InputError
from orderflow.domain.reach import Place, Reach
from orderflow.flow.ports import Actor, Target, Wiring, Work
from orderflow.flow.setup.mask import destination, effective, moved, schema_of

_HOSTS = frozenset({"host", "server", "hostname", "address"})
_PROOFS = frozenset({"host_key"})
"""What tells a server that is who it should be from others, and leads nowhere."""
_RENEWED = _PROOFS | {"tls_ca", "ca_certificate", "client_certificate", "assertion_certificate", "assertion_key_id"}
"""What runs out and is renewed, while the ERP stays the same."""


def places(connector: ERPConnectorPort, config: dict[str, Any]) -> Iterator[Place]:
    """Yield where a configuration leads.

    A field names a folder of this machine where its schema says `"local_folder": {field: [values]}` and that holds, a
    host if its value is a URL or it is called so; a field whose `show_when` does not hold counts for nothing.
    """
    known = effective(connector, config)
    fields = schema_of(connector).get("properties", {})
    for name, value in known.items():
        field = fields.get(name, {})
        if not isinstance(value, str) or not _holds(field.get("show_when", {}), known):
            continue
        if "local_folder" in field and _holds(field["local_folder"], known):
            yield Place(name, "folder", value)
        elif host := _host(name, value):
            yield Place(name, "host", host)


def leads_elsewhere(connector: ERPConnectorPort, config: dict[str, Any], stored: dict[str, Any]) -> bool:
    """Return whether two configurations may lead to different places, or to another door of the same one."""
    changed = set(moved(connector, config, stored)) - _PROOFS
    return bool(changed) or set(places(connector, config)) != set(places(connector, stored))


def destination_digest(connector: ERPConnectorPort, config: dict[str, Any]) -> str:
    """Return a digest of where a configuration leads: with another one, another ERP may be asked, or as somebody else.

    A certificate that was renewed leads to the same ERP.
    """
    leads = {name: value for name, value in destination(connector, config).items() if name not in _RENEWED}
    found = sorted((place.field, place.name) for place in places(connector, config))
    return sha256(json.dumps([leads, found], sort_keys=True, default=str).encode()).hexdigest()[:16]


def reach_of(
    wiring: Wiring, work: Work, connector: ERPConnectorPort, config: dict[str, Any], actor: Actor, stored: Target | None
) -> Reach:
    """Return how far a configuration may lead that `actor` sets up; where it leads on as stored, that stays as it was.

    Args:
        stored: The connection that it is to replace, if its configuration opens.

    Raises:
        InputError: The actor may not set up a connection to such a place; its field is named.
    """
    if stored is not None and not leads_elsewhere(connector, config, stored.config):
        return stored.reach
    reach = Reach(work.slug, actor.restricted)
    for place in places(connector, config):
        if refused := wiring.refusal(place, reach):
            raise InputError(
                refused.message,
                code=refused.code,
                hint=refused.hint,
                details={"fields": [{"field": place.field, "message": refused.message}]},
            )
    return reach


def beyond_the_lists(wiring: Wiring, org_id: UUID, connection_ids: Iterable[UUID]) -> Iterator[tuple[UUID, Place]]:
    """Yield the connections that the operator set up, and that nobody could set up over the API, with where they lead.

    What cannot be opened is told elsewhere.
    """
    for connection_id in connection_ids:
        try:
            with wiring.store.work(org_id) as work:
                target = work.connections.open(connection_id)
            found = places(wiring.connector(target.connector_type), target.config)
        except (EncryptionError, ValueError):
            continue
        held = Reach(target.reach.organization, restricted=True)
        refused = [place for place in found if not target.reach.restricted and wiring.refusal(place, held)]
        yield from ((connection_id, place) for place in refused[:1])


def _host(name: str, value: str) -> str | None:
    try:
        return urlsplit(value).hostname if "://" in value else value if name in _HOSTS else None
    except ValueError:  # it is no URL; the connector says so
        return None


def _holds(condition: dict[str, list[Any]], known: dict[str, Any]) -> bool:
    return all(known.get(name) in values for name, values in condition.items())
