"""What an operator needs to see: which key sealed a row, what proved a connection, who was told."""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Nothing yet."""
