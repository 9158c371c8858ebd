"""A dropzone's configuration: what each mode needs, said field by field, and never a value."""

from __future__ import annotations

from typing import Any

import pytest

from orderflow.connectors.dropzone import DropzoneConfig, DropzoneJsonV1Connector, over_channels
from orderflow.connectors.dropzone.config import GROUPS
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.domain.errors import ConfigError
from orderflow.domain.states import Kind
from orderflow.formats.json_v1 import JsonV1Format

SECRETS = (
    *("password", "ssh_key", "ssh_key_passphrase", "answer_secret"),
    *(
        "token",
        "api_key",
        "client_secret",
        "hmac_secret",
        "signature_secret",
        "client_key",
        "client_passphrase",
        "secret_key",
    ),
    *("assertion_key", "assertion_passphrase"),
    *("own_keys", "other_own_keys"),
)
SFTP = {"host": "erp.example", "username": "u", "password": "t0p-s3cret", "export_path": "/out"}


def form(**config: Any) -> Any:
    """Return a form, whose fields are those of all channels."""
    return DropzoneConfig(**config)


def problems(config):
    with pytest.raises(ConfigError) as error:
        DropzoneJsonV1Connector().parse(config)
    return {item["field"]: item["message"] for item in error.value.details["fields"]}, error.value


def test_defaults():
    config = form(**SFTP)
    assert (config.mode, config.port, config.atomic_write, config.fsync) == ("sftp", 22, True, False)
    assert (config.ack_path, config.connect_timeout, config.timeout, config.max_in_flight) == (None, 10, 30, 256)


def test_all_that_sftp_lacks_is_said_at_once_and_by_field():
    fields, error = problems({"export_path": "/out"})
    assert set(fields) == {"host", "username", "ssh_key"}
    assert fields["host"] == "is needed for mode sftp"
    assert "host: is needed for mode sftp" in error.message


def test_a_key_is_as_good_as_a_password():
    without = {name: value for name, value in SFTP.items() if name != "password"}
    assert form(**without, ssh_key="-----BEGIN").password is None


def test_a_folder_needs_only_a_folder():
    assert form(mode="filesystem", export_path="/out").ack_path is None
    fields, _ = problems({"mode": "filesystem", "export_path": "out", "ack_path": "acks"})
    assert set(fields) == {"export_path", "ack_path"}


class PlainFormat(JsonV1Format):
    """A format that can write orders alone."""

    kinds = frozenset({Kind.ORDER})


def test_what_an_erp_reads_beside_orders_is_asked_as_far_as_the_format_can_write_it():
    can, cannot = DropzoneJsonV1Connector(), over_channels("PLAIN", PlainFormat)()
    folder = {"mode": "filesystem", "export_path": "/out"}
    assert can.kinds(folder) == cannot.kinds(folder) == {Kind.ORDER}
    assert can.kinds(folder | {"reads_recalls": True}) == {Kind.ORDER, Kind.RECALL}
    moved = cannot.kinds(folder | {"receiver_takes": "rename"})
    assert moved == {Kind.ORDER, Kind.RECALL}, "a file that is renamed away needs no document"
    assert can.kinds(folder | {"reads_changes": True}) == {Kind.ORDER, Kind.CHANGE}
    for field in ("reads_changes", "reads_recalls"):
        with pytest.raises(ConfigError, match=field):
            cannot.parse(folder | {field: True})


def test_a_relative_folder_is_fine_on_a_server():
    assert form(**SFTP | {"export_path": "in/orders/"}).export_path == "in/orders"
    assert form(**SFTP | {"export_path": "/"}).export_path == "/"


@pytest.mark.parametrize("path", ["/out/../etc", "..", "/a\nb", "/a\0b", "x" * 1001])
def test_odd_folders_are_refused(path):
    fields, _ = problems(SFTP | {"export_path": path, "ack_path": path})
    assert set(fields) == {"export_path", "ack_path"}


def test_answers_do_not_lie_among_the_orders():
    fields, _ = problems(SFTP | {"ack_path": "/out/"})
    assert "another folder" in fields["ack_path"]


def test_older_names_still_work_but_not_beside_the_new_ones():
    old = {name: value for name, value in SFTP.items() if name != "export_path"}
    config = form(**old, base_path="/out", dropzone_type="SFTP")
    assert (config.export_path, config.mode) == ("/out", "sftp")
    _, error = problems(SFTP | {"base_path": "/elsewhere"})
    assert "base_path is the older name of export_path" in error.message


def test_what_a_form_left_empty_is_not_given():
    config = form(**SFTP, ssh_key="", ack_path="", host_key=None)
    assert (config.ssh_key, config.ack_path) == (None, None)


def test_unknown_fields_and_wrong_values_are_named():
    fields, _ = problems(SFTP | {"hots": "x", "mode": "pigeon", "port": 0, "host": "sftp://erp.example"})
    assert set(fields) == {"hots", "mode", "port", "host"}


def test_no_secret_is_ever_quoted():
    config = form(**SFTP, ssh_key="k3y-text", ssh_key_passphrase="p4ss")
    bad = SFTP | {"ssh_key": ["k3y-text"], "ssh_key_passphrase": {"p4ss": 1}, "port": "t0p-s3cret"}
    _, error = problems(bad)
    for text in (repr(config), str(config), str(error), repr(error.as_json())):
        assert not [secret for secret in ("t0p-s3cret", "k3y-text", "p4ss") if secret in text]


def test_the_schema_draws_the_form():
    schema = ConnectorRegistry.metadata("DROPZONE_JSON_V1").config_schema
    assert "required" not in schema, "each mode needs something else"
    assert schema["additionalProperties"] is False
    for name, field in schema["properties"].items():
        assert field["title"], name
        assert field["description"], name
        assert field["group"] in {*GROUPS, "Format", "Answers that come"}, name
        assert field.get("writeOnly", False) is (name in SECRETS), name
    assert schema["properties"]["host_key"]["show_when"] == {"mode": ["sftp"]}
    for name in ("host", "port"):
        assert schema["properties"][name]["show_when"] == {"mode": ["sftp", "ftps", "ftp"]}
    assert schema["properties"]["port"]["prefill"] is False  # a form would send SFTP's port to an FTP server
    assert schema["properties"]["export_path"]["show_when"] == {"mode": ["sftp", "ftps", "ftp", "filesystem", "bucket"]}
    assert schema["properties"]["url"]["show_when"] == {"mode": ["http", "as2"]}
