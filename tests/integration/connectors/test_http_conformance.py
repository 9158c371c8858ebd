"""The suite for HTTP connectors passes the generated connector, and finds each of these faults put into it."""

from __future__ import annotations

import inspect
import os
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from orderflow import Customer
from orderflow.connectors.rest import RestJsonConnector
from orderflow.testing.engine import an_order
from orderflow.testing.http_conformance import NOT_IN_JSON_V1, HttpConformance
from orderflow.testing.http_server import MisbehavingHTTPServer
from tests.integration.connectors.generated import connector_class, source

SECRET, WRONG = "s3cret-token", "wr0ng-token"
SEED = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(10**6)))
DRAWN = 6


CLIENT = ("us", SECRET)


def a_server(client=None, user=None):
    return MisbehavingHTTPServer(
        idempotent=False,
        client=client,
        user=user,
        admits=lambda request: client or user or request.headers["Authorization"] == f"Bearer {SECRET}",
        refuses=lambda order: "unknown" if order["customer"]["erp_customer_number"] == "NOBODY" else None,
    )


class TestGenerated(HttpConformance):
    connector_class = connector_class()
    numbers_repeat = True
    leaves_out = NOT_IN_JSON_V1

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
        after = {"change_url": f"{server.url}/orders/{{{{ sent.erp_order_id }}}}", "last_change": "items[0].changed_by"}
        after |= {"recall_url": f"{server.url}/orders/{{{{ sent.erp_order_id }}}}/cancel"}
        after |= {"recall_status": "items[0].state"}
        return {"recalled": ["cancelled"]} | asks | said | after | {"token": SECRET, "test_url": f"{server.url}/ping"}

    @pytest.fixture
    def bad_config(self, good_config):
        return good_config | {"token": WRONG}


SIGN_IN_LINE = "sign_in=Bearer(settings.token.get_secret_value())"
OAUTH = """
from orderflow import *
from orderflow.http import *
from orderflow.http.sign_in import Held
import logging
import httpx

def made(settings):
    return ClientCredentials(settings.url + "/token", "us", settings.token.get_secret_value())
"""


def with_oauth():
    """Return the generated connector with access tokens instead of one that does not end."""
    return source().replace(SIGN_IN_LINE, "sign_in=made(settings)") + OAUTH


SESSION = """
from orderflow import *
from orderflow.http import *
import json, logging

def session(settings, kind=SessionCookies):
    secret = settings.token.get_secret_value()
    body = json.dumps({"username": "us", "password": secret}).encode()
    login = Outgoing("POST", settings.url + "/login", {"Content-Type": "application/json"}, body)
    return kind(login, csrf="X-CSRF-Token", secrets=[secret])
"""


def with_session():
    """Return the generated connector with a session that a log-in opens."""
    return source().replace(SIGN_IN_LINE, "sign_in=session(settings)") + SESSION


@pytest.mark.large
class TestSession(TestGenerated):
    connector_class = connector_class(with_session())

    @pytest.fixture
    def server(self):
        with a_server(user=CLIENT) as running:
            yield running


@pytest.mark.large
class TestOAuth(TestGenerated):
    connector_class = connector_class(with_oauth())

    @pytest.fixture
    def server(self):
        with a_server(CLIENT) as running:
            yield running


@dataclass
class Wrong:
    """A fault: what is written instead of a line of the connector, and by which test it is found."""

    found_by: str
    instead_of: str
    written: str
    more: str = ""
    leaves_out: frozenset[str] = NOT_IN_JSON_V1
    client: tuple[str, str] | None = None
    user: tuple[str, str] | None = None

    def source(self):
        text = with_oauth() if self.client else with_session() if self.user else source()
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
NEXT = "the_next_order_goes_through_whatever_became_of_one"
OPEN = "connections_are_closed_or_used_again"
PROMISES = "a_2xx_that_took_nothing_confirms_nothing"
OWN_ANSWER = "each_answer_is_its_own_orders"
OTHERS = "find_takes_no_order_of_others_where_its_filter_is_not_heeded"
NEAR = "find_tells_an_order_from_one_that_is_nearly_alike"
ALIKE = "what_is_nearly_alike_stays_apart"
DAY = "a_day_stays_that_day"
IN_ORDER = "lines_stay_in_their_order_each_with_its_own_values"
LITTLE_SAID = "an_order_that_says_little_is_written_or_refused"
SIGN_IN = "a_connection_uses_its_own_sign_in"
SECRETS = "nothing_that_goes_wrong_shows_a_secret"
ANSWERS = "what_is_not_known_is_neither_confirmed_nor_refused"
UNTRUSTED = "a_server_that_nobody_vouches_for_is_told_nothing"
TRIAL = "a_test_creates_nothing_and_passes_only_where_all_is_well"
APART = "two_connections_at_once_stay_apart"
SHARED = "what_all_the_process_shares_is_left_as_it_was"
LEFT = "the_order_is_left_as_it_was"
CHARSET = "the_erps_words_are_read_in_their_charset"
LITTLE = "of_a_long_answer_little_is_told"
WITHIN = "a_refusal_within_a_2xx_is_no_success"
SAYS = "whatever_comes_it_is_the_connector_that_says_what_it_means"
FOUND = "what_is_found_is_what_was_taken"
PATIENT = "it_waits_for_an_order_that_is_not_there_yet"
STORED = "each_attempt_sends_what_the_first_one_would_have"
KEPT_TOKEN = "an_access_token_is_kept_and_renewed_once_it_is_refused"
NO_TOKEN = "a_token_server_that_gives_none_has_orders_wait"

