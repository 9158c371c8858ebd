"""`orderflow user`: who may sign in."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from orderflow.domain.access import Role
from orderflow.domain.errors import InputError
from orderflow.entrypoints.cli.options import AsJson, Org
from orderflow.entrypoints.cli.output import out, print_json
from orderflow.entrypoints.cli.workplace import caller, in_organization
from orderflow.flow.people.users import create_user

app = typer.Typer(help="Who may sign in to the page and the API.", no_args_is_help=True)


def add_to(root: typer.Typer) -> None:
    """Hang these commands into the tree."""
    root.add_typer(app, name="user")


@app.command(epilog="Example: orderflow user create admin@acme.example --role ADMIN")
def create(
    email: Annotated[str, typer.Argument(help="The address to sign in with.")],
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.ADMIN,
    name: Annotated[str | None, typer.Option(help="For people.")] = None,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Add a user. The password is asked for, or read from the variable ORDERFLOW_PASSWORD."""
    password = os.environ.get("ORDERFLOW_PASSWORD") or _asked()
    with in_organization(org) as place:
        user = create_user(
            place.app.store,
            place.app.passwords,
            place.org_id,
            caller(),
            email=email,
            password=password,
            role=role,
            name=name,
        )
    if json:
        print_json({"id": user.id, "email": user.email, "role": user.role, "org": place.slug})
    else:
        out().print(f"{user.email} may sign in as {user.role} of {place.slug}.")


def _asked() -> str:
    if not sys.stdin.isatty():
        raise InputError("There is no password.", hint="Set ORDERFLOW_PASSWORD, or run this on a terminal.")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
