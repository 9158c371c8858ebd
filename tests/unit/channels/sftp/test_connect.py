"""Keys are opened in two threads of the process, of which an organization has one at a time."""

from __future__ import annotations

import asyncio
import threading

import asyncssh
import pytest

from orderflow.channels.sftp import connect
from orderflow.channels.sftp.target import SFTPTarget
from orderflow.domain.reach import Reach

KEY = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()


def target(organization: str) -> SFTPTarget:
    return SFTPTarget("erp", username=organization, ssh_key=KEY, reach=Reach(organization))


@pytest.mark.timeout(60)  # seconds; where an organization may have both threads, the other one waits for ever
def test_slow_keys_of_one_organization_keep_no_other_one_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, opened, begun = threading.Event(), connect._opened, []

    def slow(of: SFTPTarget, text: str) -> asyncssh.SSHKey:
        begun.append(of.username)
        if of.username == "acme":
            goes_on.wait()
        return opened(of, text)

    async def both() -> None:
        given_up = [asyncio.create_task(connect._private_keys(target("acme"))) for _ in range(3)]
        await asyncio.sleep(0)
        for task in given_up[:2]:
            await asyncio.wait([task], timeout=0.05)
            task.cancel()  # as `connect_timeout` does
        assert len(await connect._private_keys(target("globex"))) == 1
        assert begun == ["acme", "globex"]
        goes_on.set()
        assert len(await given_up[2]) == 1

    monkeypatch.setattr(connect, "_opened", slow)
    try:
        asyncio.run(both())
    finally:
        goes_on.set()
