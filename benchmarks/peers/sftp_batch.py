"""OpenSSH's own client moves the files, each under a temporary name and renamed: `sftp -b`. No database, no log."""

from __future__ import annotations

import subprocess

from benchmarks.peers.target import arguments, told


def main() -> None:
    given = arguments(__doc__).parse_args()
    files = sorted(given.files.iterdir())
    lines = [f"cd {given.folder}", f"lcd {given.files}"]
    for file in files:
        lines += [f"put {file.name} {file.name}.tmp", f"rename {file.name}.tmp {file.name}"]
    command = ["sftp", "-b", "-", "-q", "-P", str(given.port), "-i", str(given.key)]
    command += ["-o", f"UserKnownHostsFile={given.known_hosts}", f"{given.user}@{given.host}"]
    with told(len(files)):
        subprocess.run(command, input="\n".join(lines), text=True, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
