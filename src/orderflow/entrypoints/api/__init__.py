"""The HTTP API, version 1."""

from orderflow.entrypoints.api.app import create_app

__all__ = ["create_app"]
