"""Databases as they were at an earlier revision of the tables."""

from __future__ import annotations

from alembic import command
from sqlalchemy import NullPool, create_engine, make_url

from orderflow.storage.tables import migrations


def upgrade_to(url: str, revision: str) -> None:
    """Take the steps up to a revision and no further; `head` takes all."""
    config = migrations._config()
    with create_engine(url, poolclass=NullPool).connect() as connection:
        config.attributes |= {"connection": connection, "progress": None}
        command.upgrade(config, revision)
        connection.commit()


def libpq_url(url: str) -> str:
    """Return a URL of SQLAlchemy's as psycopg takes it by itself."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
