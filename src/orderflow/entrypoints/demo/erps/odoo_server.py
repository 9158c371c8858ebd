"""A real Odoo 19 out of Debian's package, with users who may sell: for tests and for the demo."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import make_url

from orderflow.entrypoints.demo.erps.debian_package import debian_packages
from orderflow.entrypoints.demo.erps.erp_process import ErpProcess, free_port, libpq_variables
from orderflow.entrypoints.demo.erps.own_python import own_python, run_quietly

DEBIAN_PACKAGES = (  # the package, and what the web page needs of those that it depends on
    "odoo-19 libjs-jquery libjs-jquery-form libjs-underscore fonts-font-awesome fonts-montserrat fonts-roboto-unhinted"
)
PYTHON_PACKAGES = (  # what the package depends on, by the names of PyPI, at versions that were seen to work
    "asn1crypto==1.5.1 Babel==2.18.0 cbor2==6.2.1 chardet==7.7.0 cryptography==50.0.2 docutils==0.23 "
    "freezegun==1.5.5 geoip2==5.3.0 gevent==26.9.0 greenlet==3.5.6 idna==3.20 Jinja2==3.1.6 libsass==0.23.0 "
    "lxml==6.1.3 lxml_html_clean==0.4.6 MarkupSafe==3.0.4 num2words==0.5.14 ofxparse==0.21 openpyxl==3.1.5 "
    "passlib==1.7.4 Pillow==13.0.0 polib==1.2.0 psutil==7.2.2 psycopg2-binary==2.9.13 pyOpenSSL==26.4.0 "
    "pypdf==7.1.0 pyserial==3.5 python-dateutil==4.0.0 python-magic==0.4.27 python-stdnum==2.2 pytz==2026.6 "
    "pyusb==1.3.1 qrcode==8.2 reportlab==5.1.0 requests==2.34.2 rjsmin==1.3.0 urllib3==2.8.0 vobject==0.9.9 "
    "Werkzeug==3.1.9 xlrd==2.0.2 XlsxWriter==3.3.1 xlwt==1.3.0 zeep==4.3.3"
)


@dataclass
class OdooServer:
    """Odoo on a PostgreSQL database of its own.

    Args:
        folder: Where its configuration, files and log go.
        environment: Where its packages go; made once and kept.
        database_url: SQLAlchemy URL of an empty database, owned by a user who is no superuser: Odoo insists.
        currency: The company's currency.

    Attributes:
        facts: The users' API keys.
        variables: The environment in which its own Python reaches its database.
    """

    folder: Path
    environment: Path
    database_url: str
    currency: str = "USD"
    facts: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.stop()

    def start(self) -> None:
        """Install, set up and serve; about two minutes when nothing is there, one with the packages in place."""
        files = debian_packages(self.environment / "files", DEBIAN_PACKAGES.split())
        python = own_python(self.environment / "python", PYTHON_PACKAGES.split())
        port = free_port()
        self.url, self.database = f"http://127.0.0.1:{port}", str(make_url(self.database_url).database)
        config = self._configure(port)
        packages = str(files / "usr/lib/python3/dist-packages")
        variables = self.variables = libpq_variables(self.database_url) | {"PYTHONPATH": packages}
        odoo = [str(python), str(files / "usr/bin/odoo"), "-c", str(config), "-d", self.database]
        run_quietly([*odoo, "-i", "sale_management", "--without-demo=True", "--stop-after-init"], variables)
        setup = [str(python), str(Path(__file__).with_name("odoo_setup.py")), str(config), self.database, self.currency]
        self.facts = json.loads(run_quietly(setup, variables).splitlines()[-1])
        self.process = ErpProcess(odoo, f"{self.url}/web/version", self.folder / "log.txt", variables)
        self.process.start()

    @property
    def json2_config(self) -> dict[str, Any]:
        """A configuration of `ODOO` for this server, with the key of a user who may sell."""
        return {"url": self.url, "database": self.database, "api_key": self.facts["seller"]}

    @property
    def pricelists(self) -> dict[str, str]:
        """The price lists that it has: one for each of some currencies, called like it."""
        return {code: code for code in ("CHF", "EUR", "NOK", "PLN", "SEK", "USD")}

    @property
    def rpc_config(self) -> dict[str, Any]:
        """The same by JSON-RPC."""
        return self.json2_config | {"api": "jsonrpc", "username": "seller"}

    def _configure(self, port: int) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "data_dir": self.folder / "data",
            "http_interface": "127.0.0.1",
            "http_port": port,
            "max_cron_threads": 0,
            "list_db": False,
        }
        config = self.folder / "odoo.conf"
        lines = [f"{name} = {value}" for name, value in settings.items()]
        config.write_text("\n".join(["[options]", *lines, ""]))
        return config
