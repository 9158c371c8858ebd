"""Compressed messages (RFC 3274). What is unpacked has a limit, however small it came."""

from __future__ import annotations

import zlib

from asn1crypto import cms

from orderflow.channels.as2.faults import Fault
from orderflow.channels.as2.reading_cms import content_of, faults_are, octets

_FAILED = "decompression-failed"


def compress(content: bytes) -> bytes:
    """Return CompressedData."""
    held = cms.CompressedData(
        {
            "version": "v0",
            "compression_algorithm": {"algorithm": "zlib"},
            "encap_content_info": {"content_type": "data", "content": zlib.compress(content)},
        }
    )
    return bytes(cms.ContentInfo({"content_type": "compressed_data", "content": held}).dump())


def decompress(der: bytes, limit: int) -> bytes:
    """Return what CompressedData holds. Raises Fault: it is none, or more than `limit` bytes."""
    with faults_are(_FAILED, "The message is not compressed as it says."):
        held = content_of(der, "compressed_data")
        if held["compression_algorithm"]["algorithm"].native != "zlib":
            raise Fault(_FAILED, "The message is compressed by something else than zlib.")
        packed = octets(held["encap_content_info"]["content"])
    return _inflated(packed, limit)


def _inflated(packed: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(packed, limit + 1)
    except zlib.error:
        raise Fault(_FAILED, "What is compressed in the message is damaged.") from None
    if len(plain) > limit:
        raise Fault(_FAILED, f"The message unpacks to more than {limit:,} bytes.")
    if not stream.eof:
        raise Fault(_FAILED, "What is compressed in the message breaks off.")
    return plain
