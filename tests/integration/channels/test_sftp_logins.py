"""Who the server is, who we are, and what is told when either is wrong."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from typing import Any

import asyncssh
import pytest

from orderflow.channels.filestore import Upload
from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.domain.errors import ConfigError, NeedsAttentionError, UnavailableError
from orderflow.testing.openssh_server import OpenSSHServer
from orderflow.testing.sftp_server import SFTPServer

OTHER = asyncssh.generate_private_key("ssh-ed25519")
QUICK: dict[str, Any] = {"rounds": 16, "ignore_few_rounds": True}
OTHER_LINE = OTHER.export_public_key().decode()


def refused(kind, store):
    with pytest.raises(kind) as caught:
        store.stat("/")
    assert caught.value.hint
    assert "sesame" not in f"{caught.value!r} {caught.value.as_json()}"
    return caught.value


@pytest.fixture(scope="module")
def many_keys() -> Iterator[OpenSSHServer]:
    """A server with a host key of each kind."""
    with OpenSSHServer(key_types=["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]) as server:
        yield server


def test_a_password_lets_in(store_on, sftp_server) -> None:
    assert store_on(sftp_server).stat("/").is_folder


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"username": "nobody"}])
def test_a_wrong_password_or_user_is_told(change, store_on, sftp_server) -> None:
    assert refused(NeedsAttentionError, store_on(sftp_server, **change)).code == "AUTH_FAILED"


def test_openssh_says_the_same(store_on, sshd) -> None:
    error = refused(NeedsAttentionError, store_on(sshd, ssh_key=None, password="wrong"))
    assert error.code == "AUTH_FAILED"
    assert "password" in error.message


def test_a_key_that_the_server_does_not_know_is_told(store_on, sshd) -> None:
    stranger = OTHER.export_private_key().decode()
    assert refused(NeedsAttentionError, store_on(sshd, ssh_key=stranger)).code == "KEY_REFUSED"


def test_neither_password_nor_key_is_a_matter_of_configuration(store_on, sshd) -> None:
    assert refused(ConfigError, store_on(sshd, ssh_key=None)).details == {"fields": ["password", "ssh_key"]}


@pytest.mark.parametrize("format_name", ["openssh", "pkcs1-pem", "pkcs8-pem"])
@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"])
@pytest.mark.parametrize("passphrase", [None, "open it"])
def test_keys_of_all_usual_kinds_let_in(kind, format_name, passphrase, store_on) -> None:
    if (kind, format_name) == ("ssh-ed25519", "pkcs1-pem"):
        format_name = "pkcs8-pem"  # there is no older PEM for Ed25519
    key = asyncssh.generate_private_key(kind)
    quick: dict[str, Any] = {"rounds": 16, "ignore_few_rounds": True} if passphrase and format_name == "openssh" else {}
    text = key.export_private_key(format_name, passphrase, **quick).decode()
    with SFTPServer(authorized_key=key.export_public_key().decode()) as server:
        store = store_on(server, password=None, ssh_key=text, ssh_key_passphrase=passphrase)
        assert store.stat("/").is_folder


@pytest.mark.parametrize("format_name", ["openssh", "pkcs8-pem"])
@pytest.mark.parametrize("passphrase", [None, "wrong"])
def test_a_key_with_another_passphrase_is_told(format_name, passphrase, store_on, sshd) -> None:
    quick: dict[str, Any] = {"rounds": 16, "ignore_few_rounds": True} if format_name == "openssh" else {}
    text = OTHER.export_private_key(format_name, "right", **quick).decode()
    store = store_on(sshd, ssh_key=text, ssh_key_passphrase=passphrase)
    assert refused(NeedsAttentionError, store).code == "KEY_UNREADABLE"


@pytest.mark.parametrize(
    "text", ["garbage", "PuTTY-User-Key-File-3: ssh-ed25519", OTHER_LINE], ids=["garbage", "putty", "public"]
)
def test_what_is_no_private_key_is_told(text, store_on, sshd) -> None:
    assert refused(NeedsAttentionError, store_on(sshd, ssh_key=text)).code == "KEY_UNREADABLE"


def test_nothing_of_the_users_own_is_offered(store_on, sftp_server, tmp_path, monkeypatch) -> None:
    """A key in ~/.ssh that would let us in, a config and a known_hosts file: none of them counts."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_ed25519").write_bytes(OTHER.export_private_key())
    (tmp_path / ".ssh" / "config").write_text("Host *\n  ProxyCommand /bin/false\n")
    known = f"[{sftp_server.host}]:{sftp_server.port} {sftp_server.host_key}\n"
    (tmp_path / ".ssh" / "known_hosts").write_text(known)
    sftp_server.authorized_key = OTHER_LINE
    assert refused(NeedsAttentionError, store_on(sftp_server, password="wrong")).code == "AUTH_FAILED"
    assert refused(NeedsAttentionError, store_on(sftp_server, host_key=None)).code == "HOST_KEY_UNKNOWN"


