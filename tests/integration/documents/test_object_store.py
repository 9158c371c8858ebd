"""Documents in a folder and in a bucket, and what a store that is away says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from orderflow.documents.object_store import ObjectStore
from orderflow.domain.errors import ObjectStoreError


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "hush", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=endpoint, **keys)
    client.create_bucket(Bucket="documents")
    client.close()
    yield endpoint
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return ObjectStore(tmp_path / "objects")
    return _bucket(request.getfixturevalue("s3"))


def _bucket(endpoint: str) -> ObjectStore:
    return ObjectStore(bucket="documents", endpoint=endpoint, access_key="key", secret_key="hush")


def test_documents_come_back_as_they_went_in(store: ObjectStore) -> None:
    items = [(f"exports/org/sales_order_{number}.json", os.urandom(2000)) for number in range(100)]
    store.put_many(items)
    assert [(key, store.get(key)) for key, _ in items] == items


def test_what_is_kept_compressed_is_read_by_whoever_reads_the_store(tmp_path: Path) -> None:
    plain, packed = ObjectStore(tmp_path), ObjectStore(tmp_path, compress=True)
    large, small = b"<Order>" * 20_000, b"<Order/>"
    packed.put_many([("exports/large.xml", large), ("exports/small.xml", small)])
    plain.put_many([("exports/old.xml", large)])
    assert (tmp_path / "exports/large.xml").stat().st_size < len(large) / 50
    assert (tmp_path / "exports/small.xml").read_bytes() == small
    for store in (plain, packed):
        assert [store.get(f"exports/{name}.xml") for name in ("large", "small", "old")] == [large, small, large]
    packed.delete(["exports/large.xml"])
    assert not (tmp_path / "exports/large.xml").exists()


def test_storing_again_replaces_the_whole(store: ObjectStore) -> None:
    store.put_many([("exports/org/a.json", b"a longer one")])
    store.put_many([("exports/org/a.json", b"short")])
    assert store.get("exports/org/a.json") == b"short"


def test_deleting_is_safe_to_repeat(store: ObjectStore) -> None:
    store.put_many([("exports/org/a.json", b"1"), ("exports/org/b.json", b"2")])
    for _ in range(2):
        store.delete(["exports/org/a.json", "exports/org/b.json"])
    with pytest.raises(ObjectStoreError) as caught:
        store.get("exports/org/a.json")
    assert caught.value.code == "OBJECT_NOT_FOUND"


def test_a_check_leaves_nothing_behind(store: ObjectStore) -> None:
    store.check()
    with pytest.raises(ObjectStoreError):
        store.get("orderflow-check")


@pytest.mark.parametrize("key", ["../x", "exports/../../x", "/etc/x", "a//b", "a/./b", "a\\b", "", "a\0"])
def test_a_key_that_leaves_the_store_is_refused(tmp_path: Path, key: str) -> None:
    store = ObjectStore(tmp_path / "objects")
    for attempt in (lambda: store.put_many([(key, b"")]), lambda: store.get(key), lambda: store.delete([key])):
        with pytest.raises(ObjectStoreError) as caught:
            attempt()
        assert caught.value.code == "OBJECT_KEY_INVALID"


def test_what_was_put_is_there_after_a_kill(tmp_path: Path) -> None:
    code = (
        "import sys, os; from pathlib import Path; from orderflow.documents.object_store import ObjectStore\n"
        "ObjectStore(Path(sys.argv[1])).put_many([(f'exports/{n}', b'x' * 5000) for n in range(50)])\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert {ObjectStore(tmp_path).get(f"exports/{n}") for n in range(50)} == {b"x" * 5000}


def test_a_store_that_is_away_is_one_clear_error_without_secrets() -> None:
    away = _bucket("http://127.0.0.1:1")
    with pytest.raises(ObjectStoreError, match="bucket documents") as caught:
        away.put_many([("exports/a", b"1"), ("exports/b", b"2")])
    assert "hush" not in str(caught.value.as_json()) + repr(away)
    assert "Debug source" not in caught.value.message


def test_a_bucket_that_does_not_exist_is_named(s3: str) -> None:
    store = ObjectStore(bucket="nowhere", endpoint=s3, access_key="key", secret_key="hush")
    with pytest.raises(ObjectStoreError, match="bucket nowhere"):
        store.check()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ObjectStoreError, match=r"file/objects\) cannot be made"):
        ObjectStore(tmp_path / "file" / "objects")
