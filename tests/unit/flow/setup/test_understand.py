"""What a pasted answer would mean."""

import pytest

from orderflow.connectors.mock import MockConnector
from orderflow.connectors.rest import RestJsonConnector
from orderflow.domain.errors import InDoubtError, InputError, RejectedError
from orderflow.flow.setup.understand import pasted, understand
from orderflow.testing.engine import an_order

CONFIG = {"url": "https://erp.example/orders", "order_number": "id"}


def means(text):
    return understand(RestJsonConnector(), "REST_JSON", an_order(), CONFIG, pasted(text))


def test_an_answer_as_curl_prints_it():
    text = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/2 201 Created\r\nContent-Type: x; charset=latin1\r\n\r\n"
        + '{"id": "Ä1"}'.encode("latin1")
    )
    assert means(text).erp_order_id == "Ä1"


def test_a_body_alone_is_that_of_a_200():
    assert means(b'{"id": "SO-1"}').erp_order_id == "SO-1"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"422\n\nno", RejectedError),
        (b"HTTP/1.1 201 Created\nLocation: /1\n\n", InDoubtError),
        (b"HTTP/1.1 204 No Content", InDoubtError),
        (b"HTTP/1.1 200 OK\nno header\n\n{}", InputError),
    ],
)
def test_what_is_no_delivery_says_what_follows(text, kind):
    with pytest.raises(kind):
        means(text)


def test_a_connector_that_reads_no_answers_says_so():
    with pytest.raises(InputError, match="does not show"):
        understand(MockConnector(), "MOCK", an_order(), {"mode": "success"}, pasted(b""))
