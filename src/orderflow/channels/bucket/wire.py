"""botocore signs requests and reads answers; what goes over the wire goes by our own HTTP client.

So the guard of addresses, absolute deadlines and limits hold for a bucket as for any API, and nothing is sent twice by
a library that means well.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from functools import cache
from threading import Lock
from typing import Any

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.parsers import ResponseParserError
from lxml import etree

from orderflow.channels.bucket.settings import BucketSettings
from orderflow.channels.limits import seconds_for
from orderflow.documents.xml import read_xml
from orderflow.domain.answer_files import UnreadableError
from orderflow.domain.errors import InDoubtError, UnavailableError
from orderflow.domain.reach import current
from orderflow.http import HttpClient, tls_context
from orderflow.net.allowed import check_role_bucket

LONGEST_ANSWER = 8 * 1024 * 1024
"""Bytes: a list of a thousand names at their longest, and any file that is read."""

LONGEST_TOLD = 64 * 1024
"""Bytes of XML that says what was done, or what is wrong; of more nothing is read."""

_NOT_OURS: dict[str, Any] = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
_NOT_OURS["profile"] = (None, None, None, None)
"""What botocore reads neither from this machine's environment nor from its files."""

_making = Lock()  # botocore's sessions are not for several threads
_READS = ("GET", "HEAD")


def open_client(settings: BucketSettings) -> Any:
    """Return a botocore client for S3 that connects to nothing yet.

    Raises:
        NeedsAttentionError: The machine's role may not be used for this bucket.
        ConfigError: The authority's certificate cannot be read.
    """
    if settings.credentials == "role":
        check_role_bucket(settings.bucket, settings.export_path, current())
        check_role_bucket(settings.bucket, settings.ack_path or settings.export_path, current())
        session, key = botocore.session.Session(), {}
    else:
        session = _session_without_the_machines_settings()
        secret = settings.secret_key.get_secret_value() if settings.secret_key else ""
        key = {"aws_access_key_id": settings.access_key, "aws_secret_access_key": secret}
    with _making:
        client = session.create_client(
            "s3",
            region_name=settings.region,
            endpoint_url=settings.endpoint,
            config=_config(settings),
            **key,
        )
    client._endpoint.http_session = Wire(settings)  # noqa: SLF001  # botocore offers no other way to send by another client
    return client


@cache
def _session_without_the_machines_settings() -> botocore.session.Session:
    """Return what all connections with a key of their own share: the machine's files and profiles are not for them."""
    return botocore.session.Session(session_vars=_NOT_OURS)


def _config(settings: BucketSettings) -> Config:
    style = "path" if settings.addressing == "auto" and settings.endpoint else settings.addressing
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": style},
        retries={"mode": "standard", "total_max_attempts": 1},
        request_checksum_calculation="when_required",  # others than Amazon's do not read trailers
        response_checksum_validation="when_required",
        ignore_configured_endpoint_urls=True,
    )


class Wire:
    """What botocore takes for its HTTP session."""

    def __init__(self, settings: BucketSettings) -> None:
        self._timeout = settings.timeout
        self._client = HttpClient(
            f"The bucket {settings.bucket} at {settings.host}",
            timeout=seconds_for(settings.timeout, LONGEST_ANSWER),
            connect_timeout=settings.connect_timeout,
            tls=tls_context(settings.ca_certificate),
            most_bytes=LONGEST_ANSWER,
            connections=settings.max_in_flight,
        )

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send a request once, and return its answer.

        Raises:
            UnavailableError, NeedsAttentionError, InDoubtError: As `HttpClient.send`.
        """
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        content = body.encode() if isinstance(body, str) else bytes(body)
        headers = {name: _text(value) for name, value in request.headers.items() if name.lower() != "expect"}
        reads = request.method in _READS
        answer = self._client.send(
            request.method,
            request.url,
            headers=headers,
            content=content,
            changes=not reads,
            timeout=seconds_for(self._timeout, len(content)),
        )
        if answer.broken is not None and request.method != "HEAD":
            what = f"The store gave {answer.broken}."
            raise UnavailableError(what) if reads else InDoubtError(what, code="ANSWER_LOST")
        longest = LONGEST_ANSWER if request.method == "GET" and answer.status < 300 else LONGEST_TOLD
        return AWSResponse(
            request.url, answer.status, dict(answer.headers), _Raw(answer.content, answer.status, longest)
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


class _Raw(io.BytesIO):
    """An answer's body as botocore reads it: a file by `read`, and by `stream` what it parses.

    Its parser would unfold entities: it is given what our own made of the document.
    """

    def __init__(self, content: bytes, status: int, longest: int) -> None:
        super().__init__(content)
        self._status, self._longest = status, longest

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._xml()

    def _xml(self) -> bytes:
        """Return what is parsed, without document type and entities. Raises ResponseParserError: it is not read."""
        content = self.read()
        if not content or len(content) > self._longest:
            return b""
        try:
            return etree.tostring(read_xml(content))
        except UnreadableError as error:
            if self._status >= 300:  # a proxy's page, perhaps: the status says enough
                return b""
            raise ResponseParserError(str(error)) from None


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