SEND = "            return client.send(method, settings.url + path, headers=given, content=content)"
ERROR = "            raise error_of(answer, NAME)\n        return result_of"
POST = '        answer = self._ask(config, "POST", "/orders", document.content, key_of(draft_order))'
PREVIEW = "    def preview(self"
IMPORTS = (
    "from dataclasses import replace\nfrom orderflow import *\nfrom orderflow.http import *\n"
    "import httpx, logging, threading, time\nfrom email.utils import parsedate_to_datetime\n"
)
SENT = "client.send(method, url, headers=headers, content=content)"
FINDING = (
    IMPORTS
    + """
export_, TAKEN = MadeConnector.export, {{}}

def export(self, order, config):
    result = export_(self, order, config)
    TAKEN[order.external_order_number, order.customer.erp_customer_number] = result
    return result

def find(self, order, config):
    wanted, whose = order.external_order_number, order.customer.erp_customer_number
    return next((result for (number, customer), result in TAKEN.items() if {0}), None)

MadeConnector.export, MadeConnector.find = export, find
"""
)
RENDER = "    def render(self, draft_order, config):\n        return super().render({}, config)\n\n    def preview(self"


def sending(body):
    """Return what is written instead of the line that sends, and a function that does it otherwise."""
    call = "            return sends(client, method, settings.url + path, given, content, settings)"
    head = "def sends(client, method, url, headers, content, settings):\n"
    return call, IMPORTS + head + "    shown = 'Bearer ' + settings.token.get_secret_value()\n" + body


def signing(body, init="        pass\n"):
    """Return what is written instead of the sign-in of the connector with access tokens, and such a one otherwise."""
    return "sign_in=made(settings)", "sign_in=Own(settings)", FETCHING.format(init=init, body=body)


def with_tokens(found_by, change):
    """Return a fault of the connector with access tokens."""
    instead_of, written, more = change
    return Wrong(found_by, instead_of, written, more, client=CLIENT)


def in_session(found_by, written, more=""):
    """Return a fault of the connector with a session: what is written as its sign-in."""
    return Wrong(found_by, "sign_in=session(settings)", f"sign_in={written}", more, user=CLIENT)


OWN_SESSION = "class Own(SessionCookies):\n    def {0}:\n        {1}\n"


def instead(what):
    """Return what is raised where an answer has that status, as `429: BusyError("busy")`; else what should be."""
    status, _, error = what.partition(": ")
    return raising(f"{error} if answer.status == {status} else error_of(answer, NAME)")


FETCHING = """
class Own(SignIn):
    def __init__(self, settings):
        self.url, self.secret = settings.url + "/token", settings.token.get_secret_value()
        self.held = Held("access token")
{init}
    def form(self):
        form = "grant_type=client_credentials&client_id=us&client_secret=" + self.secret
        return Outgoing("POST", self.url, {{"Content-Type": "application/x-www-form-urlencoded"}}, form.encode())

    def fetch(self, way):
        answer = way.ask(self.form(), "The token server")
        if not answer.ok:
            raise error_of(answer, "The token server", changes=False)
        return str(answer.json()["access_token"])

    def ended(self, signed, answer):
        if answer.status == 401:
            self.held.forget(lambda _: True)
        return answer.status == 401

    def sign(self, outgoing, way):
{body}
        return outgoing.with_header("Authorization", "Bearer " + token)
"""
UNLOCKED = (
    "        token = self.held._held[0] if self.held._held else self.fetch(way)\n"
    "        self.held._held = (token, float('inf'))\n"
)
HELD = "        token = self.held.get(lambda: (self.fetch(way), float('inf')), way)\n"


def without_renewal():
    instead_of, written, more = signing(HELD)
    return instead_of, written, f"{more}\n    def ended(self, signed, answer):\n        return False\n"


def failing(raised):
    """Return a sign-in that makes something else of a token server that gives no token."""
    body = (
        "        try:\n            token = self.held.get(lambda: (self.fetch(way), float('inf')), way)\n"
        f"        except Exception as error:\n            raise {raised} from None\n"
    )
    return signing(body)


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
ASKING = """    def expects_acks(self, config):
        return True

    def poll_acks(self, config, waiting):
        from orderflow.domain.delivery import Ack
        for export in waiting:
            answer = self._ask(config, "GET", f"/orders/{{export.erp_reference}}")
            if answer.status >= 500:
                yield Ack(export.reference, "{0}", export.export_id)

    def preview(self"""
ANSWERING = """    def expects_acks(self, config):
        return True

    def poll_acks(self, config, waiting):
        from orderflow.domain.delivery import Ack
        exports = list(waiting)
        for export, other in zip(exports, {0}):
            yield Ack(export.reference, "ACKED", other.export_id, export.erp_reference)

    def preview(self"""
