"""`orderflow config`: what is set, where it is from, and whether it can be used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import SecretStr

from orderflow.entrypoints.cli.options import AsJson
from orderflow.entrypoints.cli.output import err, out, print_facts, print_json, print_table

if TYPE_CHECKING:
    from orderflow.settings import Settings

app = typer.Typer(help="The settings of this process: environment, files, defaults.", no_args_is_help=True)
MASKED = "••••••••"


def add_to(root: typer.Typer) -> None:
    """Hang these commands into the tree."""
    root.add_typer(app, name="config")


@app.command(epilog="Example: orderflow config check")
def check(json: AsJson = False) -> None:
    """Check the settings as a start does, without connecting to anything.

    Exits with 2 if something cannot be used, and names all of it. What is only doubtful is told.
    """
    from orderflow.settings import Settings

    settings = Settings.load()
    _need_secrets(settings)
    doubts = list(_doubts(settings))
    facts = {"database": settings.database_name, "broker": _broker(settings), "documents": _documents(settings)}
    if json:
        print_json({"usable": True, "doubts": doubts, **facts})
        return
    for doubt in doubts:
        err().print(doubt, markup=False)
    out().print("The settings can be used.")
    print_facts(facts)


@app.command(epilog="Example: orderflow config show --all")
def show(
    everything: Annotated[bool, typer.Option("--all", help="Also what is as it comes.")] = False,
    json: AsJson = False,
) -> None:
    """Print the settings and where each is from: environment, .env, the file of a secret, or default.

    Secrets are masked. Of what cannot be used nothing is shown but what is wrong: see `orderflow config check`.
    """
    from orderflow.settings import Settings

    settings = Settings.load()
    sources = settings.sources()
    rows = [
        {"name": name, "value": shown(getattr(settings, field)), "from": sources.get(name, "default")}
        for name, field in settings.variables().items()
        if everything or name in sources
    ]
    rows += [{"name": one.name, "value": one.sentence, "from": "nobody reads it"} for one in settings.unknown()]
    if json:
        print_json(rows)
    else:
        columns = {"name": "setting", "value": "value", "from": "from"}
        print_table(rows, columns, empty="Nothing is set: everything is as it comes.")


def shown(value: Any) -> Any:
    """Return a setting's value for a person; of a secret that it is there, of an address where it leads."""
    from orderflow.server_tls import shown_url

    match value:
        case SecretStr():
            secret = value.get_secret_value()
            return shown_url(secret) if "://" in secret else MASKED
        case str() if "://" in value:
            return shown_url(value)
        case list():
            return ", ".join(str(shown(one)) for one in value) or None
        case None | bool() | int() | float():
            return value
        case _:
            return str(value)


def _need_secrets(settings: Settings) -> None:
    """Make sure that a database of one's own has its secrets; beside the embedded one they are made at the start.

    Raises:
        OrderFlowError: One is missing.
    """
    if settings.database_url:
        settings.encryption()
        settings.token_secret()
        settings.pepper()


def _doubts(settings: Settings) -> Iterator[str]:
    from orderflow.server_tls import unverified

    yield from (f"{one.sentence}." for one in settings.unknown())
    urls = {"DATABASE_URL": settings.app_url, "CELERY_BROKER_URL": settings.broker_url}
    if settings.database_admin_url:
        urls["DATABASE_ADMIN_URL"] = settings.admin_url
    for name, url in urls.items():
        if url and (host := unverified(url)):
            yield f"{name} leads to {host}, and nobody checks whose server that is: see TLS in docs/operations.md."
    if settings.database_url and settings.offer_mock:
        yield "ORDERFLOW_OFFER_MOCK is true: a connection of type MOCK takes orders and keeps none."


def _broker(settings: Settings) -> str | None:
    return str(shown(SecretStr(settings.broker_url))) if settings.broker_url else None


def _documents(settings: Settings) -> str:
    if settings.object_storage_endpoint:
        return f"{settings.object_storage_endpoint}/{settings.object_storage_bucket}"
    return settings.object_storage_bucket or str(settings.orderflow_home / "objects")
