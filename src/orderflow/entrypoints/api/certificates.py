"""The certificates and keys by which connections and their ERPs know each other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from pydantic import Field

from orderflow.domain.connector_port import CERTIFICATE_WARNED
from orderflow.domain.errors import EncryptionError
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.languages import language, told_text
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import Out
from orderflow.flow.ports import Wiring
from orderflow.flow.setup.mask import schema_of
from orderflow.net.certificates import Certificate, Held, Holder, held
from orderflow.storage.store import SqlWork
from orderflow.storage.views.connections import ConnectionView, all_connections

router = ApiRouter("/certificates", "Connectors")


class CertificateView(Out):
    """A certificate or a host key of a connector."""

    connector_id: UUID
    connector_name: str
    active: bool = Field(description="Whether its connector is ACTIVE")
    field: str = Field(description="The setting that holds it", examples=["own_certificates"])
    label: str = Field(description="What the form calls that, in the language of `Accept-Language`")
    holder: Holder = Field(
        description="Whose: `OURS` and the `PARTNER`'s (AS2), ours as a `CLIENT` of TLS or of a token server with what "
        "vouches for it, an `AUTHORITY` that is trusted, an SSH `SERVER`'s host key"
    )
    name: str | None = Field(description="Whom it names; null: a host key, or it cannot be read", examples=["CN=Acme"])
    issuer: str | None = Field(examples=["CN=Acme CA"])
    serial: str | None = Field(description="In hexadecimal", examples=["7B"])
    fingerprint: str | None = Field(description="SHA-256, to be compared; null: it cannot be read")
    algorithm: str | None = Field(description="Of its key", examples=["RSA 3072"])
    valid_from: datetime | None
    valid_until: datetime | None = Field(description="null: it does not end, or it cannot be read")
    days_left: int | None = Field(description="Whole days until then; negative: it has ended", examples=[41])
    in_use: bool = Field(description="Of several the first that counts now is used; others wait, or have ended")
    warned: bool = Field(
        description="Its setting has none left within 30 days, which is told among what needs somebody. Where another "
        "follows nothing is told"
    )


class CertificateViews(Out):
    """All that there are."""

    items: list[CertificateView]


@router.get("")
def list_certificates(
    request: Request, caller: Annotated[Caller, Depends(require(Permission.READ))]
) -> CertificateViews:
    """List the certificates and host keys in connectors' settings, what ends first before all others.

    Those of a connector whose configuration cannot be read are left out; the connector says so itself.
    """
    app, now = app_of(request), datetime.now(UTC)
    with app.store.work(caller.org_id) as work:
        shown = [one for each in all_connections(work.view) for one in _of_connection(app.wiring, work, each, now)]
    never = datetime.max.replace(tzinfo=UTC)
    return CertificateViews(items=sorted(shown, key=lambda one: one.valid_until or never))


def _of_connection(
    wiring: Wiring, work: SqlWork, connection: ConnectionView, now: datetime
) -> Iterator[CertificateView]:
    try:
        schema = schema_of(wiring.connector(connection.connector_type))
        config = work.connections.open(connection.id).config
    except (ValueError, EncryptionError):  # it is not installed here any more, or cannot be decrypted
        return
    for part in held(schema, config):
        for one in part.known or [Certificate()]:
            yield _shown(connection, part, one, now)


def _shown(connection: ConnectionView, part: Held, one: Certificate, now: datetime) -> CertificateView:
    return CertificateView(
        connector_id=connection.id,
        connector_name=connection.name or connection.connector_type,
        active=connection.status == "ACTIVE",
        field=part.field,
        label=told_text(part.title, language.get()),
        holder=part.holder,
        name=one.name,
        issuer=one.issuer,
        serial=one.serial,
        fingerprint=one.fingerprint,
        algorithm=one.algorithm,
        valid_from=one.begins,
        valid_until=one.ends,
        days_left=None if one.ends is None else (one.ends - now).days,
        in_use=one in part.in_use(now),
        warned=part.ends is not None and part.ends - now < CERTIFICATE_WARNED,
    )
