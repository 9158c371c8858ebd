"""A message is opened to the document that was packed, by those whom it is for, and by nobody else."""

from __future__ import annotations

import datetime as dt
import os
import zlib
from collections.abc import Iterable
from dataclasses import replace
from typing import get_args

import pytest
from asn1crypto import cms, core, parser
from hypothesis import given, settings
from hypothesis import strategies as st

from orderflow.channels.as2 import incoming, mime, outgoing
from orderflow.channels.as2.certificates import certificates, identities
from orderflow.channels.as2.compressed import compress, decompress
from orderflow.channels.as2.enveloped import decrypt
from orderflow.channels.as2.faults import Fault
from orderflow.channels.as2.names import CipherName
from orderflow.channels.as2.reading_cms import LONGEST_SET, MOST_PIECES, kind_of
from orderflow.channels.as2.signed import DIGESTS, sign, verify
from orderflow.domain.delivery import Document
from tests.unit.channels.as2.partners import LIMIT, NOW, ORDER, SOMEBODY, THEM, US, identity, keys_of, opens

CIPHERS = get_args(CipherName)
SIGNED = (US, "sha-256")
FOR_THEM = opens(THEM, US.certificate)


def sent(terms: outgoing.Terms, document: Document = ORDER) -> mime.Entity:
    packed = outgoing.pack(document, terms)
    return mime.whole(packed.headers, packed.body)


@pytest.mark.parametrize("compress_it", [False, True])
@pytest.mark.parametrize("digest", [None, *DIGESTS])
@pytest.mark.parametrize("cipher", [None, *CIPHERS])
def test_what_is_packed_is_unpacked(cipher, digest, compress_it):
    terms = outgoing.Terms(
        (US, digest) if digest else None, (THEM.certificate, cipher) if cipher else None, compress_it
    )
    packed = outgoing.pack(ORDER, terms)

    found = incoming.unpack(mime.whole(packed.headers, packed.body), FOR_THEM)

    assert (found.entity.content, found.entity.filename) == (ORDER.content, ORDER.filename)
    assert (found.encrypted, found.compressed) == (cipher is not None, compress_it)
    assert (found.signature.digest if found.signature else None) == digest
    assert found.checked == packed.checked  # so that the check in a receipt agrees


@given(content=st.binary(max_size=3000), cipher=st.sampled_from(CIPHERS), compress_it=st.booleans())
@settings(max_examples=50, deadline=None)
def test_any_bytes_travel(content, cipher, compress_it):
    document = replace(ORDER, content=content)
    terms = outgoing.Terms(SIGNED, (THEM.certificate, cipher), compress_it)

    assert incoming.unpack(sent(terms, document), FOR_THEM).entity.content == content


def test_what_is_checked_is_the_same_for_the_same_document():
    terms = outgoing.Terms(SIGNED, (THEM.certificate, "aes256-cbc"), compress=True)
    assert outgoing.pack(ORDER, terms).checked == outgoing.pack(ORDER, terms).checked


@given(
    garbage=st.binary(max_size=600), kind=st.sampled_from(["application/pkcs7-mime", 'multipart/signed; boundary="b"'])
)
@settings(max_examples=200, deadline=None)
def test_garbage_is_a_fault_and_nothing_else(garbage, kind):
    with pytest.raises(Fault):
        incoming.unpack(mime.whole([("Content-Type", kind)], garbage), FOR_THEM)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_message_that_was_changed_is_not_taken(data):
    whole = sent(outgoing.Terms(SIGNED, (THEM.certificate, data.draw(st.sampled_from(CIPHERS)))))
    at = data.draw(st.integers(0, len(whole.body) - 1))
    changed = bytearray(whole.body)
    changed[at] ^= data.draw(st.integers(1, 255))
    entity = mime.Entity(whole.headers, bytes(changed), bytes(changed))

    try:
        found = incoming.unpack(entity, FOR_THEM)
        found.require(signed=True, encrypted=True)
    except Fault:
        return
    assert found.entity.content == ORDER.content  # what was changed says nothing, as a bit in a name of an algorithm


def test_what_was_signed_by_another_is_not_taken():
    with pytest.raises(Fault) as raised:
        incoming.unpack(sent(outgoing.Terms((SOMEBODY, "sha-256"))), FOR_THEM)
    assert raised.value.modifier == "authentication-failed"


