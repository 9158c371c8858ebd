"""A person has compared a server's host key, and trusts it from now on."""

from __future__ import annotations

import base64
import binascii
import hashlib
from uuid import UUID

from orderflow.domain.errors import ConnectorError, InputError, StateError
from orderflow.domain.reach import within
from orderflow.flow.delivery.open_target import find_connector
from orderflow.flow.ports import Actor, Wiring
from orderflow.flow.setup.connections import replace_config


def accept_host_key(
    wiring: Wiring,
    org_id: UUID,
    connection_id: UUID,
    fingerprint: str,
    actor: Actor,
    *,
    host_key: str | None = None,
) -> None:
    """Pin a host key that a person has compared; deliveries that waited for that go on.

    Args:
        fingerprint: What the server's operator says it is, `SHA256:…`.
        host_key: A public key line, `ssh-ed25519 AAAA…`, as a failed test showed it; the server is asked if not given.

    Raises:
        InputError: The fingerprint is not that of the key given, or the connection's type knows no host key.
        StateError: The server shows another key, or one that is trusted already.
        ConnectorError: The server showed no host key.
        NotFoundError: There is no such connection.
        EncryptionError: Its configuration does not open.
    """
    wanted = fingerprint.strip().rstrip("=")
    key = _shown(wiring, org_id, connection_id, wanted) if host_key is None else _given(host_key, wanted)
    with wiring.store.work(org_id) as work:
        config = work.connections.open(connection_id).config
        replace_config(wiring, work, connection_id, config | {"host_key": key}, actor)
        before, after = {"host_key": config.get("host_key")}, {"host_key": key, "fingerprint": wanted}
        work.audit.add("HOST_KEY_ACCEPTED", actor, "erp_connection", [connection_id], before, after)
    wiring.store.wake(org_id, connection_id)


def _given(host_key: str, fingerprint: str) -> str:
    actual = fingerprint_of(host_key)
    if actual != fingerprint:
        raise InputError(
            f"The fingerprint is not that of the key: the key's is {actual}.",
            code="HOST_KEY_DIFFERS",
            hint="Ask the server's operator which one is right before you trust either.",
            details={"fields": [{"field": "fingerprint", "message": "is not that of host_key"}]},
        )
    return host_key


def _shown(wiring: Wiring, org_id: UUID, connection_id: UUID, fingerprint: str) -> str:
    seen = seen_host_key(wiring, org_id, connection_id)
    if seen is None:
        raise StateError("The server's host key is trusted already.", code="HOST_KEY_TRUSTED", hint="Nothing to do.")
    if seen["fingerprint"].rstrip("=") != fingerprint:
        raise StateError(
            f"The server shows the host key {seen['fingerprint']}, not the one that you gave.",
            code="HOST_KEY_DIFFERS",
            hint="Ask the server's operator which one is right before you trust either.",
            details={"fingerprint": seen["fingerprint"]},
        )
    return seen["host_key"]


def seen_host_key(wiring: Wiring, org_id: UUID, connection_id: UUID) -> dict[str, str] | None:
    """Ask the target for its host key: `{"host_key", "fingerprint"}`, or None if it is trusted already.

    Raises:
        NotFoundError, EncryptionError: As for `test_connection`.
        ConnectorError: The test failed before a host key was seen.
    """
    with wiring.store.work(org_id) as work:
        target = work.connections.open(connection_id)
    with within(target.reach):
        result = find_connector(wiring, target.connector_type).test_connection(target.config)
    seen = result.details if "host_key" in result.details else result.details.get("details", {})
    if "host_key" in seen:
        return {"host_key": seen["host_key"], "fingerprint": seen["fingerprint"]}
    if result.success:
        return None
    raise ConnectorError(
        result.error_message, code=result.details.get("code"), hint=result.details.get("hint"), details=seen
    )


def fingerprint_of(host_key: str) -> str:
    """Return `SHA256:…` of a public key line, as `ssh-keygen -l` prints it (RFC 4716, section 4, with SHA-256).

    Raises:
        InputError: It is not a public key line.
    """
    try:
        blob = base64.b64decode(host_key.split()[1], validate=True)
    except (IndexError, binascii.Error):
        fields = [{"field": "host_key", "message": "must be a public key line, as ssh-ed25519 AAAA…"}]
        raise InputError("The host key is not a public key line.", details={"fields": fields}) from None
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"
