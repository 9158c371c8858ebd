"""Whose certificates are verified without a word, and what is shown of an address."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

from orderflow.server_tls import (
    broker_options,
    hosts_of,
    is_far,
    shown_url,
    trusted_file,
    unverified,
    verified_broker,
    verified_database,
)
from orderflow.settings import Settings, SettingsError
from orderflow.storage.database import normal_url


@pytest.fixture(autouse=True)
def no_word_of_libpq_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PGSSLMODE", "PGSSLROOTCERT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "/run/postgresql",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "10.1.2.3",
        "postgres",
        "db.shop.svc",
        "db.local.",
        "fd00::7",
    ],
)
def test_this_machine_and_private_networks_are_near(host: str) -> None:
    assert not is_far(host)


@pytest.mark.parametrize("host", ["db.acme.com", "9.9.9.9", "2620:fe::fe", "localhost.acme.com"])
def test_all_else_is_far(host: str) -> None:
    assert is_far(host)


@pytest.mark.parametrize("url", ["postgresql://u:p@db/x", "postgresql:///x?host=/run/pg", "postgresql://u@127.0.0.1/x"])
def test_what_works_near_by_stays_as_it_is(url: str) -> None:
    assert verified_database(normal_url(url)) == normal_url(url)
    assert unverified(url) is None


@pytest.mark.parametrize("hosts", ["db.acme.com", "a.acme.com:5432,b.acme.com", "postgres,db.acme.com"])
def test_a_database_that_is_far_has_to_prove_who_it_is(hosts: str) -> None:
    url = verified_database(normal_url(f"postgresql://u:p@{hosts}/x?target_session_attrs=read-write"))
    assert "sslmode=verify-full" in url
    assert trusted_file() in unquote(url)
    assert hosts_of(url) == [host.partition(":")[0] for host in hosts.split(",")]
    assert unverified(url) is None


def test_what_somebody_says_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = normal_url("postgresql://u:p@db.acme.com/x?sslmode=require")
    assert verified_database(said) == said
    assert unverified(said) == "db.acme.com"
    own = verified_database(normal_url("postgresql://u:p@db.acme.com/x?sslrootcert=/ca.pem"))
    assert "sslmode=verify-full" in own
    assert own.count("sslrootcert") == 1
    assert "sslmode" not in verified_database(normal_url("postgresql://u:p@db/x"), tmp_path / "ca.pem")
    monkeypatch.setenv("PGSSLMODE", "disable")
    assert "ssl" not in verified_database(normal_url("postgresql://u:p@db.acme.com/x"))


def test_a_broker_over_tls_has_to_prove_who_it_is(tmp_path: Path) -> None:
    assert verified_broker("redis://:p@broker/0") == "redis://:p@broker/0"
    assert verified_broker("rediss://:p@broker/0") == "rediss://:p@broker/0?ssl_cert_reqs=required"
    assert verified_broker("rediss://:p@broker/0?ssl_cert_reqs=none").endswith("?ssl_cert_reqs=none")
    assert "ssl_ca_certs=" in verified_broker("rediss://:p@broker/0", tmp_path / "ca.pem")
    assert broker_options("amqp://u:p@broker//") is None
    options = broker_options("amqps://u:p@broker//", tmp_path / "ca.pem")
    assert options
    assert options["ca_certs"] == str(tmp_path / "ca.pem")
    assert unverified("redis://broker.acme.com/0") == "broker.acme.com"
    assert unverified("rediss://broker.acme.com/0?ssl_cert_reqs=CERT_REQUIRED") is None
    assert unverified("rediss://broker.acme.com/0?ssl_cert_reqs=none") == "broker.acme.com"


def test_of_an_address_only_what_is_no_secret_is_shown() -> None:
    shown = shown_url("postgresql+psycopg://app:hush@db.acme.com:5433/x?password=hush&sslmode=require#hush")
    assert shown == "postgresql://app:***@db.acme.com:5433/x?password=***&sslmode=require"
    assert shown_url("redis://:hush@[::1]:6379/0") == "redis://:***@[::1]:6379/0"


def test_the_settings_say_it_to_everybody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    monkeypatch.setenv("ORDERFLOW_CA_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hush@a.acme.com,b.acme.com/x")
    monkeypatch.setenv("DATABASE_ADMIN_URL", "postgresql://owner:hush@a.acme.com/x")
    monkeypatch.setenv("CELERY_BROKER_URL", "rediss://:hush@broker.acme.com/0")
    settings = Settings.load()
    for url in (settings.app_url, settings.admin_url, settings.broker_url):
        assert url
        assert "ca.pem" in url
        assert unverified(url) is None
    assert settings.rules().servers == {"a.acme.com", "b.acme.com", "broker.acme.com"}
    monkeypatch.setenv("ORDERFLOW_CA_FILE", "/nowhere/ca.pem")
    with pytest.raises(SettingsError, match="ORDERFLOW_CA_FILE must name a file"):
        Settings.load()
