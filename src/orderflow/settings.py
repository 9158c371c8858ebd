"""What can be set, under the names of the specification: in the environment, or in a file `.env`."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from orderflow.domain.errors import InputError, OrderFlowError
from orderflow.http.webhook_signature import webhook_key
from orderflow.net.allowed import AllowedFolder, AllowedNetwork, RoleBucket, Rules
from orderflow.postgres.home import EMBEDDED, default_home
from orderflow.secrets.encryption import EncryptionService
from orderflow.secrets.keys import key_from_file, load_or_create_key_file, parse_key
from orderflow.server_tls import hosts_of, shown_url, verified_broker, verified_database
from orderflow.setting_names import Unknown, unknown_names
from orderflow.storage.database import normal_url
from orderflow.storage.work.clock import LONGEST_LEASE


class SettingsError(InputError):
    """One or more settings cannot be used; names them, never their values."""

    code = "SETTINGS_INVALID"
    hint = "Correct what is named, in the environment or in the file .env."


def _database_url(url: SecretStr) -> SecretStr:
    try:
        return SecretStr(normal_url(url.get_secret_value()))
    except OrderFlowError as error:
        raise ValueError(f"must be the URL of a PostgreSQL database. {error.hint}") from None


def _web_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError("must be a URL that begins with http:// or https://")
    return url.rstrip("/")


def _base_url(url: str) -> str:
    plain = _web_url(url)
    parts = urlsplit(plain)
    if not _PLAIN_PATH.fullmatch(parts.path) or parts.query or parts.fragment:
        raise ValueError("must end with a path of letters, digits and ._~- alone, if it has one")
    return plain


_PLAIN_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")


def _key(key: SecretStr) -> SecretStr:
    try:
        parse_key(key.get_secret_value())
    except OrderFlowError as error:
        raise ValueError(f"must be 64 hex digits (256 bits). {error.hint}") from None
    return key


def _webhook_secret(secret: SecretStr) -> SecretStr:
    webhook_key(secret.get_secret_value())
    return secret


def _unguessable(secret: SecretStr) -> SecretStr:
    if len(set(secret.get_secret_value())) < DIFFERENT_CHARACTERS:
        raise ValueError("is too easy to guess: make one with `openssl rand -hex 32`")
    return secret


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise ValueError("must name a file that is there")
    return file


DIFFERENT_CHARACTERS = 3
"""In a secret that is not easy to guess."""


def _unless_embedded(url: Any) -> Any:
    return None if url == EMBEDDED else url


def _list(keys: Any) -> Any:
    return [key.strip() for key in keys.split(",") if key.strip()] if isinstance(keys, str) else keys


def _env_file() -> Path | None:
    """Return the file .env of this folder, if there is one.

    Raises:
        SettingsError: Others could have written it; whoever writes it decides about databases, keys and addresses.
    """
    file = Path(".env")
    try:
        known = file.stat()
    except OSError:
        return None
    if known.st_uid in (0, os.geteuid()) and not known.st_mode & stat.S_IWOTH:
        return file
    raise SettingsError(
        f"The file {file.absolute()} is not read: it belongs to another user, or everybody may write to it.",
        code="ENV_FILE_UNTRUSTED",
        hint="Make it yours with mode 0600 (chown, chmod), or run the command in another folder.",
    )


def _content(variable: str, file: str) -> str:
    try:
        return Path(file).expanduser().read_text("utf-8").rstrip("\r\n")
    except OSError as error:
        problem = f"names a file that cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        problem = "names a file that is no text in UTF-8"
    raise _wrong_file(variable, problem)


def _wrong_file(variable: str, problem: str) -> SettingsError:
    fields = [{"field": f"{variable}_FILE", "message": problem}]
    return SettingsError(f"{variable}_FILE {problem}.", details={"fields": fields})


def _entries(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda texts: [parse(text) if isinstance(text, str) else text for text in _list(texts)]


def _variable(field: str) -> str:
    """Return the variable's name: the specification's own, or one that no other program reads."""
    return field if field.startswith(_SPECIFIED) else f"orderflow_{field}"


_SPECIFIED = (
    "app_",
    "celery_",
    "database_",
    "encryption_",
    "jwt_",
    "log_",
    "object_storage_",
    "orderflow_",
    "password_",
    "redis_",
)
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
Key = Annotated[SecretStr, AfterValidator(_key)]
Place = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
ExistingFile = Annotated[Place, AfterValidator(_existing)]
Lower = BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)
Upper = BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)


class Settings(BaseSettings):
    """All settings, each read from the environment variable of its name in upper case.

    Those that the specification does not name have `ORDERFLOW_` in front: `batch_size` is `ORDERFLOW_BATCH_SIZE`.

    Without `database_url`, or with the word `embedded` there, everything lives in `orderflow_home`, on the embedded
    PostgreSQL. Times are in seconds.
    """

    model_config = SettingsConfigDict(
        alias_generator=_variable,
        enable_decoding=False,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    database_url: Annotated[DatabaseUrl | None, BeforeValidator(_unless_embedded)] = None
    database_admin_url: DatabaseUrl | None = None
    redis_url: SecretStr | None = None
    celery_broker_url: SecretStr | None = None
    ca_file: ExistingFile | None = None

    object_storage_endpoint: Annotated[str, AfterValidator(_web_url)] | None = None
    object_storage_access_key: SecretStr | None = None
    object_storage_secret_key: SecretStr | None = None
    object_storage_bucket: str | None = None
    object_storage_region: str = "us-east-1"
    object_storage_compress: bool = False

    encryption_master_key: Key | None = None
    encryption_previous_keys: Annotated[list[Key], BeforeValidator(_list)] = Field(default_factory=list)
    jwt_secret: Annotated[SecretStr, Field(min_length=32), AfterValidator(_unguessable)] | None = None
    password_pepper: SecretStr | None = Field(None, min_length=8)
    app_base_url: Annotated[str, AfterValidator(_base_url)] = "http://127.0.0.1:8000"
    access_log: bool = False
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], Upper] = "INFO"
    log_format: Annotated[Literal["text", "json"], Lower] = "text"

    orderflow_home: Place = Field(default_factory=default_home)
    orderflow_key_file: Place | None = None

    ack_poll_seconds: float = Field(60, gt=0)
    # A lease that is longer than any can be (`storage/work/clock.py`) counts as over, and would hold nothing.
    poll_lease_seconds: float = Field(120, ge=5, le=LONGEST_LEASE / 2)
    lease_seconds: float = Field(60, ge=5, le=LONGEST_LEASE / 2)
    sweep_seconds: float = Field(3, gt=0)
    batch_size: int = Field(256, ge=1, le=1000)
    lanes_per_connection: int = Field(3, ge=1, le=16)
    worker_threads: int = Field(16, ge=1, le=256)
    pool_size: int = Field(16, ge=2, le=200)
    pgbouncer: bool = False
    retry_base_seconds: float = Field(5, gt=0)
    retry_cap_seconds: float = Field(900, gt=0)
    retry_max_attempts: int = Field(4, ge=1, le=100)

    cleanup_seconds: float = Field(3600, gt=0)
    drain_seconds: float = Field(0, ge=0, le=300)
    refuse_private_addresses: bool = False
    offer_mock: bool = True
    allowed_networks: Annotated[list[AllowedNetwork], BeforeValidator(_entries(AllowedNetwork.parse))] = Field(
        default_factory=lambda: [AllowedNetwork.parse("public"), AllowedNetwork.parse("private")]
    )
    allowed_folders: Annotated[list[AllowedFolder], BeforeValidator(_entries(AllowedFolder.parse))] = Field(
        default_factory=list
    )

    role_buckets: Annotated[list[RoleBucket], BeforeValidator(_entries(RoleBucket.parse))] = Field(default_factory=list)

    notify_webhook_url: Annotated[str, AfterValidator(_web_url)] | None = None
    notify_webhook_secret: Annotated[SecretStr, AfterValidator(_webhook_secret)] | None = None
    notify_email_to: Annotated[list[str], BeforeValidator(_list)] = Field(default_factory=list)
    notify_email_from: str | None = None
    notify_down_after_seconds: float = Field(900, ge=0)
    smtp_host: str | None = None
    smtp_port: int = Field(587, ge=1, le=65_535)
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_encryption: Literal["starttls", "tls", "none"] = "starttls"
    smtp_ca_file: Place | None = None

    max_body_bytes: int = Field(10_000_000, ge=1000)
    max_import_bytes: int = Field(1_000_000_000, ge=1000)
    metrics_token: SecretStr | None = None
    retention_days: int = Field(365, ge=1)
    event_retention_days: int = Field(30, ge=1)
    prune_seconds: float = Field(3600, ge=0)
    cors_origins: Annotated[list[str], BeforeValidator(_list)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _share_a_database(self) -> Self:
        if self.celery_broker_url and self.database_url is None and "database_url" not in self.model_fields_set:
            raise ValueError(
                "DATABASE_URL is not set, and CELERY_BROKER_URL is: processes that share a broker share a database. If "
                f"all of them run on this machine with one ORDERFLOW_HOME, set DATABASE_URL={EMBEDDED}"
            )
        return self

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.object_storage_endpoint and not self.object_storage_bucket:
            raise ValueError("OBJECT_STORAGE_BUCKET is missing: OBJECT_STORAGE_ENDPOINT is set")
        if bool(self.object_storage_access_key) != bool(self.object_storage_secret_key):
            raise ValueError("OBJECT_STORAGE_ACCESS_KEY and OBJECT_STORAGE_SECRET_KEY are set together or not at all")
        if bool(self.notify_webhook_url) != bool(self.notify_webhook_secret):
            raise ValueError("ORDERFLOW_NOTIFY_WEBHOOK_URL and ORDERFLOW_NOTIFY_WEBHOOK_SECRET are set together")
        if self.notify_email_to and not (self.smtp_host and self.notify_email_from):
            raise ValueError("ORDERFLOW_NOTIFY_EMAIL_TO needs ORDERFLOW_SMTP_HOST and ORDERFLOW_NOTIFY_EMAIL_FROM")
        if self.retry_cap_seconds < self.retry_base_seconds:
            raise ValueError("ORDERFLOW_RETRY_CAP_SECONDS must not be less than ORDERFLOW_RETRY_BASE_SECONDS")
        return self

    @classmethod
    def load(cls, **given: Any) -> Self:
        """Read the environment; `given` settings win over it.

        Raises:
            SettingsError: Something cannot be used; the message names every such setting and what it must be.
        """
        file = _env_file()
        _refuse([unknown for unknown in cls.unknown() if unknown.harmful])
        if "database_url" not in given and os.environ.get("DATABASE_URL") == "":
            message = f"is empty: unset it for the embedded PostgreSQL, or set it to {EMBEDDED}"
            fields = [{"field": "DATABASE_URL", "message": message}]
            raise SettingsError(f"DATABASE_URL {message}.", details={"fields": fields})
        try:
            return cls(**{"_env_file": file, **cls._from_files(), **given})
        except ValidationError as error:
            fields = [{"field": _name(problem), "message": _reason(problem)} for problem in error.errors()]
            listed = "; ".join(f"{field['field']} {field['message']}".strip() for field in fields)
            raise SettingsError(f"Some settings cannot be used: {listed}.", details={"fields": fields}) from None

    @classmethod
    def unknown(cls) -> list[Unknown]:
        """Return the variables of the environment and of the file .env that are nearly settings.

        Raises:
            SettingsError: The file .env cannot be trusted.
        """
        given = {name: value for values in cls._given().values() for name, value in values.items()}
        return list(unknown_names(given, cls._names()))

    @classmethod
    def sources(cls) -> dict[str, str]:
        """Return where each setting that is set comes from, by its variable: `environment`, `.env`, or a file's path.

        Raises:
            SettingsError: The file .env cannot be trusted.
        """
        known = cls.variables()
        found = {name: place for place, given in cls._given().items() for name in given if name in known}
        return found | cls._files()

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Return the fields by the names of their variables."""
        return {(field.alias or name).upper(): name for name, field in cls.model_fields.items()}

    @classmethod
    def secret(cls, field: str) -> bool:
        """Return whether a field holds a secret, which may then lie in a file of its own."""
        return "SecretStr" in str(cls.model_fields[field].annotation)

    @classmethod
    def _given(cls) -> dict[str, dict[str, str]]:
        """Return what is set, by place and the variable's name in upper case; the later place wins."""
        file = _env_file()
        written = {name: value for name, value in dotenv_values(file).items() if value} if file else {}
        places = {".env": written, "environment": dict(os.environ)}
        return {place: {name.upper(): one for name, one in given.items() if one} for place, given in places.items()}

    @classmethod
    def _names(cls) -> set[str]:
        variables = cls.variables()
        return variables.keys() | {f"{name}_FILE" for name, field in variables.items() if cls.secret(field)}

    @classmethod
    def _from_files(cls) -> dict[str, str]:
        """Return the secrets whose variable, with `_FILE` behind its name, names a file that holds them.

        Raises:
            SettingsError: One cannot be read, or the variable itself is set, too.
        """
        variables = cls.variables()
        return {variables[name]: _content(name, file) for name, file in cls._files().items()}

    @classmethod
    def _files(cls) -> dict[str, str]:
        """Return the files that secrets lie in, by the variables of the secrets. Raises SettingsError."""
        found: dict[str, str] = {}
        for given in cls._given().values():
            for name, field in cls.variables().items():
                file = given.get(f"{name}_FILE") if cls.secret(field) else None
                if file and name in given:
                    raise _wrong_file(name, f"and {name} are both set; give one of them")
                if file:
                    found[name] = file
                elif name in given:
                    found.pop(name, None)
        return found

    @property
    def app_url(self) -> str:
        """The URL that the pool connects with; empty on the embedded default."""
        return verified_database(self.database_url.get_secret_value(), self.ca_file) if self.database_url else ""

    @property
    def base_path(self) -> str:
        """The path below which everything is reached, as `APP_BASE_URL` has it; empty for none."""
        return urlsplit(self.app_base_url).path

    @property
    def database_name(self) -> str:
        """Which database this is, for a person; without its password."""
        return shown_url(self.app_url) if self.app_url else f"embedded in {self.orderflow_home}"

    @property
    def admin_url(self) -> str | None:
        """The owner's URL, for `orderflow db upgrade`; `DATABASE_URL` where no other is given."""
        url = self.database_admin_url or self.database_url
        return verified_database(url.get_secret_value(), self.ca_file) if url else None

    @property
    def broker_url(self) -> str | None:
        """Where Celery's messages go: `CELERY_BROKER_URL`, else `REDIS_URL`."""
        url = self.celery_broker_url or self.redis_url
        return verified_broker(url.get_secret_value(), self.ca_file) if url else None

    def rules(self) -> Rules:
        """Return what connections that are set up over the API are held to."""
        urls = (self.app_url, self.admin_url, self.broker_url)
        return Rules(
            networks=self.allowed_networks,
            folders=self.allowed_folders,
            servers=frozenset(host for url in urls if url for host in hosts_of(url) if host),
            home=self.orderflow_home,
            role_buckets=self.role_buckets,
            own_bucket=self.object_storage_bucket,
        )

    def encryption(self) -> EncryptionService:
        """Return the service with the keys that are set, or with the key file of the embedded default.

        Raises:
            EncryptionError: There is no key and none may be made by itself.
        """
        previous = [key.get_secret_value() for key in self.encryption_previous_keys]
        return EncryptionService(self._master_key(), previous)

    def object_store(self) -> dict[str, Any]:
        """Return the arguments of `orderflow.documents.object_store.ObjectStore`."""
        access, secret = self.object_storage_access_key, self.object_storage_secret_key
        return {
            "folder": self.orderflow_home / "objects",
            "bucket": self.object_storage_bucket,
            "endpoint": self.object_storage_endpoint,
            "access_key": access.get_secret_value() if access else None,
            "secret_key": secret.get_secret_value() if secret else None,
            "region": self.object_storage_region,
            "compress": self.object_storage_compress,
        }

    def token_secret(self) -> str:
        """Return what tokens are signed with. Raises SettingsError as for `pepper`."""
        return self._secret("JWT_SECRET", self.jwt_secret, "jwt.secret")

    def pepper(self) -> str:
        """Return what goes into every password's hash.

        Raises:
            SettingsError: It is not set, and with `DATABASE_URL` none is made by itself.
            EncryptionError: The file that keeps it on the embedded default cannot be used.
        """
        return self._secret("PASSWORD_PEPPER", self.password_pepper, "password.pepper")

    def _secret(self, name: str, given: SecretStr | None, file: str) -> str:
        if given:
            return given.get_secret_value()
        if self.database_url is not None:
            raise SettingsError(
                f"{name} is not set, and with DATABASE_URL none is made by itself.",
                code="SECRET_MISSING",
                hint=f"Make one with `openssl rand -hex 32`, set {name} to it for every process, and keep a copy safe.",
            )
        folder = self.orderflow_key_file.parent if self.orderflow_key_file else self.orderflow_home
        return load_or_create_key_file(folder / file)

    def _master_key(self) -> str:
        if self.encryption_master_key:
            return self.encryption_master_key.get_secret_value()
        return key_from_file(self.orderflow_key_file, self.orderflow_home, shared=self.database_url is not None)


def _refuse(unknown: list[Unknown]) -> None:
    if unknown:
        fields = [{"field": one.name, "message": f"is no setting: {one.meant} is"} for one in unknown]
        listed = "; ".join(one.sentence for one in unknown)
        raise SettingsError(
            f"Some settings are misspelled: {listed}.",
            hint="Correct their names, or unset them.",
            details={"fields": fields},
        )


def _name(problem: Any) -> str:
    return str(problem["loc"][0]).upper() if problem["loc"] else ""


def _reason(problem: Any) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    return message[:1].lower() + message[1:] if not message[:2].isupper() else message
