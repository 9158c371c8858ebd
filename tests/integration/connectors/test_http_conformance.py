"""The suite for HTTP connectors passes the generated connector, and finds each of these faults put into it."""

from __future__ import annotations

import inspect
import os
import random
from dataclasses import dataclass

import pytest

from orderflow.connectors.rest import RestJsonConnector
from orderflow.testing.engine import an_order
from orderflow.testing.http_conformance import ADDRESS, HttpConformance
from orderflow.testing.http_server import MisbehavingHTTPServer
from tests.integration.connectors.generated import connector_class, source

SECRET, WRONG = "s3cret-token", "wr0ng-token"
SEED = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(10**6)))
DRAWN = 6


def a_server():
    return MisbehavingHTTPServer(
        idempotent=False,
        admits=lambda request: request.headers["Authorization"] == f"Bearer {SECRET}",
        refuses=lambda order: "unknown" if order["customer"]["erp_customer_number"] == "NOBODY" else None,
    )


class TestGenerated(HttpConformance):
    connector_class = connector_class()
    leaves_out = ADDRESS

    @pytest.fixture
    def server(self):
        with a_server() as running:
            yield running

    @pytest.fixture
    def good_config(self, server):
        return {"url": server.url, "token": SECRET}

    @pytest.fixture
    def bad_config(self, server):
        return {"url": server.url, "token": WRONG}


class TestRest(TestGenerated):
    connector_class = RestJsonConnector

    @pytest.fixture
    def good_config(self, server):
        asks = {"find_url": f"{server.url}/orders?reference={{{{ delivery.export_id }}}}", "found": "items[0].id"}
        said = {"url": f"{server.url}/orders", "plain_http": True, "order_number": "id", "auth": "bearer"}
        return asks | said | {"token": SECRET, "test_url": f"{server.url}/ping"}

    @pytest.fixture
    def bad_config(self, good_config):
        return good_config | {"token": WRONG}


@dataclass
class Wrong:
    """A fault: what is written instead of a line of the connector, and by which test it is found."""

    found_by: str
    instead_of: str
    written: str
    more: str = ""
    leaves_out: frozenset[str] = ADDRESS

    def source(self):
        text = source()
        assert text.count(self.instead_of) >= 1, self.instead_of
        return text.replace(self.instead_of, self.written, 1) + f"\n\n{self.more}\n"


ONCE = "an_order_is_taken_once_whatever_becomes_of_the_answer"
UNCLEAR = "a_question_without_an_answer_is_an_error_and_never_no"
SENDS_ONCE = "one_call_sends_an_order_once"
SORTED = "each_status_is_sorted_by_what_follows"
AWAY = "a_server_that_is_not_there_is_unavailable"
ENDS = "every_call_ends_in_time"
MUCH = "no_more_of_an_answer_is_read_than_it_should"
ELSEWHERE = "nothing_goes_to_another_server"
SECOND = "an_order_is_sent_to_no_second_address"
THREADS = "each_thread_sends_its_own_order"
CONTENT = "all_that_the_order_holds_is_in_the_document"
WHOLE = "lines_stay_apart_and_texts_whole"
SIGN_IN = "a_connection_uses_its_own_sign_in"
SECRETS = "nothing_that_goes_wrong_shows_a_secret"
ANSWERS = "what_is_not_known_is_neither_confirmed_nor_refused"

SEND = "            return client.send(method, settings.url + path, headers=signed | (headers or {}), content=content)"
ERROR = "            raise error_of(answer, NAME)\n        return result_of"
POST = '        answer = self._ask(config, "POST", "/orders", document.content, key_of(draft_order))'
PREVIEW = "    def preview(self"
IMPORTS = (
    "from dataclasses import replace\nfrom orderflow import *\nfrom orderflow.http import *\nimport httpx, logging\n"
)
RENDER = "    def render(self, draft_order, config):\n        return super().render({}, config)\n\n    def preview(self"


def sending(body):
    """Return what is written instead of the line that sends, and a function that does it otherwise."""
    call = "            return sends(client, method, settings.url + path, signed | (headers or {}), content)"
    return call, IMPORTS + "def sends(client, method, url, headers, content):\n" + body


def raising(what):
    return f"            raise {what}\n        return result_of", IMPORTS


