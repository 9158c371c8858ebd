"""`orderflow demo`: watch the main job."""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from orderflow.domain.errors import InputError


class Receiver(StrEnum):
    """What the demo's ERP does with a file: takes it away at once, or leaves it there."""

    TAKE = "take"
    KEEP = "keep"


class ERP(StrEnum):
    """A real ERP that the demo can set up."""

    TRYTON = "tryton"
    ODOO = "odoo"


class Way(StrEnum):
    """How orders get to the demo's ERP, and its answers back."""

    SFTP = "sftp"
    AS2 = "as2"


def add_to(app: typer.Typer) -> None:
    """Hang this command into the tree."""
    app.command(epilog="Example: orderflow demo --once --orders orders.jsonl")(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="End when all is done, and clean up; else stay up.")] = False,
    orders: Annotated[
        str | None, typer.Option(metavar="FILE", help="Orders of your own instead of the sample.")
    ] = None,
    home: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the demo keeps its things.")] = None,
    receiver: Annotated[Receiver, typer.Option(help="Whether the ERP takes files away or keeps them.")] = Receiver.TAKE,
    erp: Annotated[
        ERP | None, typer.Option(help="Deliver to a real ERP, set up for this demo: minutes the first time.")
    ] = None,
    channel: Annotated[
        Way, typer.Option(help="Deliver over SFTP, or over AS2 to a partner's server: a minute the first time.")
    ] = Way.SFTP,
    as2_python: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A Python that has django-pyas2, the partner's server; else one is made."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the web address while it stays up; 0: any.")] = 8000,
) -> None:
    """Watch orders travel over real SFTP or AS2 to a small ERP, or into a real one, and its answers come back.

    Exits with 0 only if every order is accounted for: CONFIRMED, ERROR with the ERP's reason, or SENT and awaiting an
    answer, by name.
    """
    from orderflow.entrypoints.api.page import page_folder
    from orderflow.entrypoints.cli.workplace import Workplace
    from orderflow.entrypoints.demo.accounts import TakingERP
    from orderflow.entrypoints.demo.login import demo_login
    from orderflow.entrypoints.demo.over_as2 import running_as2_demo
    from orderflow.entrypoints.demo.real_erp import running_real_demo
    from orderflow.entrypoints.demo.run import DemoOptions, deliver_all, demo_home, running_demo
    from orderflow.entrypoints.demo.screen import Screen
    from orderflow.entrypoints.serving import listening, serve_app, url_of

    if orders is not None and not Path(orders).is_file():
        raise InputError(f"There is no file {orders!r}.", hint="Check the path given to --orders.")
    if erp is not None and channel is not Way.SFTP:
        raise InputError("A real ERP is spoken to by its own API.", hint="Leave out --erp or --channel.")
    socket = None if once else listening("127.0.0.1", port)
    screen = Screen()
    # What another maker's server knows goes with its demo, so that one has a home that goes with it too.
    with ExitStack() as stack:
        folder = stack.enter_context(demo_home(home, once=once or erp is not None or channel is Way.AS2))
        place: Workplace
        target: TakingERP
        if channel is Way.AS2:
            place, target = stack.enter_context(running_as2_demo(folder, receiver, as2_python, screen))
        elif erp is None:
            place, target = stack.enter_context(running_demo(folder, receiver, screen))
        else:
            place, target = stack.enter_context(running_real_demo(folder, erp, orders, screen))
        account = deliver_all(place, target, DemoOptions(orders, receiver), screen)
        screen.sum_up(account)
        if socket is not None:
            email, password = demo_login(place.app, place.org_id)
            page = (
                url_of(socket) if page_folder() else f"{url_of(socket)}/api/v1 (the page is not built: make frontend)"
            )
            screen.say(f"Staying up: {page}; sign in as {email} with {password}; Ctrl-C ends it.")
            serve_app(place.app, socket)
    if account.missing:
        raise typer.Exit(1)
