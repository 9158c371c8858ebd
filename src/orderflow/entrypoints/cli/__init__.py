"""The command `orderflow`."""

from orderflow.entrypoints.cli.app import main

__all__ = ["main"]
