"""A host key's fingerprint, as `ssh-keygen -l` prints it."""

from __future__ import annotations

import asyncssh
import pytest

from orderflow.domain.errors import InputError
from orderflow.flow.setup.host_key import fingerprint_of


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_the_fingerprint_is_the_one_that_ssh_shows(algorithm):
    key = asyncssh.generate_private_key(algorithm)
    assert fingerprint_of(key.export_public_key().decode()) == key.get_fingerprint()


@pytest.mark.parametrize("line", ["ssh-ed25519", "", "ssh-ed25519 not*base64", "ssh-ed25519 AAA"])
def test_what_is_no_key_is_said_so(line):
    with pytest.raises(InputError, match="not a public key line"):
        fingerprint_of(line)