def trying(error, raised):
    return sending(
        "    try:\n        return client.send(method, url, headers=headers, content=content)\n"
        f"    except {error} as error:\n        raise {raised}\n"
    )


def rendering(order):
    return RENDER.format(order), IMPORTS


AGAIN = """    answer = client.send(method, url, headers=headers, content=content)
    for _ in range(3):
        if {}:
            answer = client.send(method, {}, headers=headers, content=content)
    return answer
"""
LINE = "replace(draft_order, lines=[replace(line, {}) for line in draft_order.lines])"
MERGED = """
def merged(lines):
    kept = {}
    for line in lines:
        there = kept.get(line.internal_sku)
        kept[line.internal_sku] = replace(line, qty=line.qty + (there.qty if there else 0))
    return list(kept.values())
"""
POLLS = """    def expects_acks(self, config):
        return True

    def poll_acks(self, config, waiting):
        from orderflow.domain.delivery import Ack
        for export in waiting:
            yield Ack(export.reference, {}, export.export_id)

    def preview(self"""
EXPORT = """        document = self.document(draft_order, config)
        if not draft_order.delivery.may_start():
            raise LeaseEndingError
"""
KEPT = """        self.order, self.document_ = draft_order, self.document(draft_order, config)
        if not draft_order.delivery.may_start():
            raise LeaseEndingError
        document = self.document_ if "{0}" == "document" else self.document(self.order, config)
"""
TRIES = """        for left in (2, 1, 0):
            try:
                answer = self._ask(config, "POST", "/orders", document.content, key_of(draft_order))
                break
            except InDoubtError:
                if not left:
                    raise
"""
NO_NUMBER = '        raise InDoubtError(f"{NAME} gave no order number, and may have taken the order: {answer.words}")'
UNREAD = (
    '        raise InDoubtError(f"{NAME} took the order, it seems, but gave {error} instead of its number.") from None'
)
NOT_SAID = next(line for line in source().splitlines() if "does not clearly say" in line)

