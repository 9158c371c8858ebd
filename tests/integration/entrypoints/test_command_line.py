"""Commands in this process, on a real database: what they refuse, how they say it, and with which exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from sqlalchemy import text

import orderflow
from orderflow.bootstrap import open_app
from orderflow.domain.orders import HEADER
from orderflow.engine.jobs import DELIVER, take_turn
from orderflow.entrypoints.cli import main
from orderflow.secrets.keys import generate_key
from orderflow.secrets.passwords import Passwords
from orderflow.settings import Settings
from orderflow.storage.database import Database
from orderflow.storage.people.accounts import SqlAccounts
from orderflow.storage.people.sign_in_sources import SqlSignInSources
from orderflow.testing.http_server import MisbehavingHTTPServer
from orderflow.testing.sftp_server import SFTPServer
from tests.unit.schematron.schema import rule, schema

GOOD = {
    "external_order_number": "PO-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711", "name": "Müller & Söhne"},
    "lines": [{"line_no": 1, "internal_sku": "INT-9", "qty": 10.125, "uom": "M", "unit_price": 1.23}],
}


class Commands:
    """Runs commands for one organization and keeps what they print."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.stdout = self.stderr = ""

    def __call__(self, *arguments: object, exits: int = 0, stdin: str = "") -> Commands:
        self._monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as exited:
            main([str(argument) for argument in arguments])
        self.stdout, self.stderr = self._capsys.readouterr()
        assert "Traceback" not in self.stderr
        assert (exited.value.code or 0) == exits, f"{self.stdout}\n{self.stderr}"
        return self

    def json(self, *arguments: object, exits: int = 0, stdin: str = "") -> Any:
        return json.loads(self(*arguments, "--json", exits=exits, stdin=stdin).stdout)


