"""What ERPs send by themselves: `orderflow connections answer-token`, `orderflow acks arrived` and `put-aside`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from orderflow.entrypoints.cli.options import AsJson, ConnectionName, Org
from orderflow.entrypoints.cli.output import cell, err, out, print_json, print_told
from orderflow.entrypoints.cli.workplace import caller, in_organization
from orderflow.flow.answers.look_into import put_aside
from orderflow.flow.setup.answer_token import make_answer_token, revoke_answer_token


def add_to(connections: typer.Typer, acks: typer.Typer) -> None:
    """Hang these commands into the trees of connections and answers."""
    connections.command("answer-token", epilog="Example: orderflow connections answer-token SAP")(answer_token)
    acks.command(epilog="Example: orderflow acks arrived SAP")(arrived)
    acks.command("put-aside", epilog="Example: orderflow acks put-aside SAP 0190c0de-…")(let_be)


def answer_token(
    connection: ConnectionName,
    revoke: Annotated[bool, typer.Option("--revoke", help="End the token that there is instead.")] = False,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Make the token with which the ERP may send its answers by itself; any former one ends. It is shown this once."""
    with in_organization(org) as place:
        found = place.connection_id(connection)
        if revoke:
            revoke_answer_token(place.wiring, place.org_id, found, caller())
        token = None if revoke else make_answer_token(place.wiring, place.org_id, found, caller())
    path = f"/api/v1/answers/{found}"
    if json:
        print_json({"id": found, "token": token, "path": path})
    elif token is None:
        out().print("The token has ended.")
    else:
        out().print(token, markup=False)
        err().print(f"Have the ERP POST its answers to {path} with Authorization: Bearer and this.", markup=False)


def arrived(
    connection: ConnectionName,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Answers at most.")] = 50,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """List what the ERP sent by itself, newest first, and what became of each."""
    with in_organization(org) as place:
        found = place.connection_id(connection)
        with place.reading() as reading:
            rows = reading.arrived(found, limit)
    if json:
        print_json(rows)
        return
    if not rows:
        err().print("Nothing came by itself to this connection.")
    for row in rows:
        again = f", read again {cell(row['next_read_at']).plain}" if row["next_read_at"] else ""
        told = f"{row['told']}\n" if row["told"] else ""
        print_told((row["received_at"], row["verdict"], row["name"]), f"{told}id {row['id']}{again}")


def let_be(
    connection: ConnectionName,
    answer: Annotated[UUID, typer.Argument(help="Its id, of `orderflow acks arrived`.")],
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Let an answer be that nobody understood: it is told no more, and its content is deleted."""
    with in_organization(org) as place:
        put_aside(place.app.store, place.org_id, place.connection_id(connection), answer, caller())
    print_json({"id": answer, "done": "put aside"}) if json else out().print("It is put aside.")
