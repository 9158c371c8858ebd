"""A person has compared a server's host key, and trusts it from now on."""

from __future__ import annotations

import base64
import binascii
import hashlib
from uuid import UUID

from orderflow.domain.errors import InputError
from orderflow.flow.ports import Actor, Wiring
from orderflow.flow.setup.connections import edit_connection


def trust_host_key(
    wiring: Wiring, org_id: UUID, connection_id: UUID, host_key: str, fingerprint: str, actor: Actor
) -> None:
    """Pin `host_key` in a connection's configuration.

    Args:
        host_key: A public key line, `ssh-ed25519 AAAA…`, as the failed test showed it.
        fingerprint: What the server's operator says it is, `SHA256:…`.

    Raises:
        InputError: The fingerprint is not that key's, or the connection's type knows no host key.
        NotFoundError: There is no such connection.
        EncryptionError: Its configuration does not open.
    """
    actual = fingerprint_of(host_key)
    if actual != fingerprint.rstrip("="):
        raise InputError(
            f"The fingerprint is not that of the key: the key's is {actual}.",
            code="HOST_KEY_DIFFERS",
            hint="Ask the server's operator which one is right before you trust either.",
            details={"fields": [{"field": "fingerprint", "message": "is not that of host_key"}]},
        )
    with wiring.store.work(org_id) as work:
        config = work.connections.open(connection_id).config
        after = {"host_key": host_key, "fingerprint": actual}
        work.audit.add("HOST_KEY_ACCEPTED", actor, "erp_connection", [connection_id], None, after)
    edit_connection(wiring, org_id, connection_id, config | {"host_key": host_key}, actor)


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
