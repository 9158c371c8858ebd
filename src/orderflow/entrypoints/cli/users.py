"""`orderflow user`: who may sign in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from orderflow.domain.access import Role
from orderflow.domain.errors import InputError, NotFoundError
from orderflow.entrypoints.cli.options import AsCsv, AsJson, Org
from orderflow.entrypoints.cli.output import out, plural, print_json, print_list
from orderflow.entrypoints.cli.workplace import caller, choose, in_organization, opened
from orderflow.flow.people.second_factor import reset
from orderflow.flow.people.users import create_user, set_password, unlock

if TYPE_CHECKING:
    from orderflow.bootstrap import App
    from orderflow.flow.people.sign_in import Account

Email = Annotated[str, typer.Argument(help="The address that the user signs in with.")]
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


@app.command("list", epilog="Example: orderflow user list")
def show(org: Org = None, json: AsJson = False, csv: AsCsv = False) -> None:
    """List who may sign in, of all organizations or of one, and wrong passwords of the last day."""
    with opened() as app:
        organizations = app.system.organizations()
        if org is not None:
            org_id, slug = choose(organizations, org)
            organizations = {slug: org_id}
        rows = [row for slug, org_id in organizations.items() for row in _users(app, slug, org_id)]
    if json:
        print_json(rows)
        return
    columns = {"email": "user", "role": "role", "org": "organization", "active": "active"}
    columns |= {"last_login_at": "last sign-in", "wrong_passwords": "wrong passwords"}
    print_list(rows, columns, csv=csv, empty="There are no users yet: orderflow user create")


@app.command("reset-password", epilog="Example: orderflow user reset-password admin@acme.example")
def reset_password(email: Email, json: AsJson = False) -> None:
    """Give a user another password, asked for or read from the variable ORDERFLOW_PASSWORD; it ends their sessions.

    For who has lost theirs, the last administrator too. Wrong passwords are forgotten.
    """
    with opened() as app:
        user = _named(app, email)
        password = os.environ.get("ORDERFLOW_PASSWORD") or _asked()
        set_password(app.store, app.passwords, user.org_id, user.id, caller(), password)
        app.sources.forget_failures(user.email)
    if json:
        print_json({"id": user.id, "email": user.email, "active": user.active})
    else:
        out().print(f"{user.email} signs in with the new password." if user.active else _INACTIVE.format(user.email))


@app.command("unlock", epilog="Example: orderflow user unlock admin@acme.example")
def unlock_user(email: Email, json: AsJson = False) -> None:
    """Forget wrong passwords and codes of a user, after which one has to wait before trying again (RATE_LIMITED)."""
    with opened() as app:
        user = _named(app, email)
        places = unlock(app.store, app.sources, user.org_id, user.id, caller())
        places = max(places, app.code_limits.forget_failures(user.id))
    if json:
        print_json({"id": user.id, "email": user.email, "active": user.active, "places": places})
    else:
        out().print(f"Wrong passwords from {plural(places, 'place')} forgotten; {user.email} need not wait.")
        if not user.active:
            out().print(_INACTIVE.format(user.email))


@app.command("reset-second-factor", epilog="Example: orderflow user reset-second-factor admin@acme.example")
def reset_second_factor(email: Email, json: AsJson = False) -> None:
    """Take a user's second factor away, for who has lost phone and recovery codes; it ends their sessions."""
    with opened() as app:
        user = _named(app, email)
        reset(app.store, user.org_id, user.id, caller())
        app.code_limits.forget_failures(user.id)
    if json:
        print_json({"id": user.id, "email": user.email, "had_one": user.second_factor})
    elif user.second_factor:
        out().print(f"{user.email} signs in with the password alone, and may set up another second factor.")
    else:
        out().print(f"{user.email} has no second factor.")


_INACTIVE = "{} is not active, and may not sign in: an administrator may change that."


def _named(app: App, email: str) -> Account:
    user = app.accounts.by_email(email.strip())
    if user is None:
        raise NotFoundError(f"There is no user {email!r}.", hint="orderflow user list shows all.")
    return user


def _users(app: App, slug: str, org_id: UUID) -> Iterator[dict[str, Any]]:
    with app.store.work(org_id) as work:
        users = work.users.all()
    for user in users:
        yield {
            "id": user.id,
            "org": slug,
            "email": user.email,
            "name": user.name,
            "role": user.role,
            "active": user.active,
            "last_login_at": user.last_login_at,
            "wrong_passwords": app.sources.failures(user.email),
        }


def _asked() -> str:
    if not sys.stdin.isatty():
        raise InputError("There is no password.", hint="Set ORDERFLOW_PASSWORD, or run this on a terminal.")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
