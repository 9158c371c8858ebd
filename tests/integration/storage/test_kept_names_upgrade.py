"""Orders keep what a search looks through, whichever release writes them; those from before are found as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from orderflow.storage.database import Database
from orderflow.storage.tables.migrations import upgrade
from orderflow.storage.tables.roles import APP_ROLE
from orderflow.storage.views.order_lists import OrderSort, sorted_orders, totals
from orderflow.storage.views.orders import OrderFilter, find_orders
from orderflow.storage.views.view import Ask, View
from tests.integration.storage.revisions import libpq_url, upgrade_to

# What the former release says: it knows nothing of what is kept.
ADD = """
    INSERT INTO draft_order (id, org_id, status, currency, external_order_number, erp_customer_number, customer_name)
    VALUES (gen_random_uuid(), %s, 'NEEDS_REVIEW', 'EUR', %s, '0815', 'Érika Muster')
"""
KEPT = "SELECT external_order_number, named FROM draft_order"


@pytest.fixture
def admin(empty_url: str, upgrader: str, app_url: str) -> Iterator[psycopg.Connection]:
    """A superuser in a database as it was before."""
    upgrade_to(upgrader, "0055")
    with psycopg.connect(libpq_url(empty_url), autocommit=True) as connection:
        yield connection


@pytest.fixture
def org_id(admin: psycopg.Connection) -> UUID:
    org_id = uuid4()
    admin.execute("INSERT INTO organization (id, slug, name) VALUES (%s, 'acme', 'X')", (org_id,))
    return org_id


@pytest.fixture
def found(empty_url: str, org_id: UUID) -> Iterator[Callable[[str], int]]:
    """Return how many orders a search finds: in a list, in a sorted one, and for the totals."""
    opened = Database(make_url(empty_url).set(username=APP_ROLE).render_as_string(hide_password=False))

    def search(words: str) -> int:
        with opened.transaction(org_id) as connection:
            view, wanted = View(connection, org_id), OrderFilter(search=words)
            (many,) = {
                len(find_orders(view, wanted, Ask(50)).items),
                len(sorted_orders(view, wanted, OrderSort.NUMBER, Ask(50)).items),
                totals(view, wanted).orders,
            }
        return many

    yield search
    opened.close()


def test_an_order_is_found_by_its_names_whenever_it_came_in(
    admin: psycopg.Connection, upgrader: str, org_id: UUID, found: Callable[[str], int]
) -> None:
    admin.execute(ADD, (org_id, "PO-Before"))
    upgrade(upgrader)
    admin.execute(ADD, (org_id, "PO-Since"))
    assert dict(admin.execute(KEPT).fetchall()) == {"PO-Before": None, "PO-Since": "po-since 0815 érika muster "}
    for words, many in {"po-": 2, "ÉRIKA": 2, "0815 é": 2, "before": 1, "SINCE": 1, "SO-": 0, "po_": 0}.items():
        assert found(words) == many, words
    admin.execute("UPDATE draft_order SET erp_order_id = 'SO-1'")
    assert found("so-1") == 2
    admin.execute("UPDATE draft_order SET customer_name = NULL, erp_customer_number = NULL")
    assert found("muster") == 0
    assert dict(admin.execute(KEPT).fetchall()) == {"PO-Before": "po-before   so-1", "PO-Since": "po-since   so-1"}


def test_what_names_nothing_leaves_the_names_alone(admin: psycopg.Connection, upgrader: str, org_id: UUID) -> None:
    admin.execute(ADD, (org_id, "PO-Before"))
    upgrade(upgrader)
    admin.execute("UPDATE draft_order SET status = 'READY'")
    assert dict(admin.execute(KEPT).fetchall()) == {"PO-Before": None}
