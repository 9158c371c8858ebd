"""The demo over AS2: a partner's server of another maker before the ERP, and an address of ours for its answers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

from orderflow.domain.errors import InputError
from orderflow.entrypoints.cli.workplace import Workplace, opened
from orderflow.entrypoints.demo.erp_process import ERPFolders, running_behind_gateway
from orderflow.entrypoints.demo.erps.as2_gateway import PACKAGES, THEIRS, As2Gateway
from orderflow.entrypoints.demo.erps.own_python import own_python
from orderflow.entrypoints.demo.run import ACTOR, ORG, demo_settings, enable_tested, organization, packages_home
from orderflow.entrypoints.demo.screen import Screen
from orderflow.entrypoints.serving import serving_aside
from orderflow.flow.setup import connections as steps

NAME = "ERP over AS2"
_HINT = "Leave out --as2-python: the demo then makes one."


@contextmanager
def running_as2_demo(
    home: Path, receiver: str, python: Path | None, screen: Screen
) -> Iterator[tuple[Workplace, ERPFolders]]:
    """Start ERP, partner and database, and serve our own address, to which the partner sends the ERP's answers.

    Args:
        python: A Python that has django-pyas2; None: one of its own is made, and kept for the next demo.

    Raises:
        InputError: `python` cannot be used.
        OrderFlowError: Something did not start, or django-pyas2 cannot be installed.
    """
    with ExitStack() as stack:
        erp = stack.enter_context(running_behind_gateway(home / "erp", receiver))
        python = _checked(python) if python else _own_python(screen)
        folders = erp.root / "domestic"
        gateway = As2Gateway(home / "gateway", python, folders / "orders", folders / "answers")
        stack.enter_context(gateway)
        screen.say(f"ERP: behind a partner's AS2 server, django-pyas2, on {gateway.url}, in a process of its own")
        app = stack.enter_context(opened(demo_settings(home)))
        place = Workplace(app, organization(app), ORG)
        screen.say(f"OrderFlow: embedded PostgreSQL in {home}")
        connection_id = _connect(place, gateway, screen)
        ours = f"{stack.enter_context(serving_aside(app))}/as2/{connection_id}"
        gateway.answer_to(ours)
        screen.say(f"the partner sends the ERP's answers to {ours}")
        yield place, erp


def _own_python(screen: Screen) -> Path:
    screen.say("django-pyas2 gets a Python of its own; the first time this takes a minute")
    return own_python(packages_home() / "as2", PACKAGES)


def _checked(python: Path) -> Path:
    try:
        found = subprocess.run([python, "-c", "import pyas2"], capture_output=True, check=False)  # noqa: S603  # no shell
    except OSError as error:
        raise InputError(f"{python} cannot be run: {error.strerror}.", hint=_HINT) from None
    if found.returncode:
        raise InputError(f"{python} has no django-pyas2.", hint=_HINT)
    return python


def _connect(place: Workplace, gateway: As2Gateway, screen: Screen) -> UUID:
    """Add, test and enable the connection, or give one of an earlier demo the new address and keys."""
    wiring, org_id, config = place.wiring, place.org_id, gateway.connection()
    with place.reading() as reading:
        known = {connection.name: connection.id for connection in reading.connections()}
    connection_id = known.get(NAME)
    if connection_id:
        steps.edit_connection(wiring, org_id, connection_id, config, ACTOR)
    else:
        connection_id = steps.add_connection(wiring, org_id, "DROPZONE_JSON_V1", config, ACTOR, name=NAME)
    screen.say(f"certificates exchanged; {THEIRS} wants messages signed, encrypted, and signs its receipts")
    enable_tested(place, connection_id, screen)
    return connection_id
