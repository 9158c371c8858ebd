"""What a route may ask for: its caller, and the application."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request

from orderflow.bootstrap import App
from orderflow.entrypoints.api.permissions import Permission, Role
from orderflow.flow.ports import Actor


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        user_id: None for an API key.
        email: The user's address, or the API key's name.
        actor: For the audit log and the push log: the same name, and the request's id.
    """

    org_id: UUID
    user_id: UUID | None
    email: str
    role: Role
    actor: Actor


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


def app_of(request: Request) -> App:
    """Return the wired application that this request is served by."""
    app: App = request.app.state.orderflow
    return app
