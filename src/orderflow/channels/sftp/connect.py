"""From a target to a live session: the server's key is checked before anything about us is told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import asyncssh

from orderflow.channels.limits import closed_unheard, silent
from orderflow.channels.sftp.errors import key_unreadable, login_refused, translated
from orderflow.channels.sftp.host_keys import ALL, PinnedKeys
from orderflow.channels.sftp.offered import KEX_ALGORITHMS, refusal
from orderflow.channels.sftp.session import SessionLostError, SFTPSession
from orderflow.channels.sftp.target import SFTPTarget
from orderflow.domain.errors import ConfigError, NeedsAttentionError
from orderflow.net.addresses import checked_socket
from orderflow.net.private_keys import WorkFactorError, check_numbers, first_key


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="ssh-key")


_opening = _threads()
_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""By organization: each has one of the threads at a time."""


def _begin_anew() -> None:
    global _opening  # noqa: PLW0603  # a forked process has none of its parent's threads, and would wait for them
    _opening = _threads()
    _turns.clear()


os.register_at_fork(after_in_child=_begin_anew)

# aes128-gcm takes half the processor time of the default, chacha20; a server without it gets the default.
CIPHERS = "^aes128-gcm@openssh.com"
# Not an empty tuple: that would make asyncssh read the user's known_hosts. Nothing is trusted but our own check.
TRUST_NONE: tuple[list[str], list[str], list[str]] = ([], [], [])
_PLAIN = {b"ssh-rsa", *(name.encode() for name in ALL)}


class _Greeting:
    """How far the last connection came: was there a server at all, and did it say that it speaks SSH?"""

    connection: asyncssh.SSHClientConnection | None = None

    @property
    def heard(self) -> bool:
        """Whether the server greeted."""
        return self.connection is not None and self.connection.get_extra_info("server_version") is not None

    def missing(self, error: Exception) -> bool:
        """Return whether the server took the connection and said nothing until `error`."""
        taken = self.connection is not None or isinstance(error, ConnectionResetError)
        return taken and not self.heard


class _Client(asyncssh.SSHClient):
    """Looks at the server's key, which asyncssh asks before it authenticates; then gives the password, once."""

    def __init__(self, pinned: PinnedKeys, password: str | None, greeting: _Greeting) -> None:
        self._pinned = pinned
        self._password = password
        self._greeting = greeting
        self.seen: asyncssh.SSHKey | None = None
        self.expired = False

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self._greeting.connection = conn
        conn.validate_server_host_key = partial(_only_plain, conn.validate_server_host_key)  # type: ignore[method-assign]

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.seen = key
        return self._pinned.match(key)

    def password_auth_requested(self) -> str | None:
        password, self._password = self._password, None  # a wrong one that is told twice locks accounts
        return password

    def password_change_requested(self, prompt: str, lang: str) -> Any:
        self.expired = True
        return NotImplemented

    def kbdint_auth_requested(self) -> str | None:
        return None if self._password is None else ""

    def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> Sequence[str] | None:
        """Answer by the form of the question, in whatever language: one, and what is typed is not shown."""
        if not prompts:
            return []
        (_, shown), *more = prompts
        password = None if more or shown else self.password_auth_requested()
        return None if password is None else [password]


def _only_plain(validate: Callable[[bytes], asyncssh.SSHKey], key: bytes) -> asyncssh.SSHKey:
    """Validate a host key that is no certificate: nobody asked for one, and to read one may take hours."""
    size = int.from_bytes(key[:4], "big")
    if key[4 : 4 + size] not in _PLAIN:
        raise asyncssh.KeyExchangeFailed("The host key is of a kind that was not asked for.")
    return validate(key)


async def connect(target: SFTPTarget) -> SFTPSession:
    """Connect, verify the server, log in and start SFTP, all within `connect_timeout`.

    Raises:
        NeedsAttentionError: HOST_KEY_UNKNOWN or HOST_KEY_CHANGED (`details` has the key that was seen),
            AUTH_FAILED, KEY_REFUSED, KEY_UNREADABLE, SFTP_NOT_OFFERED, SSH_INCOMPATIBLE.
        UnavailableError: HOST_UNKNOWN, CONNECTION_REFUSED, CONNECTION_LOST, TIMEOUT, SESSION_LIMIT and the like.
    """
    greeting = _Greeting()
    with translated(target):
        try:
            async with asyncio.timeout(target.connect_timeout):
                keys = await _private_keys(target)
                connection = await _verified(target, keys, greeting)
                return await _begin(target, connection)
        except (TimeoutError, ConnectionError, asyncssh.ConnectionLost) as error:
            if not greeting.missing(error):
                raise
            late = isinstance(error, TimeoutError)
            raise silent(target.place, target.connect_timeout) if late else closed_unheard(target.place) from None


async def _private_keys(target: SFTPTarget) -> list[asyncssh.SSHKeyPair]:
    if not target.ssh_key:
        if target.password is None:
            raise ConfigError(
                f"There is neither a password nor an SSH key for {target.place}.",
                details={"fields": ["password", "ssh_key"]},
            )
        return []
    try:
        text = first_key(target.ssh_key)
    except WorkFactorError as error:
        raise key_unreadable(target, str(error)) from None
    pairs = list(asyncssh.load_keypairs([await _in_turn(target.reach.organization, partial(_opened, target, text))]))
    for pair in pairs:  # the stronger signature first, as OpenSSH does: some servers take that one alone
        pair.sig_algorithms = sorted(pair.sig_algorithms, key=lambda name: name != b"rsa-sha2-512")
    return pairs


