"""A person sets up a way into an ERP: add it, test it, trust its host key, enable it; later edit or disable it.

A new connection is DISABLED, so that nothing goes to a target that nobody has tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.errors import EncryptionError, InputError
from orderflow.domain.ids import new_id
from orderflow.domain.port_redaction import redactor_of
from orderflow.domain.routing.rules import rules_naming
from orderflow.domain.states import BreakerState
from orderflow.domain.text import checked_name
from orderflow.flow.ports import Actor, Target, Wiring, Work
from orderflow.flow.refusals import in_rules
from orderflow.flow.setup.mask import masked, needs_stored, plain_maps, plain_part, unmasked
from orderflow.flow.setup.misplaced import misplaced
from orderflow.flow.setup.opening_hours import OPTION, with_checked_hours, work_out
from orderflow.flow.setup.places import reach_of

SAVING = {"saving": True}
"""Tells a configuration's validators that a person is there to correct it; what was saved before goes on as it is."""


def add_connection(
    wiring: Wiring,
    org_id: UUID,
    connector_type: str,
    config: dict[str, Any],
    actor: Actor,
    *,
    name: str | None = None,
    options: Mapping[str, Any] | None = None,
    enabled: bool = False,
    tested: bool = False,
    connection_id: UUID | None = None,
) -> UUID:
    """Store a new connection, DISABLED unless `enabled`, and return its id.

    Args:
        options: Any of `in_doubt`, `change_by_recall`, `commit_within`, `give_up_after`, `answer_within`,
            `opening_hours`, `orders_per_minute`.
        tested: This very configuration has just passed its test.
        connection_id: By default a new one.

    Raises:
        InputError: There is no such connector type, or the configuration does not fit it, or the opening hours cannot
            be used; fields are named.
        StateError: Another one has this name; or it is to be enabled without one, as is another of its type.
    """
    if connector_type in wiring.withheld:
        raise InputError(
            f"This installation offers no connections of type {connector_type}.",
            code="CONNECTOR_TYPE_WITHHELD",
            hint="Choose another type; whoever runs OrderFlow can offer it (ORDERFLOW_OFFER_MOCK).",
        )
    connector = known_connector(wiring.connector, connector_type)
    check_config(connector, config)
    name = None if name is None else checked_name(name)
    connection_id = connection_id or new_id()
    given = with_checked_hours(options or {})
    with wiring.store.work(org_id) as work:
        reach = reach_of(wiring, work, connector, config, actor, None)
        work.connections.add(connection_id, connector_type, config, name, restricted=reach.restricted)
        work.connections.note_certificate(connection_id, connector.certificate_ends(config))
        work.connections.change(connection_id, given)
        if given.get(OPTION) is not None:
            work_out(work, connection_id)
        if enabled:
            work.connections.enable(connection_id)
        if tested:
            work.connections.note_test(connection_id)
        after = {"connector_type": connector_type, "name": name, **given, "config": masked(connector, config)}
        after["status"] = "ACTIVE" if enabled else "DISABLED"
        work.audit.add("CONNECTOR_CHANGED", actor, "erp_connection", [connection_id], None, after)
    return connection_id


def edit_connection(
    wiring: Wiring,
    org_id: UUID,
    connection_id: UUID,
    config: dict[str, Any] | None,
    actor: Actor,
    *,
    options: Mapping[str, Any] | None = None,
    tested: bool = False,
) -> None:
    """Replace a connection's configuration, unless it is None, and the `options` given, `name` being one of them.

    A secret that is masked or left out stays what it was; one that is null is removed. Deliveries that waited
    for the configuration to be corrected go on.

    Raises:
        NotFoundError: There is no such connection.
        InputError: The configuration does not fit the connector, or the opening hours cannot be used; fields are named.
        StateError: Another connection has this name; or it has none any more, as another ACTIVE one of its type.
        EncryptionError: A masked secret is to be kept, but what is stored does not open.
    """
    options = with_checked_hours(options or {})
    if options.get("name") is not None:
        options = {**options, "name": checked_name(options["name"])}
    with wiring.store.work(org_id) as work:
        before = work.connections.change(connection_id, options)
        after = {name: value for name, value in options.items() if name in before}
        if OPTION in before:
            work_out(work, connection_id)
        if config is not None:
            shown_before, shown_after = replace_config(wiring, work, connection_id, config, actor)
            before, after = before | {"config": shown_before}, after | {"config": shown_after}
        if tested:
            work.connections.note_test(connection_id)
        if after:
            work.audit.add("CONNECTOR_CHANGED", actor, "erp_connection", [connection_id], before, after)
    wiring.store.wake(org_id, connection_id)


