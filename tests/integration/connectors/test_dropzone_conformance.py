"""The dropzone connectors against the contract of every connector: JSON and CSV, in a folder and over SFTP."""

from typing import Any, ClassVar

import pytest

from orderflow.connectors.dropzone import DropzoneCsvV1Connector, DropzoneJsonV1Connector
from orderflow.testing.conformance import ConnectorConformance
from orderflow.testing.engine import an_order
from orderflow.testing.sftp_server import SFTPServer

MAPPING: dict[str, Any] = {
    "columns": [
        {"name": "Order", "field": "order.external_order_number", "required": True},
        {"name": "SKU", "field": "line.internal_sku"},
        {"name": "Qty", "field": "line.qty"},
        {"name": "Text", "field": "line.description"},
    ]
}
PASSWORD = "s3cret-pass"


class Dropzone(ConnectorConformance):
    mapping: ClassVar[dict[str, Any]] = {}

    @pytest.fixture(params=["filesystem", "sftp"])
    def mode(self, request):
        return request.param

    @pytest.fixture
    def root(self, tmp_path):
        for name in ("out", "acks"):
            (tmp_path / name).mkdir()
        return tmp_path

    @pytest.fixture
    def good_config(self, mode, root, sftp_sessions):
        if mode == "filesystem":
            yield self.mapping | {"mode": mode, "export_path": f"{root}/out", "ack_path": f"{root}/acks"}
            return
        with SFTPServer(root, password=PASSWORD) as server:
            yield self.mapping | {
                "mode": "sftp",
                "host": server.host,
                "port": server.port,
                "host_key": server.host_key,
                "username": server.username,
                "password": PASSWORD,
                "export_path": "/out",
                "ack_path": "/acks",
            }

    @pytest.fixture
    def bad_config(self, mode, good_config):
        if mode == "filesystem":
            return good_config | {"export_path": f"{good_config['export_path']}/nowhere"}
        return good_config | {"password": "wr0ng-pass"}

    @pytest.fixture
    def arrived(self, root):
        return lambda: [path for path in (root / "out").iterdir() if not path.name.endswith(".tmp")]


class TestJson(Dropzone):
    connector_class = DropzoneJsonV1Connector

    @pytest.fixture
    def refused_order(self):
        return an_order(currency="euro")


class TestCsv(Dropzone):
    connector_class = DropzoneCsvV1Connector
    mapping: ClassVar[dict[str, Any]] = MAPPING

    @pytest.fixture
    def refused_order(self):
        return an_order(external_order_number=None)


class TestCsvForWindows(TestCsv):
    mapping: ClassVar[dict[str, Any]] = MAPPING | {"encoding": "windows-1252", "decimal_separator": ","}
