"""Which role may do what: this one table drives the checks, the OpenAPI document and the page in the docs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from orderflow.domain.access import Role

__all__ = ["ROLES", "Permission", "PermissionName", "Role", "may"]


class Permission(StrEnum):
    """What a route may ask of its caller; the value says it to a person."""

    READ = "read orders, exports, the push log, connectors and the organization"
    OWN_ACCOUNT = "see and change one's own account"
    ORDERS_IMPORT = "bring in orders"
    ORDERS_EDIT = "edit and reject orders"
    ORDERS_APPROVE = "approve orders"
    ORDERS_PUSH = "push, hold, retry, withdraw, recall, move and resolve deliveries"
    NEEDS_MARK = "assign, put off and note what needs somebody"
    HOLDS_RELEASE = "release the holds of others"
    CONNECTORS_EDIT = "add, change, enable, disable and delete connectors"
    CONNECTORS_TEST = "test connectors"
    DELIVERIES_PAUSE = "pause and resume all deliveries"
    AUDIT_READ = "read the audit log"
    DATA_ERASE = "erase personal data"
    USERS_MANAGE = "manage users"
    KEYS_MANAGE = "manage API keys"
    WEBHOOKS_MANAGE = "manage webhooks"
    ORG_MANAGE = "change the organization"


def _known(name: str) -> str:
    if name not in Permission.__members__:
        raise ValueError(f"must be one of {', '.join(Permission.__members__)}")
    return name


PermissionName = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(Permission.__members__)})]
"""A permission by its name, as `ORDERS_IMPORT`."""

_P = Permission
_ADMIN, _INTEGRATOR, _OPS, _VIEWER = Role
_EVERYONE = frozenset(Role)

ROLES: dict[Permission, frozenset[Role]] = {
    _P.READ: _EVERYONE,
    _P.OWN_ACCOUNT: _EVERYONE,
    _P.ORDERS_IMPORT: frozenset({_ADMIN, _INTEGRATOR, _OPS}),
    _P.ORDERS_EDIT: frozenset({_ADMIN, _OPS}),
    _P.ORDERS_APPROVE: frozenset({_ADMIN, _OPS}),
    _P.ORDERS_PUSH: frozenset({_ADMIN, _OPS}),
    _P.NEEDS_MARK: frozenset({_ADMIN, _INTEGRATOR, _OPS}),
    _P.HOLDS_RELEASE: frozenset({_ADMIN}),
    _P.CONNECTORS_EDIT: frozenset({_ADMIN, _INTEGRATOR}),
    _P.CONNECTORS_TEST: frozenset({_ADMIN, _INTEGRATOR}),
    _P.DELIVERIES_PAUSE: frozenset({_ADMIN, _INTEGRATOR}),
    _P.AUDIT_READ: frozenset({_ADMIN, _INTEGRATOR}),
    _P.DATA_ERASE: frozenset({_ADMIN}),
    _P.USERS_MANAGE: frozenset({_ADMIN}),
    _P.KEYS_MANAGE: frozenset({_ADMIN}),
    _P.WEBHOOKS_MANAGE: frozenset({_ADMIN, _INTEGRATOR}),
    _P.ORG_MANAGE: frozenset({_ADMIN}),
}


def may(role: Role, permission: Permission) -> bool:
    """Return whether `role` has `permission`."""
    return role in ROLES[permission]


def allowed(permission: Permission) -> str:
    """Return the roles that have `permission`, in the order of the enumeration, for a person."""
    return ", ".join(role for role in Role if may(role, permission))
