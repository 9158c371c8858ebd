"""What the operator allows connections that are set up over the API: networks and folders, each by organization."""

from __future__ import annotations

import ipaddress
import os
import site
import socket
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orderflow.domain.errors import ConnectorError, NeedsAttentionError
from orderflow.domain.reach import Place, Reach
from orderflow.net.ranges import Address, Network, of_no_server, parsed, public

PUBLIC, PRIVATE = "public", "private"


@dataclass(frozen=True, slots=True)
class AllowedNetwork:
    """An entry of ORDERFLOW_ALLOWED_NETWORKS.

    Attributes:
        organization: The slug of whose connections may lead there; empty for all.
        network: A network, or `public` or `private`.
    """

    organization: str
    network: Network | str

    @classmethod
    def parse(cls, text: str) -> AllowedNetwork:
        """Read `public`, `private`, an address or a network, with or without `slug=` before it. Raises ValueError."""
        organization, _, network = text.rpartition("=")
        if network in (PUBLIC, PRIVATE):
            return cls(organization.strip(), network)
        try:
            return cls(organization.strip(), ipaddress.ip_network(network.strip()))
        except ValueError:
            raise ValueError(f"must list networks as 10.1.0.0/16, public or private, not {text!r}") from None

    def covers(self, address: Address) -> bool:
        """Return whether it allows a server's usual address."""
        if isinstance(self.network, str):
            return public(address) is (self.network == PUBLIC)
        return address in self.network

    def names(self, address: Address, within: Network | None) -> bool:
        """Return whether it means just this: an address of ours, or a part of a range where no servers are."""
        if isinstance(self.network, str) or address not in self.network:
            return False
        if self.network.num_addresses == 1:
            return True
        return within is not None and _inside(self.network, within)


@dataclass(frozen=True, slots=True)
class AllowedFolder:
    """An entry of ORDERFLOW_ALLOWED_FOLDERS: a folder, and the slug of whose connections may use it; empty for all."""

    organization: str
    path: Path

    @classmethod
    def parse(cls, text: str) -> AllowedFolder:
        """Read an absolute path, with or without `slug=` before it. Raises ValueError."""
        organization, _, path = ("", "", text) if text.startswith("/") else text.partition("=")
        if not path.startswith("/"):
            raise ValueError(f"must list folders that begin with /, as /srv/erp or acme=/srv/acme, not {text!r}")
        return cls(organization.strip(), Path(path.strip()))