@pytest.fixture
def acme(app_url: str, org: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    settings = {"DATABASE_URL": app_url, "ENCRYPTION_MASTER_KEY": generate_key(), "ORDERFLOW_HOME": str(tmp_path)}
    for name, value in settings.items() | {"COLUMNS": "200"}.items():
        monkeypatch.setenv(name, value)
    yield Commands(monkeypatch, capsys)
    structlog.reset_defaults()


@pytest.fixture
def dropzone(tmp_path: Path) -> dict[str, str]:
    """The configuration of a dropzone in a folder."""
    for folder in ("out", "answers"):
        (tmp_path / folder).mkdir()
    return {"mode": "filesystem", "export_path": str(tmp_path / "out"), "ack_path": str(tmp_path / "answers")}


def take_a_turn(acme: Commands) -> None:
    """Deliver once what is due at the only connection, as a worker does."""
    (connection,) = acme.json("connections", "list")
    app = open_app(Settings(_env_file=None))
    (org_id,) = app.system.organizations().values()
    take_turn(DELIVER, app, lambda: False, (org_id, UUID(connection["id"])))
    app.close()


def test_a_connection_that_fails_its_test_is_kept_disabled(acme, dropzone, tmp_path):
    config = dropzone | {"export_path": str(tmp_path / "nowhere")}
    refused = acme("connections", "add", "DROPZONE_JSON_V1", "--config", "-", stdin=json.dumps(config), exits=1)
    assert "nowhere" in refused.stderr
    (row,) = acme.json("connections", "list")
    assert row["status"] == "DISABLED"

    (tmp_path / "nowhere").mkdir()
    assert "enabled" in acme("connections", "enable", "DROPZONE_JSON_V1").stdout
    (row,) = acme.json("connections", "list")
    assert (row["status"], row["is_default"]) == ("ACTIVE", True)
    acme("connections", "disable", row["id"])
    acme("orders", "import", "-", stdin=json.dumps(GOOD))
    acme("orders", "approve", "PO-1")
    assert "No active ERP connector configured" in acme("push", "PO-1", exits=3).stderr


def test_a_delivered_order_is_shown_and_not_pushed_again(acme, dropzone):
    acme("connections", "add", "DROPZONE_JSON_V1", "--config", "-", stdin=json.dumps(dropzone))
    acme("orders", "import", "-", "--approve", stdin=json.dumps(GOOD))
    assert "1 SENT" in acme("push", "--all-approved", "--wait").stdout
    for command in (["orders", "show", "PO-1"], ["orders", "list"], ["exports", "list"], ["push-log"]):
        assert "PO-1" in acme(*command).stdout
    assert "PUSHED already" in acme("push", "PO-1", exits=3).stderr
    assert "no answers" in acme("acks", "poll").stdout
    assert [row["unanswered"] for row in acme.json("connections", "list")] == [1]


def test_what_the_erp_confirmed_otherwise_is_shown_and_accepted(acme, dropzone, tmp_path):
    acme("connections", "add", "DROPZONE_JSON_V1", "--config", "-", stdin=json.dumps(dropzone))
    acme("orders", "import", "-", "--approve", stdin=json.dumps(GOOD))
    acme("push", "PO-1", "--wait")
    (file,) = (tmp_path / "out").glob("*.json")
    line = {"line_no": 1, "status": "changed", "unit_price": "1.2300001"}
    answer = {"status": "ACKED", "answer_version": 2, "other_lines": "as_ordered", "lines": [line]}
    (tmp_path / "answers" / f"ack_{file.name}").write_text(json.dumps(answer))
    acme("acks", "poll")
    shown = acme("orders", "show", "PO-1").stdout
    assert "Confirmed CHANGED" in shown
    assert "1.2300001" in shown
    assert "PO-1" in acme("orders", "list", "--differs").stdout
    assert "1 order accepted" in acme("orders", "accept-differences", "PO-1").stdout
    assert acme.json("orders", "list", "--differs") == []
    assert "accepted by" in acme("orders", "show", "PO-1").stdout
    assert "nothing of it waits to be accepted" in acme("orders", "accept-differences", "PO-1", exits=3).stderr


def test_an_order_is_shown_with_all_that_its_head_says(acme):
    order = {**GOOD, "order_date": "2031-07-17", "delivery_terms": "DAP Köln, Incoterms 2020", "notes": "Ring twice"}
    acme("orders", "import", "-", stdin=json.dumps(order))
    shown = acme("orders", "show", "PO-1").stdout
    for name in HEADER:
        assert (name in shown) == (name in order)
        assert order.get(name, "") in shown


def test_an_order_is_shown_with_its_parties_its_adjustments_and_its_articles_other_numbers(acme):
    line = {"line_no": 1, "internal_sku": "INT-999", "qty": 1, "uom": "M", "gtin": "4006381333931"}
    more = {"seller": {"name": "Acme GmbH", "gln": "4012345000009"}, "charges": [{"reason": "Freight", "amount": 4.9}]}
    acme("orders", "import", "-", stdin=json.dumps(GOOD | more | {"lines": [line]}))
    shown = acme("orders", "show", "PO-1").stdout
    for said in ("seller", "4012345000009", "Freight", "GTIN", "4006381333931"):
        assert said in shown
    assert "buyer" not in shown
    assert "allowances" not in shown


def test_what_was_approved_of_an_order_is_shown(acme):
    acme("orders", "import", "-", "--approve", stdin=json.dumps(GOOD))
    (revision,) = acme.json("orders", "show", "PO-1")["revisions"]
    assert (revision["revision"], revision["changed"]) == (1, "")
    assert "Revisions" in acme("orders", "show", "PO-1").stdout
    found = acme.json("orders", "revision", "PO-1", "1")
    assert (found["sha256"], found["order"]["external_order_number"]) == (revision["sha256"], "PO-1")
    shown = acme("orders", "revision", "PO-1", "1").stdout
    assert found["sha256"] in shown.replace("\n", "")
    assert found["order"]["lines"][0]["internal_sku"] in shown
    assert "no revision 2" in acme("orders", "revision", "PO-1", "2", exits=3).stderr


def test_an_order_that_the_target_refuses_is_retried_after_the_connection_is_mended(acme):
    acme("connections", "add", "MOCK", "--set", "mode=rejected", "--no-test")
    acme("orders", "import", "-", "--approve", stdin=json.dumps(GOOD))
    refused = acme("push", "PO-1", "--wait", exits=1)
    assert "1 FAILED" in refused.stdout
    assert "The mock ERP refuses this order." in refused.stdout
    assert "ERROR" in acme("orders", "list", "--status", "error").stdout

    acme("connections", "edit", "MOCK", "--set", "mode=success")
    assert "1 SENT" in acme("retry", "--failed", "--wait").stdout


def test_a_push_is_withdrawn_and_a_rejected_order_stays_so(acme):
    acme("connections", "add", "MOCK", "--set", "mode=success")
    report = acme.json("orders", "import", "-", "--push", stdin=json.dumps(GOOD))
    assert report["pushed"] == 1
    assert "1 order withdrawn" in acme("withdraw", "PO-1").stdout
    acme("orders", "reject", "PO-1", "--reason", "ordered twice")
    assert acme.json("orders", "show", "PO-1")["status"] == "REJECTED"
    assert "REJECTED" in acme("orders", "approve", "PO-1", exits=3).stderr


def test_a_test_claims_no_more_than_it_has_seen(acme):
    with MisbehavingHTTPServer() as server:
        settings = ("--set", f"url={server.url}/orders", "--set", "plain_http=true")
        told = acme("connections", "add", "REST_JSON", *settings).stdout
    assert "the test went well" in told
    assert "Give a test URL" in told


def test_secrets_stay_off_the_command_line_and_are_masked(acme, canaries, monkeypatch):
    refused = acme("connections", "add", "DROPZONE_JSON_V1", "--set", "password=hunter2", exits=2)
    assert "SECRET_ON_COMMAND_LINE" in refused.stderr
    assert "hunter2" not in refused.stderr

    monkeypatch.setenv("ORDERFLOW_SECRET_PASSWORD", "hunter2")
    options = ["host=127.0.0.1", "port=9", "username=u", "export_path=/out"]
    sets = [argument for option in options for argument in ("--set", option)]
    acme("connections", "add", "DROPZONE_JSON_V1", *sets, "--secret", "password", "--no-test")
    assert "hunter2" not in acme("connections", "show", "DROPZONE_JSON_V1").stdout
    assert json.loads(acme("decrypt-connector-config", "DROPZONE_JSON_V1").stdout)["password"] == "********"
    with canaries.look_away():
        revealed = acme("decrypt-connector-config", "DROPZONE_JSON_V1", "--reveal").stdout
    assert json.loads(revealed)["password"] == "hunter2"


def test_an_import_can_be_repeated_and_brings_nothing_in_twice(acme):
    first, second = json.dumps(GOOD), json.dumps(GOOD | {"external_order_number": "PO-2"})
    others = json.dumps(GOOD | {"customer": {"erp_customer_number": "4712"}})
    acme("orders", "import", "-", stdin=first)
    report = acme.json("orders", "import", "-", stdin=f"{first}\n{second}\n{second}\n{others}")
    assert (report["accepted"], report["here_already"], report["errors"]) == (2, 2, [])
    assert "1 order here already" in acme("orders", "import", "-", stdin=first).stdout


def test_an_order_that_says_something_else_is_refused_revised_or_brought_in_beside_the_other(acme):
    acme("orders", "import", "-", stdin=json.dumps(GOOD))
    changed = json.dumps(GOOD | {"notes": "two pallets"})
    report = acme.json("orders", "import", "-", stdin=changed, exits=1)
    assert [(error["line"], error["code"]) for error in report["errors"]] == [(1, "DUPLICATE_ORDER")]
    told = acme("orders", "import", "-", stdin=changed, exits=1).stderr
    assert "PO-1 of customer 4711 is here already" in told
    assert "--on-duplicate revise" in told
    report = acme.json("orders", "import", "-", "--approve", "--on-duplicate", "revise", stdin=changed)
    assert (report["accepted"], report["revised"], report["approved"]) == (0, 1, 1)
    assert acme.json("orders", "show", "PO-1")["notes"] == "two pallets"
    assert "1 order accepted" in acme("orders", "import", "-", "--duplicates", stdin=changed).stdout
    assert len(acme.json("orders", "list")) == 2


def test_an_import_with_push_that_was_stopped_finishes_what_it_began(acme):
    acme("connections", "add", "MOCK", "--no-test")
    acme("connections", "enable", "MOCK")
    lines = [json.dumps(GOOD | {"external_order_number": f"PO-{number}"}) for number in range(1, 6)]
    acme("orders", "import", "-", "--push", stdin="\n".join(lines[:1]))  # done, as far as an import can
    acme("orders", "import", "-", "--approve", stdin=lines[1])  # stopped before it pushed
    acme("orders", "import", "-", stdin="\n".join(lines[2:4]))  # stopped before it approved
    changed = json.dumps(json.loads(lines[3]) | {"notes": "as never said before"})
    report = acme.json("orders", "import", "-", "--push", stdin="\n".join([*lines[:3], changed, lines[4]]), exits=1)
    assert (report["accepted"], report["here_already"], report["approved"], report["pushed"]) == (1, 3, 2, 3)
    assert [(error["line"], error["code"]) for error in report["errors"]] == [(4, "DUPLICATE_ORDER")]
    again = acme.json("orders", "import", "-", "--push", stdin="\n".join(lines[:3]))
    assert (again["accepted"], again["here_already"], again["approved"], again["pushed"]) == (0, 3, 0, 0)
    assert acme.json("orders", "list", "--status", "READY")[0]["external_order_number"] == "PO-4"


def test_a_rejected_order_may_come_again(acme):
    acme("orders", "import", "-", stdin=json.dumps(GOOD))
    acme("orders", "reject", "PO-1")
    assert "1 order accepted" in acme("orders", "import", "-", stdin=json.dumps(GOOD)).stdout


def test_the_host_key_that_was_seen_is_shown_with_the_command_that_accepts_it(acme, tmp_path, monkeypatch):
    monkeypatch.setenv("ORDERFLOW_SECRET_PASSWORD", "s3cret-of-sftp")
    with SFTPServer(tmp_path, username="us", password="s3cret-of-sftp") as server:
        options = [f"host={server.host}", f"port={server.port}", "username=us", "export_path=/"]
        sets = [argument for option in options for argument in ("--set", option)]
        told = acme("connections", "add", "DROPZONE_JSON_V1", *sets, "--secret", "password", exits=1).stderr
        assert f"accept-host-key {acme.json('connections', 'list')[0]['id']} {server.fingerprint}" in told
        other = "SHA256:" + "A" * 43
        changes = ["connections", "edit", "DROPZONE_JSON_V1", "--set", f"host_key={other}"]
        refused = acme(*changes, exits=2).stderr
        assert "host_key changed, so the connection's secrets have to be entered again" in refused
        assert "--secret" in refused
        changed = acme(*changes, "--secret", "password", exits=1)
        assert "HOST_KEY_CHANGED" in changed.stderr
        assert f"confirmed was {other}" in changed.stderr
        acme("connections", "accept-host-key", "DROPZONE_JSON_V1", server.fingerprint, "--enable")
    assert "Check the port" in acme("connections", "test", "DROPZONE_JSON_V1", exits=1).stderr


def test_orders_refused_for_one_reason_are_told_of_together(acme):
    numbers = [json.dumps(GOOD | {"external_order_number": f"PO-{n}"}) for n in range(7)]
    acme("orders", "import", "-", "--approve", stdin="\n".join(numbers))
    refused = acme("push", "--all-approved", exits=3).stderr
    assert refused.count("NO_ACTIVE_CONNECTION") == 1
    assert "and 2 more" in refused


def test_lists_are_narrowed_by_states_that_there_are(acme):
    acme("orders", "import", "-", stdin=json.dumps(GOOD))
    assert "PO-1" in acme("orders", "list", "--status", "ready", "--status", "APPROVED").stdout
    assert "None fits" in acme("orders", "list", "--status", "pushed").stderr
    for command in (["orders", "list"], ["exports", "list"], ["push-log"]):
        assert "is not one of" in acme(*command, "--status", "nonsense", exits=2).stderr


def test_the_version_is_told(acme):
    assert acme("--version").stdout.strip() == orderflow.__version__


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["orders", "import", "no-such-file"], 2, "There is no file 'no-such-file'"),
        (["orders", "import", "-"], 2, "holds no orders"),
        (["orders", "show", "PO-404"], 3, "There is no order 'PO-404'"),
        (["orders", "list", "--org", "nobody"], 3, "There is no organization 'nobody'"),
        (["orders", "nonsense"], 2, "No such command"),
        (["push"], 2, "Name orders, or give --all-approved"),
        (["connections", "add", "NO_SUCH_TYPE"], 2, "Unknown connector type: 'NO_SUCH_TYPE'"),
        (["connections", "add", "MOCK", "--set", "mode"], 2, "--set needs key=value"),
        (["connections", "add", "MOCK", "--set", "mode=what"], 2, "mode"),
        (["demo", "--orders", "no-such-file"], 2, "There is no file 'no-such-file'"),
        (["org", "create", "No Slug"], 2, "is no short name"),
    ],
)
def test_bad_input_ends_in_one_sentence_and_a_code(acme, arguments, code, sentence):
    assert sentence in acme(*arguments, exits=code).stderr


