"""Somebody who may sign in to the demo's page."""

from __future__ import annotations

import secrets
from uuid import UUID

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.entrypoints.demo.run import ACTOR
from orderflow.flow.people.users import create_user, set_password

EMAIL = "admin@demo.example"


def demo_login(app: App, org_id: UUID) -> tuple[str, str]:
    """Return address and password of the demo's administrator; the password is a new one each time."""
    password = secrets.token_urlsafe(12)
    with app.store.work(org_id) as work:
        known = next((user.id for user in work.users.all() if user.email == EMAIL), None)
    if known:
        set_password(app.store, app.passwords, org_id, known, ACTOR, password)
    else:
        create_user(app.store, app.passwords, org_id, ACTOR, email=EMAIL, password=password, role=Role.ADMIN)
    return EMAIL, password
