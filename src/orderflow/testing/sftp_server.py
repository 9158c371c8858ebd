"""An SFTP server in this process, for tests and the demo, that misbehaves on request.

It is asyncssh's own server: faithful enough to deliver to, too slow to measure with.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import asyncssh

STOP_SECONDS = 5.0
Operation = Literal["open", "write", "after_close", "rename", "after_rename"]


@dataclass
class Faults:
    """What the server does wrong; may be changed while it runs.

    Attributes:
        deny_stat: Accounts may write but not look: STAT, LSTAT and FSTAT are refused.
        no_posix_rename: Only the plain RENAME works, which never overwrites.
        drop_connection_on: The operation at which the connection breaks.
        drop_after: How many of these operations go well before.
        drops: How many times it breaks; the server then behaves.
        disk_full: OPEN works, WRITE fails, and statvfs tells of no free block.
        max_sessions: Connections it serves at a time; more are turned away.
        delay: Seconds that every rename and write takes.
        asks: The password is taken by keyboard-interactive alone, after these questions.
    """

    deny_stat: bool = False
    no_posix_rename: bool = False
    drop_connection_on: Operation | None = None
    drop_after: int = 0
    drops: int = 1
    disk_full: bool = False
    max_sessions: int | None = None
    delay: float = 0.0
    asks: Sequence[str] | None = None

    def drops_now(self, operation: Operation) -> bool:
        """Return whether the connection shall break at this operation, and count it."""
        if operation != self.drop_connection_on or not self.drops:
            return False
        if self.drop_after:
            self.drop_after -= 1
            return False
        self.drops -= 1
        return True


class SFTPServer:
    """Serve a folder over SFTP from a thread of its own.

    ```python
    with SFTPServer() as server:
        print(server.host, server.port, server.host_key, server.root)
    ```

    Args:
        root: The folder to serve as `/`; a temporary one by default.
        username, password: The only account.
        authorized_key: A public key line that also lets it in.
        host_keys: Private host keys of its own; a new Ed25519 key by default.
        on_rename: Called with a file's new path, on the server's thread, after each rename.
        on_close: Called with a file's path, likewise, after a client closed it.
        faults: Keyword arguments for `Faults`.

    Attributes:
        faults: How it misbehaves; may be changed while it runs.
        logins: The user names that tried to authenticate.
        connections: How many connections were accepted so far.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        root: Path | None = None,
        *,
        username: str = "orderflow",
        password: str = "sesame",  # noqa: S107  # a test server's
        authorized_key: str | None = None,
        host_keys: Sequence[asyncssh.SSHKey] = (),
        on_rename: Callable[[Path], object] | None = None,
        on_close: Callable[[Path], object] | None = None,
        **faults: Any,
    ) -> None:
        self._folder = None if root else tempfile.TemporaryDirectory(prefix="of-sftp-")
        self.root = root or Path(self._folder.name if self._folder else "")
        self.username, self.password, self.authorized_key = username, password, authorized_key
        self.on_rename, self.on_close = on_rename, on_close
        self.faults = Faults(**faults)
        self.port = 0
        self.logins: list[str] = []
        self.connections = 0
        self.live: set[asyncssh.SSHServerConnection] = set()
        self._host_keys = list(host_keys) or [asyncssh.generate_private_key("ssh-ed25519")]

    @property
    def host_key(self) -> str:
        """The server's (first) public key, `ssh-ed25519 AAAA…`."""
        return " ".join(self._host_keys[0].export_public_key().decode().split()[:2])

    @property
    def fingerprint(self) -> str:
        """Its fingerprint, `SHA256:…`."""
        return self._host_keys[0].get_fingerprint()

    def start(self) -> Self:
        """Begin to serve; after a `stop`, on the same port again."""
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)), name="sftp-server")
        self._thread.start()
        started.wait()
        return self

    def stop(self) -> None:
        """Break every connection and stop listening."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def kill_connections(self) -> None:
        """Break every connection, but keep listening."""
        self._loop.call_soon_threadsafe(self._abort_all)

    def end_connections(self) -> None:
        """End every connection in good order, as servers do with idle ones, but keep listening."""
        for connection in tuple(self.live):
            self._loop.call_soon_threadsafe(connection.close)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        if self._folder:
            self._folder.cleanup()

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        acceptor = await asyncssh.listen(
            self.host,
            self.port,
            config=None,
            server_factory=lambda: _Login(self),
            server_host_keys=self._host_keys,
            sftp_factory=lambda channel: _Folder(channel, self),
            gss_host=None,
            reuse_address=True,
        )
        self.port = acceptor.get_port()
        started.set()
        await self._end.wait()
        acceptor.close()
        self._abort_all()
        await acceptor.wait_closed()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=STOP_SECONDS)  # they close the files that are open

    def _abort_all(self) -> None:
        while self.live:
            self.live.pop().abort()


class _Login(asyncssh.SSHServer):
    def __init__(self, server: SFTPServer) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.connections += 1
        self._server.live.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.live.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        limit = self._server.faults.max_sessions
        if limit is not None and len(self._server.live) > limit:
            raise asyncssh.DisconnectError(asyncssh.DISC_TOO_MANY_CONNECTIONS, "Too many connections")
        self._server.logins.append(username)
        return True

    def password_auth_supported(self) -> bool:
        return self._server.faults.asks is None

    def kbdint_auth_supported(self) -> bool:
        return self._server.faults.asks is not None

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Any:
        return "", "", "", [(question, False) for question in self._server.faults.asks or ()]

    def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> bool:
        return username == self._server.username and list(responses) == [self._server.password]

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (self._server.username, self._server.password)

    def public_key_auth_supported(self) -> bool:
        return self._server.authorized_key is not None

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        allowed = asyncssh.import_public_key(self._server.authorized_key or "")
        return username == self._server.username and key == allowed


class _Folder(asyncssh.SFTPServer):
    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], server: SFTPServer) -> None:
        super().__init__(channel, chroot=str(server.root).encode())
        self._server = server
        self._faults = server.faults
        self._connection = channel.get_connection()  # asyncssh forgets it before it closes what was left open

    def _may_drop(self, operation: Operation) -> None:
        if self._faults.drops_now(operation):
            self._server.live.discard(self.connection)
            self.connection.abort()
        if self.connection not in self._server.live:  # asyncssh would go on with what it has received already
            raise asyncssh.SFTPConnectionLost("dropped on request")

    def _may_deny(self) -> None:
        if self._faults.deny_stat:
            raise asyncssh.SFTPPermissionDenied("Permission denied")

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        self._may_drop("open")
        return super().open(path, pflags, attrs)

    async def write(self, file_obj: Any, offset: int, data: bytes) -> int:
        self._may_drop("write")
        if self._faults.disk_full:
            raise asyncssh.SFTPFailure("Failure")
        await asyncio.sleep(self._faults.delay)
        return super().write(file_obj, offset, data)  # type: ignore[return-value]  # the base class never awaits

    def close(self, file_obj: Any) -> None:
        super().close(file_obj)
        if self._connection not in self._server.live:  # its client did not close it
            return
        if self._server.on_close:
            self._server.on_close(Path(os.fsdecode(file_obj.name)))
        self._may_drop("after_close")

    def stat(self, path: bytes) -> Any:
        self._may_deny()
        return super().stat(path)

    def lstat(self, path: bytes) -> Any:
        self._may_deny()
        return super().lstat(path)

    def fstat(self, file_obj: object) -> Any:
        self._may_deny()
        return super().fstat(file_obj)

    def statvfs(self, path: bytes) -> Any:
        return asyncssh.SFTPVFSAttrs(bsize=4096, blocks=100) if self._faults.disk_full else super().statvfs(path)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._renamed(super().rename, oldpath, newpath)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        if self._faults.no_posix_rename:
            raise asyncssh.SFTPOpUnsupported("posix-rename is switched off")
        await self._renamed(super().posix_rename, oldpath, newpath)

    async def _renamed(self, rename: Callable[[bytes, bytes], Any], oldpath: bytes, newpath: bytes) -> None:
        self._may_drop("rename")
        await asyncio.sleep(self._faults.delay)
        rename(oldpath, newpath)
        if self._server.on_rename:
            self._server.on_rename(Path(self.map_path(newpath).decode()))
        self._may_drop("after_rename")
