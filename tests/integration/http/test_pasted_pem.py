"""Certificates and keys as people paste them: what lost its line breaks only is used; what is none is said."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from orderflow.channels.filestore import Upload
from orderflow.channels.ftp.store import FTPTarget, close_all, open_ftp
from orderflow.domain.errors import ConfigError
from orderflow.http import tls_context
from tests.integration.channels.certificates import make_certificates
from tests.integration.channels.ftp_server import FTPServer

Way = Callable[[str], str]
WAYS: dict[str, Way] = {
    "as it is": lambda text: text,
    "spaces": lambda text: text.replace("\n", " "),
    "nothing": lambda text: text.replace("\n", ""),
    "written out": lambda text: text.replace("\n", "\\n"),
    "mark before": lambda text: f"\ufeff{text}",
    "quotes": lambda text: f'"{text}"',
    "indented": lambda text: "\n".join(f"   {line}" for line in text.splitlines()),
    "no-break spaces": lambda text: text.replace("\n", "\u00a0"),
    "words before": lambda text: f"Müllers Zertifikat\n{text}",
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


def test_what_lost_its_line_breaks_makes_a_context(way: Way, tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    key, begin, rest = made.chain.read_text().partition("-----BEGIN CERTIFICATE-----")
    locked = {
        kind: subprocess.run(
            ["openssl", *command, "-passout", "pass:open it"], input=key, capture_output=True, text=True, check=True
        ).stdout
        for kind, command in {"pkcs8": ["pkcs8", "-topk8"], "legacy": ["ec", "-aes128"]}.items()
    }
    ca = way(made.ca.read_text())
    assert tls_context(ca, way(begin + rest), way(key)).get_ca_certs()
    for text in locked.values():
        tls_context(ca, way(begin + rest), way(text), "open it")
        with pytest.raises(ConfigError, match="passphrase"):
            tls_context(ca, way(begin + rest), way(text))


def test_an_ftps_servers_certificate_may_have_lost_them_too(way: Way, tmp_path: Path) -> None:
    with FTPServer(tmp_path, tls=True) as server:
        target = FTPTarget("127.0.0.1", server.port, "orderflow", server.password, tls=True, ca=way(server.ca))
        ((_, error),) = open_ftp(target).upload([Upload("/x.tmp", b"x")])
        close_all()
    assert error is None


@pytest.mark.parametrize(
    "text", ["", "ä", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nMIIü\n-----END CERTIFICATE-----"]
)
def test_what_is_no_certificate_is_said(text: str) -> None:
    if text:
        with pytest.raises(ConfigError):
            tls_context(text)
    with pytest.raises(ConfigError):
        open_ftp(FTPTarget("127.0.0.1", 1, tls=True, ca=text or "x")).list("/")