def test_an_order_that_cannot_go_fails_the_demo_by_name(acme, tmp_path):
    orders = tmp_path / "orders.jsonl"
    orders.write_text("\n".join([json.dumps(GOOD), json.dumps(GOOD | {"currency": None}), "[broken"]))
    shown = acme("demo", "--once", "--orders", orders, "--receiver", "keep", exits=1).stdout
    assert "2 orders, 1 take by the ERP" in shown
    assert "line 3 of the file" in shown
    assert "is NEEDS_REVIEW" in shown


def test_lists_say_what_a_delivery_waits_for(acme, dropzone, app_url):
    acme("connections", "add", "DROPZONE_JSON_V1", "--config", "-", stdin=json.dumps(dropzone))
    acme("orders", "import", "-", "--push", stdin=json.dumps(GOOD))
    change(app_url, "UPDATE organization SET deliveries_paused_at = now()")
    assert "DELIVERIES_PAUSED" in acme("exports", "list").stdout
    (row,) = acme.json("exports", "list")
    assert (row["waits_for"], row["reason"]) == ("DELIVERIES_PAUSED", "DELIVERIES_PAUSED")

    error = json.dumps({"code": "AUTH_FAILED", "message": "The server refuses the password."})
    change(app_url, "UPDATE organization SET deliveries_paused_at = NULL")
    change(app_url, f"UPDATE erp_connection SET breaker_state = 'PAUSED', breaker_error = '{error}'")
    assert "ATTENTION: The server refuses the password." in acme("orders", "show", "PO-1").stdout


