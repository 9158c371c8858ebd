"""What a dropzone connection is configured with: one list that checks input, marks secrets and draws the form."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

OLD_NAMES = {"base_path": "export_path", "dropzone_type": "mode"}
_SFTP = {"mode": ["sftp"]}
_FTPS = {"mode": ["ftps"]}
_SERVER = {"mode": ["sftp", "ftp", "ftps"]}
PORTS = {"sftp": 22, "ftp": 21, "ftps": 21}


def _folder(path: str) -> str:
    if any(character in path for character in "\0\r\n"):
        raise ValueError("must not contain a line break or a NUL")
    if ".." in path.split("/"):
        raise ValueError("must not contain the part '..'")
    return path.rstrip("/") or "/"


Folder = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(_folder)]


def _form(group: str, show_when: dict[str, list[str]] | None = None, **more: Any) -> dict[str, Any]:
    """Return where a field stands on the form; the folders and what is advanced do not decide who gets secrets."""
    decides = group in ("Server", "Sign-in")
    return {"group": group, "destination": decides, **({"show_when": show_when} if show_when else {}), **more}


class DropzoneConfig(BaseModel):
    """A place where OrderFlow leaves order files and the ERP leaves its answers."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, title="Dropzone", hide_input_in_errors=True, validate_default=True
    )

    mode: Literal["sftp", "ftps", "ftp", "filesystem"] = Field(
        "sftp",
        title="Kind",
        description="sftp: a server reached over SSH. ftps: FTP under explicit TLS. ftp: FTP in the clear, for a "
        "trusted network only. filesystem: a folder on, or mounted into, OrderFlow's machine.",
        json_schema_extra=_form("Server"),
    )
    host: str | None = Field(
        None,
        min_length=1,
        max_length=253,
        pattern=r"^[^\s/@]+$",
        title="Host",
        description="The server's name or address, without sftp:// and without a path.",
        json_schema_extra=_form("Server", _SERVER),
    )
    port: int = Field(
        22,
        ge=1,
        le=65_535,
        title="Port",
        description="Leave it empty for the usual one: 22 for sftp, 21 for ftp and ftps.",
        json_schema_extra=_form("Server", _SERVER, prefill=False),
    )
    host_key: str | None = Field(
        None,
        max_length=10_000,
        title="Host key",
        description="The server's public key, 'ssh-ed25519 AAAA…', or its fingerprint, 'SHA256:…'. No other server "
        "gets orders. Leave it empty and test: the test shows the key that it saw, to be compared with the ERP side's.",
        json_schema_extra=_form("Server", _SFTP, multiline=True),
    )
    tls_ca: str | None = Field(
        None,
        max_length=100_000,
        title="Certificate to trust",
        description="In PEM format: the authority that signed the server's certificate, or the certificate itself. "
        "Leave it empty for a certificate that every browser accepts. It is verified in either case.",
        json_schema_extra=_form("Server", _FTPS, multiline=True),
    )
    username: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        title="User",
        description="The account on the server.",
        json_schema_extra=_form("Sign-in", _SERVER),
    )
    password: SecretStr | None = Field(
        None,
        title="Password",
        description="Needed unless a private key is given.",
        json_schema_extra=_form("Sign-in", _SERVER, writeOnly=True),
    )
    ssh_key: SecretStr | None = Field(
        None,
        title="Private key",
        description="The whole text of a private key file, in OpenSSH or PEM format.",
        json_schema_extra=_form("Sign-in", _SFTP, writeOnly=True, multiline=True),
    )
    ssh_key_passphrase: SecretStr | None = Field(
        None,
        title="Passphrase",
        description="Of the private key, if it has one.",
        json_schema_extra=_form("Sign-in", _SFTP, writeOnly=True),
    )
    export_path: Folder = Field(
        title="Export folder",
        description="Where order files are put. Without a leading / it is relative to the account's home folder.",
        json_schema_extra=_form("Folders"),
    )
    ack_path: Folder | None = Field(
        None,
        title="Answer folder",
        description="Where the ERP puts its answers. Leave it empty if it gives none.",
        json_schema_extra=_form("Folders"),
    )
    atomic_write: bool = Field(
        True,
        title="Write, then rename",
        description="Each file is written as .tmp and renamed once it is whole, so that the ERP never reads half of "
        "one. Turn it off only for servers that cannot rename.",
        json_schema_extra=_form("Advanced"),
    )
    fsync: bool = Field(
        False,
        title="Wait for the disk",
        description="A file counts as written only when it is on the server's disk. Safer against power cuts, slower.",
        json_schema_extra=_form("Advanced"),
    )
    connect_timeout: float = Field(
        10,
        gt=0,
        le=120,
        title="Time to connect",
        description="Seconds until a server that does not answer counts as down.",
        json_schema_extra=_form("Advanced", _SERVER),
    )
    timeout: float = Field(
        30,
        gt=0,
        le=600,
        title="Time to answer",
        description="Seconds that the server may take over one request.",
        json_schema_extra=_form("Advanced", _SERVER),
    )
    max_in_flight: int = Field(
        256,
        ge=1,
        le=1_024,
        title="Files at once",
        description="How many files are under way at the same time. Lower it for servers that limit open files.",
        json_schema_extra=_form("Advanced", _SFTP),
    )

    max_sessions: int | None = Field(
        None,
        ge=1,
        le=32,
        title="Sessions at once",
        description="How many times OrderFlow may be signed in at once, for servers that limit it. Leave it empty for "
        "the usual: one session over SFTP, and one more for a test; four over FTP.",
        json_schema_extra=_form("Advanced", _SERVER),
    )

    @model_validator(mode="before")
    @classmethod
    def _accept_old_names(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        # A form sends "" for what was left empty.
        filled = {name: value for name, value in given.items() if value not in ("", None)}
        for old, name in OLD_NAMES.items():
            if old in filled:
                if name in filled:
                    raise ValueError(f"{old} is the older name of {name}; give one of them")
                value = filled.pop(old)
                filled[name] = value.lower() if name == "mode" and isinstance(value, str) else value
        mode = filled.get("mode")
        if "port" not in filled and isinstance(mode, str) and mode in PORTS:
            filled["port"] = PORTS[mode]
        return filled

    @field_validator("host", "username")
    @classmethod
    def _needed_for_servers(cls, value: str | None, others: ValidationInfo) -> str | None:
        mode = others.data.get("mode")
        if value is None and mode in PORTS:
            raise ValueError(f"is needed for mode {mode}")
        return value

    @field_validator("password")
    @classmethod
    def _only_way_into_ftp(cls, value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        mode = others.data.get("mode")
        if value is None and mode in ("ftp", "ftps"):
            raise ValueError(f"is needed for mode {mode}")
        return value

    @field_validator("ssh_key")
    @classmethod
    def _some_way_to_sign_in(cls, value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if value is None and others.data.get("mode") == "sftp" and others.data.get("password", value) is None:
            raise ValueError("this or a password is needed for mode sftp")
        return value

    @field_validator("export_path", "ack_path")
    @classmethod
    def _same_folder_for_every_process(cls, path: str | None, others: ValidationInfo) -> str | None:
        if path is not None and others.data.get("mode") == "filesystem" and not path.startswith("/"):
            raise ValueError("must begin with / for mode filesystem")
        return path

    @field_validator("ack_path")
    @classmethod
    def _answers_apart_from_orders(cls, path: str | None, others: ValidationInfo) -> str | None:
        if path is not None and path == others.data.get("export_path"):
            raise ValueError("must be another folder than export_path")
        return path