async def _in_turn(organization: str, opened: Callable[[], asyncssh.SSHKey]) -> asyncssh.SSHKey:
    """Open a key in threads of their own, since a passphrase is made slow to try: one of an organization at a time.

    Its turn ends when the thread is done, though nobody may wait for it any more: nothing ends what it computes.
    """
    turn = _turns.setdefault(organization, asyncio.Lock())
    await turn.acquire()
    opening = asyncio.get_running_loop().run_in_executor(_opening, opened)
    opening.add_done_callback(lambda _: turn.release())
    return await asyncio.shield(opening)


def _opened(target: SFTPTarget, text: str) -> asyncssh.SSHKey:
    """Open a key without a test of its primes, which takes hours of those that are made to, and check it then."""
    try:
        key = asyncssh.import_private_key(text, target.ssh_key_passphrase, unsafe_skip_rsa_key_validation=True)
        check_numbers(key.pyca_key)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise
    except WorkFactorError as error:
        raise key_unreadable(target, str(error)) from None
    except (ValueError, ZeroDivisionError):
        raise key_unreadable(target, "this key has numbers that are none of RSA") from None
    return key


async def _verified(
    target: SFTPTarget, keys: list[asyncssh.SSHKeyPair], greeting: _Greeting
) -> asyncssh.SSHClientConnection:
    """Connect; where a fingerprint does not fit the first key shown, ask for the server's other keys too."""
    pinned = PinnedKeys(target.host_key)
    differs: NeedsAttentionError | None = None
    for algorithms in pinned.rounds():
        client = _Client(pinned, target.password, greeting)
        try:
            return await _connect(target, client, keys, algorithms)
        except asyncssh.HostKeyNotVerifiable:
            differs = differs or _host_key_error(target, pinned, client.seen)
        except (
            asyncssh.KeyExchangeFailed,
            asyncssh.ConnectionLost,
            ConnectionError,
        ) as error:  # perhaps the server has no key of this family
            if differs is None:
                raise await _why(target, client, greeting) or error from None
        except asyncssh.PermissionDenied:
            raise _expired(target) if client.expired else login_refused(target) from None
    assert differs is not None
    raise differs


async def _why(target: SFTPTarget, client: _Client, greeting: _Greeting) -> NeedsAttentionError | None:
    """Return why a server that greeted got no further than that; None if that is not it, or unknown."""
    return await refusal(target) if greeting.heard and client.seen is None else None


async def _connect(
    target: SFTPTarget, client: _Client, keys: list[asyncssh.SSHKeyPair], algorithms: list[str]
) -> asyncssh.SSHClientConnection:
    """Connect and log in with exactly what the target says: no agent, no files, nothing from the environment."""
    return await asyncssh.connect(
        target.host,
        target.port,
        sock=await checked_socket(target.host, target.port, target.reach),
        config=None,
        client_factory=lambda: client,
        known_hosts=TRUST_NONE,
        kex_algs=KEX_ALGORITHMS,
        server_host_key_algs=algorithms,
        x509_trusted_certs=None,
        username=target.username,
        client_keys=keys or None,
        agent_path=None,
        gss_kex=False,
        gss_auth=False,
        host_based_auth=False,
        public_key_auth=bool(keys),
        encryption_algs=CIPHERS,
        compression_algs=None,
        keepalive_interval=15,
        login_timeout=target.connect_timeout,
        utf8_decode_errors="replace",  # of banners; names never pass through here
    )


async def _begin(target: SFTPTarget, connection: asyncssh.SSHClientConnection) -> SFTPSession:
    try:
        _, session = await connection.create_session(
            lambda: SFTPSession(target, connection), subsystem="sftp", encoding=None, request_pty=False
        )
        assert isinstance(session, SFTPSession)
        await session.begin()
    except SessionLostError as lost:
        connection.abort()
        raise lost.error from lost
    except BaseException:  # a timeout, too, must leave no connection behind
        connection.abort()
        raise
    return session


def _expired(target: SFTPTarget) -> NeedsAttentionError:
    return NeedsAttentionError(
        f"{target.place} wants a new password of {target.username}: the present one has expired.",
        code="AUTH_FAILED",
        hint="Have a new password set for the account, enter it here and test the connection.",
    )


def _host_key_error(target: SFTPTarget, pinned: PinnedKeys, seen: asyncssh.SSHKey | None) -> NeedsAttentionError:
    details: dict[str, object] = {}
    if seen is not None:
        line = " ".join(seen.export_public_key().decode().split()[:2])
        details = {"fingerprint": seen.get_fingerprint(), "host_key": line}
    if not pinned:
        return NeedsAttentionError(
            f"The host key of {target.place} was not confirmed yet.",
            code="HOST_KEY_UNKNOWN",
            hint="Compare the fingerprint with the one that the server's operator gave you, then accept it.",
            details=details,
        )
    return NeedsAttentionError(
        f"{target.place} shows another host key than the confirmed one, so nobody logged in.",
        code="HOST_KEY_CHANGED",
        hint="Ask the server's operator whether the key was changed on purpose; only then accept the new one.",
        details={**details, "expected": pinned.fingerprints()},
    )
