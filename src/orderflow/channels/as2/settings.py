"""What AS2 asks of a person: the two names, both sides' certificates, and what the partners have agreed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from orderflow.channels.as2.certificates import Certificate, Identity, certificates, identities
from orderflow.channels.as2.names import NAME, CipherName
from orderflow.channels.http.settings import PatienceSettings
from orderflow.channels.settings import ChannelSettings
from orderflow.domain.retry import LONGEST_AWAITED
from orderflow.http.settings import Secret, TLSSettings, Url, check_encrypted, field
from orderflow.net.certificates import Holder

GROUP = "AS2"
CERTIFICATES = "Certificates"
LONGEST_PEM = 40_000


def _pem(text: str) -> str:
    certificates(text)
    return text


Name = Annotated[str, Field(pattern=rf"^{NAME}$")]
Pem = Annotated[str, Field(max_length=LONGEST_PEM), AfterValidator(_pem)]


class PartnerSettings(BaseModel):
    """Who speaks with whom, and where."""

    url: Annotated[
        Url, field("URL", "Where documents are sent to, as https://partner.example/as2.", "Request", destination=True)
    ]
    as2_from: Annotated[Name, field("Our AS2 name", "As the partner knows us; capital letters count.", GROUP)]
    as2_to: Annotated[Name, field("Partner's AS2 name", "As the partner calls itself; capital letters count.", GROUP)]


class CertificateSettings(BaseModel):
    """With what messages are signed and opened. Of several the first that counts now is used, all are accepted."""

    own_certificates: Annotated[
        Pem,
        field(
            "Our certificates",
            "In PEM, one after the other: the first that counts now signs, and what was encrypted for any is opened. "
            "`orderflow as2 keys` makes one.",
            CERTIFICATES,
            multiline=True,
            holds=Holder.OURS,
        ),
    ]
    own_keys: Annotated[
        Secret,
        field("Our key", "The private key to our certificate, in PEM.", CERTIFICATES, writeOnly=True, multiline=True),
    ]
    other_own_keys: Annotated[
        Secret | None,
        field(
            "Our other key",
            "For a change-over: the key to the certificate that is to follow. The two fields are alike, so that a new "
            "key takes the place of one whose certificate has ended.",
            CERTIFICATES,
            writeOnly=True,
            multiline=True,
        ),
    ] = None
    partner_certificates: Annotated[
        Pem,
        field(
            "Partner's certificates",
            "In PEM, one after the other: messages are encrypted for the first that counts now, and signatures by any "
            "are accepted.",
            CERTIFICATES,
            multiline=True,
            holds=Holder.PARTNER,
        ),
    ]


class AgreedSettings(BaseModel):
    """How messages and receipts look."""

    sign: Annotated[
        Literal["sha-256", "sha-384", "sha-512", "none"], field("Sign by", "Receipts are signed so too.", GROUP)
    ] = "sha-256"
    encrypt: Annotated[
        Literal[CipherName, "none"], field("Encrypt by", "GCM only where the partner knows it.", GROUP)
    ] = "aes256-cbc"
    compress: Annotated[bool, field("Compress", "Only where the partner can unpack it.", GROUP)] = False
    receipts: Annotated[
        Literal["sync", "async"],
        field("Receipts come", "sync: in the answer to a message. async: later, to our own address.", GROUP),
    ] = "sync"
    receipt_url: Annotated[
        Url | None,
        field(
            "Our address",
            "Where the partner sends late receipts, and its answers: https://…/as2/ and this connector's id.",
            GROUP,
            {"receipts": ["async"]},
        ),
    ] = None
    receipt_within: Annotated[
        int,
        Field(ge=60, le=int(LONGEST_AWAITED)),
        field("Late receipt within", "Seconds until it is asked for, or a person is.", GROUP, {"receipts": ["async"]}),
    ] = 3_600
    require_signed: Annotated[
        bool, field("Answers must be signed", "What the partner sends to us by itself.", GROUP)
    ] = True
    require_encrypted: Annotated[
        bool, field("Answers must be encrypted", "What the partner sends to us by itself.", GROUP)
    ] = False
    same_id_once: Annotated[
        bool,
        field(
            "Partner takes a Message-ID once",
            "A message whose receipt got lost is then sent again under its Message-ID. Turn it on only if the partner "
            "says so: one that does not look takes the order twice. Off, a person is asked.",
            GROUP,
        ),
    ] = False


class As2Settings(ChannelSettings, PatienceSettings, TLSSettings, AgreedSettings, CertificateSettings, PartnerSettings):
    """All that AS2 asks; the last of the parents comes first in the form."""

    @property
    def digest(self) -> str:
        """By which receipts are to be signed."""
        return "sha-256" if self.sign == "none" else self.sign

    @property
    def ours(self) -> list[Identity]:
        """Our certificates with their keys."""
        given = [keys.get_secret_value() for keys in (self.own_keys, self.other_own_keys) if keys]
        return identities("\n".join(given), certificates(self.own_certificates))

    @property
    def theirs(self) -> list[Certificate]:
        """The partner's certificates."""
        return certificates(self.partner_certificates)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.as2_from == self.as2_to:
            raise ValueError("as2_from and as2_to must differ")
        if self.receipts == "async" and self.receipt_url is None:
            raise ValueError("receipts async needs receipt_url")
        check_encrypted(self, ["url", "receipt_url"])
        _check("own_keys", lambda: self.ours)
        return self


def _check(name: str, read: Callable[[], Any]) -> None:
    try:
        read()
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
