"""Sessions are shared, bounded, closed, and known by no secret."""

from __future__ import annotations

import gc
import threading
from contextlib import ExitStack

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pydantic import BaseModel, SecretStr

from orderflow.connectors.base import BaseConnector
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.connectors.sessions import SESSIONS, Sessions
from orderflow.domain.delivery import ExportResult, TestResult
from orderflow.domain.errors import ConfigError
from orderflow.domain.reach import Reach, within


class Line:
    def __init__(self):
        self.closed = 0

    def close(self):
        self.closed += 1


class Config(BaseModel):
    host: str
    password: SecretStr


class Connector(BaseConnector):
    connector_type = "LINES"
    config_model = Config

    def __init__(self):
        self.opened = []

    def open_session(self, settings):
        self.opened.append(Line())
        return self.opened[-1]

    def export(self, draft_order, config):
        return ExportResult(success=True)

    def test_connection(self, config):
        return TestResult(success=True)


def line_of(connector, config):
    with connector.session(config) as line:
        return line


def test_what_only_python_writes_as_json_is_told_apart_too():
    connector = Connector()
    one, other = ({"host": "a", "password": half} for half in ("\ud800", "\udfff"))
    assert line_of(connector, one) is line_of(connector, dict(reversed(one.items())))
    assert line_of(connector, one) is not line_of(connector, other)
    hidden = [SecretStr("first-secret"), SecretStr("second-secret")]
    assert len({line_of(connector, {"host": "a", "password": secret}) for secret in hidden}) == 2


def test_one_configuration_has_one_session_and_another_its_own():
    connector, config = Connector(), {"host": "a", "password": "first-secret"}
    assert line_of(connector, config) is line_of(connector, dict(config))
    assert line_of(connector, config) is not line_of(connector, config | {"password": "other-secret"})
    assert line_of(Connector(), config) is not line_of(connector, config)


def test_two_secrets_never_look_alike():
    sessions = Sessions()
    with (
        sessions.use(0, {"password": SecretStr("one")}, Line) as one,
        sessions.use(0, {"password": SecretStr("two")}, Line) as two,
    ):
        assert one is not two


def test_a_configuration_that_cannot_be_used_opens_nothing():
    connector = Connector()
    with pytest.raises(ConfigError, match="password"):
        line_of(connector, {"host": "a"})
    assert connector.opened == []


def test_no_secret_is_in_the_cache():
    connector = Connector()
    secret = "a-secret-that-nobody-keeps"
    line_of(connector, {"host": "a", "password": secret})
    assert secret not in repr(vars(SESSIONS))
    gc.collect()
    kept = [thing["password"] for thing in gc.get_objects() if type(thing) is dict and "password" in thing]
    assert secret not in [one for one in kept if isinstance(one, str)]


def test_closing_a_connector_closes_its_sessions_and_it_can_be_used_again():
    connector, other = Connector(), Connector()
    config = {"host": "a", "password": "s3cret"}
    first, theirs = line_of(connector, config), line_of(other, config)
    connector.close()
    assert (first.closed, theirs.closed) == (1, 0)
    assert line_of(connector, config) is not first


def test_a_session_in_use_is_closed_when_its_user_is_done():
    connector, config = Connector(), {"host": "a", "password": "s3cret"}
    with connector.session(config) as line:
        connector.close()
        assert line.closed == 0
    assert line.closed == 1


def test_what_nobody_used_for_long_is_closed():
    sessions = Sessions(idle=0.0)
    with sessions.use(0, "a", Line) as first:
        pass
    with sessions.use(0, "b", Line):
        assert first.closed == 1


def test_what_nobody_used_for_long_is_closed_though_another_was_lent_before_and_used_since(monkeypatch):
    moment = [0.0]
    monkeypatch.setattr("orderflow.connectors.sessions.time.monotonic", lambda: moment[0])
    sessions = Sessions(idle=600.0)
    with sessions.use(0, "long", Line) as long:
        with sessions.use(0, "short", Line) as short:
            moment[0] = 1.0
        moment[0] = 480.0
    moment[0] = 661.0
    with sessions.use(0, "another", Line):
        assert (short.closed, long.closed) == (1, 0)


def test_owners_that_their_class_calls_equal_share_nothing():
    class Twin(Connector):
        def __eq__(self, other):
            return isinstance(other, Twin)

        def __hash__(self):
            return 0

    one, other, config = Twin(), Twin(), {"host": "a", "password": "s3cret"}
    assert line_of(one, config) is not line_of(other, config)
    one.close()
    assert (one.opened[0].closed, other.opened[0].closed) == (1, 0)


def test_a_session_that_cannot_be_closed_keeps_no_other_open():
    sessions = Sessions()

    class Stuck(Line):
        def close(self):
            raise OSError

    with sessions.use(0, "a", Stuck), sessions.use(0, "b", Line) as line:
        pass
    sessions.close()
    assert line.closed == 1


def test_threads_that_come_at_once_share_one_session():
    sessions, lines, together = Sessions(), [], threading.Barrier(8)
    made = []

    def make():
        made.append(Line())
        return made[-1]

    def use():
        together.wait()
        with sessions.use(0, "a", make) as line:
            lines.append(line)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, lines))) == 1
    assert [line.closed for line in made] == [int(line is not lines[0]) for line in made]


def test_the_end_of_the_process_closes_the_sessions_of_all_connectors(monkeypatch):
    monkeypatch.setattr(ConnectorRegistry, "_connectors", {})
    ConnectorRegistry.register("LINES", Connector)
    line = line_of(ConnectorRegistry._connectors["LINES"], {"host": "a", "password": "s3cret"})
    ConnectorRegistry.close()
    assert line.closed == 1


def test_an_organization_that_opens_many_pushes_out_its_own():
    sessions = Sessions(most=4)
    with within(Reach("acme")), sessions.use(0, "ours", Line) as ours:
        pass
    for number in range(100):
        with within(Reach("evil")), sessions.use(0, number, Line) as last:
            pass
    assert (ours.closed, last.closed, len(sessions)) == (0, 0, 4)
    with within(Reach("acme")), sessions.use(0, "ours", Line) as again:
        assert again is ours


class Cache(RuleBasedStateMachine):
    """Whatever comes and goes: as few as allowed are kept, none is closed under its user, each is closed once."""

    def __init__(self):
        super().__init__()
        self.sessions = Sessions(most=2)
        self.lines, self.users = [], []

    def make(self):
        self.lines.append(Line())
        return self.lines[-1]

    @rule(name=st.sampled_from("abcd"))
    def begin(self, name):
        stack = ExitStack()
        self.users.append((stack, stack.enter_context(self.sessions.use(0, name, self.make))))

    @rule(which=st.integers(0, 9))
    def end(self, which):
        if self.users:
            self.users.pop(which % len(self.users))[0].close()

    @rule()
    def close(self):
        self.sessions.close()

    @invariant()
    def holds(self):
        in_use = {id(line) for _, line in self.users}
        assert all(line.closed == 0 for line in self.lines if id(line) in in_use)
        assert all(line.closed <= 1 for line in self.lines)
        assert sum(line.closed == 0 and id(line) not in in_use for line in self.lines) <= 2

    def teardown(self):
        for stack, _ in self.users:
            stack.close()
        self.sessions.close()
        assert all(line.closed == 1 for line in self.lines)


TestCache = Cache.TestCase
TestCache.settings = settings(deadline=None)
