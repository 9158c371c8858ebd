"""Files over SFTP to a real OpenSSH server."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from orderflow.channels.filestore import Entry, Rename, Upload
from orderflow.channels.sftp.store import close_all
from orderflow.domain.errors import ConnectorError, NeedsAttentionError, RejectedError, TransientError
from orderflow.testing.openssh_server import OpenSSHServer


def uploads(folder: Path, count: int, size: int = 2048, prefix: str = "f") -> list[Upload]:
    return [Upload(f"{folder}/{prefix}{n}.json.tmp", os.urandom(size)) for n in range(count)]


def renames(files: list[Upload]) -> list[Rename]:
    return [Rename(item.path, item.path.removesuffix(".tmp")) for item in files]


def deliver(store, files: list[Upload]) -> None:
    assert [error for _, error in store.upload(files) if error] == []
    assert [result for _, result in store.rename(renames(files))] == [True] * len(files)


def test_three_hundred_files_arrive_byte_for_byte(store, folder) -> None:
    files = uploads(folder, 300)
    deliver(store, files)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        Path(item.path).name.removesuffix(".tmp"): item.content for item in files
    }


def test_a_result_belongs_to_its_file(store, folder) -> None:
    good, bad = Upload(f"{folder}/a", b"1"), Upload(f"{folder}/missing/b", b"2")
    results = dict(store.upload([good, bad]))
    assert results[good] is None
    assert results[bad].code == "FOLDER_MISSING"


@pytest.mark.parametrize("size", [0, 1, 261_120, 261_121, 5_000_000])
def test_any_size_arrives(size, store, folder) -> None:
    (item,) = uploads(folder, 1, size)
    deliver(store, [item])
    assert (folder / "f0.json").read_bytes() == item.content


def test_fsync_is_asked_for_and_answered(store_on, sshd, folder) -> None:
    deliver(store_on(sshd, fsync=True), uploads(folder, 3))
    assert len(list(folder.iterdir())) == 3


def test_what_is_there_is_overwritten_and_a_leftover_is_removed(store, folder) -> None:
    (folder / "a.tmp").write_bytes(b"longer than what comes")
    (folder / "old.tmp").touch()
    item = Upload(f"{folder}/a.tmp", b"new", remove_first=f"{folder}/old.tmp")
    assert [error for _, error in store.upload([item])] == [None]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.tmp": b"new"}


def test_a_missing_source_is_false_and_a_missing_folder_an_error(store, folder) -> None:
    gone, nowhere = Rename(f"{folder}/gone", f"{folder}/x"), Rename("/nowhere/gone", "/nowhere/x")
    results = dict(store.rename([gone, nowhere]))
    assert results[gone] is False
    assert isinstance(results[nowhere], NeedsAttentionError)
    assert results[nowhere].code == "FOLDER_MISSING"


@pytest.mark.parametrize("options", ["", "-P posix-rename", "-P stat,lstat,fstat"])
def test_somebody_elses_file_is_never_replaced(options, store_on, folder) -> None:
    with OpenSSHServer(sftp_options=options) as server:
        store = store_on(server)
        (folder / "f0.json").write_bytes(b"old")
        files = uploads(folder, 1)
        assert not any(error for _, error in store.upload(files))
        ((_, kept),) = store.rename(renames(files))
        assert isinstance(kept, RejectedError)
        assert kept.code == "TARGET_EXISTS"
        assert (folder / "f0.json").read_bytes() == b"old"
        (folder / "f0.json").write_bytes(files[0].content)
        ((_, before),) = store.rename(renames(files))
        assert before is False, "the same bytes: it was published before"
        assert [path.name for path in folder.iterdir()] == ["f0.json"]


@pytest.mark.parametrize("options", ["-P stat", "-P stat,lstat,fstat", "-P stat,lstat,fstat,mkdir"])
def test_a_folder_is_made_again_and_again_where_nobody_may_look(options, store_on, folder) -> None:
    with OpenSSHServer(sftp_options=options) as server:
        store = store_on(server)
        if "mkdir" in options:
            (folder / "processed").mkdir()
        for _ in range(3):
            store.make_folder(f"{folder}/processed")
        (folder / "processed" / "x").write_bytes(b"12")
        assert store.stat(f"{folder}/processed/x").size == 2
        assert store.stat(f"{folder}/processed/none") is None
        with pytest.raises(ConnectorError):
            store.make_folder(f"{folder}/processed/x")


def test_the_plain_rename_says_when_the_target_is_there(store_on, folder) -> None:
    with OpenSSHServer(sftp_options="-P posix-rename") as old:
        store = store_on(old)
        (folder / "f0.json").write_bytes(b"old")
        files = uploads(folder, 2)
        assert not any(error for _, error in store.upload(files))
        gone = Rename(f"{folder}/gone", f"{folder}/x")
        results = dict(store.rename([*renames(files), gone]))
    assert results.pop(gone) is False
    kept, done = (results[item] for item in renames(files))
    assert isinstance(kept, RejectedError)
    assert kept.code == "TARGET_EXISTS"
    assert (folder / "f0.json").read_bytes() == b"old"
    assert done is True


def test_small_files_are_read_missing_ones_are_none_and_large_ones_refused(store, folder) -> None:
    contents = {f"{folder}/ack{n}": os.urandom(n) for n in (0, 1, 4096, 40_000)}
    for path, content in contents.items():
        Path(path).write_bytes(content)
    results = dict(store.read([*contents, f"{folder}/gone"], 4096))
    assert results.pop(f"{folder}/gone") is None
    assert results.pop(f"{folder}/ack40000").code == "FILE_TOO_LARGE"
    assert results == {path: content for path, content in contents.items() if len(content) <= 4096}


def test_a_file_larger_than_one_answer_is_read_whole(store, folder) -> None:
    content = os.urandom(1_000_000)
    (folder / "big").write_bytes(content)
    assert [result for _, result in store.read([f"{folder}/big"], 2_000_000)] == [content]


def test_a_folder_is_listed_with_sizes_times_and_folders(store, folder) -> None:
    for n in range(250):  # more than the hundred that OpenSSH tells at once
        (folder / f"f{n}").write_bytes(b"x" * n)
    (folder / "done").mkdir()
    os.utime(folder / "f7", (1_700_000_000, 1_700_000_000))
    entries = {entry.name: entry for entry in store.list(str(folder))}
    assert len(entries) == 251
    assert entries["f7"] == Entry("f7", 7, 1_700_000_000.0)
    assert entries["done"].is_folder
    with pytest.raises(NeedsAttentionError) as missing:
        store.list(f"{folder}/missing")
    assert missing.value.code == "FOLDER_MISSING"


def test_stat_knows_files_folders_and_nothing(store, folder) -> None:
    (folder / "f").write_bytes(b"abc")
    assert store.stat(f"{folder}/f").size == 3
    assert store.stat(str(folder)).is_folder
    assert store.stat(f"{folder}/gone") is None


def test_removing_does_not_mind_what_is_gone(store, folder) -> None:
    (folder / "f").touch()
    store.remove([f"{folder}/gone", f"{folder}/f", "/nowhere/f"])
    assert list(folder.iterdir()) == []


def test_a_folder_is_made_unless_it_is_there(store, folder) -> None:
    store.make_folder(f"{folder}/processed")
    store.make_folder(f"{folder}/processed")
    assert (folder / "processed").is_dir()
    (folder / "file").touch()
    with pytest.raises(TransientError):
        store.make_folder(f"{folder}/file")
    with pytest.raises(NeedsAttentionError):
        store.make_folder("/nowhere/processed")


def test_names_of_any_letters_arrive(store, folder) -> None:
    item = Upload(f"{folder}/Köln & 東京 'x'.json", b"1")
    assert [error for _, error in store.upload([item])] == [None]
    assert [entry.name for entry in store.list(str(folder))] == ["Köln & 東京 'x'.json"]


def test_threads_share_one_connection(store_on, folder) -> None:
    def work(name: str) -> None:
        try:
            deliver(store_on(server), uploads(folder, 200, prefix=name))
        except AssertionError as error:
            failures.append(error)

    failures: list[AssertionError] = []
    with OpenSSHServer() as server:
        threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        serving = [process for process in server.processes() if not process.children()]
        assert len(serving) == 1
    assert failures == []
    assert len(list(folder.iterdir())) == 600


def test_results_come_before_the_batch_is_over(store, folder) -> None:
    results = store.upload(uploads(folder, 50))
    first, error = next(results)
    assert error is None
    assert Path(first.path).exists()
    results.close()  # a reader may leave


def test_it_begins_anew_after_everything_was_closed(store, folder) -> None:
    assert store.stat(str(folder)) is not None
    close_all()
    close_all()
    assert not [thread for thread in threading.enumerate() if thread.name == "orderflow-sftp"]
    assert store.stat(str(folder)) is not None


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")  # what Celery's workers do
def test_a_forked_process_has_sessions_of_its_own(store, folder) -> None:
    assert store.stat(str(folder)) is not None
    child = os.fork()
    if not child:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(10)  # it must not outlive a failure
        try:
            deliver(store, uploads(folder, 20, prefix="child"))
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    deliver(store, uploads(folder, 20, prefix="parent"))
    assert len(list(folder.iterdir())) == 40
