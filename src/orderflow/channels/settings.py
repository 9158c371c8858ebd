"""What channels ask of a person: each channel's model is its part of a connection's form."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from orderflow.domain.form import hint


def _folder(path: str) -> str:
    if any(character in path for character in "\0\r\n"):
        raise ValueError("must not contain a line break or a NUL")
    if ".." in path.split("/"):
        raise ValueError("must not contain the part '..'")
    return path.rstrip("/") or "/"


Folder = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(_folder)]


class ChannelSettings(BaseModel):
    """The parent of every channel's settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


class FolderSettings(ChannelSettings):
    """Where every channel that leaves files puts them, and finds the answers."""

    export_path: Folder = Field(
        title="Export folder",
        description="Where order files are put. Without a leading / it is relative to the account's home folder.",
        json_schema_extra=hint("Folders", local_folder={"mode": ["filesystem"]}),
    )
    ack_path: Folder | None = Field(
        None,
        title="Answer folder",
        description="Where the ERP puts its answers. Leave it empty if it gives none.",
        json_schema_extra=hint("Folders", local_folder={"mode": ["filesystem"]}),
    )

    @field_validator("ack_path")
    @classmethod
    def _answers_apart_from_orders(cls, path: str | None, others: ValidationInfo) -> str | None:
        if path is not None and path == others.data.get("export_path"):
            raise ValueError("must be another folder than export_path")
        return path


class FileSettings(FolderSettings):
    """What every channel asks that leaves files in a folder of a server or a machine."""

    atomic_write: bool = Field(
        True,
        title="Write, then rename",
        description="Each file is written as .tmp and renamed once it is whole, so that the ERP never reads half of "
        "one. Turn it off only for servers that cannot rename.",
        json_schema_extra=hint("Advanced"),
    )
    receiver_takes: Literal["read", "rename"] = Field(
        "read",
        title="The ERP takes a file by",
        description="rename: its first step with a file is to rename it or move it away, in the same file system. Then "
        "an order that still lies there can be recalled for sure. read: anything else.",
        json_schema_extra=hint("Advanced"),
    )
    fsync: bool = Field(
        False,
        title="Wait for the disk",
        description="A file counts as written only when it is on the server's disk. Safer against power cuts, slower.",
        json_schema_extra=hint("Advanced"),
    )


class ServerSettings(FileSettings):
    """What every channel asks that signs in to a server."""

    host: str = Field(
        min_length=1,
        max_length=253,
        pattern=r"^[^\s/@]+$",
        title="Host",
        description="The server's name or address, without sftp:// and without a path.",
        json_schema_extra=hint("Server"),
    )
    port: int = Field(
        22,
        ge=1,
        le=65_535,
        title="Port",
        description="Leave it empty for the usual one: 22 for sftp, 21 for ftp and ftps.",
        json_schema_extra=hint("Server", prefill=False),
    )
    username: str = Field(
        min_length=1,
        max_length=255,
        title="User",
        description="The account on the server.",
        json_schema_extra=hint("Sign-in"),
    )
    connect_timeout: float = Field(
        10,
        gt=0,
        le=120,
        title="Time to connect",
        description="Seconds until a server that does not answer counts as down.",
        json_schema_extra=hint("Advanced"),
    )
    timeout: float = Field(
        30,
        gt=0,
        le=600,
        title="Time to answer",
        description="Seconds that the server may take over one request.",
        json_schema_extra=hint("Advanced"),
    )
    max_sessions: int | None = Field(
        None,
        ge=1,
        le=32,
        title="Sessions at once",
        description="How many times OrderFlow may be signed in at once to deliver, for servers that limit it. Leave it "
        "empty for the usual: in each process one session over SFTP, and one more for a test; four over FTP.",
        json_schema_extra=hint("Advanced"),
    )
