"""Who may act for an organization: the four roles."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """ADMIN does everything, INTEGRATOR connects ERPs, OPS handles orders, VIEWER reads."""

    ADMIN = "ADMIN"
    INTEGRATOR = "INTEGRATOR"
    OPS = "OPS"
    VIEWER = "VIEWER"
