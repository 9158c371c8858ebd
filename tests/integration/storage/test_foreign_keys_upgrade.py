"""Rows that name what belongs to another organization are found by the upgrade, whoever owns the database."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest

from orderflow.postgres.errors import DatabaseSetupError
from orderflow.storage.tables.migrations import upgrade
from tests.integration.storage.revisions import libpq_url, upgrade_to

ORGANIZATION = "INSERT INTO organization (id, slug, name) VALUES (%(org)s, %(slug)s, 'X')"
CONNECTION = """
    INSERT INTO erp_connection (id, org_id, connector_type, config_encrypted, status)
    VALUES (%(connection)s, %(org)s, 'MOCK', 'x', 'DISABLED')
"""
ORDER = "INSERT INTO draft_order (id, org_id, status, currency) VALUES (%(order)s, %(org)s, 'NEW', 'EUR')"
EXPORT = """
    INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status)
    VALUES (gen_random_uuid(), %(org)s, %(order)s, %(connection)s, 'PENDING')
"""
LINE = "INSERT INTO draft_order_line (id, org_id, draft_order_id, line_no) VALUES (%(order)s, %(org)s, %(order)s, 1)"
NOT_FORCED = """
    SELECT relname FROM pg_class
    WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND NOT relforcerowsecurity
"""


@pytest.mark.parametrize(
    ("before", "stray", "key"),
    [
        ("0010", EXPORT, "fk_erp_export_org_id_connection_id"),
        ("0048", LINE, "fk_draft_order_line_org_id_draft_order_id"),
    ],
)
def test_what_names_another_organizations_is_told(
    empty_url: str, upgrader: str, before: str, stray: str, key: str
) -> None:
    upgrade_to(upgrader, before)
    acme = {"org": uuid4(), "slug": "acme", "connection": uuid4(), "order": uuid4()}
    other = {"org": uuid4(), "slug": "other", "connection": uuid4(), "order": uuid4()}
    with psycopg.connect(libpq_url(empty_url), autocommit=True) as admin:
        for one in (acme, other):
            for statement in (ORGANIZATION, CONNECTION, ORDER, EXPORT, LINE):
                admin.execute(statement, one)
        admin.execute("SET session_replication_role = replica")
        admin.execute("DELETE FROM draft_order_line")
        strays = {**acme, "connection": other["connection"]} if stray == EXPORT else {**acme, "order": other["order"]}
        admin.execute(stray, strays)
        with pytest.raises(DatabaseSetupError, match=key):
            upgrade(upgrader)
        assert admin.execute(NOT_FORCED).fetchall() == [("alembic_version",)], "their owner is held to it again"
        admin.execute("DELETE FROM erp_export" if stray == EXPORT else "DELETE FROM draft_order_line")
        upgrade(upgrader)
        assert admin.execute(NOT_FORCED).fetchall() == [("alembic_version",)]
        assert admin.execute("SELECT conname FROM pg_constraint WHERE NOT convalidated").fetchall() == []
