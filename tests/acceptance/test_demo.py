"""`orderflow demo --once`: the main job against a real SFTP server, and honest about its end."""

from __future__ import annotations

from importlib import resources

import pytest


@pytest.fixture
def demo(orderflow, tmp_path):
    """The demo, in a home of its own."""
    orderflow.home = tmp_path / "unused"
    return lambda *arguments, **options: orderflow("demo", "--once", *arguments, **options)


def test_every_order_of_the_sample_is_taken_once_and_accounted_for(demo, tmp_path):
    shown = demo().stdout
    sample = resources.files("orderflow.entrypoints.demo").joinpath("sample_orders.jsonl").read_text("utf-8")
    count = len(sample.splitlines())
    assert f"{count} orders, {count} takes by the ERP" in shown
    assert shown.count("the ERP says:") == 3
    assert "over “ERP abroad”" in shown
    assert "awaits the ERP's answer" in shown
    assert "awaits a readable answer" in shown
    assert "Every order is accounted for, and none came twice." in shown
    assert not (tmp_path / "unused").exists()
