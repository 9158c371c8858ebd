"""What a route may ask for: its caller, and the application."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from uuid import UUID

from starlette.requests import Request

from orderflow.bootstrap import App
from orderflow.entrypoints.api.errors import ForbiddenError
from orderflow.entrypoints.api.permissions import Permission, Role, may
from orderflow.flow.ports import Actor


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        user_id: None for an API key.
        email: The user's address, or the API key's name.
        actor: For the audit log and the push log: the same name, and the request's id.
        cap: For an API key, the role of the user whom it belongs to; it may do what both roles may.
        owner_id: That user, or the user themself.
        scopes: What an API key may do at most, by the names of permissions; None: all that its role may.
    """

    org_id: UUID
    user_id: UUID | None
    email: str
    role: Role
    actor: Actor
    cap: Role | None = None
    owner_id: UUID | None = None
    scopes: frozenset[str] | None = None

    def may(self, permission: Permission) -> bool:
        """Return whether the caller has `permission`."""
        return self.within_scopes(permission) and self.may_by_role(permission)

    def within_scopes(self, permission: Permission) -> bool:
        """Return whether the key, if it is one, was made for that too."""
        return self.scopes is None or permission.name in self.scopes

    def may_by_role(self, permission: Permission) -> bool:
        """Return whether the caller's role has `permission`, and that of the key's user."""
        return may(self.role, permission) and (self.cap is None or may(self.cap, permission))

    @property
    def acts_as(self) -> Role:
        """The role by which what is begun goes on later; an ADMIN's key is none whose owner or scopes may less."""
        role = self.cap if self.cap is not None and self.role is Role.ADMIN else self.role
        return role if role is not Role.ADMIN or self.may(Permission.HOLDS_RELEASE) else Role.OPS

    def must_be_allowed(self, permission: Permission) -> None:
        """Return if the caller has `permission`. Raises ForbiddenError: the key's scopes lack it, or the role does."""
        if not self.within_scopes(permission):
            raise ForbiddenError(
                f"The API key {self.email} was not made to {permission.value}.",
                code="SCOPE_MISSING",
                hint="Make another key whose scopes have it, or none.",
            )
        if not self.may(permission):
            of_user = self.cap is not None and may(self.role, permission)
            role = f"{self.cap} of the key's user" if of_user else self.role
            raise ForbiddenError(f"The role {role} may not {permission.value}.")


class Require:
    """A dependency that gives the `Caller`, who was found to have `permission` before the body was read."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Caller:
        """Return the caller that `ApiRoute` found."""
        caller: Caller = request.state.caller
        return caller


def require(permission: Permission) -> Require:
    """Return the dependency of a route: `caller: Annotated[Caller, Depends(require(Permission.READ))]`.

    The route must belong to an `ApiRouter`.
    """
    return Require(permission)


def client_of(request: Request) -> str:
    """Return where a request comes from: an address, of IPv6 the network that one customer has (RFC 6177)."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ip_network(f"{host.partition('%')[0]}/64", strict=False))
    return host


def app_of(request: Request) -> App:
    """Return the wired application that this request is served by."""
    app: App = request.app.state.orderflow
    return app