def test_a_connection_has_opening_hours(acme, dropzone):
    acme("connections", "add", "DROPZONE_JSON_V1", "--config", "-", "--name", "SAP", stdin=json.dumps(dropzone))
    hours = ("connections", "hours")
    assert acme(*hours, "show", "SAP").stdout == "It is open at all hours.\n"
    options = ("--zone", "Europe/Berlin", "--open", "sat-sun 00:00-06:00, 22:00-24:00", "--open", "fri 23:00-02:00+1")
    refused = acme(*hours, "set", "SAP", *options, exits=2).stderr
    assert "opening_hours.weekly.sat: fri 23:00-02:00+1 overlaps what begins at 00:00" in refused
    saved = acme.json(*hours, "set", "SAP", *options[:4], "--holidays", "DE-BY", "--closed", "2031-12-24")
    assert saved == {
        "time_zone": "Europe/Berlin",
        "weekly": {"sat": ["00:00-06:00", "22:00-24:00"], "sun": ["00:00-06:00", "22:00-24:00"]},
        "holidays": {"country": "DE", "subdivision": "BY"},
        "closed_days": ["2031-12-24"],
    }
    shown = acme(*hours, "show", "SAP").stdout
    assert "Times are those of Europe/Berlin." in shown
    assert "00:00-06:00, 22:00-24:00" in shown
    assert acme.json(*hours, "set", "SAP", "--file", "-", stdin=json.dumps(saved)) == saved
    assert "begins with no days" in acme(*hours, "set", "SAP", "--open", "monday 08:00-09:00", exits=2).stderr
    assert "--zone and --open" in acme(*hours, "set", "SAP", exits=2).stderr
    assert acme(*hours, "clear", "SAP").stdout == "It is open at all hours.\n"