FAULTS = {
    # An order twice
    "a lost answer is a passing fault": Wrong(
        ONCE, SEND, *trying("InDoubtError", "TransientError(str(error), nothing_done=True)")
    ),
    "a lost answer is a server that is away": Wrong(
        ONCE, SEND, *trying("InDoubtError", "UnavailableError(str(error))")
    ),
    "a lost answer is a person's affair": Wrong(ONCE, SEND, *trying("InDoubtError", "NeedsAttentionError(str(error))")),
    "a lost answer is a refusal": Wrong(ONCE, SEND, *trying("InDoubtError", "RejectedError(str(error))")),
    "a garbled 2xx is a passing fault": Wrong(
        ONCE, UNREAD, '        raise TransientError("garbled", nothing_done=True)', IMPORTS
    ),
    "a 2xx without a number is a passing fault": Wrong(
        ONCE, NO_NUMBER, '        raise TransientError("no number", nothing_done=True)', IMPORTS
    ),
    "a 2xx without a number is a refusal": Wrong(ONCE, NO_NUMBER, "        raise RejectedError(answer.words)"),
    "500 is a passing fault": Wrong(ONCE, ERROR, *raising("TransientError(answer.words, nothing_done=True)")),
    "find makes none of an error": Wrong(UNCLEAR, NOT_SAID, "    return []"),
    "find makes none of a status": Wrong(UNCLEAR, "if answer.ok else None", "if answer.ok else []"),
    "find makes none of a 404": Wrong(
        UNCLEAR, "if answer.ok else None", "if answer.ok else [] if answer.status == 404 else None"
    ),
    "find makes none of what lacks it": Wrong(
        UNCLEAR, 'answer.json()["items"]', '(answer.json() or {}).get("items", [])'
    ),
    "find takes a part for the whole": Wrong(UNCLEAR, "items or not is_part(answer, answer.json())", "True"),
    "find catches whatever comes": Wrong(
        UNCLEAR,
        "        items = items_in(answer)",
        "        try:\n            items = items_in(answer)\n        except ConnectorError:\n            return None",
    ),
    "find finds everything": Wrong(UNCLEAR, "if items else None", 'if items else result_of(draft_order, "1")'),
    "it tries again by itself after 5xx": Wrong(
        SENDS_ONCE, SEND, *sending(AGAIN.format("answer.status >= 500", "url"))
    ),
    "it tries again by itself after a loss": Wrong(SENDS_ONCE, POST, TRIES),
    # Busy
    "it presses a busy server": Wrong(SENDS_ONCE, SEND, *sending(AGAIN.format("answer.status == 429", "url"))),
    "429 is a refusal": Wrong(
        SORTED, ERROR, *raising("RejectedError(answer.words) if answer.status == 429 else error_of(answer, NAME)")
    ),
    "429 is a passing fault": Wrong(
        SORTED, ERROR, *raising("TransientError(answer.words) if answer.status == 429 else error_of(answer, NAME)")
    ),
    "Retry-After is not read": Wrong(
        SORTED,
        ERROR,
        *raising("BusyError(answer.words, rests_for=5) if answer.status == 429 else error_of(answer, NAME)"),
    ),
    "503 does not rest": Wrong(
        SORTED, ERROR, *raising("InDoubtError(answer.words) if answer.status == 503 else error_of(answer, NAME)")
    ),
    # Whose fault it is
    "401 is a refusal": Wrong(
        SORTED, ERROR, *raising("RejectedError(answer.words) if answer.status == 401 else error_of(answer, NAME)")
    ),
    "403 is a refusal": Wrong(
        SORTED, ERROR, *raising("RejectedError(answer.words) if answer.status == 403 else error_of(answer, NAME)")
    ),
    "401 is a passing fault": Wrong(
        SORTED, ERROR, *raising("TransientError(answer.words) if answer.status == 401 else error_of(answer, NAME)")
    ),
    "500 is a refusal": Wrong(
        SORTED, ERROR, *raising("RejectedError(answer.words) if answer.status >= 500 else error_of(answer, NAME)")
    ),
    "a refusal is a passing fault": Wrong(
        SORTED, ERROR, *raising("TransientError(answer.words) if answer.status == 422 else error_of(answer, NAME)")
    ),
    "a refusal is a person's affair": Wrong(
        SORTED, ERROR, *raising("NeedsAttentionError(answer.words) if answer.status == 400 else error_of(answer, NAME)")
    ),
    "the ERP's words are dropped": Wrong(
        SORTED,
        ERROR,
        *raising('RejectedError("It was refused.") if answer.status in (400, 422) else error_of(answer, NAME)'),
    ),
    "whatever the status, it was taken": Wrong(
        SORTED, "        if not answer.ok:", "        if not answer.ok and answer.status < 400:"
    ),
    "a server that is away is a refusal": Wrong(AWAY, SEND, *trying("UnavailableError", "RejectedError(str(error))")),
    "a server that is away is a passing fault": Wrong(
        AWAY, SEND, *trying("UnavailableError", "TransientError(str(error))")
    ),
    "a server that is away is doubt": Wrong(AWAY, SEND, *trying("UnavailableError", "InDoubtError(str(error))")),
    # Ends
    "it waits for ever": Wrong(ENDS, "timeout=settings.timeout", "timeout=3_600"),
    "it waits for each byte anew": Wrong(
        ENDS,
        SEND,
        *sending(
            "    made = httpx.request(method, url, headers=headers, content=content, timeout=0.5)\n"
            "    return Answer(made.status_code, made.headers, made.content)\n"
        ),
    ),
    "it reads whatever comes": Wrong(MUCH, "timeout=settings.timeout", "timeout=settings.timeout, most_bytes=10**9"),
    "an order follows a redirect": Wrong(
        SECOND, SEND, *sending(AGAIN.format('answer.headers.get("Location")', 'answer.headers["Location"]'))
    ),
    "an order goes to another server": Wrong(
        ELSEWHERE, SEND, *sending(AGAIN.format('answer.headers.get("Location")', 'answer.headers["Location"]'))
    ),
    # Threads
    "the document is kept in self": Wrong(THREADS, EXPORT, KEPT.format("document")),
    "the order is kept in self": Wrong(THREADS, EXPORT, KEPT.format("order")),
    # Content
    "the currency is ours": Wrong(CONTENT, PREVIEW, *rendering('replace(draft_order, currency="EUR")')),
    "the date is dropped": Wrong(CONTENT, PREVIEW, *rendering("replace(draft_order, order_date=None)")),
    "the day wanted is dropped": Wrong(
        CONTENT, PREVIEW, *rendering("replace(draft_order, requested_delivery_date=None)")
    ),
    "the address is dropped": Wrong(CONTENT, PREVIEW, PREVIEW, leaves_out=frozenset()),
    "the notes are dropped": Wrong(CONTENT, PREVIEW, *rendering("replace(draft_order, notes=None)")),
    "the prices are dropped": Wrong(CONTENT, PREVIEW, *rendering(LINE.format("unit_price=None"))),
    "the unit is ours": Wrong(CONTENT, PREVIEW, *rendering(LINE.format('uom="EA"'))),
    "the customer is ours": Wrong(
        CONTENT,
        PREVIEW,
        *rendering('replace(draft_order, customer=replace(draft_order.customer, erp_customer_number="1"))'),
    ),
    "texts are cut": Wrong(
        WHOLE, PREVIEW, *rendering(LINE.format("product_description=(line.product_description or '')[:40]"))
    ),
    "lines of one article are merged": Wrong(
        WHOLE, PREVIEW, RENDER.format("replace(draft_order, lines=merged(draft_order.lines))"), IMPORTS + MERGED
    ),
    # Sign-in and secrets
    "one sign-in for all": Wrong(
        SIGN_IN,
        "        settings = self.parse(config)\n        signed",
        "        settings = self.__dict__.setdefault('first', self.parse(config))\n        signed",
    ),
    "a bad sign-in is a passing fault": Wrong(
        SIGN_IN, ERROR, *raising("TransientError(answer.words) if answer.status == 401 else error_of(answer, NAME)")
    ),
    "the token in the error of a loss": Wrong(
        SECRETS, SEND, *trying("InDoubtError", 'InDoubtError(f"{error} {headers}")')
    ),
    "the token in an error's details": Wrong(
        SECRETS, SEND, *trying("InDoubtError", "InDoubtError(str(error), details={'sent': headers})")
    ),
    "the token in an error's hint": Wrong(
        SECRETS, SEND, *trying("InDoubtError", "InDoubtError(str(error), hint=str(headers))")
    ),
    "the token in the log": Wrong(
        SECRETS,
        SEND,
        *sending(
            "    logging.getLogger('made').debug(headers)\n"
            "    return client.send(method, url, headers=headers, content=content)\n"
        ),
    ),
    "the token in the error of a server that is away": Wrong(
        AWAY, SEND, *trying("UnavailableError", 'UnavailableError(f"{error} {headers}")')
    ),
    # Answers
    "everything is confirmed": Wrong(ANSWERS, PREVIEW, POLLS.format('"ACKED"')),
    "what is not there yet is refused": Wrong(ANSWERS, PREVIEW, POLLS.format('"FAILED"')),
}
ALWAYS = [
    "a garbled 2xx is a passing fault",
    "find makes none of an error",
    "the document is kept in self",
    "the address is dropped",
]