FOLLOWING = """        asks = self.form()
        given = httpx.post(asks.url, headers=asks.headers, content=asks.content, follow_redirects=True, timeout=5)
        token = given.json()["access_token"]
"""
REMEMBERING = """
_find = MadeConnector.find

def find(self, order, config):
    known = self.__dict__.setdefault("known", {})
    if order.id not in known:
        known[order.id] = _find(self, order, config)
    return known[order.id]

MadeConnector.find = find
"""
SWALLOWING = """
_find = MadeConnector.find

def find(self, order, config):
    try:
        return _find(self, order, config)
    except UnavailableError:
        return None

from orderflow import UnavailableError
MadeConnector.find = find
"""
RENDER_AS = (
    "    def render(self, draft_order, config):\n        return rendered(draft_order, {{{0}}})\n\n    def preview(self"
)
RENDERING = (
    IMPORTS + "import json, time\n\ndef rendered(order, content):\n    name = f'{order.delivery.export_id}.json'\n"
    "    return Document(name, json.dumps(content).encode(), 'application/json', 'own')\n"
)
WRITING = (
    IMPORTS
    + """
import json, unicodedata
from datetime import date, timedelta
from decimal import Decimal
from orderflow.formats.order_fields import order_fields

def dropping(order, name):
    group, _, part = name.partition(".")
    others = {key: value for key, value in (getattr(order, group) or {}).items() if key != part}
    return replace(order, **{group: others})

def in_lines(order, **changes):
    return replace(order, lines=[replace(line, **changes) for line in order.lines])

def adjusted(order, kind, **changes):
    return replace(order, **{kind: tuple(replace(one, **changes) for one in getattr(order, kind))})

def shifted(value):
    return value - timedelta(days=1) if isinstance(value, date) else value

def rounded(value):
    return round(value, 2) if isinstance(value, Decimal) else value

def upper(value):
    return value.upper() if isinstance(value, str) else value

def each(value, change):
    if isinstance(value, dict):
        return {name: each(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [each(inner, change) for inner in value]
    return change(value)

def whole(order, change=lambda value: value):
    content = each(order_fields(order), change)
    del content["delivery"], content["totals"], content["order"]["draft_order_id"]
    name, text = f"{order.delivery.export_id}.json", json.dumps(content, default=str)
    return Document(name, text.encode(), "application/json", "own")
"""
)


