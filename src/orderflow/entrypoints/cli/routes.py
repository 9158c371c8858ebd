"""`orderflow routes`: which connection an order goes to, by rules."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from orderflow.domain.errors import InputError
from orderflow.entrypoints.cli.json_file import read_json
from orderflow.entrypoints.cli.options import AsJson, Org
from orderflow.entrypoints.cli.output import err, out, plural, print_json, print_table
from orderflow.entrypoints.cli.workplace import Workplace, caller, in_organization

app = typer.Typer(help="Rules that say which connection an order goes to.", no_args_is_help=True)
FILE = typer.Argument(
    metavar="FILE", help="The rules as JSON: a list, or what `routes list --json` printed; - reads stdin."
)


def add_to(root: typer.Typer) -> None:
    """Hang these commands into the tree."""
    root.add_typer(app, name="routes")


@app.command("list", epilog="Example: orderflow routes list --json > rules.json")
def list_(org: Org = None, json: AsJson = False) -> None:
    """List the rules, in their order, and what is wrong with them by themselves."""
    from orderflow.domain.routing.hints import hints

    with in_organization(org) as place:
        with place.app.store.work(place.org_id) as work:
            routes = work.routes.current()
        names = _names(place)
    told = hints(routes.router.rules)
    if json:
        print_json({"version": routes.version, "rules": routes.given, "hints": told})
        return
    rows = [
        {
            "number": number + 1,
            "name": rule.name,
            "to": names.get(str(rule.connection_id), rule.connection_id),
            "fallback": names.get(str(rule.fallback_id), rule.fallback_id),
        }
        for number, rule in enumerate(routes.router.rules)
    ]
    columns = {"number": "no.", "name": "rule", "to": "goes to", "fallback": "else to"}
    print_table(rows, columns, empty="No rules: orders go to the default connection.")
    _tell(told)


@app.command("set", epilog="Example: orderflow routes set rules.json")
def set_(file: Annotated[str, FILE], org: Org = None, json: AsJson = False) -> None:
    """Put all rules in the place of those there are. What waits, and was not sent, goes where they say then."""
    from orderflow.domain.routing.hints import hints
    from orderflow.flow.setup.routes import save_rules

    given = _read(file)
    with in_organization(org) as place:
        routes = save_rules(place.app.store, place.org_id, _with_ids(place, given), caller())
    told = hints(routes.router.rules)
    if json:
        print_json({"version": routes.version, "rules": routes.given, "hints": told})
        return
    out().print(f"{plural(len(routes.given), 'rule')} saved, version {routes.version}.")
    _tell(told)


@app.command(
    "test", epilog="Example: orderflow routes test PO-12345, or: orderflow routes test PO-12345 --rules new.json"
)
def try_order(
    order: Annotated[str, typer.Argument(help="Its id, or its own number.")],
    rules: Annotated[str | None, typer.Option("--rules", metavar="FILE", help="Rules that are not saved.")] = None,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Tell where an order would go, which rule says so, and why. Nothing is changed or sent."""
    from orderflow.flow.setup.routes import try_rules

    given = None if rules is None else _read(rules)
    with in_organization(org) as place:
        order_id = place.order_ids([order])[0]
        wanted = None if given is None else _with_ids(place, given)
        tried = try_rules(place.app.store, place.org_id, order_id, wanted)
        names = _names(place)
    if json:
        error = tried.waits_for.as_json() if tried.waits_for else None
        print_json({"route": tried.route, "waits_for": error, "rules": tried.rules})
        return
    for rule in tried.rules:
        mark = "→" if rule.takes else "fits" if rule.fits else "-"
        out().print(f"{mark} {rule.number + 1}. {rule.name}", markup=False)
        for one in rule.conditions:
            which = f" ({one.lines} line)" if one.lines else ""
            answer = "yes" if one.fits else "no"
            out().print(f"      {one.field} {one.operator}{which}: {answer}, it is {_shown(one.found)}", markup=False)
    if tried.route is not None:
        where = names.get(str(tried.route.connection_id), tried.route.connection_id)
        by = next((f"by the rule {rule.name!r}" for rule in tried.rules if rule.takes), "by default: no rule is for it")
        out().print(f"It goes to {where}, {by}.", markup=False)
    elif tried.waits_for is not None:
        out().print(f"It waits: {tried.waits_for.message} [{tried.waits_for.code}]", markup=False)
        out().print(f"  → {tried.waits_for.hint}", markup=False)


def _shown(found: str | list[str] | None) -> str:
    if isinstance(found, list):
        return ", ".join(found) or "without lines"
    return "empty" if found is None else repr(found)


def _tell(told: list[Any]) -> None:
    for hint in told:
        err().print(f"note: {hint.message}", markup=False)


def _names(place: Workplace) -> dict[str, str]:
    with place.reading() as reading:
        return {str(one.id): one.name or one.connector_type for one in reading.connections()}


def _with_ids(place: Workplace, given: list[Any]) -> list[Any]:
    """Let files name connections as people do: by name, type or id."""
    for rule in given:
        for name in ("connection", "fallback"):
            if isinstance(rule, dict) and isinstance(rule.get(name), str):
                rule[f"{name}_id"] = str(place.connection_id(rule.pop(name)))
    return given


def _read(file: str) -> list[Any]:
    given = read_json(file)
    given = given.get("rules") if isinstance(given, dict) else given
    if not isinstance(given, list):
        raise InputError("The file holds no list of rules.", hint="See docs/routing.md for what a rule looks like.")
    return given
