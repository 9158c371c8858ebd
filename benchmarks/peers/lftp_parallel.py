"""lftp moves the files, eight at a time, each under a temporary name and renamed. No database, no log."""

from __future__ import annotations

import subprocess

from benchmarks.peers.target import arguments, told


def main() -> None:
    given = arguments(__doc__).parse_args()
    files = list(given.files.iterdir())
    ssh = f"ssh -a -x -p {given.port} -i {given.key} -o UserKnownHostsFile={given.known_hosts}"
    script = [
        f'set sftp:connect-program "{ssh}"',
        "set sftp:max-packets-in-flight 64",
        "set xfer:use-temp-file yes",
        "set xfer:temp-file-name *.tmp",
        "set cmd:fail-exit yes",
        f"open -u {given.user}, sftp://{given.host}:{given.port}",
        f"mirror --reverse --parallel=8 --no-perms --no-umask {given.files} {given.folder}",
    ]
    with told(len(files)):
        subprocess.run(["lftp", "-c", "; ".join(script)], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
