"""Uploads in parts: what is uploaded and not completed nobody sees, and completing it is one step.

Completing is never repeated blindly: an upload that is still there was not completed; one that is gone was, whatever
became of the answer. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from botocore.exceptions import ClientError

from orderflow.channels.bucket.errors import EXISTS, MISSING, NO_UPLOAD, code_of, translated
from orderflow.channels.bucket.pages import pages
from orderflow.channels.bucket.settings import BucketSettings
from orderflow.channels.publishing import publish_unknown
from orderflow.domain.errors import ConnectorError

PART = 8 * 1024 * 1024
"""Bytes; all parts but the last have to have 5 MiB."""

DIGEST = "orderflow-sha256"
"""The name under which an object of ours says what it holds."""

Parts = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload in parts: the key that it will have, and what the store calls it."""

    key: str
    upload_id: str


class Uploads:
    """The uploads of one bucket."""

    def __init__(self, client: Any, settings: BucketSettings) -> None:
        self._client, self._settings = client, settings
        self._parts: dict[str, Parts] = {}

    def address(self, upload: Upload) -> str:
        """Return what is committed of an upload, and what a recovery finds it by."""
        settings = self._settings
        return f"s3://{settings.host}/{settings.bucket}/{quote(upload.key)}?uploadId={quote(upload.upload_id, safe='')}"

    def at(self, address: str) -> Upload | None:
        """Return the upload that an address names; None: it is not in this bucket."""
        parts = urlsplit(address)
        bucket, _, key = parts.path.removeprefix("/").partition("/")
        named = parse_qs(parts.query).get("uploadId")
        here = (self._settings.host, self._settings.bucket)
        return Upload(unquote(key), named[0]) if named and (parts.netloc, bucket) == here else None

    def begin(self, key: str, content: bytes, media_type: str) -> Upload:
        """Upload all parts of an object that nobody sees yet. Raises ConnectorError: nothing is published."""
        place = self._place(key)
        with translated(place):
            begun = self._client.create_multipart_upload(
                Bucket=self._settings.bucket,
                Key=key,
                ContentType=media_type,
                Metadata={DIGEST: hashlib.sha256(content).hexdigest()},
                **encryption(self._settings),
            )
            upload = Upload(key, begun["UploadId"])
            try:
                self._parts[upload.upload_id] = [
                    self._part(upload, number, piece) for number, piece in enumerate(_pieces(content), 1)
                ]
            except BaseException:
                self.abort(upload)
                raise
        return upload

    def known(self, upload: Upload) -> Parts | None:
        """Return the parts of an upload that this process began and has not tried to complete, once."""
        return self._parts.pop(upload.upload_id, None)

    def look(self, upload: Upload) -> Parts | None:
        """Return the parts of an upload that is still there; None: it was completed, or given up."""
        ask = partial(self._client.list_parts, Bucket=self._settings.bucket, Key=upload.key, UploadId=upload.upload_id)
        place = self._place(upload.key)
        with translated(place):
            try:
                listed = list(pages(ask, {"PartNumberMarker": "NextPartNumberMarker"}, place))
            except ClientError as error:
                if code_of(error) == NO_UPLOAD:
                    return None
                raise
            parts = [part for page in listed for part in page["Parts"]]  # an upload that is there has some
            return [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]

    def complete(self, upload: Upload, parts: Parts) -> bool | None:
        """Let everybody see the object. False: an object has that key; None: the upload is not there any more.

        Raises:
            InDoubtError: Nobody knows whether it was done.
            ConnectorError: It surely was not.
        """
        only_new = {"IfNoneMatch": "*"} if self._settings.conditional_writes else {}
        with translated(self._place(upload.key), publishes=True):
            try:
                done = self._client.complete_multipart_upload(
                    Bucket=self._settings.bucket,
                    Key=upload.key,
                    UploadId=upload.upload_id,
                    MultipartUpload={"Parts": parts},
                    **only_new,
                )
            except ClientError as error:
                if code_of(error) in EXISTS:
                    return False
                if code_of(error) == NO_UPLOAD:
                    return None
                raise
        if not done.get("ETag"):  # a proxy's page may come with a 200, too
            raise publish_unknown(self._place(upload.key), upload.key, ": the answer does not name the object")
        return True

    def digest(self, key: str) -> str | None:
        """Return what an object says that it holds, empty if it says nothing; None: there is none."""
        with translated(self._place(key)):
            try:
                head = self._client.head_object(Bucket=self._settings.bucket, Key=key)
            except ClientError as error:
                if code_of(error) in MISSING:
                    return None
                raise
        return str(head.get("Metadata", {}).get(DIGEST, ""))

    def abort(self, upload: Upload) -> None:
        """Give an upload up, as far as possible."""
        self._parts.pop(upload.upload_id, None)
        with suppress(ConnectorError), translated(self._place(upload.key)):  # what is left, the next clean-up finds
            self._client.abort_multipart_upload(Bucket=self._settings.bucket, Key=upload.key, UploadId=upload.upload_id)

    def all(self, prefix: str) -> Iterator[tuple[Upload, float]]:
        """Yield the uploads below a prefix that nobody has completed, and the age of each in seconds."""
        ask = partial(self._client.list_multipart_uploads, Bucket=self._settings.bucket, Prefix=prefix)
        goes_on = {"KeyMarker": "NextKeyMarker", "UploadIdMarker": "NextUploadIdMarker"}
        with translated(self._place(prefix)):
            for page in pages(ask, goes_on, self._place(prefix)):
                now = page["ResponseMetadata"]["HTTPHeaders"].get("date")
                for found in page.get("Uploads", []):
                    yield Upload(found["Key"], found["UploadId"]), _age(found["Initiated"], now)

    def _part(self, upload: Upload, number: int, content: bytes) -> dict[str, Any]:
        digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        sent = self._client.upload_part(
            Bucket=self._settings.bucket,
            Key=upload.key,
            UploadId=upload.upload_id,
            PartNumber=number,
            Body=content,
            ContentMD5=digest,
        )
        return {"PartNumber": number, "ETag": sent["ETag"]}

    def _place(self, key: str) -> str:
        return f"s3://{self._settings.bucket}/{key}"


def encryption(settings: BucketSettings) -> dict[str, str]:
    """Return how the store is to encrypt what it is given."""
    if settings.encryption == "bucket":
        return {}
    key = {"SSEKMSKeyId": settings.kms_key} if settings.encryption == "aws:kms" and settings.kms_key else {}
    return {"ServerSideEncryption": settings.encryption, **key}


def _pieces(content: bytes) -> Iterator[bytes]:
    yield from (content[start : start + PART] for start in range(0, max(len(content), 1), PART))


def _age(initiated: Any, now: str | None) -> float:
    """Return the seconds since a moment of the store's, by its own clock; 0 if it does not say what time it is."""
    return float((parsedate_to_datetime(now) - initiated).total_seconds()) if now else 0.0
