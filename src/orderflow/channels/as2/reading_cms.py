"""CMS (RFC 5652) as it comes from outside: whatever is wrong with it is one kind of error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from asn1crypto import cms

from orderflow.channels.as2.faults import Fault


@contextmanager
def faults_are(modifier: str, reason: str) -> Iterator[None]:
    """Turn whatever a parser raises about garbage into the one fault that it is."""
    try:
        yield
    except Fault:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError):
        raise Fault(modifier, reason) from None


def content_of(der: bytes, *kinds: str) -> Any:
    """Return what a ContentInfo holds, which has to be one of `kinds`. Raises ValueError and its like: it is not."""
    info = cms.ContentInfo.load(der)
    if info["content_type"].native not in kinds:
        raise ValueError(kinds)
    return info["content"]


def kind_of(der: bytes) -> str:
    """Return what a ContentInfo says that it holds; "" if it is none."""
    try:
        return str(cms.ContentInfo.load(der)["content_type"].native)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError):
        return ""