def test_an_unconfirmed_server_is_shown_and_told_nothing(store_on, sftp_server) -> None:
    error = refused(NeedsAttentionError, store_on(sftp_server, host_key=None))
    assert error.code == "HOST_KEY_UNKNOWN"
    assert error.details == {"fingerprint": sftp_server.fingerprint, "host_key": sftp_server.host_key}
    assert sftp_server.logins == []


@pytest.mark.parametrize("pinned", [OTHER_LINE, OTHER.get_fingerprint()], ids=["line", "fingerprint"])
def test_a_changed_server_is_shown_and_told_nothing(pinned, store_on, sftp_server) -> None:
    error = refused(NeedsAttentionError, store_on(sftp_server, host_key=pinned))
    assert error.code == "HOST_KEY_CHANGED"
    assert error.details == {
        "fingerprint": sftp_server.fingerprint,
        "host_key": sftp_server.host_key,
        "expected": [OTHER.get_fingerprint()],
    }
    assert sftp_server.logins == []


def test_a_key_that_changes_while_we_work_is_seen_at_the_next_connection(store_on, sftp_server) -> None:
    store = store_on(sftp_server)
    assert store.stat("/")
    sftp_server.stop()
    sftp_server._host_keys = [OTHER]
    sftp_server.logins.clear()
    sftp_server.start()
    assert refused(NeedsAttentionError, store).code == "HOST_KEY_CHANGED"
    assert sftp_server.logins == []


@pytest.mark.parametrize("number", range(3))
def test_any_of_the_servers_keys_may_be_the_confirmed_one(number, store_on, many_keys) -> None:
    line = many_keys.host_keys[number]
    fingerprint = asyncssh.import_public_key(line).get_fingerprint()
    for pinned in (line, f"ftp.acme.example {line} comment", fingerprint):
        assert store_on(many_keys, host_key=pinned).stat("/").is_folder


def test_a_fingerprint_that_fits_none_of_its_keys_is_a_changed_server(store_on, many_keys) -> None:
    error = refused(NeedsAttentionError, store_on(many_keys, host_key=OTHER.get_fingerprint()))
    assert error.code == "HOST_KEY_CHANGED"


def test_no_host_and_no_server_are_told_apart(store_on, sshd) -> None:
    assert refused(UnavailableError, store_on(sshd, host="no-such-host.invalid")).code == "HOST_UNKNOWN"
    with OpenSSHServer() as gone:
        store = store_on(gone)
    assert refused(UnavailableError, store).code == "CONNECTION_REFUSED"


@pytest.mark.parametrize(
    ("extra", "kind", "code"),
    [
        ("MaxSessions 0", UnavailableError, "SESSION_LIMIT"),
        ("ForceCommand /bin/echo This account is not available.", NeedsAttentionError, "SFTP_NOT_OFFERED"),
        ("ForceCommand /bin/false", NeedsAttentionError, "SFTP_NOT_OFFERED"),
        ("Ciphers 3des-cbc", NeedsAttentionError, "SSH_INCOMPATIBLE"),
    ],
)
def test_a_server_that_lets_in_but_not_to_sftp(extra, kind, code, store_on) -> None:
    with OpenSSHServer(extra=[extra]) as server:
        assert refused(kind, store_on(server)).code == code


