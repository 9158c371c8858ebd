"""What one wants to be told of, by which way and when."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from pydantic import AfterValidator, Field, StringConstraints

from orderflow.domain.errors import StateError
from orderflow.domain.ids import new_id
from orderflow.domain.notices import QuietHours, Wanted
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.languages import LANGUAGES
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.rendering import Rendering
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import VERSION, In, Out
from orderflow.entrypoints.api.versions import CONDITIONAL, editing, note_version
from orderflow.entrypoints.api.work import Work, slow
from orderflow.flow.people.notices import NoticeChoice, Way, choose_notices, sign_notices
from orderflow.flow.people.sign_in import RateLimitedError
from orderflow.flow.people.tell_people import Look, Notice, Watcher
from orderflow.flow.setup.webhooks import LONGEST_URL
from orderflow.storage.store import SqlWork
from orderflow.storage.views.problem import Problem

router = ApiRouter("/me/notices", "Sign-in")
Myself = Annotated[Caller, Depends(require(Permission.OWN_ACCOUNT))]


def _language(given: str) -> str:
    if given not in LANGUAGES:
        raise ValueError(f"must be one of {', '.join(LANGUAGES)}")
    return given


TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), Field(examples=["07:00"])]
Switch = Annotated[bool, Field(strict=True)]
Language = Annotated[str, AfterValidator(_language), Field(json_schema_extra={"enum": list(LANGUAGES)})]


class Quiet(In):
    """Hours of each day in which nothing is sent; they may pass midnight. What comes in them is told afterwards."""

    start: TimeOfDay = Field(examples=["20:00"])
    end: TimeOfDay = Field(examples=["07:00"])


class NoticesBody(In):
    """What one wants to be told of; what is left out is not wanted."""

    mail: Switch = False
    webhook_url: Annotated[
        str | None, Field(min_length=1, max_length=LONGEST_URL, examples=["https://chat.example/hooks/ops"])
    ] = None
    first: Switch = False
    mine: Switch = False
    digest_at: TimeOfDay | None = None
    quiet: Quiet | None = None
    time_zone: Annotated[str, Field(max_length=100, examples=["Europe/Berlin"])] = "UTC"
    language: Language = LANGUAGES[0]


class NoticeWayView(Out):
    """How a way does that is chosen."""

    way: Way
    sent_at: datetime | None = Field(description="When something last went out")
    problem: Problem | None
    stopped_at: datetime | None = Field(description="Not tried any more since then, until it is chosen again")


class NoticesView(Out):
    """What one is told of, and how that goes."""

    mail: bool
    webhook_url: str | None
    signed: bool = Field(description="What the webhook gets is signed, by the last secret that was made")
    first: bool
    mine: bool
    digest_at: str | None
    quiet: Quiet | None
    time_zone: str
    language: str
    mail_possible: bool = Field(description="This installation sends e-mail")
    ways: list[NoticeWayView]
    version: int = VERSION


class NoticeSecret(Out):
    """What signs what one's webhook gets, shown this once."""

    secret: str = Field(
        description="As https://www.standardwebhooks.com has it. It cannot be had again",
        examples=["whsec_" + "bm90IGEgc2VjcmV0" * 2],
    )


class NoticeTest(Out):
    """What became of a try by one way."""

    way: Way
    taken: bool
    problem: Problem | None


class NoticeTests(Out):
    """What became of a try by each way that is chosen."""

    items: list[NoticeTest]


@router.get("", responses=answers(409))
def get_notices(request: Request, caller: Myself) -> NoticesView:
    """Return what one is told of, by which way and when."""
    user_id = _user(caller)
    with app_of(request).store.work(caller.org_id) as work:
        return _one(request, work, user_id)


