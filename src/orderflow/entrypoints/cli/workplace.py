"""Where a command works: the wired application, and the organization that it is for."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from orderflow.domain.errors import InputError, NotFoundError, OrderFlowError
from orderflow.flow.ports import Actor, Wiring

if TYPE_CHECKING:
    from orderflow.bootstrap import App
    from orderflow.entrypoints.cli.reading import Reading
    from orderflow.settings import Settings


@dataclass
class Workplace:
    """An open application and one organization."""

    app: App
    org_id: UUID
    slug: str

    @property
    def wiring(self) -> Wiring:
        """What the steps work with."""
        return self.app.wiring

    def reading(self) -> AbstractContextManager[Reading]:
        """Look at the organization's things, in one transaction."""
        from orderflow.entrypoints.cli.reading import reading_in  # with it comes SQLAlchemy, too slow for `--help`

        return reading_in(self.app.database, self.org_id)

    def order_ids(self, references: list[str]) -> list[UUID]:
        """Return the ids of the orders named. Raises NotFoundError, StateError."""
        with self.reading() as reading:
            return reading.order_ids(references)

    def connection_id(self, reference: str) -> UUID:
        """Return the id of the connection named. Raises NotFoundError, StateError."""
        with self.reading() as reading:
            return reading.connection_id(reference)


def caller() -> Actor:
    """Return who types, for the audit log."""
    try:
        return Actor(f"cli:{getpass.getuser()}")
    except (KeyError, OSError):  # an account without a name, as containers have them
        return Actor("cli")


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[App]:
    """Open the application, and close it at the end. Raises OrderFlowError as `bootstrap.open_app` does."""
    from orderflow.bootstrap import open_app
    from orderflow.entrypoints.waking import wake_every_engine

    app = open_app(settings)
    wake_every_engine(app)
    try:
        yield app
    except BaseException:
        with suppress(OrderFlowError):  # what went wrong first is what to tell
            app.close()
        raise
    app.close()


@contextmanager
def in_organization(slug: str | None) -> Iterator[Workplace]:
    """Open the application for one organization.

    Raises:
        NotFoundError: There is no such organization, or none at all.
        InputError: There are several and none was named.
    """
    with opened() as app:
        org_id, slug = choose(app.system.organizations(), slug)
        yield Workplace(app, org_id, slug)


def choose(organizations: dict[str, UUID], slug: str | None) -> tuple[UUID, str]:
    """Return the organization named, or the only one there is. Raises as `in_organization` does."""
    known = ", ".join(organizations)
    if not organizations:
        raise NotFoundError("There is no organization yet.", hint="Make one: orderflow org create acme")
    if slug is None and len(organizations) > 1:
        raise InputError(f"Which organization? There are {known}.", hint="Name one with --org, or set ORDERFLOW_ORG.")
    if slug is not None and slug not in organizations:
        raise NotFoundError(f"There is no organization {slug!r}.", hint=f"There are: {known}.")
    slug = slug or next(iter(organizations))
    return organizations[slug], slug
