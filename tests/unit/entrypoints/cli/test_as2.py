"""Keys for AS2 are made once, the private one for nobody else to read, and what the partner needs is shown."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate
from typer.testing import CliRunner

from orderflow.channels.as2.certificates import certificates, identities
from orderflow.domain.errors import InputError
from orderflow.entrypoints.cli.app import app


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["as2", "keys", *arguments], env={"COLUMNS": "200"})
    if done.exception:
        raise done.exception
    return done.output


def test_a_key_and_its_certificate_are_made_and_told(tmp_path: Path) -> None:
    shown = run("ACME Orders", "--into", str(tmp_path), "--days", "90")
    key, certificate = tmp_path / "as2_key.pem", tmp_path / "as2_certificate.pem"
    assert (key.stat().st_mode & 0o777, certificate.stat().st_mode & 0o777) == (0o600, 0o644)
    (own,) = identities(key.read_text(), certificates(certificate.read_text()))
    days = own.certificate.ends - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=88) < days <= dt.timedelta(days=90)
    known = load_pem_x509_certificate(certificate.read_bytes())
    assert known.fingerprint(SHA256()).hex() in shown.replace(":", "").lower()
    assert key.read_text().splitlines()[1] not in shown
    assert "ACME Orders" in known.subject.rfc4514_string()


@pytest.mark.parametrize("there", ["as2_key.pem", "as2_certificate.pem"])
def test_nothing_that_is_there_is_replaced_and_nothing_half_is_left(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("in use")
    with pytest.raises(InputError, match="there already"):
        run("ACME", "--into", str(tmp_path))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "in use")]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        run("ACME", "--into", str(tmp_path / "nowhere"))
