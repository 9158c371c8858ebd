"""Versions of what people edit, and whom a key belongs to."""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Nothing yet."""
