"""What we offer to a server that nobody has verified yet, and what we read of it."""

from __future__ import annotations

import asyncssh
import pytest
from asyncssh.packet import String

from orderflow.channels.sftp.connect import _only_plain
from orderflow.channels.sftp.offered import KEX_ALGORITHMS, KEY_EXCHANGE


def test_no_server_chooses_the_numbers_by_which_keys_are_exchanged() -> None:
    assert [name for name in KEX_ALGORITHMS if "exchange" in name or name.startswith(("gss", "rsa"))] == []
    assert {"curve25519-sha256", "diffie-hellman-group14-sha256"} < KEY_EXCHANGE.ours == set(KEX_ALGORITHMS)


@pytest.mark.parametrize("kind", ["x509v3-ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "ssh-dss", ""])
def test_a_host_key_that_was_not_asked_for_is_not_read(kind: str) -> None:
    def never(_: bytes) -> asyncssh.SSHKey:
        raise AssertionError

    with pytest.raises(asyncssh.KeyExchangeFailed):
        _only_plain(never, String(kind) + b"what takes hours")


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_a_host_key_that_was_asked_for_is_read(kind: str) -> None:
    key = asyncssh.generate_private_key(kind)
    assert _only_plain(asyncssh.public_key.decode_ssh_public_key, key.public_data).public_data == key.public_data
