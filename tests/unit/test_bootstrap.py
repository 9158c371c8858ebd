"""The application of a process, which its threads share."""

from __future__ import annotations

import atexit
from unittest.mock import Mock

import pytest

from orderflow import bootstrap
from orderflow.bootstrap import App
from orderflow.settings import Settings


def test_what_threads_share_is_made_before_a_second_one_can_come_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_default", None)
    monkeypatch.setattr(bootstrap, "open_app", lambda: App(Settings.load(), Mock(), Mock(), Mock()))
    monkeypatch.setattr(atexit, "register", Mock())
    app = bootstrap.default_app()
    assert {"wiring", "keeper", "store", "waker"} <= vars(app).keys()
    assert bootstrap.default_app() is app
