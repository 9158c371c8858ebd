"""TLS to the servers that an installation stands on, PostgreSQL and the broker: their certificates are verified.

Source: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION, and the query of a `rediss://` URL
in https://docs.celeryq.dev/en/stable/userguide/configuration.html#broker-url.
"""

from __future__ import annotations

import os
import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import certifi
from sqlalchemy import make_url

VERIFIED = "verify-full"
_VERIFYING = {"verify-ca", VERIFIED}
_NEAR_DOMAINS = ("localhost", "local", "internal", "svc", "home.arpa")
"""Names that no public DNS knows: RFC 6761, 6762, 8375, ICANN's `internal`, and a service's in Kubernetes."""

_SHOWN = {"host", "hostaddr", "sslmode", "sslrootcert", "ssl_cert_reqs", "ssl_ca_certs", "target_session_attrs"}


def verified_database(url: str, ca_file: Path | None = None) -> str:
    """Return a database's URL that has its certificate verified, unless it says otherwise or the server is near.

    What the URL says of `sslmode` and `sslrootcert`, or libpq's own variables and file, is left as it is.

    Args:
        url: In SQLAlchemy's form.
        ca_file: Certificates to trust instead of the system's.
    """
    parsed = make_url(url)
    query = {name: value for name, value in parsed.query.items() if isinstance(value, str)}
    mode = query.get("sslmode") or os.environ.get("PGSSLMODE")
    added = {}
    if mode is None and any(is_far(host) for host in hosts_of(url)):
        mode = added["sslmode"] = VERIFIED
    if mode in _VERIFYING and "sslrootcert" not in query and not _libpq_knows_whom_to_trust():
        added["sslrootcert"] = str(ca_file or trusted_file())
    return parsed.update_query_dict(added).render_as_string(hide_password=False)


def verified_broker(url: str, ca_file: Path | None = None) -> str:
    """Return a broker's URL; over TLS to Redis (`rediss`) it has the certificate verified, unless it says otherwise.

    Args:
        url: As Celery takes it.
        ca_file: Certificates to trust instead of the system's.
    """
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        return url
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query.setdefault("ssl_cert_reqs", "required")
    if ca_file:
        query.setdefault("ssl_ca_certs", str(ca_file))
    return parts._replace(query=urlencode(query)).geturl()


def broker_options(url: str | None, ca_file: Path | None = None) -> dict[str, Any] | None:
    """Return Celery's `broker_use_ssl`: for RabbitMQ over TLS (`amqps`) that certificate and name are verified."""
    if url is None or urlsplit(url).scheme != "amqps":
        return None
    known = {"ca_certs": str(ca_file)} if ca_file else {}
    return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None, **known}  # None: the URL's, says kombu


def is_far(host: str) -> bool:
    """Return whether networks of others are in between: not to this machine, private addresses, names without a dot."""
    if not host or host.startswith(("/", "@")):  # a socket of this machine
        return False
    try:
        return ip_address(host.strip("[]")).is_global
    except ValueError:
        name = host.lower().rstrip(".")
        return "." in name and not name.endswith(tuple(f".{domain}" for domain in _NEAR_DOMAINS))


def unverified(url: str) -> str | None:
    """Return a server whose certificate nobody looks at, though it is far; None if there is none of that."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if parts.scheme.startswith("postgres"):
        well = (query.get("sslmode") or os.environ.get("PGSSLMODE")) == VERIFIED
    else:
        well = parts.scheme == "amqps" or query.get("ssl_cert_reqs", "").lower().removeprefix("cert_") == "required"
    return None if well else next((host for host in hosts_of(url) if is_far(host)), None)


def shown_url(url: str) -> str:
    """Return a URL for a person: without its password, and without what else of it might be secret."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    query = [(key, value if key in _SHOWN else "***") for key, value in parse_qsl(parts.query, keep_blank_values=True)]
    place = f"{name}{colon and ':***'}{at}{host}"
    scheme = parts.scheme.partition("+")[0]
    return parts._replace(scheme=scheme, netloc=place, query=urlencode(query, safe="*/:,"), fragment="").geturl()


def trusted_file() -> str:
    """Return the file of the authorities that the system trusts, or Mozilla's where it has none."""
    return ssl.get_default_verify_paths().cafile or certifi.where()


def _libpq_knows_whom_to_trust() -> bool:
    return "PGSSLROOTCERT" in os.environ or Path("~/.postgresql/root.crt").expanduser().exists()


def hosts_of(url: str) -> list[str]:
    """Return the hosts of a database's or broker's URL: several as libpq takes them, `a,b:5433`, or in the query."""
    if not url.startswith("postgres"):
        return [urlsplit(url).hostname or ""]
    parsed = make_url(url)
    more = parsed.query.get("host")
    named = [more] if isinstance(more, str) else list(more or [parsed.host or ""])
    several = [part for text in named for part in text.split(",")]
    return [part.rpartition(":")[0] if part.count(":") == 1 else part for part in several]
