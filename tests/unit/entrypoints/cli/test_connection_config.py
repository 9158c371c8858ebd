from __future__ import annotations

import json

import pytest
from pydantic import BaseModel, Field, SecretStr

from orderflow.domain.errors import InputError
from orderflow.entrypoints.cli.connection_config import gather_config
from orderflow.testing.memory import MemoryApi


class Config(BaseModel):
    host: str
    token: SecretStr | None = None
    port: int | None = Field(None, ge=1)
    fsync: bool = False
    units: dict[str, str] = {}
    ports: list[int] = []


class Connector(MemoryApi):
    config_model = Config


def gather(file=None, settings=(), secrets=()):
    return gather_config(Connector(), file and str(file), list(settings), list(secrets))


def test_settings_win_over_the_file(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"host": "a", "token": "s"}))
    assert gather(file, ["host=b=c"]) == {"host": "b=c", "token": "s"}


def test_numbers_and_yes_or_no_are_what_they_are():
    assert gather(settings=["host=22", "port=2222", "fsync=true"]) == {"host": "22", "port": 2222, "fsync": True}
    assert gather(settings=["port=many", "nonsense=1"]) == {"port": "many", "nonsense": "1"}  # refused later, by name


def test_maps_and_lists_are_json():
    assert gather(settings=['units={"PCE": "Unit"}', "ports=[22, 23]"]) == {"units": {"PCE": "Unit"}, "ports": [22, 23]}
    assert gather(settings=['host={"a": 1}', "ports=22"]) == {"host": '{"a": 1}', "ports": 22}  # refused later


@pytest.mark.parametrize("text", ["{PCE: Unit}", "{broken", "PCE=Unit"])
def test_a_map_that_a_shell_has_torn_is_better_given_in_a_file(text):
    with pytest.raises(InputError, match="units is a map or a list") as refused:
        gather(settings=[f"units={text}"])
    assert "--config" in refused.value.hint


@pytest.mark.parametrize("options", [{"settings": ["token=hunter2"]}, {"secrets": ["token=hunter2"]}])
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(options):
    with pytest.raises(InputError) as refused:
        gather(**options)
    assert refused.value.code == "SECRET_ON_COMMAND_LINE"
    assert "hunter2" not in f"{refused.value.message} {refused.value.hint}"
    assert "ORDERFLOW_SECRET_TOKEN" in refused.value.hint


def test_a_secret_comes_from_a_file_or_from_the_environment(tmp_path, monkeypatch):
    (tmp_path / "token").write_text("from file\n")
    assert gather(secrets=[f"token=@{tmp_path / 'token'}"]) == {"token": "from file"}
    monkeypatch.setenv("ORDERFLOW_SECRET_TOKEN", "from environment")
    assert gather(secrets=["token"]) == {"token": "from environment"}


@pytest.mark.parametrize(
    ("content", "words"), [(b"{broken: s3cret", "is not JSON"), (b"[1]", "holds no JSON object"), (b"\xff", "not JSON")]
)
def test_a_file_that_is_no_configuration_is_refused_without_showing_it(tmp_path, content, words):
    file = tmp_path / "config.json"
    file.write_bytes(content)
    with pytest.raises(InputError, match=words) as refused:
        gather(file)
    assert "s3cret" not in refused.value.message


def test_what_cannot_be_read_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    for arguments in ({"file": tmp_path / "no"}, {"secrets": [f"token=@{tmp_path / 'no'}"]}):
        with pytest.raises(InputError, match="cannot be read"):
            gather(**arguments)
    with pytest.raises(InputError, match="no one to ask for token"):
        gather(secrets=["token"])