@dataclass(frozen=True, slots=True)
class RoleBucket:
    """An entry of ORDERFLOW_ROLE_BUCKETS: the slug of whose connections may use this machine's role, and what for."""

    organization: str
    bucket: str
    prefix: str

    @classmethod
    def parse(cls, text: str) -> RoleBucket:
        """Read `slug:bucket/prefix`; without a prefix it is the whole bucket. Raises ValueError."""
        organization, colon, place = text.strip().partition(":")
        bucket, _, prefix = place.partition("/")
        if not (organization and colon and bucket):
            raise ValueError(f"must list buckets as acme:orders-bucket/in, not {text!r}")
        return cls(organization, bucket, prefix.strip("/"))

    def covers(self, bucket: str, folder: str, organization: str) -> bool:
        """Return whether it lets an organization into a folder of a bucket."""
        within = not self.prefix or f"{folder.strip('/')}/".startswith(f"{self.prefix}/")
        return within and (bucket, organization) == (self.bucket, self.organization)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator allows.

    Attributes:
        role_buckets: Where connections may go in the name of this machine's role.
        own_bucket: Where the installation keeps its documents; no connection gets there by the machine's role.
        servers: Hosts of the installation itself, as its database: no connection set up over the API leads there.
        home: ORDERFLOW_HOME.
    """

    networks: Sequence[AllowedNetwork] = (AllowedNetwork("", PUBLIC), AllowedNetwork("", PRIVATE))
    folders: Sequence[AllowedFolder] = ()
    servers: frozenset[str] = frozenset()
    home: Path | None = None
    role_buckets: Sequence[RoleBucket] = ()
    own_bucket: str | None = None


_rules = Rules()


def set_rules(rules: Rules) -> None:
    """Hold, from now on and in this process, every restricted connection to `rules`."""
    global _rules  # noqa: PLW0603  # rules of the installation, not of one connection
    _rules = rules


def check_addresses(host: str, addresses: Iterable[str], reach: Reach) -> None:
    """Check what a host's name stands for.

    Raises:
        NeedsAttentionError: The connection is restricted, and may not lead to one of these addresses.
    """
    if not reach.restricted:
        return
    found = [parsed(address) for address in addresses]
    servers = _servers() if found else frozenset()
    if not all(_allowed(address, reach, servers) for address in found):
        raise NeedsAttentionError(
            f"{host} leads to an address that connections set up over the API may not use here.",
            code="ADDRESS_NOT_ALLOWED",
            hint="Check the host. If it is right, whoever runs OrderFlow can allow it (ORDERFLOW_ALLOWED_NETWORKS), or "
            "set the connection up with `orderflow connections`.",
        )


def check_folder(folder: str, reach: Reach) -> None:
    """Check a folder of this machine, wherever links lead.

    Raises:
        NeedsAttentionError: The connection is restricted, and may not use this folder.
    """
    if not reach.restricted:
        return
    real = _real(folder)
    roots = [entry.path for entry in _rules.folders if entry.organization in ("", reach.organization)]
    if not any(real.is_relative_to(_real(root)) for root in roots) or belongs_to_the_system(folder):
        raise NeedsAttentionError(
            f"Connections set up over the API may not use the folder {folder}.",
            code="FOLDER_NOT_ALLOWED",
            hint="Whoever runs OrderFlow can allow it (ORDERFLOW_ALLOWED_FOLDERS), or set the connection up with "
            "`orderflow connections`.",
        )


def check_role_bucket(bucket: str, folder: str, reach: Reach) -> None:
    """Check a folder of a bucket that is to be used in the name of this machine's role; whoever set it up.

    Raises:
        NeedsAttentionError: The operator has not listed it, or it is the installation's own.
    """
    listed = any(entry.covers(bucket, folder, reach.organization) for entry in _rules.role_buckets)
    if not listed or bucket == _rules.own_bucket:
        raise NeedsAttentionError(
            f"The bucket {bucket} may not be used here in the name of this machine.",
            code="BUCKET_NOT_ALLOWED",
            hint="Give the connection an access key, or ask whoever runs OrderFlow (ORDERFLOW_ROLE_BUCKETS).",
        )


def belongs_to_the_system(folder: str) -> bool:
    """Return whether files in a folder may be run or read as settings: Python's packages, /etc, what is OrderFlow's."""
    real = _real(folder)
    return any(real.is_relative_to(_real(root)) for root in _system_folders())


def refusal(place: Place, reach: Reach) -> ConnectorError | None:
    """Return why a configuration may not lead to a place, if that is sure without asking a name server.

    What a name stands for is checked when it is used.
    """
    try:
        if place.kind == "folder":
            check_folder(place.name, reach)
            if belongs_to_the_system(place.name):
                return NeedsAttentionError(
                    f"Files in {place.name} may be run or read as settings, so no orders are put there.",
                    code="FOLDER_NOT_ALLOWED",
                    hint="Choose a folder that is for orders only.",
                )
        elif reach.restricted:
            check_addresses(place.name, _written(place.name), reach)
    except NeedsAttentionError as error:
        return error
    return None


def _servers() -> frozenset[Address]:
    """Return the addresses of the installation's servers, looked up anew: others may stand in for them by now."""
    return frozenset(parsed(found) for host in _rules.servers for found in _resolved(host))


def _allowed(address: Address, reach: Reach, servers: frozenset[Address]) -> bool:
    entries = [entry for entry in _rules.networks if entry.organization in ("", reach.organization)]
    special = of_no_server(address)
    if special is not None or address in servers or _is_local(address):
        return any(entry.names(address, special) for entry in entries)
    return any(entry.covers(address) for entry in entries)


def _is_local(address: Address) -> bool:
    """Ask the kernel: what goes to an address of the machine itself leaves from that same address. Sends nothing."""
    family = socket.AF_INET if isinstance(address, ipaddress.IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return parsed(str(probe.getsockname()[0])) == address
    except OSError:  # no way leads there
        return False


def _resolved(host: str) -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []


def _written(host: str) -> list[str]:
    """Return the address that a host is written as, in any form that connects (127.1, 0x7f000001, localhost)."""
    if host.rstrip(".").lower().rpartition(".")[2] in ("localhost", "ip6-localhost", "ip6-loopback"):
        return ["127.0.0.1"]
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return []
    return [str(one[4][0]) for one in found]


def _inside(network: Network, other: Network) -> bool:
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and network.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and network.subnet_of(other)


def _real(folder: str | Path) -> Path:
    return Path(os.path.realpath(folder))


def _system_folders() -> list[str | Path]:
    python = [path for path in (*sys.path, *sysconfig.get_paths().values(), site.getusersitepackages()) if path]
    home = [_rules.home / name for name in ("postgres", "objects")] if _rules.home else []
    return [*python, *home, *_SYSTEM]


_SYSTEM = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run/systemd", "/sbin", "/sys", "/usr",
    "/var/spool/cron", "/var/lib/postgresql",
    Path.home() / ".ssh", Path.home() / ".config",
)  # fmt: skip
