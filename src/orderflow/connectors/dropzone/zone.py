"""One dropzone, opened: its configuration together with the store that its files go to."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from pydantic import SecretStr

from orderflow.channels.filestore import FileStore
from orderflow.channels.folder.held import open_folder
from orderflow.connectors.dropzone.config import DropzoneConfig
from orderflow.domain.errors import TargetChangedError
from orderflow.net.addresses import private_target, refuses_private

FTP_SESSIONS = 4
"""Logins at a time on an FTP server, where each carries one file, unless the connection says how many."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A dropzone to work with."""

    config: DropzoneConfig
    store: FileStore

    def temporary(self, filename: str, token: object) -> str:
        """Return the path under which the attempt of `token` writes `filename` until it is whole."""
        return join(self.config.export_path, f"{filename}.{token}.tmp")

    def final(self, filename: str) -> str:
        """Return the path under which the ERP finds `filename`."""
        return join(self.config.export_path, filename)

    def path_of(self, address: str) -> str:
        """Return the path of the temporary file that `address` names.

        Raises:
            TargetChangedError: It lies elsewhere: this dropzone cannot tell what became of it.
        """
        path = join(self.config.export_path, unquote(address.rpartition("/")[2]))
        if self.store.address(path) != address or not path.endswith(".tmp"):
            raise TargetChangedError(f"The file was left ready at {address}, and the connection points elsewhere now.")
        return path


def open_zone(config: DropzoneConfig) -> Zone:
    """Return the dropzone of a configuration; connects to nothing yet."""
    return Zone(config, open_store(config))


def open_store(config: DropzoneConfig, *, apart: str = "") -> FileStore:
    """Return the store that the configuration's mode means; with `apart`, one that shares no session with others."""
    if config.mode == "filesystem":
        if refuses_private():
            raise private_target("A folder on OrderFlow's own machine")
        return open_folder(fsync=config.fsync)
    if config.mode in ("ftp", "ftps"):
        return _open_ftp(config, apart)
    from orderflow.channels.sftp.store import SFTPTarget, open_sftp  # a folder needs no SSH library

    target = SFTPTarget(
        host=config.host or "",
        port=config.port,
        username=config.username or "",
        password=_open_secret(config.password),
        ssh_key=_open_secret(config.ssh_key),
        ssh_key_passphrase=_open_secret(config.ssh_key_passphrase),
        host_key=config.host_key,
        connect_timeout=config.connect_timeout,
        timeout=config.timeout,
        max_in_flight=config.max_in_flight,
        fsync=config.fsync,
        max_sessions=config.max_sessions,
        apart=apart,
    )
    return open_sftp(target)


def _open_ftp(config: DropzoneConfig, apart: str) -> FileStore:
    from orderflow.channels.ftp.store import FTPTarget, open_ftp  # few have an FTP server

    target = FTPTarget(
        host=config.host or "",
        port=config.port,
        username=config.username or "",
        password=_open_secret(config.password),
        tls=config.mode == "ftps",
        ca=config.tls_ca,
        connect_timeout=config.connect_timeout,
        timeout=config.timeout,
        sessions=config.max_sessions or FTP_SESSIONS,
        apart=apart,
    )
    return open_ftp(target)


def join(folder: str, name: str) -> str:
    """Return the path of `name` in `folder`, in the POSIX way."""
    return f"{folder.rstrip('/')}/{name}"


def _open_secret(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
