"""`orderflow connections`: the ways into ERPs."""

from __future__ import annotations

import sys
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.text import Text

from orderflow.domain.delivery import TestResult
from orderflow.domain.errors import InputError, OrderFlowError
from orderflow.domain.states import DoubtPolicy
from orderflow.entrypoints.cli import hours
from orderflow.entrypoints.cli.connection_config import gather_config
from orderflow.entrypoints.cli.options import AsCsv, AsJson, ConnectionName, Org
from orderflow.entrypoints.cli.output import err, out, print_facts, print_json, print_list
from orderflow.entrypoints.cli.workplace import Workplace, caller, in_organization
from orderflow.flow.setup import connections as steps
from orderflow.flow.setup.host_key import accept_host_key as pin_host_key
from orderflow.flow.setup.host_key import seen_host_key
from orderflow.flow.setup.mask import masked
from orderflow.flow.setup.probe import test_connection

app = typer.Typer(help="The ways into ERPs: add, test, trust, enable.", no_args_is_help=True)

Config = Annotated[str | None, typer.Option("--config", metavar="FILE", help="The configuration as JSON; - for stdin.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting that is no secret.")]
Secret = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        metavar="FIELD",
        help="A secret: asked for, or from the environment as ORDERFLOW_SECRET_FIELD, or from a file as FIELD=@FILE.",
    ),
]
InDoubt = Annotated[
    DoubtPolicy | None,
    typer.Option(
        help="What follows when nobody can tell whether the ERP has an order: hold it for a person (usual), or resend "
        "it, so that an ERP that had it has it twice."
    ),
]
CommitWithin = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=86_400,
        metavar="SECONDS",
        help="After how long this ERP shows an order whose answer got lost; before, it is not sent again.",
    ),
]
ChangeByRecall = Annotated[
    bool | None,
    typer.Option(
        "--change-by-recall/--no-change-by-recall",
        help="Have an order recalled and sent anew that is changed after it was sent, where the ERP takes no changes.",
    ),
]
NoTest = Annotated[bool, typer.Option("--no-test", help="Enable it without testing it first.")]


def add_to(root: typer.Typer) -> None:
    """Hang these commands into the tree."""
    app.add_typer(hours.app, name="hours")
    root.add_typer(app, name="connections")


