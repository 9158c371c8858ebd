"""A test may kill the process at a named place, at the first time it gets there or a later one."""

import os
import signal

import pytest

from orderflow.flow import fault_points


@pytest.fixture
def killed(monkeypatch):
    signals = []
    monkeypatch.setattr(os, "kill", lambda pid, number: signals.append(number))
    return signals


def test_unset_nothing_happens(killed):
    fault_points.reached("staged")
    assert killed == []


def test_it_dies_where_it_is_told_to_and_when(killed, monkeypatch):
    monkeypatch.setattr(fault_points, "_wanted", "staged")
    monkeypatch.setattr(fault_points, "_left", 2)
    fault_points.reached("claimed")
    fault_points.reached("staged")
    assert killed == []
    fault_points.reached("staged")
    assert killed == [signal.SIGKILL]