def test_orders_are_pushed_for_later(acme, dropzone):
    acme("connections", "add", "DROPZONE_JSON_V1", "--config", "-", stdin=json.dumps(dropzone))
    acme("orders", "import", "-", "--approve", stdin=json.dumps(GOOD))
    assert "is no time" in acme("push", "PO-1", "--not-before", "tomorrow", exits=2).stderr
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)
    assert "has no time zone" in acme("push", "PO-1", "--not-before", f"{later:%Y-%m-%dT%H:%M}", exits=2).stderr
    acme("push", "PO-1", "--not-before", later.isoformat())
    (row,) = acme.json("exports", "list")
    assert (row["waits_for"], datetime.fromisoformat(row["waits_until"])) == ("NOT_BEFORE", later)
    assert "NOT_BEFORE" in acme("orders", "list").stdout
    assert row["reason"] == f"NOT_BEFORE until {later.astimezone():%Y-%m-%d %H:%M:%S}"


def test_who_waits_for_a_delivery_is_told_at_once_of_what_waits_for_long(acme, dropzone):
    acme("connections", "add", "DROPZONE_JSON_V1", "--config", "-", stdin=json.dumps(dropzone))
    numbers = ("PO-1", "PO-2", "PO-3")
    orders = [GOOD | {"external_order_number": number} for number in numbers]
    acme("orders", "import", "-", "--approve", stdin=json.dumps(orders))
    acme("orders", "hold", "PO-1", "--reason", "credit check")
    later = datetime.now(UTC) + timedelta(days=7)
    patient = ("--wait", "--timeout", str(10**6))
    assert "1 SENT" in acme("push", "PO-3", *patient).stdout
    assert "HOLD" in acme("push", "PO-1", *patient, exits=1).stdout
    assert "NOT_BEFORE until" in acme("push", "PO-2", "--not-before", later.isoformat(), *patient, exits=1).stdout


