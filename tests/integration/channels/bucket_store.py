"""A store that speaks S3, in this process; each test has a bucket of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

KEY = {"access_key": "AKIAEXAMPLE", "secret_key": "s3cret-k3y"}


class Bucket:
    """A bucket as its ERP sees it.

    Attributes:
        config: Of a connection to it.
    """

    def __init__(self, host: str, port: int) -> None:
        self.port, self.name = port, f"orders-{uuid4().hex[:12]}"
        self.s3: Any = boto3.client(
            "s3",
            endpoint_url=f"http://{host}:{port}",
            region_name="us-east-1",
            aws_access_key_id=KEY["access_key"],
            aws_secret_access_key=KEY["secret_key"],
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )
        self.s3.create_bucket(Bucket=self.name)
        self.config: dict[str, Any] = KEY | {
            "mode": "bucket",
            "bucket": self.name,
            "endpoint": f"http://{host}:{port}",
            "plain_http": True,
            "export_path": "out/orders",
            "ack_path": "in/answers",
        }

    def through(self, port: int) -> dict[str, Any]:
        """Return a configuration that reaches it by another port."""
        return self.config | {"endpoint": f"http://127.0.0.1:{port}"}

    def objects(self, prefix: str = "out/orders/") -> dict[str, bytes]:
        """Return what lies below a prefix, by name."""
        found = self.s3.list_objects_v2(Bucket=self.name, Prefix=prefix).get("Contents", [])
        return {one["Key"].removeprefix(prefix): self.get(one["Key"]) for one in found}

    def get(self, key: str) -> bytes:
        """Return an object."""
        content: bytes = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        return content

    def put(self, key: str, content: bytes) -> None:
        """Put an object."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=content)

    def take(self) -> list[bytes]:
        """Take all orders away, as an ERP does."""
        taken = self.objects()
        for name in taken:
            self.s3.delete_object(Bucket=self.name, Key=f"out/orders/{name}")
        return list(taken.values())

    def uploads(self) -> list[str]:
        """Return the keys of uploads that nobody has completed."""
        found = self.s3.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        return [one["Key"] for one in found]


@contextmanager
def running_store() -> Iterator[ThreadedMotoServer]:
    """Run the store."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        yield server
    finally:
        server.stop()