def finds(fault):
    """Run the one test that should find a fault; returns whether it does."""

    class Suite(HttpConformance):
        leaves_out = fault.leaves_out

    with a_server() as server:
        connector = connector_class(fault.source())()
        good = {"url": server.url, "token": SECRET}
        given = {
            "connector": connector,
            "server": server,
            "good_config": good,
            "bad_config": good | {"token": WRONG},
            "quick_config": good | Suite.quick,
            "arrived": lambda: server.taken,
            "refused_order": an_order(),
        }
        test = getattr(Suite(), f"test_{fault.found_by}")
        try:
            test(**{name: given[name] for name in inspect.signature(test).parameters})
        except (AssertionError, pytest.fail.Exception):
            return True
        finally:
            connector.close()
    return False


def some():
    return [*ALWAYS, *random.Random(SEED).sample([name for name in FAULTS if name not in ALWAYS], DRAWN)]


@pytest.mark.tells_secrets
@pytest.mark.parametrize("number", range(len(ALWAYS) + DRAWN))
def test_a_fault_is_found(number):
    print(f"FAULTS_SEED={SEED} draws the same again")  # noqa: T201  # shown where one is not found
    name = some()[number]
    assert finds(FAULTS[name]), name


@pytest.mark.large
@pytest.mark.tells_secrets
@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_found(name):
    assert finds(FAULTS[name])