def test_orders_whose_answer_could_not_be_read_are_found(acme, dropzone, app_url):
    acme("connections", "add", "DROPZONE_JSON_V1", "--config", "-", stdin=json.dumps(dropzone))
    orders = [GOOD, GOOD | {"external_order_number": "PO-2"}]
    acme("orders", "import", "-", "--push", stdin="\n".join(map(json.dumps, orders)))
    assert acme.json("orders", "list", "--unreadable-answer") == []
    answer = json.dumps({"file": "ack_1.json", "reason": "It is no JSON.", "excerpt": "OK!", "read_at": None})
    first = "(SELECT id FROM draft_order WHERE external_order_number = 'PO-1')"
    change(app_url, f"UPDATE erp_export SET unreadable_answer = '{answer}' WHERE draft_order_id = {first}")
    (found,) = acme.json("orders", "list", "--unreadable-answer")
    assert (found["external_order_number"], found["unreadable_answer"]["reason"]) == ("PO-1", "It is no JSON.")


def test_an_answer_is_read_again_that_a_later_delivery_waits_for(acme, dropzone, app_url, tmp_path):
    acme("connections", "add", "DROPZONE_JSON_V1", "--config", "-", stdin=json.dumps(dropzone))
    acme("orders", "import", "-", "--approve", stdin=json.dumps(GOOD))
    assert "never pushed" in acme("acks", "read-again", "PO-1", exits=3).stderr
    acme("push", "PO-1", "--wait")
    (sent,) = (tmp_path / "out").glob("*.json")
    (tmp_path / "answers" / f"ack_{sent.name}").write_text("OK!")
    acme("acks", "poll", exits=1)
    (first,) = acme.json("exports", "list")
    change(
        app_url,
        """INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, kind, follows)
           SELECT gen_random_uuid(), org_id, draft_order_id, connection_id, 'change', id FROM erp_export""",
    )
    (away,) = (tmp_path / "answers" / "error").glob("ack_*.json")
    away.write_text(json.dumps({"status": "ACKED", "erp_order_id": "SO-7"}))
    assert acme.json("acks", "read-again", "PO-1")["export_id"] == first["id"]
    assert [row["status"] for row in acme.json("exports", "list") if row["id"] == first["id"]] == ["ACKED"]


def test_what_needs_a_person_is_listed_until_it_is_solved(acme):
    acme("orders", "import", "-", stdin=json.dumps(GOOD))
    acme("needs")
    assert "READY" in acme.stdout
    assert [(need["kind"], need["orders"]) for need in acme.json("needs")["items"]] == [("READY", 1)]
    acme("orders", "reject", "PO-1")
    assert "Nothing needs you now." in acme("needs").stderr


