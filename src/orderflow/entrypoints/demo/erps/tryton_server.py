"""A real Tryton 8.2 out of its published packages, with a company that can sell: for tests and for the demo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import make_url

from orderflow.entrypoints.demo.erps.erp_process import ErpProcess, free_port, libpq_variables
from orderflow.entrypoints.demo.erps.own_python import own_python, run_quietly

PACKAGES = ("trytond[PostgreSQL]~=8.2.0", "trytond-sale~=8.2.0", "proteus~=8.2.0", "psycopg-binary", "waitress")
ADMIN_PASSWORD = "admin-of-tests"  # noqa: S105  # of a server that listens on loopback and is thrown away


@dataclass
class TrytonServer:
    """Tryton on a PostgreSQL database of its own.

    Args:
        folder: Where its configuration and log go.
        environment: Where its packages go; made once and kept.
        database_url: SQLAlchemy URL of an empty database, with a user that owns it.
        currency: The company's currency.
        packages: What to install, as pip takes it.
        web_client: A folder with Tryton's web client, which is then served too.

    Attributes:
        facts: The users' passwords and application keys.
        variables: The environment in which its own Python reaches its database.
    """

    folder: Path
    environment: Path
    database_url: str
    currency: str = "USD"
    packages: Sequence[str] = PACKAGES
    web_client: Path | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.stop()

    def start(self) -> None:
        """Install, set up and serve; about a minute when nothing is there, half of it with the packages in place."""
        python = own_python(self.environment, self.packages)
        self.folder.mkdir(parents=True, exist_ok=True)
        config, password = self.folder / "trytond.conf", self.folder / "password"
        web = f"[web]\nroot = {self.web_client}\n" if self.web_client else ""
        config.write_text(f"[database]\nuri = postgresql://\n[session]\nauthentications = password\n{web}")
        password.write_text(f"{ADMIN_PASSWORD}\n")
        database = str(make_url(self.database_url).database)
        variables = self.variables = libpq_variables(self.database_url) | {
            "TRYTOND_CONFIG": str(config),
            "TRYTOND_DATABASE": database,
            "TRYTONPASSFILE": str(password),
        }
        admin = [str(python.with_name("trytond-admin")), "-c", str(config), "-d", database]
        run_quietly(
            [*admin, "-u", "sale", "--activate-dependencies", "--email", "a@example.com", "-l", "en"], variables
        )
        setup = [str(python), str(Path(__file__).with_name("tryton_setup.py")), database, str(config), self.currency]
        self.facts = json.loads(run_quietly(setup, variables).splitlines()[-1])
        port = free_port()
        self.url, self.database = f"http://127.0.0.1:{port}", database
        # Not Tryton's own server, which closes the connection after every answer.
        serve = [str(python.with_name("waitress-serve")), f"--listen=127.0.0.1:{port}", "--threads=8"]
        serve.append("trytond.application:app")
        self.process = ErpProcess(serve, f"{self.url}/", self.folder / "log.txt", variables)
        self.process.start()

    @property
    def rest_config(self) -> dict[str, Any]:
        """A configuration of `TRYTON` for this server, with an application key."""
        return {"url": self.url, "database": self.database, "application_key": self.facts["application_key"]}

    @property
    def rpc_config(self) -> dict[str, Any]:
        """The same by JSON-RPC, with a user's password."""
        sign_in = {"api": "jsonrpc", "username": "orderflow", "password": self.facts["password"]}
        return {"url": self.url, "database": self.database, **sign_in}
