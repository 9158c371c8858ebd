"""Several connections of one type, told apart by name: in the command line, and in a program that embeds us."""

from __future__ import annotations

import json
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderflow import DraftOrder, DraftOrderLine, EncryptionService, PushOrchestrator, PushServiceError
from orderflow.bootstrap import App, open_app
from orderflow.entrypoints.cli import main
from orderflow.secrets.keys import generate_key
from orderflow.settings import Settings
from orderflow.storage.tables.models import ERPConnection
from orderflow.testing.engine import an_order

ORDER: dict[str, Any] = {"currency": "EUR", "customer": {"erp_customer_number": "4711"}}
ORDER |= {"lines": [{"line_no": 1, "internal_sku": "A", "qty": 1, "uom": "PCE"}]}


@pytest.fixture
def app(app_url, admin_url, monkeypatch, tmp_path):
    monkeypatch.setenv("ENCRYPTION_MASTER_KEY", generate_key())
    monkeypatch.setenv("DATABASE_URL", app_url)
    monkeypatch.setenv("DATABASE_ADMIN_URL", admin_url)
    monkeypatch.setenv("ORDERFLOW_HOME", str(tmp_path))
    with closing(open_app(Settings())) as app:
        yield app


def embedded(app: App, *names: str | None) -> Any:
    org_id = app.create_organization("acme")
    with app.session(org_id) as session:
        for name in names:
            sealed = EncryptionService.encrypt_config({"mode": "success"})
            session.add(ERPConnection(org_id=org_id, connector_type="MOCK", name=name, config_encrypted=sealed))
            session.commit()
    return org_id


def new_order() -> DraftOrder:
    return an_order(external_order_number=None, lines=[DraftOrderLine(1, internal_sku="A", qty=Decimal(1), uom="PCE")])


def pushed_to(session: Any, org_id: Any, **way: Any) -> str | None:
    row = PushOrchestrator(session).push_order(org_id, new_order(), **way)
    assert row.status == "SUCCESS"
    log = session.connection().exec_driver_sql(
        "SELECT c.name FROM erp_connection c JOIN erp_export e ON e.connection_id = c.id WHERE e.id = %s",
        (row.erp_export_id,),
    )
    name: str | None = log.scalar_one()
    return name


def test_a_program_pushes_to_the_default_of_several_and_by_type(app):
    org_id = embedded(app, "Köln", "Izmir")
    with app.session(org_id) as session:
        assert pushed_to(session, org_id) == "Köln"
        assert pushed_to(session, org_id, connector_type="MOCK") == "Köln"
        with pytest.raises(PushServiceError, match="No active ERP connector configured"):
            PushOrchestrator(session).push_order(org_id, new_order(), connector_type="OTHER")


def test_a_program_is_told_which_connections_there_are_if_none_is_the_default(app):
    org_id = embedded(app, "Köln", "Izmir", "Lyon")
    with app.session(org_id) as session:
        session.query(ERPConnection).filter_by(name="Köln").one().status = "DISABLED"
        session.query(ERPConnection).filter_by(name="Köln").one().is_default = False
        session.commit()
        with pytest.raises(PushServiceError, match=r"none of them is the default: Izmir, Lyon\.") as caught:
            PushOrchestrator(session).push_order(org_id, new_order())
        assert caught.value.code == "WHICH_CONNECTION"
        assert [one["name"] for one in caught.value.details["connections"]] == ["Izmir", "Lyon"]
        lyon = session.query(ERPConnection).filter_by(name="Lyon").one().id
        assert pushed_to(session, org_id, connection_id=lyon) == "Lyon"


def test_the_command_line_names_them(app, capsys, monkeypatch, tmp_path):
    app.create_organization("acme")
    orders = tmp_path / "orders.jsonl"
    orders.write_text("\n".join(json.dumps(ORDER | {"external_order_number": f"PO-{number}"}) for number in (1, 2)))

    def run(*arguments: str, exits: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        assert ended.value.code == exits
        captured = capsys.readouterr()
        return f"{captured.out}{captured.err}"

    for name in ("Köln", "Izmir"):
        run("connections", "add", "MOCK", "--set", "mode=success", "--name", name, "--no-test")
    assert "NAME_TAKEN" in run("connections", "add", "MOCK", "--set", "mode=success", "--name", "IZMIR", exits=3)
    assert "2 connections are called 'MOCK': Köln, Izmir." in run("connections", "test", "MOCK", exits=3)
    run("orders", "import", str(orders), "--approve")
    run("connections", "edit", "izmir", "--name", "Smyrna")
    assert "1 SENT" in run("push", "PO-1", "--connection", "SMYRNA", "--wait")
    listed = json.loads(run("exports", "list", "--json"))
    assert [row["connection_name"] for row in listed] == ["Smyrna"]
    run("connections", "add", "MOCK", "--set", "mode=success", "--name", "Lyon", "--no-test")
    run("connections", "disable", "Köln")
    told = run("push", "PO-2", exits=3)
    assert "WHICH_CONNECTION" in told
    assert "Smyrna, Lyon" in told


def test_rules_are_set_tried_and_followed_on_the_command_line(
    app: App, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    app.create_organization("acme")
    orders, rules = tmp_path / "orders.jsonl", tmp_path / "rules.json"
    countries = ("TR", "FR")
    lines = [ORDER | {"external_order_number": f"PO-{one}", "ship_to": {"country": one}} for one in countries]
    orders.write_text("\n".join(map(json.dumps, lines)))
    turkey = {"field": "ship_to.country", "operator": "=", "value": "tr"}

    def run(*arguments: str, exits: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        assert ended.value.code == exits
        captured = capsys.readouterr()
        return f"{captured.out}{captured.err}"

    for name in ("Berlin", "Izmir", "Lyon"):
        run("connections", "add", "MOCK", "--set", "mode=success", "--name", name, "--no-test")
    run("connections", "disable", "Berlin")
    run("orders", "import", str(orders), "--approve")
    rules.write_text(json.dumps([{"name": "Turkey", "when": turkey, "connection": "izmir"}]))
    assert "1 rule saved" in run("routes", "set", str(rules))
    assert "Turkey" in run("routes", "list")
    assert "It goes to Izmir, by the rule 'Turkey'." in run("routes", "test", "PO-TR")
    assert "[NO_ROUTE]" in run("routes", "test", "PO-FR")
    assert "1 order of these wait for a route" in run("push", "PO-TR", "PO-FR")
    assert "1 waiting for a route" in run("push", "PO-FR", "--wait", exits=1)
    told = json.loads(run("push", "PO-FR", "--wait", "--json", exits=1).rpartition("}")[0] + "}")
    assert (told["exports"], len(told["waiting"])) == ([], 1)
    saved = tmp_path / "saved.json"
    saved.write_text(run("routes", "list", "--json"))
    assert "1 rule saved" in run("routes", "set", str(saved))
    rules.write_text(
        json.dumps([{"name": "Turkey", "when": {**turkey, "field": "ship_to country"}, "connection": "Lyon"}])
    )
    assert "rules[0].when.field" in run("routes", "set", str(rules), exits=2)
