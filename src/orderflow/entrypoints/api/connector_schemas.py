"""Connectors as they come in and go out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from pydantic import AfterValidator, Base64Bytes, Field

from orderflow.entrypoints.api.schemas import VERSION, In, Name, Out, Stored, Text
from orderflow.flow.setup.mask import MASK
from orderflow.flow.setup.proof import Proof
from orderflow.storage.views.problem import Problem, TestProblem

_encode = msgspec.json.Encoder(decimal_format="number").encode


LARGEST_CONFIG = 131_072
"""Bytes of JSON."""


def plain_json(config: dict[str, Any]) -> dict[str, Any]:
    """Return `config` with numbers as JSON knows them. Raises ValueError for what cannot be stored."""
    try:
        plain: dict[str, Any] = msgspec.json.decode(_encode(config))
    except (TypeError, ValueError, OverflowError, RecursionError):  # their messages may quote the content
        raise ValueError("holds text that is not Unicode, or a number that is out of range") from None
    if len(_encode(plain)) > LARGEST_CONFIG:
        raise ValueError(f"must be at most {LARGEST_CONFIG:,} bytes of JSON")
    return plain


Seconds = Annotated[int, Field(ge=1, le=2**31 - 1)]
Config = Annotated[
    dict[str, Any],
    Field(
        description=f"As the type's `config_schema` says. A secret that is `{MASK}` or left out keeps its stored "
        "value; one that is null is removed. Everything else is replaced.",
        examples=[{"mode": "filesystem", "export_path": "/srv/erp/in", "ack_path": "/srv/erp/out"}],
        max_length=200,
    ),
    AfterValidator(plain_json),
]

Fingerprint = Annotated[
    str,
    Field(
        pattern=r"^SHA256:[A-Za-z0-9+/]{43}=?$",
        description="What the server's operator says it is",
        examples=["SHA256:J0WMJ1jPlAZt1cDHTNMdRrmfWnUWCl1k0aUAaWZ0Gbs"],
    ),
]
KeyLine = Annotated[
    str,
    Field(max_length=10_000, pattern=r"^[A-Za-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?$", examples=["ssh-ed25519 AAAAC3Nz…"]),
]


class HolidayRegion(Out):
    """Whose public holidays close it."""

    country: str = Field(examples=["DE"])
    subdivision: str | None = Field(None, examples=["BY"])


class OpeningHours(Out):
    """When a connector may send."""

    time_zone: str = Field(examples=["Europe/Berlin"])
    weekly: dict[str, list[str]] = Field(examples=[{"mon": ["08:00-12:00", "13:00-17:00"], "fri": ["22:00-06:00+1"]}])
    holidays: HolidayRegion | None = None
    closed_days: list[str] = Field(default_factory=list, examples=[["2026-12-24"]])


Hours = Annotated[
    dict[str, Any],
    Field(
        description="`{time_zone, weekly, holidays, closed_days}`, see docs/opening-hours.md: while it is closed, "
        "orders wait. null: it is open at all hours",
        examples=[
            {
                "time_zone": "Europe/Berlin",
                "weekly": {"mon": ["08:00-12:00", "13:00-17:00"]},
                "holidays": {"country": "DE", "subdivision": "BY"},
                "closed_days": ["2026-12-24"],
            }
        ],
    ),
    AfterValidator(plain_json),
]


class Options(In):
    """What a connector has beside its configuration. All of it may be left out."""

    name: Name | None = Field(None, description="For people", examples=["ERP in Hamburg"])
    in_doubt: Literal["resend", "hold"] = Field(
        "hold",
        description="What follows when nobody can tell whether the ERP has an order. hold: it waits for a person. "
        "resend: it is sent again, and an ERP that had it has it twice",
    )
    change_by_recall: bool = Field(
        False,
        description="What becomes of an order that is changed after it was sent, where the ERP takes no changes and "
        "can be asked for recalls. true: it is recalled, and goes out anew as another order of the ERP; the recall may "
        "be refused, and then the change is not made. false: a person sees to it",
    )
    commit_within: Annotated[int, Field(ge=0, le=86_400)] | None = Field(
        None,
        description="Seconds after which this ERP shows an order whose answer got lost: only then is an order that it "
        "does not show sent again. null: as its type has it (60 for REST_JSON)",
    )
    give_up_after: Seconds | None = Field(
        None, description="Seconds after which an order for an unreachable ERP fails; null: it waits for ever"
    )
    answer_within: Seconds | None = Field(
        None, description="Seconds, of the opening hours, within which the ERP should answer; after that it is overdue"
    )
    received_within: Seconds | None = Field(
        None, description="Likewise for a receipt, where the ERP's side gives one: that the document is there"
    )
    understood_within: Seconds | None = Field(
        None, description="Likewise for what says that it could be read, as a 997, or a CONTRL"
    )
    opening_hours: Hours | None = None
    orders_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="The most that the ERP wants to be sent; null: no limit"
    )


class ConnectorSettings(Options):
    """A connector to be."""

    config: Config
    status: Literal["ACTIVE", "DISABLED"] = "ACTIVE"
    test_on_save: bool = Field(False, description="Test first; if the test fails, nothing is saved")
    test_proof: str | None = Field(
        None,
        max_length=200,
        description="The `proof` of a test of this very configuration, some minutes old at most: it counts as tested",
    )


class NewConnector(ConnectorSettings):
    """A connector to be, of any type."""

    connector_type: Text = Field(examples=["DROPZONE_JSON_V1"])


class ConnectorChange(Options):
    """What is to be changed; what is left out stays."""

    config: Config | None = None
    test_on_save: bool = Field(False, description="Test first; if the test fails, nothing is saved")
    test_proof: str | None = Field(
        None,
        max_length=200,
        description="The `proof` of a test of this very configuration, some minutes old at most: it counts as tested",
    )


class Enabling(In):
    """How a connector is to be enabled."""

    untested: bool = Field(False, description="Enable it although nothing proves that it works")


class ConfigToTest(In):
    """A configuration that need not be saved."""

    config: Config
    id: UUID | None = Field(None, description="The stored connector whose secrets fill the masked ones")


class TypedConfigToTest(ConfigToTest):
    """A configuration of any type that need not be saved."""

    connector_type: Text = Field(examples=["DROPZONE_JSON_V1"])


class ConfigToPreview(TypedConfigToTest):
    """A configuration that need not be saved, and the order to try it on."""

    order_id: UUID | None = Field(None, description="Left out: a sample order that has every field")


class AnswerToRead(TypedConfigToTest):
    """A configuration, and an answer of its API to read with it."""

    status: int = Field(200, ge=100, le=599)
    headers: dict[str, str] = Field(default_factory=dict, max_length=100)
    body: str = Field("", max_length=1024 * 1024)


class AnswerMeaning(Out):
    """What an answer would mean for an order."""

    verdict: Literal["DELIVERED", "REFUSED", "IN_DOUBT", "BUSY", "NEEDS_ATTENTION", "UNAVAILABLE", "RETRIED"]
    erp_order_id: str | None
    code: str | None
    message: str | None
    hint: str | None


class Sample(In):
    """A file as the ERP reads it."""

    content: Base64Bytes = Field(
        max_length=1_400_000, description="The file in base64, 1,000,000 bytes at most", examples=["UE8tMTs0NzEx"]
    )
    connector_type: str | None = Field(
        None,
        max_length=100,
        description="TEMPLATE_DOCUMENT makes a file of a JSON sample; else it becomes the request of REST_JSON",
        examples=["TEMPLATE_DOCUMENT"],
    )


class FoundInSample(Out):
    """What a place of the sample seems to mean."""

    place: str = Field(description="A heading, or the path of a JSON value", examples=["Menge"])
    field: str | None = Field(description="The field of an order; null: nobody knows", examples=["line.qty"])
    example: str = Field(description="What the sample has there", examples=["12"])


class SampleRead(Out):
    """Settings to begin with; nothing was saved."""

    connector_type: str
    config: dict[str, Any] = Field(description="As far as the sample shows it", examples=[{"delimiter": ";"}])
    found: list[FoundInSample] = Field(description="What each place of it seems to mean")
    notes: list[str] = Field(
        description="What a person has to look at", examples=[["Its first row holds no headings: say what each is."]]
    )


class Preview(Out):
    """What would be sent. Nothing was."""

    connector_type: str
    destination: str | None = Field(description="Where it would go", examples=["POST https://erp.example/api/orders"])
    headers: dict[str, str] = Field(description="What goes with it, without credentials")
    file_name: str
    media_type: str
    size: int = Field(description="Bytes")
    text: str = Field(description="The document, or the request's body")
    encoding: str = Field(
        description="How `text` was read: a charset, utf-8-sig if there is a BOM, binary if it is no text",
        examples=["windows-1252"],
    )


class HostKey(In):
    """The key that a server showed."""

    fingerprint: Fingerprint
    host_key: KeyLine | None = Field(
        None, description="As the failed test gave it; left out: the server is asked again"
    )


class Health(Out):
    """How a connector does."""

    proof: Proof = Field(
        description="What proves that it works with its present configuration: TESTED, DELIVERED; UNTESTED: nothing "
        "yet; TEST_FAILED: its last test failed, and nothing was delivered since"
    )
    test_error: TestProblem | None = Field(None, description="Why its last test failed")

    state: Literal["CLOSED", "OPEN", "PAUSED"] = Field(
        description="CLOSED delivers; OPEN: the ERP is away and looked for; PAUSED: a person must act, then test"
    )
    since: datetime | None
    rests_until: datetime | None = Field(None, description="The ERP is busy: nothing is sent to it before then")
    closed: bool = Field(False, description="It is outside of its opening hours: nothing is sent, answers are read")
    opens_at: datetime | None = Field(None, description="When it opens, if it is closed")
    closes_at: datetime | None = Field(None, description="When it closes, if it is open and has opening hours")
    error: Problem | None = Field(description="Why it does not deliver")
    waiting: int = Field(description="Deliveries that are still to be made")
    oldest_waiting_at: datetime | None
    unanswered: int = Field(description="Deliveries that the ERP has not answered; counted up to 10,000")
    oldest_unanswered_at: datetime | None
    poll_error: Problem | None = Field(description="Why its answers cannot be read")
    next_poll_at: datetime | None


class Connector(Out):
    """A connector, its secrets masked."""

    id: UUID
    connector_type: str
    display_name: str
    name: str | None
    status: Literal["ACTIVE", "DISABLED"]
    is_default: bool = Field(description="Pushes that name no connector go to it")
    config: Stored | None = Field(description=f"Secrets are `{MASK}`; null if it cannot be read")
    config_readable: bool = Field(description="false: it was sealed with a key that is lost. Enter it again.")
    in_doubt: Literal["resend", "hold"]
    change_by_recall: bool
    commit_within: int | None
    give_up_after: int | None
    answer_within: int | None
    received_within: int | None
    understood_within: int | None
    opening_hours: OpeningHours | None
    orders_per_minute: int | None
    last_test_at: datetime | None = Field(description="When a test of the present configuration last passed")
    delivered_at: datetime | None = Field(
        None, description="When an order was first delivered with the present configuration"
    )
    takes_answers: bool = Field(
        description="Its ERP may send answers by itself to `/answers/{id}`, with a token or signed"
    )
    answer_token_prefix: str | None = Field(description="Of the token with which it may; null: there is none")
    answer_token_at: datetime | None = Field(description="When that was made")
    certificate_ends_at: datetime | None = Field(
        description="When a setting has no certificate left (AS2, TLS, signing in); told 30 days before"
    )
    created_at: datetime
    updated_at: datetime
    version: int = VERSION
    health: Health


class AnswerToken(Out):
    """A new token, shown this once; any former one of the connector has ended."""

    token: str = Field(description="Sent as `Authorization: Bearer …` or `X-API-Key`. It cannot be had again")
    path: str = Field(description="Where answers are sent to (POST)", examples=["/api/v1/answers/0190c0de-…"])


class Connectors(Out):
    """All connectors, the oldest first."""

    items: list[Connector]


class TestPassed(Out):
    """The target is there and would take orders; a failed test is an error, 400 DEPENDENCY_ERROR."""

    success: Literal[True] = True
    latency_ms: int
    details: dict[str, Any]
    proof: str | None = Field(
        None,
        description="`test_proof` when this very configuration is saved within some minutes; null for a stored one",
    )
