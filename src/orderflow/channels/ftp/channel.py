"""FTP, in the clear and under TLS, as channels: their settings, and the store that they open."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, Field, SecretStr

from orderflow.channels.channel import Channel
from orderflow.channels.filestore import FileStore
from orderflow.channels.settings import ServerSettings
from orderflow.domain.form import hint
from orderflow.net.certificates import Holder

FTP_SESSIONS = 4
"""Logins at a time on an FTP server, where each carries one file, unless the connection says how many."""


class FTPSettings(ServerSettings):
    """What an FTP server asks."""

    port: int = Field(21, ge=1, le=65_535)
    password: SecretStr = Field(title="Password", json_schema_extra=hint("Sign-in", writeOnly=True))


class FTPSSettings(FTPSettings):
    """What an FTP server under TLS asks."""

    tls_ca: str | None = Field(
        None,
        max_length=100_000,
        title="Certificate to trust",
        description="In PEM format: the authority that signed the server's certificate, or the certificate itself. "
        "Leave it empty for a certificate that every browser accepts. It is verified in either case.",
        json_schema_extra=hint("Server", multiline=True, holds=Holder.AUTHORITY),
    )


class FTPChannel(Channel):
    """Files over FTP in the clear."""

    mode: ClassVar[str] = "ftp"
    about: ClassVar[str] = "FTP in the clear, for a trusted network only"
    settings: ClassVar[type[BaseModel]] = FTPSettings

    def open(self, settings: FTPSettings, *, apart: str = "") -> FileStore:
        """Return the server's store."""
        from orderflow.channels.ftp.store import FTPTarget, open_ftp  # few have an FTP server

        target = FTPTarget(
            host=settings.host,
            port=settings.port,
            username=settings.username,
            password=settings.password.get_secret_value(),
            tls=isinstance(settings, FTPSSettings),
            ca=settings.tls_ca if isinstance(settings, FTPSSettings) else None,
            connect_timeout=settings.connect_timeout,
            timeout=settings.timeout,
            sessions=settings.max_sessions or FTP_SESSIONS,
            counted=settings.max_sessions is not None,
            apart=apart,
        )
        return open_ftp(target)


class FTPSChannel(FTPChannel):
    """Files over FTP under explicit TLS."""

    mode: ClassVar[str] = "ftps"
    about: ClassVar[str] = "FTP under explicit TLS"
    settings: ClassVar[type[BaseModel]] = FTPSSettings
