"""What a REST connection is configured with: one list that checks input, marks secrets and draws the form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from orderflow.channels.answer_secret import AnswerSecret
from orderflow.channels.http.settings import (
    Headers,
    HttpSettings,
    IdempotencyHeader,
    Idempotent,
    PatienceSettings,
    RequestSettings,
)
from orderflow.connectors.rest.checks import CHANGE_FIELDS, RECALL_FIELDS, STATUS_FIELDS, check_headers, check_url
from orderflow.formats.expressions import check
from orderflow.formats.template.texts import ORDER_FIELDS, check_template
from orderflow.http.settings import (
    SignInSettings,
    TLSSettings,
    UrlText,
    check_encrypted,
    check_sign_in,
    check_together,
    field,
)
from orderflow.http.urls import origin_of


def _status_codes(codes: list[int]) -> list[int]:
    if any(not 100 <= code <= 599 for code in codes):
        raise ValueError("must be HTTP status codes, from 100 to 599")
    return codes


def _url_of(fields: Mapping[str, Any]) -> AfterValidator:
    return AfterValidator(lambda text: check_url(text, fields))


Expression = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(check)]
StatusCodes = Annotated[list[int], Field(max_length=50), AfterValidator(_status_codes)]
Url = Annotated[UrlText, _url_of({})]
OrderUrl = Annotated[UrlText, _url_of(ORDER_FIELDS)]
StatusUrl = Annotated[UrlText, _url_of(STATUS_FIELDS)]
ChangeUrl = Annotated[UrlText, _url_of(ORDER_FIELDS | CHANGE_FIELDS)]
RecallUrl = Annotated[UrlText, _url_of(ORDER_FIELDS | RECALL_FIELDS)]

_TEMPLATE = "Fields are named as {{ order.external_order_number }}; see docs/connector-rest-json.md."


class _Request(RequestSettings):
    """The request: its URL, headers and body are templates."""

    url: Annotated[
        OrderUrl,
        field(
            "URL",
            f"Where an order is created, as https://erp.example/api/orders. {_TEMPLATE}",
            "Request",
            destination=True,
        ),
    ]
    headers: Annotated[
        Headers,
        AfterValidator(check_headers),
        field("Headers", f"One 'Name: value' per line; no secrets here. {_TEMPLATE}", "Request", multiline=True),
    ] = ""
    body_format: Annotated[
        Literal["json", "xml", "form"],
        field("Body's format", "How values are written into the body, and its Content-Type.", "Body"),
    ] = "json"
    body: Annotated[
        str | None,
        field(
            "Body",
            'The body. In JSON a field brings its own quotes: {"number": {{ order.external_order_number }}}. '
            "Empty: the document orderflow_export_json_v1.",
            "Body",
            multiline=True,
        ),
    ] = None

    @field_validator("body")
    @classmethod
    def _fit_the_format(cls, body: str | None, others: ValidationInfo) -> str | None:
        body_format = others.data.get("body_format")
        return check_template(body, body_format, others.context) if body and body_format else body


class _Reading(BaseModel):
    """How answers are read, and what is asked."""

    order_number: Annotated[
        Expression | None, field("Order number", "Where the answer holds it, as data.id (JMESPath).", "Answer")
    ] = None
    success: Annotated[
        Expression | None,
        field(
            "Success",
            "In an answer of 2xx: true if the order was taken, false if it is refused, as status == 'ok' (JMESPath). "
            "One that says neither leaves the order in doubt. Empty: any 2xx that does not surely say no.",
            "Answer",
        ),
    ] = None
    refused_when: Annotated[
        Expression | None,
        field(
            "Refused when",
            "In an answer of 2xx: true if the order is refused, as code != `0` (JMESPath). Empty: where it surely says "
            "so, as success: false, or an error with words.",
            "Answer",
        ),
    ] = None
    error_message: Annotated[
        Expression | None,
        field(
            "Error message", "Where an answer holds it, as error.message (JMESPath). Empty: the usual places.", "Answer"
        ),
    ] = None
    retry_when: Annotated[
        Expression | None,
        field("Retry when", "True if the answer says that nothing was done and a retry helps (JMESPath).", "Answer"),
    ] = None
    retry_statuses: Annotated[
        StatusCodes, field("Retry at", "Status codes that say that nothing was done and a retry helps.", "Answer")
    ] = [408, 425, 429]

    idempotent: Idempotent = False
    idempotency_header: IdempotencyHeader = "Idempotency-Key"
    find_url: Annotated[
        OrderUrl | None,
        field("Find URL", f"Asked (GET) whether an order is there, when an answer was lost. {_TEMPLATE}", "Doubt"),
    ] = None
    found: Annotated[
        Expression | None,
        field(
            "Found",
            "The order's number in that answer, as items[0].id (JMESPath). Not there is what has that place and "
            "nothing in it; any other answer is asked for again.",
            "Doubt",
        ),
    ] = None
    not_there_when: Annotated[
        Expression | None,
        field(
            "Not there when",
            "True in an answer of the find URL that says that the order is not there, as code == 'ORDER_NOT_FOUND' "
            "(JMESPath). A status of 404 then counts only together with it.",
            "Doubt",
        ),
    ] = None
    not_there_statuses: Annotated[
        StatusCodes,
        field(
            "Not there at",
            "Status codes of the find URL that say by themselves that the order is not there. 404 belongs here only if "
            "nothing else answers so, no gateway and no wrong path: after it the order is sent again.",
            "Doubt",
        ),
    ] = []
    duplicate_statuses: Annotated[
        StatusCodes, field("Known already", "Status codes that say that the order is there already, as 409.", "Doubt")
    ] = []
    server_errors: Annotated[
        Literal["in_doubt", "retry"],
        field("After 5xx", "in_doubt: it may have taken the order. retry: it surely has not.", "Doubt"),
    ] = "in_doubt"

    status_url: Annotated[
        StatusUrl | None,
        field(
            "Status URL", "Asked (GET) until the order is confirmed, as …/orders/{{ erp_order_id }}.", "Confirmation"
        ),
    ] = None
    status: Annotated[Expression | None, field("Status", "The status in that answer (JMESPath).", "Confirmation")] = (
        None
    )
    confirmed: Annotated[list[str], field("Confirmed", "Statuses that confirm the order.", "Confirmation")] = []
    refused: Annotated[list[str], field("Refused", "Statuses that refuse it.", "Confirmation")] = []
    status_number: Annotated[
        Expression | None, field("Order number", "The final number in that answer (JMESPath).", "Confirmation")
    ] = None

    test_url: Annotated[
        Url | None, field("Test URL", "Read (GET) by a test; must be one that needs the same rights.", "Test")
    ] = None
    test_passes: Annotated[
        Expression | None,
        field("Passes when", "True in its answer if orders may be created, as can.create_orders (JMESPath).", "Test"),
    ] = None


class _AfterIt(BaseModel):
    """What the API is asked after it has an order."""

    change_url: Annotated[
        ChangeUrl | None,
        field(
            "Change URL",
            "Where an order that the API has is changed, as …/orders/{{ sent.erp_order_id }}. Empty: it takes no "
            "changes.",
            "Change",
        ),
    ] = None
    change_method: Annotated[
        Literal["PUT", "PATCH", "POST"], field("Method", "What the API expects for a change.", "Change")
    ] = "PUT"
    change_body: Annotated[
        str | None,
        field(
            "Body",
            "The order as it shall be from now on, in the same format as 'Body'. Empty: the body of an order.",
            "Change",
            multiline=True,
        ),
    ] = None
    last_change: Annotated[
        Expression | None,
        field(
            "Last change",
            "Where an answer of the find URL names the last change that was made, by {{ delivery.export_id }} or "
            "{{ delivery.reference }} of its request, as items[0].changed_by (JMESPath). Asked when the answer to a "
            "change was lost. Empty: a person looks.",
            "Change",
        ),
    ] = None

    recall_url: Annotated[
        RecallUrl | None,
        field(
            "Recall URL",
            "Where an order is taken back, as …/orders/{{ sent.erp_order_id }}/cancel. Empty: the API takes none back.",
            "Recall",
        ),
    ] = None
    recall_method: Annotated[
        Literal["POST", "DELETE", "PUT", "PATCH"], field("Method", "What the API expects for a recall.", "Recall")
    ] = "POST"
    recall_body: Annotated[
        str | None,
        field(
            "Body",
            "In the same format as 'Body', as {\"reason\": {{ recall.reason }}}. Empty: the document "
            "orderflow_recall_json_v1, and nothing with DELETE.",
            "Recall",
            multiline=True,
        ),
    ] = None
    recall_status: Annotated[
        Expression | None,
        field(
            "Status",
            "Where an answer of the find URL tells how the order stands, as items[0].state (JMESPath). Asked when the "
            "answer to a recall was lost. Empty: a person looks.",
            "Recall",
        ),
    ] = None
    recalled: Annotated[
        list[str],
        field(
            "Taken back",
            "Statuses of an order that was taken back, as cancelled; with any other it stands. One that the API does "
            "not have any more was taken back, too.",
            "Recall",
        ),
    ] = []

    @field_validator("change_body", "recall_body")
    @classmethod
    def _fit_it_likewise(cls, body: str | None, about: ValidationInfo) -> str | None:
        body_format = about.data.get("body_format")
        more = RECALL_FIELDS if about.field_name == "recall_body" else CHANGE_FIELDS
        return check_template(body, body_format, about.context, more=more) if body and body_format else body


class _Answers(BaseModel):
    """The last group."""

    answer_secret: AnswerSecret = None


class RestJsonConfig(_Answers, PatienceSettings, _AfterIt, _Reading, TLSSettings, SignInSettings, _Request):
    """An HTTP API that takes orders, one request each."""

    # Of the parents, the last one's fields come first in the form.
    model_config = ConfigDict(extra="forbid", frozen=True, title="REST API", hide_input_in_errors=True)

    @property
    def of_channel(self) -> HttpSettings:
        """The channel's part of it; its URL and headers are templates still."""
        return HttpSettings.model_construct(**{name: getattr(self, name) for name in HttpSettings.model_fields})

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_empty(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value not in ("", None)}  # as a form sends it

    @field_validator("token_url", "login_url")
    @classmethod
    def _need_no_field(cls, url: str | None) -> str | None:
        return check_url(url, {}) if url else url

    @field_validator("find_url", "status_url", "test_url", "change_url", "recall_url")
    @classmethod
    def _be_where_orders_go(cls, url: str | None, others: ValidationInfo) -> str | None:
        first = others.data.get("url")
        if url and first and origin_of(url) != origin_of(first):
            raise ValueError("must be on the same host as url: the sign-in goes with it")
        return url

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_sign_in(self)
        check_together(self, _PAIRS)
        if bool(self.recalled) != (self.recall_status is not None):
            raise ValueError("recall_status and recalled belong together: give both or neither")
        if self.status_url and not self.confirmed:
            raise ValueError("status_url needs confirmed: the statuses that confirm an order")
        _check_needed(self)
        check_encrypted(
            self,
            ["url", "find_url", "status_url", "test_url", "change_url", "recall_url", "token_url", "login_url"],
        )
        return self


_NEEDS = {
    "change_body": ("change_url",),
    "last_change": ("change_url", "find_url"),
    "recall_body": ("recall_url",),
    "recall_status": ("recall_url", "find_url"),
}


def _check_needed(settings: BaseModel) -> None:
    """Raise ValueError if a field is given that counts only together with others."""
    for name, others in _NEEDS.items():
        lacking = [other for other in others if getattr(settings, other) is None]
        if getattr(settings, name) is not None and lacking:
            raise ValueError(f"{name} needs {' and '.join(lacking)}")


_PAIRS = (("find_url", "found"), ("status_url", "status"), ("client_certificate", "client_key"))
