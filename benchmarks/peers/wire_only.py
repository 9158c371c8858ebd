"""The limit: our own SFTP layer moves the files, staged and renamed like ours. No database, no log, no copy."""

from __future__ import annotations

from benchmarks.peers.target import arguments, told
from orderflow.channels.filestore import Rename, Upload
from orderflow.channels.sftp.store import SFTPTarget, close_all, open_sftp

AT_ONCE = 512
"""Files in one call: each call's uploads are over before its renames begin."""


def main() -> None:
    given = arguments(__doc__).parse_args()
    files = [(f"{given.folder}/{file.name}", file.read_bytes()) for file in sorted(given.files.iterdir())]
    host_key = given.known_hosts.read_text().split(maxsplit=1)[1].strip()
    target = SFTPTarget(
        given.host, given.port, given.user, ssh_key=given.key.read_text(), host_key=host_key, max_in_flight=256
    )
    with told(len(files)):
        store = open_sftp(target)
        for start in range(0, len(files), AT_ONCE):
            some = files[start : start + AT_ONCE]
            uploaded = list(store.upload([Upload(f"{path}.tmp", content) for path, content in some]))
            renamed = list(store.rename([Rename(f"{path}.tmp", path) for path, _ in some]))
            assert all(error is None for _, error in uploaded)
            assert all(result is True for _, result in renamed)
        close_all()


if __name__ == "__main__":
    main()
