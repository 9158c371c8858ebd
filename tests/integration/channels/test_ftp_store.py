"""The FTP store against a real server, plain and with TLS: what goes wrong, and what it is called."""

from __future__ import annotations

import pytest

from orderflow.channels.filestore import Rename, Upload
from orderflow.channels.ftp.store import close_all, open_ftp
from orderflow.channels.ftp.target import FTPTarget
from orderflow.domain.errors import ConnectorError, InDoubtError, NeedsAttentionError, UnavailableError
from tests.integration.channels.certificates import make_certificates
from tests.integration.channels.ftp_server import FTPServer


@pytest.fixture(params=[False, True], ids=["ftp", "ftps"])
def server(request, tmp_path):
    root = tmp_path / "root"
    (root / "out").mkdir(parents=True)
    with FTPServer(root, tls=request.param) as started:
        yield started
        close_all()


def store(server, **changes):
    ca = server.ca if server.tls else None
    options = {"username": "orderflow", "password": server.password, "tls": server.tls, "ca": ca, "timeout": 5}
    return open_ftp(FTPTarget("127.0.0.1", server.port, **(options | changes)))


def uploaded(opened, path="/out/x.json.tmp", content=b"{}"):
    ((_, error),) = opened.upload([Upload(path, content)])
    return error


def renamed(opened, name="x.json"):
    ((_, result),) = opened.rename([Rename(f"/out/{name}.tmp", f"/out/{name}")])
    return result


def test_many_files_over_few_sessions(server):
    opened = store(server)
    uploads = [Upload(f"/out/{number}.json.tmp", b"x" * number) for number in range(1, 30)]
    assert [error for _, error in opened.upload(uploads)] == [None] * 29
    renames = [Rename(upload.path, upload.path.removesuffix(".tmp")) for upload in uploads]
    assert [result for _, result in opened.rename(renames)] == [True] * 29
    assert {entry.name: entry.size for entry in opened.list("/out")} == {f"{n}.json": n for n in range(1, 30)}
    assert dict(opened.read(["/out/7.json", "/out/none"], 100)) == {"/out/7.json": b"x" * 7, "/out/none": None}
    ((_, large),) = opened.read(["/out/29.json"], 28)
    assert large.code == "FILE_TOO_LARGE"


def test_a_rename_whose_answer_was_lost_was_done(server):
    opened = store(server)
    assert uploaded(opened) is None
    server.breaks_after.append("RNTO")
    assert renamed(opened) is False, "gone from where it was, so it was published"
    assert [path.name for path in (server.root / "out").iterdir()] == ["x.json"]


def test_a_rename_that_never_got_there_is_done_on_a_fresh_session(server):
    opened = store(server)
    uploaded(opened)
    server.breaks_before.append("RNTO")
    assert renamed(opened) is True


def test_a_rename_that_can_never_be_answered_is_in_doubt(server):
    opened = store(server)
    uploaded(opened)
    server.breaks_before += ["RNTO", "RNTO"]
    assert isinstance(renamed(opened), InDoubtError)


def test_an_upload_that_breaks_is_not_begun_again_under_its_name(server):
    """Its STOR may still be carried out, and would empty what had been written since."""
    opened = store(server)
    server.breaks_before.append("STOR")
    error = uploaded(opened, content=b"whole")
    assert isinstance(error, UnavailableError)
    assert "broke" in str(error)
    assert uploaded(opened, "/out/x.json.2.tmp", b"whole") is None
    assert [path.name for path in (server.root / "out").iterdir()] == ["x.json.2.tmp"]


def test_a_session_that_the_server_closed_while_idle_is_replaced(server):
    opened = store(server)
    uploaded(opened)
    server.breaks_before.append("NOOP")
    assert opened.stat("/out/x.json.tmp").size == 2


@pytest.mark.parametrize(
    ("command", "answer", "code"),
    [
        ("STOR", "552 Disk full.", "DISK_FULL"),
        ("STOR", "553 Not allowed.", "PERMISSION_DENIED"),
        ("STOR", "451 Try later.", "FTP_FAILURE"),
        ("STOR", "421 Too many.", "SESSION_LIMIT"),
        ("PASS", "530 No.", "AUTH_FAILED"),
    ],
)
def test_what_the_server_says_becomes_what_follows(server, command, answer, code):
    server.refuses[command] = answer
    try:
        error = uploaded(store(server))
    except ConnectorError as raised:
        error = raised
    assert error.code == code
    assert server.password not in str(error)


def test_a_folder_that_is_not_there_is_named(server):
    error = uploaded(store(server), "/nowhere/x.json.tmp")
    assert (error.code, "/nowhere" in error.message) == ("FOLDER_MISSING", True)
    with pytest.raises(NeedsAttentionError) as caught:
        store(server).list("/nowhere")
    assert caught.value.code == "FOLDER_MISSING"
    assert store(server).stat("/out/none") is None


def test_nobody_there_is_unavailable():
    with pytest.raises(UnavailableError) as caught:
        open_ftp(FTPTarget("127.0.0.1", 1, "orderflow", "x")).list("/")
    assert caught.value.code == "CONNECTION_REFUSED"


def test_a_name_with_a_line_break_never_becomes_a_command(server):
    error = uploaded(store(server), "/out/x\r\nDELE y.tmp")
    assert error.code == "CONFIG_INVALID"


@pytest.fixture
def secured(tmp_path):
    (tmp_path / "root" / "out").mkdir(parents=True)
    with FTPServer(tmp_path / "root", tls=True) as started:
        yield started
        close_all()


def test_a_certificate_of_nobody_we_trust_ends_it_before_the_password(secured, tmp_path):
    for ca in (None, make_certificates(tmp_path).ca.read_text()):
        with pytest.raises(NeedsAttentionError) as caught:
            store(secured, ca=ca).list("/out")
        assert caught.value.code == "CERTIFICATE_UNTRUSTED"


def test_a_server_without_tls_gets_no_password_over_ftps(tmp_path):
    with FTPServer(tmp_path) as plain, pytest.raises(NeedsAttentionError) as caught:
        store(plain, tls=True).list("/")
    assert caught.value.code == "TLS_NOT_OFFERED"
