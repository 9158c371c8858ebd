"""Binds a connection's encrypted configuration to its row when it is saved, and opens it again."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, event, func, inspect, select
from sqlalchemy.orm import Mapper, object_session

from orderflow.domain.errors import EncryptionError
from orderflow.domain.ids import new_id
from orderflow.domain.states import ConnectionStatus
from orderflow.secrets.encryption import EncryptionService, bind
from orderflow.storage.tables.models.connections import ERPConnection


@cache
def _service_of_this_process() -> EncryptionService:
    return EncryptionService()


def _service(row: ERPConnection) -> EncryptionService:
    """Return the service of the row's session, or for a session of the caller's own the environment's."""
    session = object_session(row)
    found = session.info.get("encryption") if session is not None else None
    return found if isinstance(found, EncryptionService) else _service_of_this_process()


def _place(row: ERPConnection) -> bytes:
    return bind(row.org_id, row.id, row.connector_type)


def open_config(row: ERPConnection) -> dict[str, Any]:
    """Return the configuration of a saved or new row.

    Raises:
        KeyMismatchError: It was sealed with a key that is not at hand.
        EncryptionError: It opens neither as bound to this row nor, if it was never saved, as made by
            `encrypt_config`.
    """
    bound = inspect(row).persistent
    key_id = (row.key_id or "") if bound else None
    return _service(row).decrypt_config(row.config_encrypted, _place(row) if bound else b"", key_id)


@event.listens_for(ERPConnection, "before_insert")
@event.listens_for(ERPConnection, "before_update")
def _seal(_mapper: Mapper[Any], _connection: Connection, row: ERPConnection) -> None:
    if "id" not in inspect(row).dict:  # the column's default comes after this event
        row.id = new_id()
    service = _service(row)
    try:
        config = service.decrypt_config(row.config_encrypted)
    except EncryptionError:
        return  # bound already, or unreadable: an unreadable row disables itself when it is used
    row.config_encrypted = service.encrypt_config(config, _place(row))
    row.key_id = service.key_id


@event.listens_for(ERPConnection, "before_insert")
def _become_default(_mapper: Mapper[Any], connection: Connection, row: ERPConnection) -> None:
    if row.is_default or row.status == "DISABLED":
        return
    active = ERPConnection.deleted_at.is_(None), ERPConnection.status == ConnectionStatus.ACTIVE
    others = select(func.count()).where(ERPConnection.org_id == row.org_id, *active)
    row.is_default = connection.execute(others).scalar_one() == 0
