"""`orderflow db` and `orderflow org`: the tables, and who has rows in them."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated

import typer

from orderflow.domain.errors import InputError, StateError
from orderflow.entrypoints.cli.options import AsJson
from orderflow.entrypoints.cli.output import err, out, print_json, print_table
from orderflow.entrypoints.cli.workplace import opened

db = typer.Typer(help="The database's tables.", no_args_is_help=True)
org = typer.Typer(help="Organizations: each sees nothing but its own.", no_args_is_help=True)
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@db.command(epilog="Example: DATABASE_ADMIN_URL=postgresql://owner@db/orderflow orderflow db upgrade")
def upgrade() -> None:
    """Bring the database to the tables that this version needs. Safe to repeat; the embedded one does it by itself."""
    from orderflow.settings import Settings
    from orderflow.storage.tables.migrations import upgrade as apply

    settings = Settings.load()
    if settings.admin_url:
        apply(settings.admin_url, partial(err().print, markup=False))
    else:
        with opened(settings):
            pass
    out().print("The database is up to date.")


@db.command(epilog="Example: orderflow db status --json")
def status(json: AsJson = False) -> None:
    """Say at which revision the database is, and which one is needed; exits with 1 if they differ."""
    from orderflow.postgres.embedded import EmbeddedPostgres
    from orderflow.settings import Settings
    from orderflow.storage.database import Database
    from orderflow.storage.tables.migrations import current_and_head

    settings = Settings.load()
    embedded = None if settings.database_url else EmbeddedPostgres(settings.orderflow_home)
    if embedded is not None:
        embedded.start()
    database = Database(embedded.url("orderflow_app") if embedded else settings.app_url, settings.admin_url)
    try:
        with database.system() as connection:
            current, needed = current_and_head(connection)
    finally:
        database.close()
        if embedded is not None:
            embedded.stop_if_unused()
    if json:
        print_json({"current": current, "needed": needed})
    else:
        out().print(f"Revision {current or 'none'}; this version needs {needed}.")
    if current != needed:
        raise typer.Exit(1)


@org.command(epilog='Example: orderflow org create acme --name "Acme GmbH"')
def create(
    slug: Annotated[str, typer.Argument(help="Short name: lower-case letters, digits and hyphens.")],
    name: Annotated[str | None, typer.Option(help="The name for people.")] = None,
    json: AsJson = False,
) -> None:
    """Make an organization."""
    from sqlalchemy.exc import IntegrityError

    if not _SLUG.fullmatch(slug):
        raise InputError(f"{slug!r} is no short name.", hint="Use a to z, 0 to 9 and hyphens, as acme or acme-west.")
    with opened() as app:
        try:
            org_id = app.create_organization(slug, name)
        except IntegrityError:
            raise StateError(f"There is an organization {slug!r} already.", hint="Choose another name.") from None
    if json:
        print_json({"id": org_id, "slug": slug})
    else:
        out().print(f"Organization {slug} made ({org_id}).")


@org.command("list", epilog="Example: orderflow org list --json")
def list_(json: AsJson = False) -> None:
    """List the organizations."""
    with opened() as app:
        rows = [{"id": org_id, "slug": slug} for slug, org_id in app.system.organizations().items()]
    if json:
        print_json(rows)
    else:
        print_table(rows, {"slug": "slug", "id": "id"}, empty="No organizations. Make one: orderflow org create acme")
