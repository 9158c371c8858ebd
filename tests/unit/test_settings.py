"""Settings: their names, their defaults, and what a wrong one says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orderflow.domain.errors import EncryptionError
from orderflow.settings import Settings, SettingsError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORDERFLOW_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_nothing_needs_to_be_set(home: Path) -> None:
    settings = Settings.load()
    assert settings.orderflow_home == home
    assert (settings.app_url, settings.admin_url, settings.broker_url) == ("", None, None)
    assert settings.object_store()["folder"] == home / "objects"
    assert settings.encryption().key_id == settings.encryption().key_id
    assert (home / "master.key").exists()


def test_the_specifications_names_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "DATABASE_URL": "postgres://app:hush@db/orderflow",
        "DATABASE_ADMIN_URL": "postgresql://owner:hush@db/orderflow",
        "REDIS_URL": "redis://cache/0",
        "OBJECT_STORAGE_ENDPOINT": "http://minio:9000/",
        "OBJECT_STORAGE_ACCESS_KEY": "access",
        "OBJECT_STORAGE_SECRET_KEY": "hush",
        "OBJECT_STORAGE_BUCKET": "documents",
        "ENCRYPTION_MASTER_KEY": "22" * 32,
        "ENCRYPTION_PREVIOUS_KEYS": f"{'11' * 32}, {'33' * 32}",
        "JWT_SECRET": "hush" * 8,
        "PASSWORD_PEPPER": "hushhush",
        "APP_BASE_URL": "https://orders.example/",
        "LOG_LEVEL": "debug",
        "ORDERFLOW_BATCH_SIZE": "64",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    assert settings.app_url == "postgresql+psycopg://app:hush@db/orderflow"
    assert settings.admin_url == "postgresql+psycopg://owner:hush@db/orderflow"
    assert settings.broker_url == "redis://cache/0"
    assert settings.object_store()["endpoint"] == "http://minio:9000"
    assert settings.object_store()["secret_key"] == "hush"
    assert len(settings.encryption().known_key_ids) == 3
    assert (settings.app_base_url, settings.log_level) == ("https://orders.example", "DEBUG")
    assert settings.batch_size == 64
    assert "hush" not in repr(settings)
    assert "2222" not in repr(settings)


def test_a_file_beside_the_program_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("LOG_LEVEL=WARNING\nAPP_BASE_URL=https://a.example\n")
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    assert (Settings.load().log_level, Settings.load().app_base_url) == ("ERROR", "https://a.example")


def test_given_settings_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERFLOW_BATCH_SIZE", "64")
    assert Settings.load(batch_size=32).batch_size == 32


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "mysql://root:hush@db/x", "DATABASE_URL must be the URL of a PostgreSQL database"),
        ("ENCRYPTION_MASTER_KEY", "hush", "ENCRYPTION_MASTER_KEY must be 64 hex digits"),
        ("ENCRYPTION_PREVIOUS_KEYS", "hush", "ENCRYPTION_PREVIOUS_KEYS must be 64 hex digits"),
        ("JWT_SECRET", "hush", "JWT_SECRET .*at least 32"),
        ("OBJECT_STORAGE_ENDPOINT", "hush:9000", "OBJECT_STORAGE_ENDPOINT must be a URL"),
        ("OBJECT_STORAGE_SECRET_KEY", "hush", "set together"),
        ("LOG_LEVEL", "hush", "LOG_LEVEL should be 'DEBUG'"),
        ("LOG_FORMAT", "jsn", "LOG_FORMAT should be 'text' or 'json'"),
        ("ORDERFLOW_BATCH_SIZE", "hush", "ORDERFLOW_BATCH_SIZE should be a valid integer"),
        ("ORDERFLOW_LEASE_SECONDS", "0", "ORDERFLOW_LEASE_SECONDS should be greater than or equal to 5"),
        ("ORDERFLOW_LEASE_SECONDS", "901", "ORDERFLOW_LEASE_SECONDS should be less than or equal to 450"),
        ("ORDERFLOW_POLL_LEASE_SECONDS", "901", "ORDERFLOW_POLL_LEASE_SECONDS should be less than or equal to 450"),
        ("ORDERFLOW_RETRY_CAP_SECONDS", "1", "RETRY_CAP_SECONDS must not be less"),
    ],
)
def test_a_wrong_setting_is_named_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=said) as caught:
        Settings.load()
    assert "hush" not in str(caught.value.as_json())


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("ORDERFLOW_BATCH_SIZE", "0")
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert {field["field"] for field in caught.value.details["fields"]} == {"LOG_LEVEL", "ORDERFLOW_BATCH_SIZE"}


def test_a_shared_database_without_a_key_stops_the_start(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/orderflow")
    with pytest.raises(EncryptionError, match="ENCRYPTION_MASTER_KEY is not set"):
        Settings.load().encryption()
    assert not home.exists()


def test_a_file_env_of_others_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / ".env"
    file.write_text("ORDERFLOW_BATCH_SIZE=7\n")
    file.chmod(0o600)
    assert Settings.load().batch_size == 7
    file.chmod(0o606)
    with pytest.raises(SettingsError, match="belongs to another user, or everybody may write") as caught:
        Settings.load()
    assert caught.value.code == "ENV_FILE_UNTRUSTED"
    file.chmod(0o600)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 4711)
    monkeypatch.setattr(Path, "stat", lambda _: os.stat_result((0o100600, 0, 0, 1, 4712, 0, 0, 0, 0, 0)))
    with pytest.raises(SettingsError):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ORDERFLOW_ALLOWED_NETWORKS", "10.0.0.1/8", "must list networks"),
        ("ORDERFLOW_ALLOWED_NETWORKS", "public,acme=everything", "must list networks"),
        ("ORDERFLOW_ALLOWED_FOLDERS", "srv/erp", "begin with /"),
    ],
)
def test_what_is_allowed_has_to_be_said_right(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=says):
        Settings.load()


def test_without_a_word_connections_reach_networks_and_no_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ORDERFLOW_ALLOWED_NETWORKS", "ORDERFLOW_ALLOWED_FOLDERS"):
        monkeypatch.delenv(name)
    settings = Settings.load(database_url="postgresql://u:p@db.example/x", redis_url="redis://:p@broker.example/0")
    rules = settings.rules()
    assert [entry.network for entry in rules.networks] == ["public", "private"]
    assert not rules.folders
    assert rules.servers == {"db.example", "broker.example"}


def test_a_secret_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text("a-secret-of-32-characters-or-more\n")
    monkeypatch.setenv("JWT_SECRET_FILE", str(file))
    monkeypatch.setenv("ORDERFLOW_METRICS_TOKEN_FILE", str(file))
    settings = Settings.load()
    assert settings.token_secret() == "a-secret-of-32-characters-or-more"
    assert settings.metrics_token
    assert settings.metrics_token.get_secret_value() == "a-secret-of-32-characters-or-more"
    keys = tmp_path / "keys"
    keys.write_text(f"{'11' * 32},{'22' * 32}")
    monkeypatch.setenv("ENCRYPTION_PREVIOUS_KEYS_FILE", str(keys))
    assert len(Settings.load().encryption_previous_keys) == 2


def test_a_file_for_a_secret_has_to_be_there_and_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET_FILE", str(tmp_path / "missing"))
    with pytest.raises(SettingsError, match="JWT_SECRET_FILE names a file that cannot be read"):
        Settings.load()
    monkeypatch.setenv("JWT_SECRET", "x" * 32)
    with pytest.raises(SettingsError, match="both set"):
        Settings.load()


@pytest.mark.parametrize(
    ("misspelled", "meant"),
    [
        ("DATABSE_URL", "DATABASE_URL"),
        ("database_uri", "DATABASE_URL"),
        ("DATABASE_ADMIN_URI", "DATABASE_ADMIN_URL"),
        ("ORDERFLOW_SWEEP_SECOND", "ORDERFLOW_SWEEP_SECONDS"),
        ("ORDERFLOW_DATABASE_URL", "DATABASE_URL"),
        ("ORDERFLOW_POLL_SECONDS", "ORDERFLOW_ACK_POLL_SECONDS"),
        ("ORDERFLOW_NOTIFY_MAIL_TO", "ORDERFLOW_NOTIFY_EMAIL_TO"),
    ],
)
@pytest.mark.parametrize("in_a_file", [False, True])
def test_a_misspelled_setting_is_named_with_the_right_name(
    monkeypatch: pytest.MonkeyPatch, misspelled: str, meant: str, in_a_file: bool
) -> None:
    if in_a_file:
        Path(".env").write_text(f"{misspelled}=hush\n")
    else:
        monkeypatch.setenv(misspelled, "hush")
    with pytest.raises(SettingsError, match=f"{misspelled.upper()} is no setting: {meant} is") as caught:
        Settings.load()
    assert "hush" not in str(caught.value.as_json())


def test_names_that_others_may_mean_are_told_and_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/orderflow")
    for name in ("LOG_LEVELS", "DATABASE_URI", "ORDERFLOW_SERVICE_HOST", "ORDERFLOW_PORT_8000_TCP", "PGDATABASE"):
        monkeypatch.setenv(name, "x")
    Settings.load()
    told = {unknown.name: unknown.meant for unknown in Settings.unknown()}
    assert told == {
        "LOG_LEVELS": "LOG_LEVEL",
        "DATABASE_URI": "DATABASE_URL",
        "ORDERFLOW_SERVICE_HOST": None,
        "ORDERFLOW_PORT_8000_TCP": None,
    }


def test_no_setting_is_taken_for_a_misspelled_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings._names():
        monkeypatch.setenv(name, "x")
    assert Settings.unknown() == []


def test_an_empty_address_of_the_database_is_not_the_embedded_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    with pytest.raises(SettingsError, match="DATABASE_URL is empty"):
        Settings.load()


def test_a_shared_broker_needs_a_shared_database_or_the_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://broker/0")
    with pytest.raises(SettingsError, match="DATABASE_URL is not set, and CELERY_BROKER_URL is"):
        Settings.load()
    monkeypatch.setenv("DATABASE_URL", "embedded")
    assert Settings.load().app_url == ""
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hush@db:5433/orderflow")
    assert Settings.load().database_name == "postgresql://app:***@db:5433/orderflow"


def test_the_embedded_database_is_named_by_its_folder(home: Path) -> None:
    assert Settings.load().database_name == f"embedded in {home}"