def replace_config(
    wiring: Wiring, work: Work, connection_id: UUID, config: dict[str, Any], actor: Actor
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Store it and close the breaker; returns what was and what is now, both as may be shown."""
    connector = known_connector(wiring.connector, work.connections.type_of(connection_id))
    stored = stored_target(work, connection_id, config)
    before = stored.config if stored else {}
    config = unmasked(connector, config, before)
    check_config(connector, config, before)
    reach = reach_of(wiring, work, connector, config, actor, stored)
    work.connections.replace_config(connection_id, config, restricted=reach.restricted)
    work.connections.note_certificate(connection_id, connector.certificate_ends(config))
    work.connections.set_breaker(connection_id, BreakerState.CLOSED, None, None)
    return masked(connector, before) if stored else None, masked(connector, config)


def stored_target(work: Work, connection_id: UUID, config: dict[str, Any]) -> Target | None:
    """Return the connection whose configuration `config` is to replace; None if that does not open and nothing of it
    is to be kept.

    Raises:
        NotFoundError: There is no such connection.
        EncryptionError: A masked secret is to be kept, but what is stored does not open.
    """
    try:
        return work.connections.open(connection_id)
    except EncryptionError:
        if needs_stored(config):
            raise
        return None


def delete_connection(wiring: Wiring, org_id: UUID, connection_id: UUID, actor: Actor) -> None:
    """Remove a connection; if one ACTIVE connection is left, that is the default.

    Where exports refer to it, its row stays for them, disabled and without its configuration; answers that the
    ERP still owes are not looked for any more.

    Raises:
        NotFoundError: There is no such connection.
        StateError: Exports wait for it, or a routing rule names it.
    """
    with wiring.store.work(org_id) as work:
        work.routes.lock()  # or rules that are saved now could name it
        before = {"connector_type": work.connections.type_of(connection_id)}
        if named_by := rules_naming(work.routes.current().router.rules, connection_id):
            raise in_rules(named_by)
        gone = work.connections.delete(connection_id)
        after = {"deleted": True, "row_kept": not gone}
        work.audit.add("CONNECTOR_CHANGED", actor, "erp_connection", [connection_id], before, after)


def enable_connection(wiring: Wiring, org_id: UUID, connection_id: UUID, actor: Actor) -> None:
    """Let a connection deliver; the organization's first becomes its default.

    Raises:
        NotFoundError: There is no such connection.
        StateError: It has no name, and nor has another ACTIVE connection of its type.
    """
    with wiring.store.work(org_id) as work:
        before = work.connections.enable(connection_id)
        after = before | {"status": "ACTIVE"}
        work.audit.add("CONNECTOR_CHANGED", actor, "erp_connection", [connection_id], before, after)
    wiring.store.wake(org_id, connection_id)


def disable_connection(wiring: Wiring, org_id: UUID, connection_id: UUID, actor: Actor) -> None:
    """Stop deliveries over a connection. Its orders wait, and its answers are still read.

    Raises:
        NotFoundError: There is no such connection.
    """
    with wiring.store.work(org_id) as work:
        before = work.connections.disable(connection_id)
        after = before | {"status": "DISABLED"}
        work.audit.add("CONNECTOR_CHANGED", actor, "erp_connection", [connection_id], before, after)


def make_default(wiring: Wiring, org_id: UUID, connection_id: UUID, actor: Actor) -> None:
    """Let pushes that name no connection go to this one.

    Raises:
        NotFoundError: There is no such connection.
        StateError: It is not ACTIVE.
    """
    with wiring.store.work(org_id) as work:
        before = work.connections.make_default(connection_id)
        after = before | {"is_default": True}
        work.audit.add("CONNECTOR_CHANGED", actor, "erp_connection", [connection_id], before, after)


def reveal_config(wiring: Wiring, org_id: UUID, connection_id: UUID, actor: Actor) -> dict[str, Any]:
    """Return a configuration with its secrets; that it was shown, and to whom, is written down first.

    Raises:
        NotFoundError: There is no such connection.
        EncryptionError: It does not open.
    """
    with wiring.store.work(org_id) as work:
        config = work.connections.open(connection_id).config
        work.audit.add("CONNECTOR_CONFIG_REVEALED", actor, "erp_connection", [connection_id])
    return config


def shown_config(wiring: Wiring, org_id: UUID, connection_id: UUID) -> dict[str, Any]:
    """Return a configuration with its secrets masked. Raises as `reveal_config` does."""
    with wiring.store.work(org_id) as work:
        target = work.connections.open(connection_id)
    try:
        connector = wiring.connector(target.connector_type)
    except ValueError:
        return masked(None, target.config)
    return masked(connector, target.config)


def known_connector(find: Callable[[str], ERPConnectorPort], connector_type: str) -> ERPConnectorPort:
    """Return what `find`, as in `Wiring.connector`, finds for that type.

    Raises:
        InputError: There is none; the message lists those there are.
    """
    try:
        return find(connector_type)
    except ValueError as error:
        raise InputError(
            f"{error}.",
            code="UNKNOWN_CONNECTOR_TYPE",
            hint="Choose a known type, or install the package that brings it.",
        ) from None


def check_config(connector: ERPConnectorPort, config: dict[str, Any], stored: dict[str, Any] | None = None) -> None:
    """Check a configuration against its connector's model, and that its secrets can be kept from everybody.

    Args:
        stored: What it replaces: a secret that stood in the same field before may stay there.

    Raises:
        InputError: It does not fit; fields are named, values never.
    """
    problems = [*_problems(connector, config), *_misplaced(connector, config, stored or {})]
    if not problems and redactor_of(connector, config).hides_all:
        problems.append(("configuration", "holds more, or longer, secrets than can be hidden in what is said of it"))
    if not problems:
        return
    fields = [{"field": name, "message": message} for name, message in problems]
    listed = "; ".join(f"{name}: {message}" for name, message in problems)
    raise InputError(f"The configuration cannot be used: {listed}.", details={"fields": fields})


def _problems(connector: ERPConnectorPort, config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if connector.config_model is None:
        return
    try:
        connector.config_model.model_validate(config, context=SAVING)
    except ValidationError as error:
        for item in error.errors(include_url=False, include_context=False, include_input=False):
            name = ".".join(str(part) for part in item["loc"]) or "configuration"
            yield name, item["msg"].removeprefix("Value error, ").rstrip(".")


def _misplaced(
    connector: ERPConnectorPort, config: dict[str, Any], stored: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    new = {name: value for name, value in config.items() if stored.get(name) != value}
    yield from misplaced(plain_part(connector, new), maps=plain_maps(connector))