def test_another_content_under_a_good_signature_is_not_taken():
    headers, body = outgoing.signed(b"Content-Type: text/plain\r\n\r\n10 pieces", *SIGNED)
    with pytest.raises(Fault) as raised:
        incoming.unpack(mime.whole(headers, body.replace(b"10 pieces", b"99 pieces")), FOR_THEM)
    assert raised.value.modifier == "integrity-check-failed"


def test_what_lost_its_line_breaks_of_crlf_on_the_way_is_what_was_signed():
    text = b"Content-Type: text/plain\r\n\r\n10 pieces\r\nof it\r\n"
    headers, body = outgoing.signed(text, *SIGNED)
    body = body.replace(b"\r\n", b"\n")
    found = incoming.unpack(mime.whole(headers, body), FOR_THEM)
    assert (found.checked, found.entity.content) == (text, b"10 pieces\r\nof it\r\n")
    with pytest.raises(Fault) as raised:
        incoming.unpack(mime.whole(headers, body.replace(b"10 pieces", b"99 pieces")), FOR_THEM)
    assert raised.value.modifier == "integrity-check-failed"


def test_a_signature_by_sha1_is_not_taken(monkeypatch):
    from cryptography.hazmat.primitives import hashes

    monkeypatch.setitem(DIGESTS, "sha-1", hashes.SHA224())  # what the builder still signs with, and is not on our list
    headers, body = outgoing.signed(b"Content-Type: text/plain\r\n\r\nx", US, "sha-1")
    monkeypatch.delitem(DIGESTS, "sha-1")
    with pytest.raises(Fault) as raised:
        incoming.unpack(mime.whole(headers, body), FOR_THEM)
    assert (raised.value.modifier, raised.value.failure) == ("unsupported MIC-algorithms", True)


@pytest.mark.parametrize("now", [NOW + dt.timedelta(days=31), NOW - dt.timedelta(days=1)])
def test_a_certificate_counts_within_its_time_only(now):
    with pytest.raises(Fault) as raised:
        incoming.unpack(sent(outgoing.Terms(SIGNED)), opens(THEM, US.certificate, now=now))
    assert "counts from" in raised.value.reason


def test_both_sides_may_change_over_from_one_certificate_to_the_next():
    old, new = identity("us", 5), identity("us", 90)
    theirs_new = identity("them", 90)
    keys = incoming.Keys([THEM, theirs_new], [old.certificate, new.certificate], LIMIT, NOW)
    for signer in (old, new):
        for to in (THEM, theirs_new):
            terms = outgoing.Terms((signer, "sha-256"), (to.certificate, "aes128-cbc"))
            assert incoming.unpack(sent(terms), keys).entity.content == ORDER.content


def test_what_is_for_another_cannot_be_opened():
    with pytest.raises(Fault) as raised:
        incoming.unpack(sent(outgoing.Terms(None, (SOMEBODY.certificate, "aes256-cbc"))), FOR_THEM)
    assert raised.value.modifier == "decryption-failed"


@pytest.mark.parametrize(
    ("terms", "signed", "encrypted"),
    [
        (outgoing.Terms(SIGNED), True, True),
        (outgoing.Terms(None, (THEM.certificate, "aes128-cbc")), True, True),
        (outgoing.Terms(), True, False),
    ],
)
def test_less_than_was_agreed_is_not_enough(terms, signed, encrypted):
    found = incoming.unpack(sent(terms), FOR_THEM)
    with pytest.raises(Fault) as raised:
        found.require(signed=signed, encrypted=encrypted)
    assert raised.value.modifier == "insufficient-message-security"


def test_what_unpacks_to_more_than_the_limit_is_not_unpacked():
    bomb = compress(b"0" * 50_000_000)
    assert len(bomb) < LIMIT
    with pytest.raises(Fault) as raised:
        decompress(bomb, LIMIT)
    assert raised.value.modifier == "decompression-failed"


def test_what_is_compressed_and_breaks_off_is_not_taken():
    held = cms.ContentInfo.load(compress(b"12345" * 100))
    inner = held["content"]["encap_content_info"]
    inner["content"] = zlib.compress(b"12345" * 100)[:-3]
    with pytest.raises(Fault):
        decompress(held.dump(force=True), LIMIT)


