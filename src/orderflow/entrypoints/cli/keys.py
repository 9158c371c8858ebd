"""`orderflow keys` and `decrypt-connector-config`: the key that seals configurations."""

from __future__ import annotations

from typing import Annotated

import typer

from orderflow.domain.errors import InputError, StateError
from orderflow.entrypoints.cli.options import AsJson, ConnectionName, Org
from orderflow.entrypoints.cli.output import err, out, plural, print_json, progress
from orderflow.entrypoints.cli.workplace import caller, in_organization, opened
from orderflow.flow.setup.connections import reveal_config, shown_config

app = typer.Typer(help="The key that seals the configurations of connections.", no_args_is_help=True)


def add_to(root: typer.Typer) -> None:
    """Hang these commands into the tree."""
    root.add_typer(app, name="keys")
    example = "Example: orderflow decrypt-connector-config SAP --reveal"
    root.command("decrypt-connector-config", epilog=example)(decrypt_connector_config)


@app.command(epilog="Example: export ENCRYPTION_MASTER_KEY=$(orderflow keys generate)")
def generate() -> None:
    """Print a new master key. Keep a copy in a safe place: without it no configuration opens."""
    from orderflow.secrets.keys import generate_key

    print(generate_key())  # noqa: T201  # the command's result, plain for use in scripts


@app.command(epilog="Example: ENCRYPTION_MASTER_KEY=new ENCRYPTION_PREVIOUS_KEYS=old orderflow keys rotate")
def rotate(json: AsJson = False) -> None:
    """Seal every configuration anew with the present master key, while all else goes on.

    In this order: (1) put the new key into ENCRYPTION_MASTER_KEY and the old one into ENCRYPTION_PREVIOUS_KEYS, for
    every process; (2) restart them all; (3) run this; (4) take the old key away. A process that lacks the new key
    leaves the connections to others, and this names those that are still there. May be stopped and run again at any
    time. Configurations that no key opens are reported and left as they are; the command then exits with 1.
    """
    from orderflow.storage.system.rotation import Rotation
    from orderflow.storage.system.rotation import rotate as rotate_keys

    done = Rotation()
    with opened() as app, progress("Sealing", None, hidden=json) as bar:
        behind = [one.name for one in app.processes.alive() if app.encryption.key_id not in one.key_ids]
        for name in behind:
            err().print(f"{name} does not have the new key: it will leave the connections alone. Restart it with both.")
        for done in rotate_keys(app.database, app.encryption):
            bar.update(bar.task_ids[0], completed=done.seen, total=done.total)
        key_id = app.encryption.key_id
    unreadable = [{"org_id": org_id, "connection_id": one} for org_id, one in done.unreadable]
    if json:
        print_json(
            {"key_id": key_id, "sealed": done.sealed, "current": done.current, "unreadable": unreadable}
            | {"without_key": behind}
        )
    else:
        out().print(f"{plural(done.sealed, 'configuration')} sealed with key {key_id}, {done.current} were already.")
        for row in unreadable:
            err().print(f"no key opens connection {row['connection_id']} of organization {row['org_id']}")
    if unreadable:
        raise typer.Exit(1)


@app.command(epilog="Example: orderflow keys lost 3f9a01bc --yes")
def lost(
    key_id: Annotated[str, typer.Argument(help="The id of the key, as KEY_MISMATCH names it.")],
    yes: Annotated[bool, typer.Option("--yes", help="It is lost for good.")] = False,
    json: AsJson = False,
) -> None:
    """Disable the connections and webhooks that a lost key sealed, so that processes start with a new key.

    Their orders and events wait. Enter each configuration again, test it and enable it; give each webhook another
    secret, and enable it.
    """
    from orderflow.storage.system.rotation import disable_sealed_with

    if not yes:
        raise InputError(
            "This disables every connection and webhook that the key sealed.",
            hint="If it is lost for good, say --yes; if it may turn up, set it in ENCRYPTION_PREVIOUS_KEYS instead.",
        )
    with opened() as app:
        if key_id in app.encryption.known_key_ids:
            raise StateError(f"The key {key_id} is not lost: it is among those that are set.", hint="Look at the id.")
        disabled = disable_sealed_with(app.database, key_id, caller())
    if json:
        print_json({"key_id": key_id, "disabled": disabled})
    else:
        out().print(
            f"{disabled} disabled; enter the configurations of connections again, and give webhooks another secret."
        )


def decrypt_connector_config(
    connection: ConnectionName,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show secrets too; this is written to the audit log.")
    ] = False,
    org: Org = None,
) -> None:
    """Print a connection's configuration as JSON, its secrets masked unless --reveal is given."""
    with in_organization(org) as place:
        found = place.connection_id(connection)
        if reveal:
            config = reveal_config(place.wiring, place.org_id, found, caller())
        else:
            config = shown_config(place.wiring, place.org_id, found)
    print_json(config)
