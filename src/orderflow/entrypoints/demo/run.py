"""The demo's way: ERP up, connection made, orders in, orders out, answers back, all accounted for."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from uuid import UUID

from orderflow.bootstrap import App
from orderflow.domain.delivery import TestResult
from orderflow.domain.errors import InputError, OrderFlowError
from orderflow.domain.order_keys import OnDuplicate
from orderflow.domain.states import FITTING, OPEN
from orderflow.engine.threads import Engine
from orderflow.entrypoints.cli.importing import import_orders
from orderflow.entrypoints.cli.workplace import Workplace, opened
from orderflow.entrypoints.demo.accounts import Account, TakingERP, account_for
from orderflow.entrypoints.demo.erp_process import RunningERP, running_erp
from orderflow.entrypoints.demo.screen import Screen
from orderflow.flow.ports import Actor
from orderflow.flow.setup import connections as steps
from orderflow.flow.setup.host_key import accept_host_key
from orderflow.flow.setup.probe import test_connection
from orderflow.flow.setup.routes import save_rules
from orderflow.postgres.home import default_home
from orderflow.settings import Settings

ORG = "demo"
ACTOR = Actor("demo")
WAYS = {"ERP": "domestic", "ERP abroad": "abroad"}
"""The connections by name, and the plant of the ERP that each leads to; the first is the default one."""

ABROAD = {"field": "ship_to.country", "operator": "!=", "value": "DE"}
QUIET = 5.0
"""Seconds without a change after which no further answer is expected; the ERP thinks for less."""

STUCK = 30.0
"""Seconds without a change after which undelivered orders are given up on."""


@dataclass(frozen=True)
class DemoOptions:
    """What to show: `orders` a file or None for the bundled sample; `receiver` take or keep."""

    orders: str | None = None
    receiver: str = "take"


@contextmanager
def demo_home(home: Path | None, *, once: bool) -> Iterator[Path]:
    """Give the demo a home of its own: the one named, a temporary one for `once`, or one beside the default."""
    if home is None and once:
        folder = Path(tempfile.mkdtemp(prefix="orderflow-demo-"))
        folder.chmod(0o711)  # run by root, the database works as another user and has to pass
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    else:
        folder = (home or default_home().with_name(f"{default_home().name}-demo")).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        yield folder


def demo_settings(home: Path) -> Settings:
    """Return settings of which nothing reaches beyond `home`, whatever the environment says; and a quick pace."""
    return Settings.load(
        orderflow_home=home,
        orderflow_key_file=home / "master.key",
        database_url=None,
        database_admin_url=None,
        encryption_master_key=None,
        encryption_previous_keys=[],
        object_storage_endpoint=None,
        object_storage_access_key=None,
        object_storage_secret_key=None,
        object_storage_bucket=None,
        allowed_networks=["public", "private", "127.0.0.0/8", "::1"],  # its ERP is on this machine
        allowed_folders=[str(home / "erp")],
        ack_poll_seconds=1,
        sweep_seconds=1,
    )


@contextmanager
def running_demo(home: Path, receiver: str, screen: Screen) -> Iterator[tuple[Workplace, RunningERP]]:
    """Start the ERP, the database and the engine; the connections between them are made as users make them."""
    with ExitStack() as stack:
        erp = stack.enter_context(running_erp(home / "erp", receiver))
        screen.say(f"ERP: a real SFTP server on {erp.host}:{erp.port}, in a process of its own")
        app = stack.enter_context(opened(demo_settings(home)))
        place = Workplace(app, organization(app), ORG)
        screen.say(f"OrderFlow: embedded PostgreSQL in {home}")
        _connect(place, erp, screen)
        yield place, erp


def deliver_all(place: Workplace, erp: TakingERP, options: DemoOptions, screen: Screen) -> Account:
    """Import, approve and push the orders, wait for the ERP's answers, and account for every order.

    Raises:
        InputError: The file cannot be read or holds no orders.
    """
    screen.say(f"importing {options.orders or 'the sample orders'}, approving and pushing what is READY …")
    with orders_file(options.orders) as file:
        report = import_orders(place, file, approve=True, push=True, quiet=False, on_duplicate=OnDuplicate.NEW)
    if not report.order_ids:
        line, fault = report.bad_lines[0]
        raise InputError(f"{options.orders} holds no order that can be read; line {line}: {fault.message}")
    screen.say(f"{len(report.order_ids)} orders imported, {report.approved} approved, {report.pushed} pushed")
    started = time.monotonic()
    engine = Engine(place.app)
    engine.start()
    try:
        last_change = _watch(place, report.order_ids, screen)
    finally:
        engine.stop()
    return account_for(place, erp, report, last_change - started)


def _watch(place: Workplace, order_ids: list[UUID], screen: Screen) -> float:
    """Show the orders' states until they move no more; returns when the last one moved (`time.monotonic()`)."""
    counts: dict[str, int] = {}
    changed = time.monotonic()
    with screen.live(len(order_ids)) as show:
        while True:
            with place.reading() as reading:
                before, counts = counts, reading.status_counts(order_ids)
            show(counts)
            if counts != before:
                changed = time.monotonic()
            quiet = time.monotonic() - changed
            open_orders = {status for status in counts if status in [FITTING[export] for export in OPEN]}
            if not open_orders or quiet > (STUCK if "PUSHING" in open_orders else QUIET):
                return changed
            time.sleep(0.2)


