"""A bucket as a channel: its settings, and the session that they open."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from orderflow.channels.bucket.settings import BucketSettings
from orderflow.channels.channel import Channel, Session


class BucketChannel(Channel):
    """Objects in a bucket."""

    mode: ClassVar[str] = "bucket"
    about: ClassVar[str] = "a bucket of S3, or of a store that speaks it"
    settings: ClassVar[type[BaseModel]] = BucketSettings

    def open(self, settings: BucketSettings, *, apart: str = "") -> Session:
        """Return the bucket's session.

        Raises:
            NeedsAttentionError: The machine's role may not be used for this bucket.
            ConfigError: The authority's certificate cannot be read.
        """
        from orderflow.channels.bucket.session import BucketSession  # few forms need botocore, which takes long to load

        return BucketSession(settings)
