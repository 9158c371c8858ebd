"""The folder as a place for files; every fault of the operating system has a meaning."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from orderflow.channels.filestore import Entry, Rename, Upload
from orderflow.channels.folder.store import FilesystemStore
from orderflow.domain.errors import ConnectorError, NeedsAttentionError, TransientError


@pytest.fixture(params=[False, True], ids=["buffered", "fsync"])
def store(request: pytest.FixtureRequest) -> FilesystemStore:
    return FilesystemStore(fsync=request.param)


def one(results):
    ((_, result),) = results
    return result


def failing(code):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    return fail


def test_a_file_is_written_whole_and_replaces_what_was_there(store, tmp_path):
    target = tmp_path / "x.tmp"
    target.write_bytes(b"a longer leftover")
    leftover = tmp_path / "old.tmp"
    leftover.touch()
    assert one(store.upload([Upload(str(target), b"new", remove_first=str(leftover))])) is None
    assert target.read_bytes() == b"new"
    assert not leftover.exists()


def test_a_new_file_is_nothing_for_others(store, tmp_path):
    assert one(store.upload([Upload(str(tmp_path / "x"), b"")])) is None
    assert (tmp_path / "x").stat().st_mode & 0o007 == 0


def test_one_bad_file_does_not_stop_the_others(store, tmp_path):
    uploads = [Upload(str(tmp_path / name), b"x") for name in ("a", "no/b", "c")]
    results = [error.code if error else None for _, error in store.upload(uploads)]
    assert results == [None, "FOLDER_MISSING", None]


def test_nothing_starts_with_too_little_lease(store, tmp_path):
    (tmp_path / "b").touch()
    upload = one(store.upload([Upload(str(tmp_path / "a"), b"x", lambda: False)]))
    rename = one(store.rename([Rename(str(tmp_path / "b"), str(tmp_path / "c"), lambda: False)]))
    assert (upload.code, rename.code) == ("LEASE_ENDING", "LEASE_ENDING")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b"]


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (errno.ENOSPC, NeedsAttentionError, "DISK_FULL"),
        (errno.EDQUOT, NeedsAttentionError, "DISK_FULL"),
        (errno.EACCES, NeedsAttentionError, "PERMISSION_DENIED"),
        (errno.EROFS, NeedsAttentionError, "PERMISSION_DENIED"),
        (errno.EIO, TransientError, "FILE_ERROR"),
        (errno.ESTALE, TransientError, "FILE_ERROR"),
    ],
)
def test_each_fault_names_the_path_and_what_to_do(store, tmp_path, monkeypatch, number, kind, code):
    monkeypatch.setattr(os, "write", failing(number))
    error = one(store.upload([Upload(str(tmp_path / "x.tmp"), b"content")]))
    assert (type(error), error.code) == (kind, code)
    assert str(tmp_path / "x.tmp") in error.message
    assert error.hint


def test_a_short_write_goes_on_and_a_wrong_size_is_seen(store, tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, bytes(data)[:2]))
    assert one(store.upload([Upload(str(tmp_path / "x"), b"12345")])) is None
    assert (tmp_path / "x").read_bytes() == b"12345"
    monkeypatch.setattr(os, "write", lambda file, data: len(data))
    assert one(store.upload([Upload(str(tmp_path / "x"), b"12345")])).code == "SIZE_MISMATCH"


def test_a_rename_tells_a_missing_file_from_a_missing_folder(store, tmp_path):
    (tmp_path / "a").write_text("new")
    assert one(store.rename([Rename(str(tmp_path / "a"), str(tmp_path / "b"))])) is True
    assert (tmp_path / "b").read_text() == "new"
    assert one(store.rename([Rename(str(tmp_path / "a"), str(tmp_path / "b"))])) is False
    assert one(store.rename([Rename(str(tmp_path / "no" / "a"), str(tmp_path / "no" / "b"))])).code == "FOLDER_MISSING"
    assert one(store.rename([Rename(str(tmp_path / "b"), str(tmp_path / "no" / "b"))])).code == "FOLDER_MISSING"
    assert (tmp_path / "b").exists()


def test_reading_has_a_limit_and_what_is_gone_is_none(store, tmp_path):
    (tmp_path / "small").write_bytes(b"1234")
    (tmp_path / "large").write_bytes(b"12345")
    (tmp_path / "folder").mkdir()
    names = [str(tmp_path / name) for name in ("small", "large", "gone", "folder")]
    small, large, gone, folder = (result for _, result in store.read(names, 4))
    assert (small, large.code, gone) == (b"1234", "FILE_TOO_LARGE", None)
    assert isinstance(folder, ConnectorError)


def test_listing_and_looking(store, tmp_path):
    (tmp_path / "f").write_bytes(b"123")
    (tmp_path / "d").mkdir()
    os.utime(tmp_path / "f", (100, 100))
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    entries = {entry.name: entry for entry in store.list(str(tmp_path))}
    assert entries["f"] == Entry("f", 3, 100.0)
    assert entries["d"].is_folder
    assert set(entries) == {"f", "d"}
    (tmp_path / "dangling").unlink()
    assert len(store.list(str(tmp_path), at_most=1)) == 1
    assert store.stat(str(tmp_path / "f")) == entries["f"]
    assert store.stat(str(tmp_path / "gone")) is None
    with pytest.raises(NeedsAttentionError, match=f"There is no folder {tmp_path / 'gone'}") as missing:
        store.list(str(tmp_path / "gone"))
    assert missing.value.code == "FOLDER_MISSING"


def test_making_and_removing_are_safe_to_repeat(store, tmp_path):
    folder = tmp_path / "processed"
    store.make_folder(str(folder))
    store.make_folder(str(folder))
    (folder / "x").touch()
    store.remove([str(folder / "x"), str(folder / "x"), str(folder)])
    assert list(folder.iterdir()) == []
    with pytest.raises(NeedsAttentionError):
        store.make_folder(str(tmp_path / "no" / "deep"))


def test_an_address_is_a_url(store):
    assert store.address("/out/a b.json") == "file:///out/a%20b.json"
    assert store.address("out") == (Path.cwd() / "out").as_uri()


def test_somebody_elses_file_is_never_replaced(store, tmp_path):
    rename = Rename(str(tmp_path / "a"), str(tmp_path / "b"))
    (tmp_path / "a").write_text("ours")
    (tmp_path / "b").write_text("theirs")
    assert one(store.rename([rename])).code == "TARGET_EXISTS"
    assert [(tmp_path / name).read_text() for name in "ab"] == ["ours", "theirs"]
    (tmp_path / "b").write_text("ours")
    assert one(store.rename([rename])) is False, "the same bytes: it was published before"
    assert not (tmp_path / "a").exists()


def test_neither_pipes_nor_links_are_read(store, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "secret").write_text("of somebody else")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "device").symlink_to("/dev/zero")
    paths = [str(tmp_path / name) for name in ("pipe", "link", "device")]
    assert [error.code for _, error in store.read(paths, 100)] == ["FILE_ERROR"] * 3


def test_a_link_is_no_folder_to_put_answers_away_in(store, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "processed").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NeedsAttentionError) as caught:
        store.make_folder(str(tmp_path / "processed"))
    assert caught.value.code == "FOLDER_NOT_ALLOWED"