def organization(app: App) -> UUID:
    """Return the demo's organization."""
    known = app.system.organizations()
    return known.get(ORG) or app.create_organization(ORG, "Demo GmbH")


def _connect(place: Workplace, erp: RunningERP, screen: Screen) -> None:
    """Make a connection to each plant, as a user does, and a rule for what goes to the second."""
    ways = {name: _connect_plant(place, erp, name, plant, screen) for name, plant in WAYS.items()}
    rule = {"name": "Abroad", "when": ABROAD, "connection_id": str(ways["ERP abroad"])}
    save_rules(place.app.store, place.org_id, [rule], ACTOR)
    screen.say("two connections of one type; a rule sends what ships abroad over “ERP abroad”, all else over “ERP”")


def _connect_plant(place: Workplace, erp: RunningERP, name: str, plant: str, screen: Screen) -> UUID:
    """Do what a user does: add, test, compare the host key, accept it, test again, enable."""
    wiring, org_id, config = place.wiring, place.org_id, erp.connection(plant)
    with place.reading() as reading:
        known = {connection.name: connection.id for connection in reading.connections()}
    if name in known:  # from an earlier demo, whose server had another port and key
        connection_id = known[name]
        steps.edit_connection(wiring, org_id, connection_id, config, ACTOR)
    else:
        connection_id = steps.add_connection(wiring, org_id, "DROPZONE_JSON_V1", config, ACTOR, name=name)
    result = test_connection(wiring, org_id, connection_id, ACTOR)
    screen.say(f"{name}: first test: {result.error_message} [{result.details.get('code')}]")
    screen.say(f"the ERP's administrator names the fingerprint {erp.fingerprint}: compared and accepted")
    accept_host_key(wiring, org_id, connection_id, erp.fingerprint, ACTOR)
    result = test_connection(wiring, org_id, connection_id, ACTOR)
    if not result.success:
        raise test_failed(result)
    screen.say(f"{name}: second test: good, {result.latency_ms} ms; connection enabled")
    steps.enable_connection(wiring, org_id, connection_id, ACTOR)
    return connection_id


def enable_tested(place: Workplace, connection_id: UUID, screen: Screen) -> None:
    """Test a connection and enable it. Raises OrderFlowError: the test failed."""
    result = test_connection(place.wiring, place.org_id, connection_id, ACTOR)
    if not result.success:
        raise test_failed(result)
    screen.say(f"test: good, {result.latency_ms} ms; connection enabled")
    steps.enable_connection(place.wiring, place.org_id, connection_id, ACTOR)


def packages_home() -> Path:
    """Return where other programs' packages are kept from one demo to the next."""
    return default_home().with_name(f"{default_home().name}-erps")


def test_failed(result: TestResult) -> OrderFlowError:
    """Return the error for a test of the demo's own connection that should have passed."""
    return OrderFlowError(
        f"The connection to the demo's own ERP does not work: {result.error_message}",
        code=result.details.get("code"),
        hint=result.details.get("hint"),
    )


@contextmanager
def orders_file(named: str | None) -> Iterator[str]:
    """Give the path of the file named, or of the bundled sample."""
    if named is not None:
        yield named
        return
    with resources.as_file(resources.files("orderflow.entrypoints.demo") / "sample_orders.jsonl") as sample:
        yield str(sample)
