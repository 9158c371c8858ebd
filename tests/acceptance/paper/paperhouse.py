"""PAPERHOUSE: a connector written from docs/connectors.md and API.md, as a new author would."""

import threading
from xml.etree import ElementTree as ET

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from orderflow import (
    BaseConnector,
    ConnectorError,
    Document,
    ExportResult,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)


class PaperhouseConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Paperhouse", hide_input_in_errors=True)

    url: str = Field(title="Address", description="With /api3 at the end.", json_schema_extra={"destination": True})
    user: str = Field(title="User", description="OrderFlow's account.")
    password: SecretStr = Field(title="Password", description="The account's.")


class PaperhouseConnector(BaseConnector):
    connector_type = "PAPERHOUSE"
    display_name = "Paperhouse"
    config_model = PaperhouseConfig
    capabilities = frozenset({"find"})

    def __init__(self):
        self._client = httpx.Client(timeout=5)
        self._sessions = {}
        self._lock = threading.Lock()

    def close(self):
        self._client.close()

    def render(self, draft_order, config):
        order = ET.Element("order", customer=draft_order.customer.erp_customer_number, currency=draft_order.currency)
        for line in draft_order.lines:
            item = ET.SubElement(order, "item", sku=line.internal_sku, amount=f"{line.qty:f}")
            if line.unit_price is not None:
                item.set("price", f"{line.unit_price:f}")
            item.text = line.product_description
        content = ET.tostring(order, encoding="utf-8")
        return Document(f"{draft_order.delivery.export_id}.xml", content, "application/xml", "paperhouse_3")

    def export(self, draft_order, config):
        document = self.document(draft_order, config)
        if not draft_order.delivery.may_start():
            raise TransientError("Another worker is about to take over.", code="LEASE_ENDING")
        answer = self._ask(config, "PUT", f"/orders/{draft_order.delivery.export_id}", document.content)
        return self._placed(draft_order, answer)

    def find(self, draft_order, config):
        answer = self._ask(config, "GET", f"/orders/{draft_order.delivery.export_id}")
        return None if answer is None else self._placed(draft_order, answer)

    def test_connection(self, config):
        with self.measure_latency("test") as timer:
            try:
                self._log_in(self.parse(config))
                problem = None
            except ConnectorError as error:
                problem = error
        if problem:
            return self.failed_test(problem, timer.latency_ms)
        return self.build_test_result(True, latency_ms=timer.latency_ms)

    def _placed(self, draft_order, answer):
        if answer is None or answer.tag != "placed" or not answer.get("number"):
            raise InDoubtError("Paperhouse's answer holds no number.")
        metadata = {"erp_order_id": answer.get("number")}
        return ExportResult(True, draft_order.delivery.export_id, connector_metadata=metadata)

    def _ask(self, config, method, path, content=b""):
        settings = self.parse(config)
        name = (settings.url, settings.user, settings.password.get_secret_value())
        with self._lock:
            key = self._sessions.get(name)
        key = key or self._log_in(settings)
        answer = self._send(settings, method, path, content, key)
        if answer is not None and answer.get("code") == "18":
            answer = self._send(settings, method, path, content, self._log_in(settings))
        return self._without_fault(answer)

    def _log_in(self, settings):
        password = settings.password.get_secret_value()
        login = ET.tostring(ET.Element("login", {"user": settings.user, "pass": password}))
        try:
            answer = self._send(settings, "POST", "/session", login)
        except InDoubtError as error:
            raise UnavailableError(f"No session: {error.message}") from None
        if answer is None or answer.tag != "session":
            said = answer.text if answer is not None else "no such address"
            raise NeedsAttentionError(f"Paperhouse does not let us in: {said}.", code="AUTH_FAILED")
        with self._lock:
            self._sessions[settings.url, settings.user, password] = answer.get("key")
        return answer.get("key")

    def _send(self, settings, method, path, content, key=""):
        try:
            answer = self._client.request(method, settings.url + path, content=content, headers={"X-Session": key})
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise UnavailableError("Paperhouse cannot be reached.") from None
        except httpx.HTTPError:
            raise InDoubtError("Paperhouse gave no answer.") from None
        if answer.status_code == 404:
            return None
        try:
            return ET.fromstring(answer.content)
        except ET.ParseError:
            raise InDoubtError(f"Paperhouse's answer makes no sense (status {answer.status_code}).") from None

    def _without_fault(self, answer):
        if answer is None or answer.tag != "fault":
            return answer
        code = int(answer.get("code", "0"))
        if 40 <= code <= 59:
            raise RejectedError(f"Paperhouse refuses the order: {answer.text}.")
        if code == 90:
            raise TransientError("Paperhouse is closed for the moment.", code="TARGET_BUSY")
        raise InDoubtError(f"Paperhouse says: {answer.text}.")
