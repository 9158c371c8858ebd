"""`orderflow connectors try`: no database, no traceback, and the exact document."""

from __future__ import annotations

import json

import pytest
import structlog

from orderflow.entrypoints.cli import main

ORDER = {
    "external_order_number": "PO-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711"},
    "lines": [{"line_no": 1, "internal_sku": "INT-9", "qty": 10.125, "uom": "M"}],
}
MAPPING = {"columns": [{"name": "SKU", "field": "line.internal_sku"}, {"name": "Qty", "field": "line.qty"}]}


@pytest.fixture
def tries(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "order.json").write_text(json.dumps(ORDER))
    config = MAPPING | {"mode": "filesystem", "export_path": str(tmp_path / "out")}
    (tmp_path / "config.json").write_text(json.dumps(config))

    def run(*arguments, exits=0):
        with pytest.raises(SystemExit) as exited:
            main(["connectors", "try", *arguments])
        told = capsys.readouterr()
        assert (exited.value.code or 0) == exits, told.err
        assert "Traceback" not in told.err
        return told.err if exits else told.out

    yield run
    structlog.reset_defaults()


CSV = ("DROPZONE_CSV_V1", "--config", "config.json", "--order", "order.json")


def test_a_dry_run_shows_and_leaves_alone(tries, tmp_path):
    told = tries(*CSV, "--dry-run")
    assert "SKU;Qty\r\nINT-9;10.125\r\n" in told
    assert f"file://{tmp_path}/out/sales_order_" in told
    assert list((tmp_path / "out").iterdir()) == []


def test_without_it_the_document_is_sent(tries, tmp_path):
    assert "Sent." in tries(*CSV)
    (file,) = (tmp_path / "out").iterdir()
    assert file.read_bytes() == b"SKU;Qty\r\nINT-9;10.125\r\n"


def test_json_for_scripts(tries):
    told = json.loads(tries(*CSV, "--json"))
    assert told["text"] == "SKU;Qty\r\nINT-9;10.125\r\n"
    assert told["result"]["success"] is True
    assert json.loads(tries(*CSV, "--json", "--dry-run"))["result"] is None


@pytest.mark.parametrize(
    ("arguments", "exits", "named"),
    [
        (("NO_ERP", "--order", "order.json"), 2, "Unknown connector type"),
        (("MOCK", "--order", "nowhere.json"), 2, "Check the path given to --order"),
        (("MOCK", "--order", "config.json"), 2, "is not a known field"),
        (("MOCK", "--set", "mode=nonsense", "--order", "order.json"), 2, "mode"),
        (("MOCK", "--set", "mode=rejected", "--order", "order.json"), 1, "The mock ERP refuses this order"),
        (("MOCK", "--set", "mode=attention", "--order", "order.json"), 1, "refuses the password"),
        (("DROPZONE_CSV_V1", "--config", "config.json", "--set", "columns=x", "--order", "order.json"), 2, "columns"),
    ],
)
def test_what_is_wrong_is_said(tries, arguments, exits, named):
    assert named in tries(*arguments, exits=exits)


def test_an_empty_file_holds_no_order(tries, tmp_path):
    (tmp_path / "empty.json").write_text("")
    assert "holds no order" in tries("MOCK", "--order", "empty.json", exits=2)
