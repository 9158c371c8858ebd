"""SFTP as a channel: its settings, and the store that they open."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

from orderflow.channels.channel import Channel
from orderflow.channels.filestore import FileStore
from orderflow.channels.settings import ServerSettings
from orderflow.domain.form import hint
from orderflow.net.certificates import Holder
from orderflow.net.private_keys import check_work_factor


class SFTPSettings(ServerSettings):
    """What an SFTP server asks."""

    host_key: str | None = Field(
        None,
        max_length=10_000,
        title="Host key",
        description="The server's public key, 'ssh-ed25519 AAAA…', or its fingerprint, 'SHA256:…'. No other server "
        "gets orders. Leave it empty and test: the test shows the key that it saw, to be compared with the ERP side's.",
        json_schema_extra=hint("Server", multiline=True, holds=Holder.SERVER),
    )
    password: SecretStr | None = Field(
        None,
        title="Password",
        description="Needed unless a private key is given.",
        json_schema_extra=hint("Sign-in", writeOnly=True),
    )
    ssh_key: SecretStr | None = Field(
        None,
        title="Private key",
        description="The whole text of a private key file, in OpenSSH or PEM format.",
        json_schema_extra=hint("Sign-in", writeOnly=True, multiline=True),
    )
    ssh_key_passphrase: SecretStr | None = Field(
        None,
        title="Passphrase",
        description="Of the private key, if it has one.",
        json_schema_extra=hint("Sign-in", writeOnly=True),
    )
    max_in_flight: int = Field(
        256,
        ge=1,
        le=1_024,
        title="Files at once",
        description="How many files are under way at the same time. Lower it for servers that limit open files.",
        json_schema_extra=hint("Advanced"),
    )

    @field_validator("ssh_key")
    @classmethod
    def _some_way_to_sign_in(cls, value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if value is None and others.data.get("password", value) is None:
            raise ValueError("this or a password is needed for mode sftp")
        if value is not None:
            check_work_factor(value.get_secret_value())
        return value


class SFTPChannel(Channel):
    """Files over SSH."""

    mode: ClassVar[str] = "sftp"
    about: ClassVar[str] = "a server reached over SSH"
    settings: ClassVar[type[BaseModel]] = SFTPSettings

    def open(self, settings: SFTPSettings, *, apart: str = "") -> FileStore:
        """Return the server's store."""
        from orderflow.channels.sftp.store import SFTPTarget, open_sftp  # a folder needs no SSH library

        target = SFTPTarget(
            host=settings.host,
            port=settings.port,
            username=settings.username,
            password=_open_secret(settings.password),
            ssh_key=_open_secret(settings.ssh_key),
            ssh_key_passphrase=_open_secret(settings.ssh_key_passphrase),
            host_key=settings.host_key,
            connect_timeout=settings.connect_timeout,
            timeout=settings.timeout,
            max_in_flight=settings.max_in_flight,
            fsync=settings.fsync,
            max_sessions=settings.max_sessions,
            apart=apart,
        )
        return open_sftp(target)


def _open_secret(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