def packed_in(pieces: Iterable[bytes]) -> bytes:
    """Return CompressedData as senders write it who do not know its length before its end."""
    octets = b"".join(core.OctetString(piece).dump() for piece in pieces)
    oids = [core.ObjectIdentifier(oid).dump() for oid in ("1.2.840.113549.1.9.16.3.8", "1.2.840.113549.1.7.1")]
    inner = b"\x30\x80" + oids[1] + b"\xa0\x80\x24\x80" + octets + b"\0\0" * 3
    held = b"\x30\x80" + core.Integer(0).dump() + b"\x30\x0d" + oids[0] + inner + b"\0\0"
    kind = bytes(core.ObjectIdentifier("1.2.840.113549.1.9.16.1.9").dump())
    return bytes(b"\x30\x80" + kind + b"\xa0\x80" + held + b"\0\0" * 2)


@pytest.mark.parametrize("length", [1, 127, 128, 300, 70_000])
def test_a_content_may_come_in_pieces(length):
    packed = zlib.compress(bytes(range(256)) * 100 if length == 1 else os.urandom(90_000))
    pieces = [packed[at : at + length] for at in range(0, len(packed), length)]
    assert decompress(packed_in(pieces), LIMIT) == zlib.decompress(packed)
    assert decompress(packed_in(pieces) + b"\r\n", LIMIT) == zlib.decompress(packed)


def test_no_stranger_has_a_message_read_piece_by_piece_for_long():
    with pytest.raises(Fault, match="not compressed as it says"):
        decompress(packed_in([*[b""] * MOST_PIECES, zlib.compress(b"x")]), LIMIT)
    many = core.SetOf(contents=b"\x30\x00" * LONGEST_SET).dump()
    one, data = core.Integer(1).dump(), sequence(core.ObjectIdentifier("1.2.840.113549.1.7.1").dump())
    with pytest.raises(Fault, match="The signature is none"):
        verify(b"", held("1.2.840.113549.1.7.2", one, core.SetOf(contents=b"").dump(), data, many), [], NOW)
    with pytest.raises(Fault, match="not encrypted as it says"):
        decrypt(held("1.2.840.113549.1.7.3", one, many, data), [])


@pytest.mark.parametrize("around", [b"", b"\x30\x03\x04\x7f\x00"], ids=["as it is", "behind a wrong length"])
@pytest.mark.parametrize("empty", [b"\x04\x00", b"\x24\x80\x00\x00", b"\x1f\x81\x01\x00", b"\x04\x82\x00\x00"])
def test_pieces_are_counted_before_a_parser_looks_at_them(
    empty: bytes, around: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: bytes) -> None:
        raise AssertionError

    monkeypatch.setattr(cms.ContentInfo, "load", never)
    der = b"\x30\x80" + around + b"\x24\x80" + empty * MOST_PIECES + b"\0\0" * 2
    assert kind_of(der) == ""
    with pytest.raises(Fault, match="not compressed as it says"):
        decompress(der, LIMIT)


def sequence(*parts: bytes) -> bytes:
    return bytes(parser.emit(0, 1, 16, b"".join(parts)))


def held(kind: str, *parts: bytes) -> bytes:
    """Return a ContentInfo."""
    return sequence(core.ObjectIdentifier(kind).dump(), parser.emit(2, 1, 0, sequence(*parts)))


def test_layers_have_an_end():
    entity = mime.written((("Content-Type", "application/pkcs7-mime"),), compress(b"\r\nx"))
    for _ in range(5):
        entity = mime.written((("Content-Type", "application/pkcs7-mime"),), compress(entity))
    with pytest.raises(Fault) as raised:
        incoming.unpack(mime.parse(entity), FOR_THEM)
    assert "itself" in raised.value.reason


def test_a_signature_without_its_attributes_covers_the_content_itself():
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    from orderflow.channels.as2.signed import verify

    held = cms.ContentInfo.load(sign(b"content", US, "sha-256"))
    signer = held["content"]["signer_infos"][0]
    del signer["signed_attrs"]
    assert isinstance(US.key, rsa.RSAPrivateKey)
    signer["signature"] = US.key.sign(b"content", padding.PKCS1v15(), DIGESTS["sha-256"])
    assert verify(b"content", held.dump(force=True), [US.certificate], NOW).digest == "sha-256"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hello", "in PEM"),
        (keys_of("us").certificate * 9, "more than 8"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_told(text, says):
    with pytest.raises(ValueError, match=says):
        certificates(text)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (keys_of("them").key, "lacks the private key"),
        ("hello", "in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot be read"),
    ],
)
def test_a_key_that_cannot_be_used_is_told(key, says):
    with pytest.raises(ValueError, match=says):
        identities(key, certificates(keys_of("us").certificate))


def test_keys_are_never_shown():
    assert "PRIVATE" not in repr(keys_of("us")) + repr(US)
