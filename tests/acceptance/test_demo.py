"""`orderflow demo --once`: the main job against a real SFTP server, and honest about its end."""

from __future__ import annotations

import sys
from importlib import resources

import pytest

from tests.integration.channels.as2_partner import PYTHON


@pytest.fixture
def demo(orderflow, tmp_path):
    """The demo, in a home of its own."""
    orderflow.home = tmp_path / "unused"
    return lambda *arguments, **options: orderflow("demo", "--once", *arguments, **options)


def test_every_order_of_the_sample_is_taken_once_and_accounted_for(demo, tmp_path):
    shown = demo().stdout
    count = len(sample().splitlines())
    assert f"{count} orders, {count} takes by the ERP" in shown
    assert shown.count("the ERP says:") == 3
    assert "over “ERP abroad”" in shown
    assert "awaits the ERP's answer" in shown
    assert "awaits a readable answer" in shown
    assert "Every order is accounted for, and none came twice." in shown
    assert not (tmp_path / "unused").exists()


@pytest.mark.large
@pytest.mark.timeout(600)  # five programs come up, which a busy machine starts slowly
def test_every_order_goes_over_as2_and_is_signed_for(demo):
    shown = demo("--channel", "as2", "--as2-python", PYTHON).stdout
    count = len(sample().splitlines())
    assert f"{count} orders, {count} takes by the ERP" in shown
    assert f"{count} signed receipts kept as proof" in shown
    assert shown.count("the ERP says:") == 3
    assert "awaits a readable answer" in shown
    assert "Every order is accounted for, and none came twice." in shown


def test_what_the_partners_server_lacks_is_said_at_once(demo):
    said = demo("--channel", "as2", "--as2-python", sys.executable, exits=2).stderr
    assert "has no django-pyas2" in said
    assert "Leave out --as2-python" in said


def test_a_real_erp_is_not_reached_over_a_channel(demo):
    assert "Leave out --erp or --channel." in demo("--channel", "as2", "--erp", "tryton", exits=2).stderr


def sample() -> str:
    return resources.files("orderflow.entrypoints.demo").joinpath("sample_orders.jsonl").read_text("utf-8")
