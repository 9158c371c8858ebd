"""What a bucket asks of a person."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from orderflow.channels.http.settings import PatienceSettings
from orderflow.channels.settings import FolderSettings
from orderflow.domain.form import hint
from orderflow.http.settings import TrustSettings, Url, check_encrypted


class BucketSettings(FolderSettings, PatienceSettings, TrustSettings):
    """A bucket of S3, or of what speaks it."""

    bucket: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]{1,62}$",
        title="Bucket",
        description="Its name, without s3:// and without a path.",
        json_schema_extra=hint("Server"),
    )
    region: str = Field(
        "us-east-1",
        pattern=r"^[a-z0-9\-]{1,40}$",
        title="Region",
        description="Where the bucket is, as eu-central-1.",
        json_schema_extra=hint("Server"),
    )
    endpoint: Annotated[
        Url | None,
        Field(
            title="Endpoint",
            description="The store's URL, as https://minio.example:9000. Leave it empty for Amazon's own.",
            json_schema_extra=hint("Server"),
        ),
    ] = None
    addressing: Literal["auto", "path", "virtual"] = Field(
        "auto",
        title="Bucket goes into",
        description="path: the URL's path; virtual: the host's name. auto: the host's name at Amazon, else the path.",
        json_schema_extra=hint("Server"),
    )
    credentials: Literal["key", "role"] = Field(
        "key",
        title="Signs in with",
        description="key: an access key. role: what this machine has been given; only for buckets that whoever runs "
        "OrderFlow has listed (ORDERFLOW_ROLE_BUCKETS).",
        json_schema_extra=hint("Sign-in"),
    )
    access_key: str | None = Field(
        None,
        pattern=r"^[\x21-\x7e]{1,200}$",
        title="Access key",
        description="The key's id.",
        json_schema_extra=hint("Sign-in", show_when={"credentials": ["key"]}),
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=1,
        max_length=500,
        title="Secret key",
        description="The secret that belongs to it.",
        json_schema_extra=hint("Sign-in", show_when={"credentials": ["key"]}, writeOnly=True),
    )
    encryption: Literal["bucket", "AES256", "aws:kms"] = Field(
        "bucket",
        title="Encryption",
        description="How the store encrypts what it keeps. bucket: as the bucket itself says.",
        json_schema_extra=hint("Advanced"),
    )
    kms_key: str | None = Field(
        None,
        pattern=r"^[\x21-\x7e]{1,2048}$",
        title="KMS key",
        description="Id or ARN of the key. Leave it empty for the bucket's own.",
        json_schema_extra=hint("Advanced", show_when={"encryption": ["aws:kms"]}),
    )
    conditional_writes: bool = Field(
        True,
        title="Refuses to overwrite",
        description="The store honours If-None-Match, as a test shows. Without it, an order of which nobody knows "
        "whether it was published is held for a person.",
        json_schema_extra=hint("Doubt"),
    )
    max_in_flight: int = Field(
        16,
        ge=1,
        le=64,
        title="Files at once",
        description="How many files are under way at the same time.",
        json_schema_extra=hint("Advanced"),
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.credentials == "key" and not (self.access_key and self.secret_key):
            raise ValueError("an access_key and a secret_key are needed for mode bucket, or credentials: role")
        if self.credentials == "role" and self.endpoint:
            raise ValueError("credentials: role is for Amazon's own buckets; give an access key for another endpoint")
        if self.endpoint and urlsplit(self.endpoint).path.strip("/"):
            raise ValueError("endpoint must be the store's URL alone, without a path")
        check_encrypted(self, ["endpoint"])
        return self

    @property
    def host(self) -> str:
        """Where it leads, for addresses that are stored and shown."""
        return urlsplit(self.endpoint).netloc if self.endpoint else f"s3.{self.region}.amazonaws.com"
