"""Do the books agree? What is safe to put right is put right on request, and nothing else."""

from contextlib import contextmanager

import pytest

from orderflow.domain.errors import DocumentMissingError, ObjectStoreError
from orderflow.domain.ids import new_id
from orderflow.flow.doctor import Finding, OpenDocument, after_failover, after_restore, document_store, examine


class Books:
    """Two disagreements, of which one is safe to repair, and two documents."""

    def __init__(self):
        self.safe = Finding("ORDER_BEHIND", "acme", "behind", export_id=new_id(), repairable=True)
        self.unsafe = Finding("ATTEMPT_LOST", "acme", "lost", export_id=new_id())
        self.documents = [OpenDocument("acme", new_id(), new_id(), key, key == "unsent") for key in ("unsent", "sent")]
        self.repaired, self.anew, self.held = False, [], []

    @contextmanager
    def books(self):
        yield self

    def disagreements(self):
        return [self.unsafe] if self.repaired else [self.safe, self.unsafe]

    def repair(self):
        self.repaired = True
        return 1

    def attention(self):
        return [Finding("OVERDUE", "acme", "overdue")]

    def open_documents(self, most):
        return self.documents

    def build_anew(self, export_ids):
        self.anew += export_ids

    def hold_unsent(self, code, message):
        self.held.append(code)
        return [Finding(code, "acme", message)]


class Documents:
    def __init__(self, error=DocumentMissingError):
        self.error = error

    def get(self, key):
        raise self.error

    def put_many(self, items):
        raise AssertionError("it only looks")


def test_looking_changes_nothing():
    books = Books()
    found = examine(books, Documents())
    assert [finding.code for finding in found] == [
        "ORDER_BEHIND",
        "ATTEMPT_LOST",
        "OVERDUE",
        "DOCUMENT_MISSING",
        "DOCUMENT_MISSING",
    ]
    assert not any(finding.repaired for finding in found)
    assert (books.repaired, books.anew) == (False, [])


def test_what_is_safe_is_put_right_and_what_was_perhaps_sent_is_not():
    books = Books()
    found = examine(books, Documents(), repair=True)
    assert [finding.repaired for finding in found] == [True, False, False, True, False]
    assert books.anew == [books.documents[0].export_id]


def test_a_store_that_does_not_answer_is_not_taken_for_missing_documents():
    books = Books()
    with pytest.raises(ObjectStoreError):
        examine(books, Documents(ObjectStoreError), repair=True)
    assert books.anew == []


def test_after_a_restore_and_a_failover_what_may_have_gone_out_is_held():
    books = Books()
    after_restore(books)
    after_failover(books)
    assert books.held == ["RESTORED", "FAILED_OVER"]


def test_a_document_store_says_what_is_wrong_with_it():
    def check():
        raise ObjectStoreError("away")

    assert [finding.code for finding in document_store(check)] == ["OBJECT_STORE_UNAVAILABLE"]
    assert document_store(lambda: None) == []