@router.put("", responses=answers(409), openapi_extra=CONDITIONAL)
def choose(request: Request, caller: Myself, body: NoticesBody) -> NoticesView:
    """Choose anew what one is told of. What is there already is not told as new; a way that had stopped goes on."""
    user_id, app = _user(caller), app_of(request)

    def current() -> dict[str, Any]:
        with app.store.work(caller.org_id) as work:
            return _one(request, work, user_id).model_dump(mode="json")

    answer = Rendering(request, lambda work: _one(request, work, user_id))
    with editing(request, app.store, lambda work: work.notices.version(user_id), current) as store:
        choose_notices(answer.within(store), app.wiring.refusal, caller.org_id, user_id, caller.actor, _choice(body))
    return answer.made


@router.post("/secret", responses=answers(409))
def sign(request: Request, caller: Myself) -> NoticeSecret:
    """Make a secret that signs what one's webhook gets, in place of one before. It is in this answer alone."""
    return NoticeSecret(secret=sign_notices(app_of(request).store, caller.org_id, _user(caller), caller.actor))


@router.post("/test", responses=answers(409, 429))
@slow(Work.TEST)
def test_notices(request: Request, caller: Myself) -> NoticeTests:
    """Send a notice by each way that is chosen, now, and tell what became of it. Once a minute."""
    user_id, app = _user(caller), app_of(request)
    with app.store.work(caller.org_id) as work:
        chosen = work.notices.get(user_id)
        if not chosen.by:
            raise StateError("No way is chosen.", code="NO_WAY_CHOSEN", hint="Choose e-mail or a webhook, and save it.")
        if not work.notices.may_test(user_id):
            raise RateLimitedError("Notices are tried once a minute.", 60)
        about, signing = work.organization.get(), work.notices.signing(user_id)
    now = datetime.now(UTC)
    look = Look(now, caller.org_id, about["slug"], about["name"], (), ())
    notice = Notice(new_id(), digest=False, groups=(), test=True)
    tests = []
    for way, address in chosen.by.items():
        watcher = Watcher(user_id, caller.email, way, address, chosen.wanted, now, now, signing=signing)
        send = app.ways_to_people.get(way)
        error = send(look, watcher, notice).error if send else {"code": "NO_MAIL_SERVER", "message": _NO_MAIL}
        tests.append(NoticeTest(way=way, taken=error is None, problem=_problem(error)))
    return NoticeTests(items=tests)


_NO_MAIL = "This installation sends no e-mail."


def _user(caller: Caller) -> UUID:
    if caller.user_id is None:
        raise StateError("An API key is told of nothing.", code="NOT_A_USER", hint="Sign in as a user.")
    return caller.user_id


def _one(request: Request, work: SqlWork, user_id: UUID) -> NoticesView:
    choice = work.notices.get(user_id)
    note_version(request, choice.version)
    wanted = choice.wanted
    ways = [
        NoticeWayView(way=way.way, sent_at=way.sent_at, problem=_problem(way.error), stopped_at=way.stopped_at)
        for way in choice.ways
    ]
    return NoticesView(
        mail=choice.mail,
        webhook_url=choice.webhook_url,
        signed=choice.signed,
        first=wanted.first,
        mine=wanted.mine,
        digest_at=_clock(wanted.digest_at),
        quiet=wanted.quiet and Quiet(start=_shown(wanted.quiet.start), end=_shown(wanted.quiet.end)),
        time_zone=wanted.time_zone,
        language=wanted.language,
        mail_possible="mail" in app_of(request).ways_to_people,
        ways=ways,
        version=choice.version,
    )


def _choice(body: NoticesBody) -> NoticeChoice:
    hours = body.quiet
    quiet = QuietHours(time.fromisoformat(hours.start), time.fromisoformat(hours.end)) if hours else None
    digest_at = time.fromisoformat(body.digest_at) if body.digest_at else None
    wanted = Wanted(body.first, body.mine, digest_at, quiet, body.time_zone, body.language)
    return NoticeChoice(wanted, body.mail, body.webhook_url)


def _clock(at: time | None) -> str | None:
    return None if at is None else _shown(at)


def _shown(at: time) -> str:
    return f"{at:%H:%M}"


def _problem(error: dict[str, Any] | None) -> Problem | None:
    return Problem(code=error.get("code"), message=error.get("message")) if error else None