def test_a_read_only_account_may_not_write(store_on) -> None:
    with OpenSSHServer(sftp_options="-R") as server:
        ((_, error),) = store_on(server).upload([Upload(f"{server.root}/x", b"1")])
    assert isinstance(error, NeedsAttentionError)
    assert error.code == "PERMISSION_DENIED"
    assert str(server.root) in error.message


def test_a_connection_test_logs_in_for_itself(sftp_server) -> None:
    """A password that was changed a moment ago is noticed, although a session made with the old one is open."""
    connector = DropzoneJsonV1Connector()
    config = {
        "mode": "sftp",
        "host": sftp_server.host,
        "port": sftp_server.port,
        "username": sftp_server.username,
        "password": sftp_server.password,
        "host_key": sftp_server.host_key,
        "export_path": "/",
    }
    assert connector.test_connection(config).success
    sftp_server.password = "changed"  # invented
    result = connector.test_connection(config)
    assert (result.success, result.details["code"]) == (False, "AUTH_FAILED")


@pytest.mark.parametrize(
    "question", ["Passwort:", "Kennwort für orderflow: ", "Şifre?", "Mot de passe", "パスワード", ">"]
)
def test_a_hidden_question_gets_the_password_in_any_language(question, store_on) -> None:
    with SFTPServer(asks=[question]) as server:
        assert store_on(server).stat("/").is_folder
        error = refused(NeedsAttentionError, store_on(server, password="wrong"))
        assert error.code == "AUTH_FAILED"
        assert len(server.logins) == 2, "a wrong password is told once"


def test_two_questions_are_not_answered_by_one_password(store_on) -> None:
    with SFTPServer(asks=["Password:", "Token:"]) as server:
        assert refused(NeedsAttentionError, store_on(server)).code == "AUTH_FAILED"


@pytest.mark.parametrize("pinned", ["line", "fingerprint", None])
def test_a_server_with_old_host_keys_alone_is_named_as_such(pinned, store_on) -> None:
    with OpenSSHServer(key_types=["ssh-rsa"], extra=["HostKeyAlgorithms ssh-rsa"]) as server:
        line = server.host_keys[0]
        key = {"line": line, "fingerprint": asyncssh.import_public_key(line).get_fingerprint(), None: None}[pinned]
        error = refused(NeedsAttentionError, store_on(server, host_key=key))
    assert error.code == "SSH_INCOMPATIBLE"
    assert "ssh-rsa" in error.message
    assert "rsa-sha2-512" in error.hint


def test_what_ssh_keygen_prints_is_a_host_key(store_on, sftp_server) -> None:
    printed = f'"256 {sftp_server.fingerprint} root@erp (ED25519)"'
    assert store_on(sftp_server, host_key=printed).stat("/").is_folder


def test_one_connection_does_for_a_test_beside_the_engine(store_on) -> None:
    with SFTPServer(max_sessions=1) as server:
        assert store_on(server).stat("/").is_folder
        test = store_on(server, apart="test")
        assert test.stat("/").is_folder
        test.close()
        assert store_on(server).stat("/").is_folder


def test_a_limit_that_others_use_up_is_told_as_such(store_on) -> None:
    with SFTPServer(max_sessions=0) as server:
        error = refused(UnavailableError, store_on(server))
    assert error.code in ("SESSION_LIMIT", "CONNECTION_LOST")


def test_one_session_at_once_is_kept_to(store_on) -> None:
    with SFTPServer() as server:
        assert store_on(server, max_sessions=1).stat("/").is_folder
        assert store_on(server, max_sessions=1, apart="test").stat("/").is_folder
        assert len(server.live) == 1


def test_a_key_that_takes_hours_to_open_is_refused_at_once(store_on, sftp_server) -> None:
    few = asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh", "open it", **QUICK)
    begin, *lines, end = few.decode().split("\n")[:-1]
    rounds = struct.Struct(">II")  # and the number of keys
    content = base64.b64decode("".join(lines)).replace(rounds.pack(16, 1), rounds.pack(300, 1))
    key = f"{begin}\n{base64.encodebytes(content).decode()}{end}\n"
    error = refused(NeedsAttentionError, store_on(sftp_server, ssh_key=key, ssh_key_passphrase="open it"))
    assert (error.code, "300 rounds" in error.message) == ("KEY_UNREADABLE", True)