def writing(found_by, made):
    """Return a fault of a connector that writes all that an order says."""
    render = f"    def render(self, draft_order, config):\n        return {made}\n\n    def preview(self"
    return Wrong(found_by, PREVIEW, render, WRITING, frozenset())


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
RESULT = "        return result_of(draft_order, number_in(answer))"
CHANGES = "        import decimal, logging, os, socket\n        "
LINKED = (
    IMPORTS
    + """
import json

def find(self, order, config):
    answer = self._ask(config, "GET", f"/orders?reference={order.delivery.export_id}")
    try:
        link = json.loads(answer.content).get("next")
    except (ValueError, AttributeError):
        link = None
    if isinstance(link, str):
        with self.session(config) as client:
            answer = client.send("GET", link)
    items = items_in(answer)
    return result_of(order, str(items[0]["id"])) if items else None

MadeConnector.find = find
"""
)
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
    "find takes whatever is told for its order": Wrong(
        OTHERS, 'if any(item.get("reference") != reference for item in items)', "if False"
    ),
    "find finds everything": Wrong(UNCLEAR, "if items else None", 'if items else result_of(draft_order, "1")'),
    "it tries again by itself after 5xx": Wrong(
        SENDS_ONCE, SEND, *sending(AGAIN.format("answer.status >= 500", "url"))
    ),
    "it tries again by itself after a loss": Wrong(SENDS_ONCE, POST, TRIES),
    "what timed out is sent again": Wrong(
        ENDS,
        SEND,
        *sending(
            "    for left in (1, 0):\n        began = time.monotonic()\n        try:\n"
            f"            return {SENT}\n"
            "        except InDoubtError:\n            if not left or time.monotonic() < began + 0.3:\n"
            "                raise\n"
        ),
    ),
    "202 is taken": Wrong(
        PROMISES,
        "        return result_of(draft_order, number_in(answer))",
        "        return result_of(draft_order, 'later' if answer.status == 202 else number_in(answer))",
    ),
    "204 is taken": Wrong(
        PROMISES,
        "        return result_of(draft_order, number_in(answer))",
        "        return result_of(draft_order, number_in(answer) if answer.content else 'none')",
    ),
    "a page is taken": Wrong(PROMISES, UNREAD, '        return "none"'),
    "409 is taken": Wrong(
        SORTED,
        ERROR,
        "            if answer.status == 409:\n                return result_of(draft_order, 'there')\n" + ERROR,
    ),
    "a number is taken, whatever is beside it": Wrong(WITHIN, "    said = refusal_in(value)", "    said = None"),
    "find goes by how a number begins": Wrong(NEAR, PREVIEW, PREVIEW, FINDING.format("number.startswith(wanted)")),
    "find goes by what a number begins with": Wrong(
        NEAR, PREVIEW, PREVIEW, FINDING.format("wanted.startswith(number)")
    ),
    "find takes small letters for capitals": Wrong(
        NEAR, PREVIEW, PREVIEW, FINDING.format("number.lower() == wanted.lower()")
    ),
    "find goes by the number alone": Wrong(NEAR, PREVIEW, PREVIEW, FINDING.format("number == wanted")),
    "find goes by number and customer": Wrong(
        NEAR, PREVIEW, PREVIEW, FINDING.format("(number, customer) == (wanted, whose)")
    ),
    "what find asks for is not escaped": Wrong(
        FOUND,
        'f"/orders?reference={draft_order.delivery.export_id}"',
        'f"/orders?reference={draft_order.external_order_number}"',
        "def key_of(order):\n    return {'Idempotency-Key': order.external_order_number}\n",
    ),
    "the number is no text": Wrong(FOUND, "erp_order_id=number)", "erp_order_id=int(number.removeprefix('SO-')))"),
    "the number is not the ERP's": Wrong(
        FOUND, "erp_order_id=number)", "erp_order_id=order.external_order_number + number)"
    ),
    "a page with a link is the whole": Wrong(
        UNCLEAR, "not is_part(answer, answer.json())", "not answer.json().get('has_more')"
    ),
    "one key for all orders": Wrong(
        STORED,
        PREVIEW,
        "    def idempotent(self, config):\n        return True\n\n    def preview(self",
        "def key_of(order):\n    return {'Idempotency-Key': 'order'}\n",
    ),
    "only some of what fails is doubt": Wrong(
        SORTED, ERROR, *raising("RejectedError(answer.words) if answer.status > 504 else error_of(answer, NAME)")
    ),
    "a redirect without a place counts as taken": Wrong(
        SECOND,
        "        if not answer.ok:",
        "        if answer.status == 304:\n            return result_of(draft_order, '1')\n        if not answer.ok:",
    ),
    **{
        f"{code} is taken": Wrong(
            PROMISES,
            RESULT,
            f"        return result_of(draft_order, '{code}' if answer.status == {code} else number_in(answer))",
        )
        for code in (205, 207)
    },
    "a page that names the next one is the whole": Wrong(
        UNCLEAR,
        "not is_part(answer, answer.json())",
        "not (answer.json().get('has_more') or 'Link' in answer.headers)",
    ),
    "a document is kept for each order": Wrong(
        STORED,
        EXPORT,
        "        kept = self.__dict__.setdefault('kept', {})\n"
        "        document = kept.setdefault(draft_order.id, self.document(draft_order, config))\n"
        "        if not draft_order.delivery.may_start():\n            raise LeaseEndingError\n",
    ),
    "the number is cut": Wrong(FOUND, "erp_order_id=number)", "erp_order_id=number[:12])"),
    "the number loses its zeros": Wrong(FOUND, "erp_order_id=number)", "erp_order_id=number.lstrip('0'))"),
    # Busy
    "it sleeps for as long as it is asked to wait": Wrong(
        SORTED,
        SEND,
        *sending(
            f"    answer = {SENT}\n    if answer.status == 429:\n"
            "        time.sleep(float(answer.headers['Retry-After']))\n    return answer\n"
        ),
    ),
    "a Retry-After that says nothing is its own error": Wrong(
        SORTED,
        ERROR,
        instead('429: BusyError("busy", rests_for=rest(answer.headers["Retry-After"]))')[0],
        IMPORTS + "\ndef rest(asked):\n    try:\n        return int(asked)\n    except ValueError:\n"
        "        return parsedate_to_datetime(asked).timestamp() - time.time()\n",
    ),
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
    "404 is a server that is away": Wrong(SORTED, ERROR, *instead('404: UnavailableError("away")')),
    "405 is a passing fault": Wrong(SORTED, ERROR, *instead("405: TransientError(answer.words)")),
    "413 is busy": Wrong(SORTED, ERROR, *instead("413: BusyError(answer.words)")),
    "501 is a server that is away": Wrong(SORTED, ERROR, *instead('501: UnavailableError("away")')),
    # Ends
    "it waits for ever": Wrong(ENDS, "timeout=settings.timeout", "timeout=3_600"),
    "it waits for each byte anew": Wrong(
        ENDS,
        SEND,
        *sending(
            "    signed = headers | {'Authorization': shown}\n"
            "    made = httpx.request(method, url, headers=signed, content=content, timeout=0.5)\n"
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
    "find follows a link to another server": Wrong(ELSEWHERE, PREVIEW, PREVIEW, LINKED),
    "what was made is looked at wherever that is": Wrong(
        ELSEWHERE,
        SEND,
        *sending(
            f"    answer = {SENT}\n    if answer.status == 201 and 'Location' in answer.headers:\n"
            "        client.send('GET', answer.headers['Location'])\n    return answer\n"
        ),
    ),
    "the test follows a redirect": Wrong(
        ELSEWHERE,
        SEND,
        *sending(
            f"    if not url.endswith('/ping'):\n        return {SENT}\n"
            "    made = httpx.get(url, headers={'Authorization': shown}, follow_redirects=True, timeout=5)\n"
            "    return Answer(made.status_code, made.headers, made.content)\n"
        ),
    ),
    # Threads
    "a lock is kept after a fault": Wrong(
        NEXT,
        SEND,
        sending(f"    LOCK.acquire()\n    answer = {SENT}\n    LOCK.release()\n    return answer\n")[0],
        sending(f"    LOCK.acquire()\n    answer = {SENT}\n    LOCK.release()\n    return answer\n")[1]
        + "\nLOCK = threading.Lock()\n",
    ),
    "a server that failed once is down for ever": Wrong(
        NEXT,
        SEND,
        *sending(
            "    if getattr(client, 'down', False):\n        raise UnavailableError('It is down.')\n"
            f"    try:\n        return {SENT}\n    except InDoubtError:\n        client.down = True\n        raise\n"
        ),
    ),
    "a connection for each request, never closed": Wrong(
        OPEN,
        SEND,
        *sending(
            "    OPENED = client.__dict__.setdefault('opened', [])\n    OPENED.append(httpx.Client(timeout=5))\n"
            "    client.close = lambda: [one.close() for one in OPENED]\n"
            "    signed = headers | {'Authorization': shown}\n"
            "    made = OPENED[-1].request(method, url, headers=signed, content=content)\n"
            "    return Answer(made.status_code, made.headers, made.content)\n"
        ),
    ),
    "a connection is open after all was closed": Wrong(
        OPEN,
        SEND,
        *sending(f"    KEPT.append(client)\n    client.close = lambda: None\n    return {SENT}\n\nKEPT = []\n"),
    ),
    "a thread for each order that never ends": Wrong(
        OPEN,
        SEND,
        *sending(f"    threading.Thread(target=threading.Event().wait, daemon=True).start()\n    return {SENT}\n"),
    ),
    "numbers are counted less exactly from now on": Wrong(
        SHARED, EXPORT, f"{CHANGES}decimal.getcontext().prec = 6\n{EXPORT}"
    ),
    "sockets wait otherwise from now on": Wrong(SHARED, EXPORT, f"{CHANGES}socket.setdefaulttimeout(5)\n{EXPORT}"),
    "the log is silent from now on": Wrong(SHARED, EXPORT, f"{CHANGES}logging.disable(logging.CRITICAL)\n{EXPORT}"),
    "the environment is another from now on": Wrong(SHARED, EXPORT, f"{CHANGES}os.environ['TZ'] = 'UTC'\n{EXPORT}"),
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
    "the taxes are dropped": writing(CONTENT, "whole(replace(draft_order, taxes=()))"),
    "the taxes of the lines are dropped": writing(CONTENT, "whole(in_lines(draft_order, taxes=()))"),
    "the charges of the lines are dropped": writing(CONTENT, "whole(in_lines(draft_order, charges=()))"),
    "a charge is only its amount": writing(CONTENT, 'whole(adjusted(draft_order, "charges", code=None))'),
    "a percentage is dropped": writing(CONTENT, 'whole(adjusted(draft_order, "allowances", percent=None))'),
    "the carrier is dropped": writing(CONTENT, 'whole(dropping(draft_order, "shipping.carrier"))'),
    "the shipping is dropped": writing(CONTENT, "whole(replace(draft_order, shipping=None))"),
    "the contact is dropped": writing(CONTENT, "whole(replace(draft_order, contact=None))"),
    "the contact's phone is dropped": writing(CONTENT, 'whole(dropping(draft_order, "contact.phone"))'),
    "the metadata are dropped": writing(CONTENT, "whole(replace(draft_order, metadata=None))"),
    "the invoice goes to the customer": writing(CONTENT, "whole(replace(draft_order, bill_to=draft_order.ship_to))"),
    "the region is dropped": writing(CONTENT, 'whole(dropping(draft_order, "ship_to.region"))'),
    "who sells is dropped": writing(CONTENT, "whole(replace(draft_order, seller=None))"),
    "the terms are dropped": writing(CONTENT, "whole(replace(draft_order, payment_terms=None))"),
    "the lines' days are dropped": writing(CONTENT, "whole(in_lines(draft_order, requested_delivery_date=None))"),
    "the lines' notes are dropped": writing(CONTENT, "whole(in_lines(draft_order, line_notes=None))"),
    "the article's code is dropped": writing(CONTENT, "whole(in_lines(draft_order, gtin=None))"),
    "the lines are numbered anew": writing(CONTENT, "whole(in_lines(draft_order, line_no=1))"),
    "amounts are rounded": writing(ALIKE, "whole(draft_order, rounded)"),
    "a long text is cut": writing(ALIKE, "whole(draft_order, lambda one: one[:255] if isinstance(one, str) else one)"),
    "leading zeros are lost": writing(
        ALIKE, 'whole(draft_order, lambda one: one.lstrip("0") if isinstance(one, str) else one)'
    ),
    "all is written in capitals": writing(ALIKE, "whole(draft_order, upper)"),
    "letters are made others": writing(
        ALIKE, 'whole(draft_order, lambda one: unicodedata.normalize("NFKC", one) if isinstance(one, str) else one)'
    ),
    "a price of 0 is none": writing(
        ALIKE,
        "whole(replace(draft_order, lines=[replace(line, unit_price=line.unit_price or None)"
        " for line in draft_order.lines]))",
    ),
    "a day is another one": writing(DAY, "whole(draft_order, shifted)"),
    "the lines are reversed": writing(IN_ORDER, "whole(replace(draft_order, lines=draft_order.lines[::-1]))"),
    "the price is the quantity": writing(
        IN_ORDER,
        "whole(replace(draft_order, lines=[replace(line, qty=line.unit_price, unit_price=line.qty)"
        " for line in draft_order.lines]))",
    ),
    "each line has the next one's quantity": writing(
        IN_ORDER,
        "whole(replace(draft_order, lines=[replace(line, qty=other.qty)"
        " for line, other in zip(draft_order.lines, draft_order.lines[1:] + draft_order.lines[:1])]))",
    ),
    "it wants what few orders say": writing(
        LITTLE_SAID, 'whole(replace(draft_order, notes=draft_order.ship_to["street"]))'
    ),
    # Sign-in and secrets
    "one sign-in for all": Wrong(
        SIGN_IN, SIGN_IN_LINE, SIGN_IN_LINE.replace("=", "=self.__dict__.setdefault('first', ") + ")"
    ),
    "a bad sign-in is a passing fault": Wrong(
        SIGN_IN, ERROR, *raising("TransientError(answer.words) if answer.status == 401 else error_of(answer, NAME)")
    ),
    "the token in the error of a loss": Wrong(
        SECRETS, SEND, *trying("InDoubtError", 'InDoubtError(f"{error} {shown}")')
    ),
    "the token in an error's details": Wrong(
        SECRETS, SEND, *trying("InDoubtError", "InDoubtError(str(error), details={'sent': shown})")
    ),
    "the token in an error's hint": Wrong(
        SECRETS, SEND, *trying("InDoubtError", "InDoubtError(str(error), hint=shown)")
    ),
    "the token in the log": Wrong(
        SECRETS,
        SEND,
        *sending(
            "    logging.getLogger('made').debug(shown)\n"
            "    return client.send(method, url, headers=headers, content=content)\n"
        ),
    ),
    "the token is printed": Wrong(SECRETS, SEND, *sending(f"    print(shown)\n    return {SENT}\n")),
    "the token is warned of": Wrong(
        SECRETS, SEND, *sending(f"    warnings.warn(shown)\n    return {SENT}\n\nimport warnings\n")
    ),
    "the token in the error of a server that is away": Wrong(
        AWAY, SEND, *trying("UnavailableError", 'UnavailableError(f"{error} {shown}")')
    ),
    "find says no of a server that is away": Wrong(
        AWAY,
        "        items = items_in(answer)",
        "        items = items_in(answer)",
        more=SWALLOWING,
    ),
    "find asks again and again by itself": Wrong(
        SENDS_ONCE, SEND, *sending(AGAIN.format("method == 'GET' and answer.status >= 500", "url"))
    ),
    "407 is a refusal": Wrong(SORTED, ERROR, *instead("407: RejectedError(answer.words)")),
    "511 is a refusal": Wrong(SORTED, ERROR, *instead("511: RejectedError(answer.words)")),
    "507 is a server that is away": Wrong(SORTED, ERROR, *instead('507: UnavailableError("full")')),
    "408 is a refusal": Wrong(SORTED, ERROR, *instead("408: RejectedError(answer.words)")),
    "the token in the error of a question": Wrong(
        SECRETS, SEND, *trying("UnavailableError", 'UnavailableError(f"{error} {shown}")')
    ),
    "the configuration is kept in self": Wrong(
        APART,
        EXPORT + POST,
        "        self.config, document = config, self.document(draft_order, config)\n"
        "        if not draft_order.delivery.may_start():\n            raise LeaseEndingError\n"
        + POST.strip("\n").replace("config", "self.config"),
    ),
    "the order is changed": Wrong(LEFT, EXPORT, EXPORT + "        draft_order.notes = None\n"),
    "the ERP's words in a charset that is guessed": Wrong(
        CHARSET, ERROR, *instead("422: RejectedError(answer.content.decode('utf-8', 'replace'))")
    ),
    "allowances are dropped": Wrong(CONTENT, PREVIEW, PREVIEW, leaves_out=NOT_IN_JSON_V1 - {"allowances"}),
    # Whom it trusts
    "certificates are not verified": Wrong(
        UNTRUSTED,
        "        return HttpClient(NAME, ",
        "        return HttpClient(NAME, tls=unverified(), ",
        "import ssl\n\ndef unverified():\n    context = ssl.create_default_context()\n"
        "    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE\n    return context\n",
    ),
    # Tests that do not tell the truth
    "a test that passes whatever the status": Wrong(
        TRIAL, "None if answer.ok else error_of(answer, NAME, changes=False)", "None"
    ),
    "a test that passes without an answer": Wrong(
        TRIAL, "                problem = error\n        if", "                pass\n        if"
    ),
    "a test that creates an order": Wrong(
        TRIAL,
        'self._ask(config, "GET", "/ping")',
        'self._ask(config, "POST", "/orders", ORDER)',
        'ORDER = b\'{"customer": {"erp_customer_number": "1"}}\'',
    ),
    "a test that passes for who is not let in": Wrong(
        TRIAL, "None if answer.ok else", "None if answer.ok or answer.status in (401, 403) else"
    ),
    # What is said
    "a whole page in an error": Wrong(
        LITTLE, ERROR, *raising("RejectedError(answer.text) if answer.status == 400 else error_of(answer, NAME)")
    ),
    "whatever a 2xx says, it was taken": Wrong(
        WITHIN,
        "        return result_of(draft_order, number_in(answer))",
        '        return result_of(draft_order, "SO-1")',
    ),
    "a refusal is a result without success": Wrong(
        SORTED,
        ERROR,
        "            return ExportResult(False, draft_order.delivery.export_id)\n        return result_of",
    ),
    "an answer without a number is a KeyError": Wrong(SAYS, "number_in(answer))", 'str(answer.json()["id"]))'),
    "an answer that is no JSON is its own error": Wrong(
        SAYS, "    except UnreadableError as error:", "    except KeyError as error:"
    ),
    "find falls over what it did not expect": Wrong(
        SAYS, "    except (UnreadableError, LookupError, TypeError):", "    except UnreadableError:"
    ),
    "a Retry-After that is a date is its own error": Wrong(
        SORTED,
        ERROR,
        *instead('429: BusyError("busy", rests_for=int(answer.headers["Retry-After"]))'),
    ),
    "a redirect counts as taken": Wrong(
        SECOND,
        "        if not answer.ok:",
        "        if answer.status < 400 and not answer.ok:\n            return result_of(draft_order, '1')\n"
        "        if not answer.ok:",
    ),
    "JSON without an end is its own error": Wrong(
        SAYS,
        "        value = answer.json()\n    except UnreadableError",
        "        value = json.loads(answer.content)\n    except ValueError",
        "import json",
    ),
    "a charset that is none is its own error": Wrong(
        CHARSET,
        ERROR,
        *instead(
            "422: RejectedError(json.loads(answer.content.decode(answer.headers['Content-Type']"
            ".rpartition('=')[2]))['message'])"
        ),
    ),
    # Whether it is there
    "find finds nothing ever": Wrong(FOUND, "if items else None", "if False else None"),
    "find gives our reference for its number": Wrong(
        FOUND, 'str(items[0]["id"])', "str(draft_order.delivery.export_id)"
    ),
    "find remembers what it was told": Wrong(
        FOUND,
        PREVIEW,
        PREVIEW,
        more=REMEMBERING,
    ),
    "the number is our own": Wrong(
        FOUND, '    number = value.get("id") if isinstance(value, dict) else None', '    number = "SO-1"'
    ),
    "what is not there at once never will be": Wrong(PATIENT, "return 300.0", "return 0.0"),
    # Each attempt
    "each attempt has its own key": Wrong(
        STORED,
        PREVIEW,
        "    def idempotent(self, config):\n        return True\n\n    def preview(self",
        "import uuid\n\ndef key_of(order):\n    return {'Idempotency-Key': str(uuid.uuid4())}\n",
    ),
    "each attempt makes its document anew": Wrong(
        STORED,
        "        document = self.document(draft_order, config)\n        if not",
        "        document = self.render(draft_order, config)\n        if not",
    ),
    "the key is kept in self": Wrong(
        THREADS,
        EXPORT + POST,
        "        self.key, document = key_of(draft_order), self.document(draft_order, config)\n"
        "        if not draft_order.delivery.may_start():\n            raise LeaseEndingError\n"
        '        answer = self._ask(config, "POST", "/orders", document.content, self.key)',
    ),
    "the lease is not asked": Wrong(
        "a_worker_whose_lease_is_lost_sends_nothing", "if not draft_order.delivery.may_start():", "if False:"
    ),
    # The contract of every connector
    "an unknown setting is taken": Wrong("a_field_that_nobody_knows_is_refused", 'extra="forbid", ', ""),
    "the token is no secret": Wrong(
        "what_sounds_like_a_secret_is_marked_as_one", "    token: SecretStr", "    token: str"
    ),
    "numbers are floats": Wrong(
        "numbers_are_exact", PREVIEW, RENDER_AS.format("'qty': float(draft_order.lines[0].qty)"), RENDERING
    ),
    "letters are replaced": Wrong(
        "text_arrives_as_it_was_written_or_the_order_is_refused",
        PREVIEW,
        RENDER_AS.format(
            "'text': (draft_order.lines[0].product_description or '').encode('ascii', 'replace').decode()"
        ),
        RENDERING,
    ),
    "the document tells the time": Wrong(
        "the_same_delivery_has_the_same_name_and_bytes", PREVIEW, RENDER_AS.format("'at': time.time_ns()"), RENDERING
    ),
    "the preview shows the token": Wrong(
        "no_secret_is_in_anything_that_is_shown",
        "key_of(draft_order))\n\n    def export",
        "{'Authorization': self.parse(config).token.get_secret_value()})\n\n    def export",
    ),
    "the preview sends": Wrong(
        "a_preview_shows_the_document_and_sends_nothing",
        "        return Preview(",
        '        self._ask(config, "POST", "/orders", document.content, key_of(draft_order))\n        return Preview(',
    ),
    "the configuration is changed": Wrong(
        "the_configuration_is_left_as_it_was",
        "        settings = self.parse(config)\n        given",
        "        settings = self.parse(config)\n        config['timeout'] = 1\n        given",
    ),
    # Access tokens
    "a token for each order": with_tokens(KEPT_TOKEN, signing("        token = self.fetch(way)\n")),
    "a token for each thread": with_tokens(KEPT_TOKEN, signing(UNLOCKED)),
    "a token is never renewed": with_tokens(KEPT_TOKEN, without_renewal()),
    "a token is renewed again and again": with_tokens(
        KEPT_TOKEN, (SEND, *sending(AGAIN.format("answer.status == 401", "url")))
    ),
    "a token is shared by all connections": with_tokens(
        SIGN_IN, signing("        token = Own.token = getattr(Own, 'token', None) or self.fetch(way)\n")
    ),
    "no token is a refusal": with_tokens(NO_TOKEN, failing("RejectedError('No token.')")),
    "no token is doubt": with_tokens(NO_TOKEN, failing("InDoubtError('No token.')")),
    "no token is always a person's affair": with_tokens(NO_TOKEN, failing("NeedsAttentionError('No token.')")),
    "no token falls over the answer": with_tokens(NO_TOKEN, signing(HELD)),
    "the client's secret in the error of its token": with_tokens(
        NO_TOKEN, failing("error if isinstance(error, BusyError) else UnavailableError(f'No token for {self.form()}.')")
    ),
    "an access token in the log": with_tokens(
        SECRETS, signing(HELD + "        logging.getLogger('made').debug(token)\n")
    ),
    "an access token in an error": with_tokens(
        SECRETS, (SEND, *trying("InDoubtError", 'InDoubtError(f"{error} {client.got()}")'))
    ),
    "the client's secret follows a redirect": with_tokens(ELSEWHERE, signing(FOLLOWING)),
    # Sessions
    "a log-in for each order": in_session(
        KEPT_TOKEN,
        "session(settings, Own)",
        OWN_SESSION.format(
            "sign(self, outgoing, way)",
            "self._sessions.forget(lambda _: True)\n        return super().sign(outgoing, way)",
        ),
    ),
    "a session is never renewed": in_session(
        KEPT_TOKEN, "session(settings, Own)", OWN_SESSION.format("ended(self, signed, answer)", "return False")
    ),
    "a CSRF token is never renewed": in_session(
        KEPT_TOKEN,
        "session(settings, Own)",
        OWN_SESSION.format(
            "ended(self, signed, answer)", "return answer.status == 401 and super().ended(signed, answer)"
        ),
    ),
    "a session is shared by all connections": in_session(
        SIGN_IN,
        "SHARED.setdefault('all', session(settings))",
        "SHARED = {}\n",
    ),
    "a session's cookie in the log": in_session(
        SECRETS,
        "session(settings, Own)",
        OWN_SESSION.format(
            "sign(self, outgoing, way)",
            "signed = super().sign(outgoing, way)\n        logging.debug(signed.headers['Cookie'])\n"
            "        return signed",
        ),
    ),
    "no session is a refusal": in_session(
        NO_TOKEN,
        "session(settings, Own)",
        OWN_SESSION.format(
            "_open(self, way)",
            "try:\n            return super()._open(way)\n        except ConnectorError:\n"
            "            raise RejectedError('No session.') from None",
        ),
    ),
    # Answers
    "an error while asking refuses": Wrong(ANSWERS, PREVIEW, ASKING.format("FAILED")),
    "an error while asking confirms": Wrong(ANSWERS, PREVIEW, ASKING.format("ACKED")),
    "answers are expected, and none is read": Wrong(
        ANSWERS, PREVIEW, "    def expects_acks(self, config):\n        return True\n\n    def preview(self"
    ),
    "answers are another order's": Wrong(OWN_ANSWER, PREVIEW, ANSWERING.format("exports[::-1]")),
    "it waits for an answer for ever": Wrong(
        ENDS,
        PREVIEW,
        ASKING.format("ACKED").replace(
            'self._ask(config, "GET", f"/orders/{export.erp_reference}")', "asks(self, config)"
        ),
        IMPORTS + "def asks(self, config):\n    settings = self.parse(config)\n"
        "    signed = {'Authorization': 'Bearer ' + settings.token.get_secret_value()}\n"
        "    made = httpx.get(settings.url + '/orders', headers=signed, timeout=60)\n"
        "    return Answer(made.status_code, made.headers, made.content)\n",
    ),
    "everything is confirmed": Wrong(ANSWERS, PREVIEW, POLLS.format('"ACKED"')),
    "what is not there yet is refused": Wrong(ANSWERS, PREVIEW, POLLS.format('"FAILED"')),
}
ALWAYS = [
    "a garbled 2xx is a passing fault",
    "find makes none of an error",
    "the document is kept in self",
    "the address is dropped",
]


def judge(text, name, leaves_out=NOT_IN_JSON_V1, client=None, user=None):
    """Run one test over the connector that a source makes. Raises what the test raises."""

    class Suite(HttpConformance):
        pass

    Suite.leaves_out, Suite.soon, Suite.numbers_repeat = leaves_out, 3.0, True
    with a_server(client, user) as server:
        connector = connector_class(text)()
        good = {"url": server.url, "token": SECRET}
        given = {
            "connector": connector,
            "server": server,
            "good_config": good,
            "bad_config": good | {"token": WRONG},
            "quick_config": good | Suite.quick,
            "arrived": lambda: server.taken,
            "refused_order": an_order(customer=Customer("NOBODY")),
        }
        test = getattr(Suite(), f"test_{name}")
        try:
            test(**{name: given[name] for name in inspect.signature(test).parameters})
        finally:
            connector.close()


def finds(fault):
    """Return whether the one test that should find a fault does."""
    try:
        judge(fault.source(), fault.found_by, fault.leaves_out, fault.client, fault.user)
    except (AssertionError, pytest.fail.Exception) as found:
        print(found)  # noqa: T201  # shown where a fault is found for another reason than it should
        return True
    return False


@pytest.mark.parametrize("name", [KEPT_TOKEN, NO_TOKEN])
def test_a_connector_with_access_tokens_passes(name):
    judge(with_oauth(), name, client=CLIENT)


@pytest.mark.parametrize("name", [KEPT_TOKEN, NO_TOKEN])
def test_a_connector_with_a_session_passes(name):
    judge(with_session(), name, user=CLIENT)


def test_the_guide_tells_how_many_faults_are_found():
    guide = (Path(__file__).parents[3] / "docs" / "connectors.md").read_text("utf-8")
    assert f"finds {len(FAULTS)} of {len(FAULTS)} faults" in " ".join(guide.split())


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
