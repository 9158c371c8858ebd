"""Routing: the rules that say which connector an order goes to, and a tester."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from pydantic import Field

from orderflow.domain.routing.conditions import OPERATORS, Operator
from orderflow.domain.routing.fields import FIELDS, FieldKind
from orderflow.domain.routing.hints import hints
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.rendering import Rendering
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import VERSION, In, Out
from orderflow.entrypoints.api.versions import CONDITIONAL, editing, note_version
from orderflow.entrypoints.api.work import Work, slow
from orderflow.flow.setup.routes import Tried, save_rules, try_rules
from orderflow.storage.store import SqlWork
from orderflow.storage.views.problem import Problem

Reader = Annotated[Caller, Depends(require(Permission.READ))]
Editor = Annotated[Caller, Depends(require(Permission.CONNECTORS_EDIT))]
Given = Annotated[list[dict[str, Any]], Field(max_length=1_000)]
WHEN = "A condition `{field, operator, value, lines}`, or `{all: […]}`, `{any: […]}`, `{not: …}`; see docs/routing.md"
router = ApiRouter("/routes", "Routing")


class RouteRule(Out):
    """One rule."""

    name: str
    when: dict[str, Any] = Field(description=WHEN)
    connection_id: UUID
    fallback_id: UUID | None = Field(None, description="Where orders go while that connector delivers nothing")


class RouteHint(Out):
    """A rule that takes no order."""

    number: int = Field(description="Where the rule stands, from 0")
    name: str
    hidden_by: int | None = Field(description="The rule before it that takes all that fit it; null: no order can fit")
    message: str


class RouteRules(Out):
    """The rules, the first that fits counts."""

    rules: list[RouteRule]
    hints: list[RouteHint]
    version: int = VERSION


class RouteField(Out):
    """What a condition may ask for."""

    name: str
    kind: FieldKind
    of_lines: bool = Field(description="A condition on it says by `lines` whether any line has to fit, or all")
    operators: list[Operator]


class RouteFields(Out):
    """What conditions may ask for; besides, what a party came with, as text: `ship_to.…`, `buyer.…` and so on."""

    items: list[RouteField]


class RulesBody(In):
    """All rules, in their order."""

    rules: Given = Field(description=f"Each `{{name, when, connection_id, fallback_id}}`. `when`: {WHEN}")


class RouteTest(In):
    """An order, and rules to try on it."""

    order_id: UUID
    rules: Given | None = Field(None, description="Rules that are not saved; left out: those that are")


class RouteCondition(Out):
    """One condition, and what the order has there."""

    place: str = Field(examples=["rules[0].when.all[2]"])
    field: str
    operator: str
    lines: str | None
    found: str | list[str] | None
    fits: bool = Field(description="By itself: a `not` around it is not counted in")


class RouteTrace(Out):
    """One rule, and the order."""

    number: int
    name: str
    fits: bool
    takes: bool = Field(description="It is the first that fits")
    conditions: list[RouteCondition]


class RouteTried(Out):
    """Where the order would go, and why. Nothing was changed."""

    connection_id: UUID | None
    fallback_id: UUID | None
    rule: str | None = Field(description="null: none is for it")
    waits_for: Problem | None = Field(description="Why it would go nowhere, and wait")
    rules: list[RouteTrace]


@router.get("")
def get_routes(request: Request, caller: Reader) -> RouteRules:
    """Return the rules, and what is wrong with them by themselves."""
    with app_of(request).store.work(caller.org_id) as work:
        return _shown(request, work)


@router.put("", responses=answers(409), openapi_extra=CONDITIONAL)
@slow(Work.TEST)
def save_routes(request: Request, caller: Editor, body: RulesBody) -> RouteRules:
    """Save all rules as a new version. What waits, and surely was not sent, goes where they say then."""
    app = app_of(request)

    def current() -> dict[str, Any]:
        return get_routes(request, caller).model_dump(mode="json")

    answer = Rendering(request, lambda work: _shown(request, work))
    with editing(request, app.store, lambda work: work.routes.lock(), current) as store:
        save_rules(answer.within(store), caller.org_id, body.rules, caller.actor)
    return answer.made


@router.get("/fields")
def list_route_fields(_caller: Reader) -> RouteFields:
    """List what a condition may ask for."""
    fields = [
        RouteField(name=one.name, kind=one.kind, of_lines=one.of_lines, operators=list(OPERATORS[one.kind]))
        for one in FIELDS.values()
    ]
    return RouteFields(items=fields)


@router.post("/test", responses=answers(404))
@slow(Work.TEST)
def test_routes(request: Request, caller: Reader, body: RouteTest) -> RouteTried:
    """Tell where an order would go, which rule says so, and why the others do not. Nothing is changed."""
    tried = try_rules(app_of(request).store, caller.org_id, body.order_id, body.rules)
    return _tried(tried)


def _shown(request: Request, work: SqlWork) -> RouteRules:
    routes = work.routes.current()
    note_version(request, routes.version)
    rules = [RouteRule.model_validate(one) for one in routes.given]
    told = [RouteHint.model_validate(one, from_attributes=True) for one in hints(routes.router.rules)]
    return RouteRules(rules=rules, hints=told, version=routes.version)


def _tried(tried: Tried) -> RouteTried:
    return RouteTried(
        connection_id=tried.route.connection_id if tried.route else None,
        fallback_id=tried.route.fallback_id if tried.route else None,
        rule=next((one.name for one in tried.rules if one.takes), None),
        waits_for=Problem(**tried.waits_for.as_json()) if tried.waits_for else None,
        rules=[RouteTrace.model_validate(one, from_attributes=True) for one in tried.rules],
    )