@app.command(epilog="Example: orderflow connections add DROPZONE_JSON_V1 --config sap.json --secret password")
def add(
    connector_type: Annotated[str, typer.Argument(metavar="TYPE", help="See: orderflow connector-types")],
    config: Config = None,
    settings: Set = None,
    secret: Secret = None,
    name: Annotated[str | None, typer.Option(help="A name for people; those of one type are told apart by it.")] = None,
    in_doubt: InDoubt = None,
    commit_within: CommitWithin = None,
    change_by_recall: ChangeByRecall = None,
    no_test: NoTest = False,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Add a connection, test it, and enable it if the test is good. It is kept, DISABLED, if not."""
    with in_organization(org) as place:
        connector = steps.known_connector(place.wiring.connector, connector_type)
        given = gather_config(connector, config, settings or [], secret or [])
        options = _options(in_doubt, commit_within, change_by_recall)
        added = steps.add_connection(
            place.wiring, place.org_id, connector_type, given, caller(), name=name, options=options
        )
        result = None if no_test else test_connection(place.wiring, place.org_id, added, caller())
        if result is None or result.success:
            steps.enable_connection(place.wiring, place.org_id, added, caller())
    _tell("added", added, result, json=json)


@app.command(epilog="Example: orderflow connections edit SAP --set host=sftp.example.com --secret password")
def edit(
    connection: ConnectionName,
    config: Config = None,
    settings: Set = None,
    secret: Secret = None,
    name: Annotated[str | None, typer.Option(help="Another name for people; an empty one: none.")] = None,
    in_doubt: InDoubt = None,
    commit_within: CommitWithin = None,
    change_by_recall: ChangeByRecall = None,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Change settings of a connection; those that are not named stay. Then test it."""
    with in_organization(org) as place:
        found = place.connection_id(connection)
        with place.app.store.work(place.org_id) as work:
            connector = steps.known_connector(place.wiring.connector, work.connections.type_of(found))
        changes = gather_config(connector, config, settings or [], secret or [])
        options = _options(in_doubt, commit_within, change_by_recall) | ({} if name is None else {"name": name or None})
        if not (changes or options):
            hint = "Give --config, --set, --secret, --name, --in-doubt, --commit-within, --change-by-recall."
            raise InputError("Nothing to change.", hint=hint)
        with place.app.store.work(place.org_id) as work:
            stored = steps.stored_target(work, found, changes) if changes else None
        kept = masked(connector, stored.config) if stored else {}
        config_now = kept | changes if changes else None
        steps.edit_connection(place.wiring, place.org_id, found, config_now, caller(), options=options)
        result = test_connection(place.wiring, place.org_id, found, caller())
    _tell("changed", found, result, json=json)


@app.command("list", epilog="Example: orderflow connections list --json")
def list_(org: Org = None, json: AsJson = False, csv: AsCsv = False) -> None:
    """List the connections and how they are."""
    with in_organization(org) as place, place.reading() as reading:
        rows = reading.connection_rows()
    if json:
        print_json(rows)
        return
    columns = {"name": "name", "health": "health", "status": "status", "connector_type": "type"}
    columns |= {"is_default": "default", "waiting": "waiting", "unanswered": "unanswered"}
    columns |= {"opening_hours": "hours", "breaker_error": "error", "id": "id"}
    for row in rows:
        row["health"] = row["proof"] if row["breaker_state"] == "CLOSED" else row["breaker_state"]
        row["opening_hours"] = row["opening_hours"] and ("not now" if row["closed"] else "open")
    empty = "No connections. Add one: orderflow connections add DROPZONE_JSON_V1 --config FILE"
    print_list(rows, columns, csv=csv, empty=empty)


@app.command(epilog="Example: orderflow connections show SAP")
def show(connection: ConnectionName, org: Org = None, json: AsJson = False) -> None:
    """Show one connection: its health, and its configuration with the secrets masked."""
    with in_organization(org) as place:
        found = place.connection_id(connection)
        with place.reading() as reading:
            row = reading.connection_row(found)
        row["config"] = _config_or_reason(place, found)
    if json:
        print_json(row)
    else:
        print_facts(row | {"config": None} | {f"config.{name}": value for name, value in row["config"].items()})


@app.command("test", epilog="Example: orderflow connections test SAP")
def try_(connection: ConnectionName, org: Org = None, json: AsJson = False) -> None:
    """Do at the target what a delivery and a poll do. A good test resumes a paused connection."""
    with in_organization(org) as place:
        found = place.connection_id(connection)
        result = test_connection(place.wiring, place.org_id, found, caller())
    _tell("tested", found, result, json=json)


@app.command(epilog="Example: orderflow connections enable SAP --default")
def enable(
    connection: ConnectionName,
    no_test: NoTest = False,
    default: Annotated[bool, typer.Option("--default", help="Let pushes that name none go here.")] = False,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Let a connection deliver, after a good test."""
    with in_organization(org) as place:
        found = place.connection_id(connection)
        result = None if no_test else test_connection(place.wiring, place.org_id, found, caller())
        if result is None or result.success:
            steps.enable_connection(place.wiring, place.org_id, found, caller())
            if default:
                steps.make_default(place.wiring, place.org_id, found, caller())
    _tell("enabled", found, result, json=json)


@app.command(epilog="Example: orderflow connections disable SAP")
def disable(connection: ConnectionName, org: Org = None, json: AsJson = False) -> None:
    """Stop deliveries over a connection: its orders wait, its answers are still read."""
    with in_organization(org) as place:
        found = place.connection_id(connection)
        steps.disable_connection(place.wiring, place.org_id, found, caller())
    _tell("disabled", found, None, json=json)


@app.command("accept-host-key", epilog="Example: orderflow connections accept-host-key SAP SHA256:AbC… --enable")
def accept_host_key(
    connection: ConnectionName,
    fingerprint: Annotated[
        str | None, typer.Argument(help="What the server's administrator says it is; asked for if left out.")
    ] = None,
    enable: Annotated[bool, typer.Option("--enable", help="Enable the connection if it tests well then.")] = False,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Trust the key that the server shows, once a person has compared its fingerprint. Then test the connection."""
    with in_organization(org) as place:
        found = place.connection_id(connection)
        fingerprint = fingerprint or _ask_for_fingerprint(place, found)
        pin_host_key(place.wiring, place.org_id, found, fingerprint, caller())
        result = test_connection(place.wiring, place.org_id, found, caller())
        if enable and result.success:
            steps.enable_connection(place.wiring, place.org_id, found, caller())
    _tell("trusted", found, result, json=json)


def _options(in_doubt: DoubtPolicy | None, commit_within: int | None, change_by_recall: bool | None) -> dict[str, Any]:
    given: dict[str, Any] = {"in_doubt": in_doubt.value if in_doubt else None, "commit_within": commit_within}
    given["change_by_recall"] = change_by_recall
    return {name: value for name, value in given.items() if value is not None}


def _ask_for_fingerprint(place: Workplace, connection_id: UUID) -> str:
    seen = seen_host_key(place.wiring, place.org_id, connection_id)
    if seen is None:
        return ""  # accept_host_key says that it is trusted already
    err().print(f"The server shows {seen['fingerprint']}", markup=False)
    if not sys.stdin.isatty():
        raise InputError("There is no one to ask.", hint=f"Compare it, then give {seen['fingerprint']} as an argument.")
    typer.confirm("Is this the fingerprint that the server's administrator gave you?", abort=True, err=True)
    return seen["fingerprint"]


def _config_or_reason(place: Workplace, connection_id: UUID) -> dict[str, Any]:
    try:
        return steps.shown_config(place.wiring, place.org_id, connection_id)
    except OrderFlowError as error:
        return {"unreadable": error.message}


def _tell(what: str, connection_id: UUID, result: TestResult | None, *, json: bool) -> None:
    """Say what was done and how the test went; exits with 1 if it went badly."""
    if json:
        print_json({"id": connection_id, "done": what, "test": result})
    elif result is None:
        out().print(f"Connection {connection_id} {what}.")
    elif result.success:
        out().print(f"Connection {connection_id} {what}; the test went well ({result.latency_ms} ms).")
        if note := result.details.get("note"):
            out().print(note, markup=False)
    else:
        _tell_failure(what, connection_id, result)
    if result is not None and not result.success:
        raise typer.Exit(1)


def _tell_failure(what: str, connection_id: UUID, result: TestResult) -> None:
    done = "not enabled" if what == "enabled" else what
    code, hint = result.details.get("code", "TEST_FAILED"), result.details.get("hint", "")
    err().print(f"Connection {connection_id} {done}, but its test failed:", markup=False)
    err().print(Text.assemble(("Error: ", "bold red"), f"{result.error_message} [{code}]\n  → {hint}"))
    if seen := result.details.get("fingerprint"):
        for expected in result.details.get("expected", ()):
            err().print(f"  confirmed was {expected}", markup=False)
        err().print(f"  the server shows {seen}", markup=False)
        err().print(f"  once compared: orderflow connections accept-host-key {connection_id} {seen}", markup=False)
