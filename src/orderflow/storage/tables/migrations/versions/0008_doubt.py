"""Doubt: when an attempt last began, what the ERP's answers could not say, what a connection waits for."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing yet."""
