"""Two partners with keys, made once: a key takes a moment."""

from __future__ import annotations

import datetime as dt
from functools import cache

from orderflow.channels.as2.certificates import Certificate, Identity, certificates, identities
from orderflow.channels.as2.incoming import Keys
from orderflow.channels.as2.new_keys import NewKeys, new_keys
from orderflow.domain.delivery import Document

NOW = dt.datetime.now(dt.UTC)
LIMIT = 100_000
ORDER = Document("order 1.edi", b"UNA:+.? 'UNB+UNOC:3+A:ZZ+B:ZZ'\r\n\n\x80\x00--", "application/EDIFACT", "edifact")


@cache
def _made(name: str, days: int) -> NewKeys:
    return new_keys(name, NOW, days=days, bits=2048)


def keys_of(name: str, days: int = 30) -> NewKeys:
    return _made(name, days)


def identity(name: str, days: int = 30) -> Identity:
    made = keys_of(name, days)
    return identities(made.key, certificates(made.certificate))[0]


def opens(ours: Identity, *theirs: Certificate, limit: int = LIMIT, now: dt.datetime = NOW) -> Keys:
    return Keys([ours], theirs, limit, now)


US, THEM, SOMEBODY = identity("us"), identity("them"), identity("somebody")
