"""A REST configuration that cannot work is refused when it is saved, with the field named and no secret shown."""

import base64

import pytest

from orderflow.connectors.base import parse_config
from orderflow.connectors.rest.config import RestJsonConfig
from orderflow.domain.errors import ConfigError

URL = "https://erp.example/api/orders"


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"url": "https://erp.example/orders/{{ order.external_order_number }}", "method": "PUT"},
        {"body": '{"n": {{ order.external_order_number }}, "lines": {{ lines }}}'},
        {"body": "<order>{{ order.notes }}</order>", "body_format": "xml"},
        {"headers": "X-Tenant: {{ order.org_slug }}\n\nX-Env: prod"},
        {"url": "http://localhost:8080/orders", "plain_http": True},
        {"auth": "", "password": "", "find_url": ""},
    ],
)
def test_what_can_work_is_accepted(config):
    parse_config(RestJsonConfig, {"url": URL} | config)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"url": "ftp://erp.example/x"}, "url: must begin with https"),
        ({"url": "https:///orders"}, "url: must begin with https"),
        ({"url": "http://erp.example/orders"}, "plain_http"),
        ({"url": "https://me:pa55word@erp.example/x"}, "must not hold a user"),
        ({"url": "https://{{ order.notes }}.example/x"}, "url: must begin with https:// and a host"),
        ({"url": "https://erp.example{{ order.notes }}/x"}, "must name its host itself"),
        ({"url": "https://erp.example/{{ order.nope }}"}, "url: .*there is no field 'nope'"),
        ({"url": "https://erp.example:99999/x"}, "url"),
        ({"body": "{{ order.__class__ }}"}, "body: is not a valid template.*'__class__'"),
        ({"body": "{% for a in range(9) %}{% endfor %}"}, "body: is not a valid template.*calls a function"),
        ({"body": '{"a": "{{ order.notes }}"}'}, "body: does not make JSON.*leave yours out"),
        ({"body": "{{ lines"}, "body: is not a valid template"),
        ({"body": "<{{ order.nope }}>", "body_format": "xml"}, "body: .*there is no field 'nope' here"),
        ({"headers": "no header"}, "headers: every line must be as"),
        ({"headers": "Authorization: Bearer s3cret-token"}, "headers: Authorization is set by OrderFlow"),
        ({"headers": "X-Name: {{ ship_to.city }}"}, "headers: X-Name: .*ASCII"),
        ({"auth": "basic", "username": "u"}, "auth basic needs password"),
        ({"auth": "oauth2", "client_id": "c"}, "token_url and client_secret"),
        ({"auth": "hmac", "hmac_secret": "s3cret-token!"}, "hmac_secret: must be the signing secret in base64"),
        ({"auth": "bearer", "token": "s3cret-token\n"}, "token: must be visible ASCII"),
        ({"order_number": "a["}, "order_number: is not a JMESPath expression"),
        ({"test_url": "https://evil.example/me"}, "test_url: must be on the same host"),
        ({"test_url": "https://erp.example/{{ order.notes }}"}, "test_url: .*there is no field 'order'"),
        ({"auth": "oauth2", "token_url": "https://erp.example/{{ x }}"}, "token_url: .*there is no field 'x'"),
        ({"status_url": URL + "/{{ order.notes }}", "status": "s"}, "status_url: .*there is no field 'order'"),
        ({"find_url": "https://erp.example:444/x", "found": "id"}, "find_url: must be on the same host"),
        ({"find_url": URL}, "find_url and found belong together"),
        ({"status_url": URL, "status": "s"}, "needs confirmed"),
        ({"retry_statuses": [99]}, "retry_statuses: must be HTTP status codes"),
        ({"duplicate_statuses": [7]}, "duplicate_statuses: must be HTTP status codes"),
        ({"ca_certificate": "s3cret-token"}, "ca_certificate: must be in PEM"),
        ({"timeuot": 3}, "timeuot"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_saved(wrong, named):
    with pytest.raises(ConfigError, match=named) as refused:
        parse_config(RestJsonConfig, {"url": URL} | wrong)
    assert "s3cret" not in str(refused.value)
    assert "pa55word" not in str(refused.value)


@pytest.mark.parametrize("rounds", [257, 5_000_000])
def test_a_client_key_that_takes_hours_to_open_is_refused_unopened(rounds):
    options = b"\0\0\0\x04salt" + rounds.to_bytes(4, "big")
    strings = [b"aes256-ctr", b"bcrypt", options]
    content = b"openssh-key-v1\0" + b"".join(len(one).to_bytes(4, "big") + one for one in strings)
    key = (
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{base64.b64encode(content).decode()}\n-----END OPENSSH PRIVATE KEY-----"
    )
    with pytest.raises(ConfigError, match=f"client_key: opening this key takes {rounds:,} rounds"):
        parse_config(RestJsonConfig, {"url": URL, "client_certificate": "c", "client_key": key})