def test_scripts_find_the_names_of_earlier_releases(acme, dropzone):
    acme("connections", "add", "DROPZONE_JSON_V1", "--config", "-", stdin=json.dumps(dropzone))
    acme("orders", "import", "-", "--approve", stdin=json.dumps(GOOD))
    acme("push", "--all-approved", "--wait")
    (listed,) = acme.json("orders", "list")
    assert {"erp_customer_number", "customer_name", "error_json", "source_file_name", "approved_at"} <= listed.keys()
    shown = acme.json("orders", "show", "PO-1")
    assert {"customer_id", "notes", "ship_to", "source_sha256", "org_id", "missing"} <= shown.keys()
    assert {"line_no", "product_description", "qty", "unit_price"} <= shown["lines"][0].keys()
    assert {"action", "actor", "before", "after", "created_at"} <= shown["history"][0].keys()
    (export,) = acme.json("exports", "list")
    assert {"error_json", "breaker_state", "attempts_spent", "dropzone_path", "requested_by"} <= export.keys()
    (attempt,) = acme.json("push-log")
    assert {"request_json", "response_json", "latency_ms", "error_message"} <= attempt.keys()
    (connection,) = acme.json("connections", "list")
    assert {"key_id", "breaker_error", "proof", "oldest_waiting_at", "unanswered"} <= connection.keys()


def change(app_url: str, statement: str) -> None:
    """Change what every organization has, as no command does."""
    database = Database(app_url)
    with database.system() as connection:
        connection.execute(text(statement))
    database.close()


def test_rules_of_others_are_kept_listed_and_removed(acme, tmp_path):
    (folder := tmp_path / "rules").mkdir()
    assert "0 Schematron files" in acme("rules", "add", "peppol", folder, exits=2).stderr
    (folder / "PEPPOLBIS-T01.sch").write_bytes(schema())
    assert "1 transaction: T01" in acme("rules", "add", "peppol", folder).stdout
    (folder / "PEPPOLBIS-T76.sch").write_bytes(rule("doc('a')"))
    assert "T76: A rule calls doc()" in acme("rules", "add", "peppol", folder, exits=2).stderr
    assert list(acme.json("rules", "list", "peppol")) == ["T01"]
    acme("rules", "remove", "peppol")
    assert acme.json("rules", "list", "peppol") == {}


def test_people_are_listed_get_another_password_and_need_not_wait(acme, database, org, monkeypatch):
    monkeypatch.setenv("PASSWORD_PEPPER", "pepper-of-the-test")
    monkeypatch.setenv("ORDERFLOW_PASSWORD", "one horse at a time")
    acme("user", "create", "Ada@acme.example", "--role", "VIEWER")
    sources = SqlSignInSources(database)
    assert [sources.begin("ada@acme.example", "192.0.2.1") for _ in range(5)] == [0] * 5
    assert sources.begin("ada@acme.example", "192.0.2.1") > 0
    (user,) = acme.json("user", "list")
    assert (user["email"], user["role"], user["active"]) == ("Ada@acme.example", "VIEWER", True)
    assert user["wrong_passwords"] == 5
    assert acme.json("user", "unlock", "ADA@acme.example")["places"] == 1
    assert sources.begin("ada@acme.example", "192.0.2.1") == 0

    before = SqlAccounts(database).by_email("ada@acme.example")
    monkeypatch.setenv("ORDERFLOW_PASSWORD", "another horse than that")
    acme("user", "reset-password", "ada@acme.example")
    after = SqlAccounts(database).by_email("ada@acme.example")
    assert before
    assert after
    passwords = Passwords("pepper-of-the-test")
    assert passwords.verify(after.password_hash, "another horse than that")
    assert after.version > before.version  # nobody is signed in with the old one
    assert acme.json("user", "list")[0]["wrong_passwords"] == 0
    monkeypatch.setenv("ORDERFLOW_PASSWORD", "short")
    acme("user", "reset-password", "ada@acme.example", exits=2)
    assert "orderflow user list" in acme("user", "unlock", "bob@acme.example", exits=3).stderr
    with database.transaction(org) as connection:
        actions = set(connection.execute(text("SELECT action FROM audit_log WHERE entity_type = 'app_user'")).scalars())
    assert actions == {"USER_CREATED", "SIGN_IN_UNLOCKED", "PASSWORD_SET"}


