"""What Alembic runs for each command; the connection comes from `orderflow.storage.tables.migrations`."""

from typing import Any

from alembic import context

from orderflow.storage.tables.models import Base


def _tell(step: Any, **_others: Any) -> None:
    progress = context.config.attributes.get("progress")
    if progress:
        progress(f"{step.up_revision_id}: {step.up_revision.doc}")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=True,
    on_version_apply=_tell,  # type: ignore[arg-type]  # Alembic passes keywords, of which more may come
)
with context.begin_transaction():
    context.run_migrations()
