"""Which host keys count as confirmed."""

from __future__ import annotations

import asyncssh
import pytest

from orderflow.channels.sftp.host_keys import ALL, PinnedKeys
from orderflow.domain.errors import ConfigError

ED25519 = asyncssh.generate_private_key("ssh-ed25519")
ECDSA = asyncssh.generate_private_key("ecdsa-sha2-nistp256")


def line(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


@pytest.mark.parametrize(
    "text",
    [
        line(ED25519),
        f"{line(ED25519)} a comment",
        f"[ftp.acme.example]:2222 {line(ED25519)}\n",
        ED25519.get_fingerprint(),
        f"{ED25519.get_fingerprint()}\n{ECDSA.get_fingerprint()}",
        f"# ftp.acme.example SSH-2.0\n\n{line(ECDSA)}\n{line(ED25519)}",
    ],
    ids=["line", "comment", "known_hosts", "fingerprint", "two fingerprints", "two lines"],  # the keys differ per run
)
def test_a_key_is_known_as_it_is_usually_written(text: str) -> None:
    pinned = PinnedKeys(text)
    assert pinned
    assert pinned.match(ED25519)
    assert not pinned.match(asyncssh.generate_private_key("ssh-ed25519"))


@pytest.mark.parametrize("text", [None, "", "\n  \n"])
def test_nothing_confirmed_matches_nothing(text: str | None) -> None:
    assert not PinnedKeys(text)
    assert not PinnedKeys(text).match(ED25519)


@pytest.mark.parametrize("text", ["SHA256:short", "MD5:aa:bb", "ssh-ed25519 AAAA", "yes", "ssh-ed25519 ????", "ü"])
def test_anything_else_is_refused_by_name_of_the_field(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PinnedKeys(text)
    assert caught.value.details == {"fields": ["host_key"]}


def test_the_pinned_keys_kind_is_asked_for_first() -> None:
    (order,) = PinnedKeys(line(ECDSA)).rounds()
    assert order[0] == "ecdsa-sha2-nistp256"
    assert sorted(order) == sorted(ALL)


def test_a_fingerprint_tries_every_kind() -> None:
    first, *others = PinnedKeys(ECDSA.get_fingerprint()).rounds()
    assert sorted(first) == sorted(name for names in others for name in names)