def test_a_webhook_is_made_watched_and_removed(acme, canaries):
    with canaries.look_away():
        made = acme.json("webhooks", "add", "http://127.0.0.1:9/hooks", "--kind", "order.created", "--name", "Shop")
        rotated = acme.json("webhooks", "rotate", made["id"])
    assert made["secret"] != rotated["secret"]
    acme("orders", "import", "-", stdin=json.dumps(GOOD))
    (row,) = acme.json("webhooks", "list")
    assert (row["name"], row["kinds"], row["status"], row["former_until"] is None) == (
        *("Shop", ["order.created"], "ACTIVE"),
        False,
    )
    assert "Shop" in acme("webhooks", "list").stdout
    assert "Nothing was sent there yet" in acme("webhooks", "log", made["id"]).stderr
    assert acme.json("webhooks", "log", made["id"], "--failed") == []
    assert acme.json("webhooks", "replay", made["id"], "--after", "0") == {"events": 0}
    assert "Name either" in acme("webhooks", "replay", made["id"], exits=2).stderr
    acme("webhooks", "disable", made["id"])
    assert [row["status"] for row in acme.json("webhooks", "list")] == ["DISABLED"]
    acme("webhooks", "enable", made["id"])
    acme("webhooks", "remove", made["id"])
    assert "There is none yet" in acme("webhooks", "list").stderr
    assert "no webhook" in acme("webhooks", "log", made["id"], exits=3).stderr
    assert "cannot be used" in acme("webhooks", "add", "shop", exits=2).stderr


def numbered(*numbers: str) -> str:
    return "\n".join(json.dumps(GOOD | {"external_order_number": number}) for number in numbers)


def test_a_recall_is_told_before_asked_for_once_and_refused_with_what_to_do(acme, dropzone, tmp_path):
    config = dropzone | {"receiver_takes": "rename"}
    acme("connections", "add", "DROPZONE_JSON_V1", "--name", "Köln", "--config", "-", stdin=json.dumps(config))
    brought = acme.json("orders", "import", "-", "--approve", stdin=numbered("PO-1", "PO-2", "PO-3"))
    acme("push", "PO-1", "PO-2", "--wait")
    because = ("--reason", "wrong prices")
    told = acme.json("orders", "recall", "PO-1", "PO-2", "PO-3", "--dry-run")
    assert [(one["way"], one["orders"], one["connection_name"]) for one in told] == [
        ("taken_back", 2, "Köln"),
        ("refused", 1, None),
    ]
    assert told[1]["error"]["code"] == "NEVER_SENT"
    shown = acme("orders", "recall", "--since", "00:00", "--dry-run").stdout
    assert "renamed away" in shown
    assert "Say why they are recalled" in acme("orders", "recall", "--all-sent", exits=2).stderr
    assert acme.json("orders", "recall", "--import", brought["import_id"], "--dry-run")[0]["orders"] == 2
    found = acme.json("orders", "list", "--import", brought["import_id"])
    assert {row["external_order_number"] for row in found} == {"PO-1", "PO-2", "PO-3"}
    assert "is no import" in acme("orders", "list", "--import", "yesterday", exits=2).stderr
    assert "is no time" in acme("orders", "recall", "--since", "noon", *because, exits=2).stderr
    assert "NEVER_SENT" in acme("orders", "recall", "PO-3", *because, exits=3).stderr
    assert "There is no order" in acme("orders", "recall", "PO-9", *because, exits=3).stderr

    assert "2 orders asked for" in acme("orders", "recall", "--since", "00:00", *because).stdout
    assert "being recalled already" in acme("orders", "recall", "PO-1", *because, exits=3).stderr
    assert {row["status"] for row in acme.json("orders", "list", "--status", "RECALLING")} == {"RECALLING"}
    acme("push", "PO-3")
    take_a_turn(acme)  # what delivers it asks for the recalls, too
    assert len(acme.json("orders", "list", "--status", "RECALLED")) == 2
    assert "was recalled already" in acme("orders", "recall", "PO-1", *because, exits=3).stderr
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".json", ".recalled", ".recalled"]
