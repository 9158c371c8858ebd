"""The certificates of both sides, read once: which of them is used now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from orderflow.channels.as2.certificates import Certificate, Identity, first_valid
from orderflow.channels.as2.incoming import Keys
from orderflow.channels.as2.outgoing import Terms
from orderflow.channels.as2.settings import As2Settings
from orderflow.domain.answer_files import LIMIT
from orderflow.domain.errors import NeedsAttentionError


@dataclass(frozen=True, slots=True)
class Sides:
    """What both sides sign and open messages with."""

    ours: Sequence[Identity]
    theirs: Sequence[Certificate]

    @classmethod
    def of(cls, settings: As2Settings) -> Sides:
        """Return the certificates of a configuration."""
        return cls(settings.ours, settings.theirs)

    def keys(self, now: dt.datetime) -> Keys:
        """Return with what a message is opened that comes now."""
        return Keys(self.ours, self.theirs, LIMIT, now)

    def signer(self, now: dt.datetime) -> Identity:
        """Return who signs now. Raises NeedsAttentionError: none of our certificates counts."""
        certificate = self._used([one.certificate for one in self.ours], "our certificates", now)
        return next(one for one in self.ours if one.certificate is certificate)

    def recipient(self, now: dt.datetime) -> Certificate:
        """Return whom messages are encrypted for now. Raises NeedsAttentionError: no certificate of theirs counts."""
        return self._used(self.theirs, "the partner's certificates", now)

    def terms(self, settings: As2Settings, now: dt.datetime) -> Terms:
        """Return how messages are packed now. Raises NeedsAttentionError: a certificate for it is missing."""
        return Terms(
            sign=None if settings.sign == "none" else (self.signer(now), settings.sign),
            encrypt=None if settings.encrypt == "none" else (self.recipient(now), settings.encrypt),
            compress=settings.compress,
        )

    @staticmethod
    def _used(known: Sequence[Certificate], whose: str, now: dt.datetime) -> Certificate:
        found = first_valid(known, now)
        if found is None:
            ends = max(one.ends for one in known)
            raise NeedsAttentionError(
                f"None of {whose} counts now; the last ends on {ends:%Y-%m-%d}.",
                code="CERTIFICATE_ENDED",
                hint="Add the certificate that follows it to the connection, then test; the waiting orders follow.",
            )
        return found
