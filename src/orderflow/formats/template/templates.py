"""Templates for URLs, headers and bodies: Jinja2's language, without a way to Python and with an end.

What a template can reach is data only: groups of fields, lists, text, numbers, dates. It cannot call anything, and
attributes of objects do not exist for it, so there is nothing to escape to. Every node that is evaluated and every
value that is made or written is charged to one budget.
Source of the language: https://jinja.palletsprojects.com/en/stable/templates/
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal, localcontext
from functools import wraps
from typing import Any, ClassVar

from jinja2 import StrictUndefined, TemplateError, Undefined, nodes
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from orderflow.domain.errors import RejectedError
from orderflow.formats.budget import Budget, SpentError, weight
from orderflow.formats.template.filters import FILTERS, LONGEST_TEXT, Fixed, text_of
from orderflow.formats.template.letters import CharacterError, not_allowed
from orderflow.formats.template.scopes import check_sets

LONGEST_TEMPLATE = 64 * 1024
"""Characters of a template."""

LONGEST_OUTPUT = 10 * 1024 * 1024
"""Characters that a template may write; an order of 10,000 lines writes about 3 MiB."""

MOST_NODES = 20_000
"""Parts of a template that are compiled; one of 64 KiB with 2,000 fields has about 10,000."""

MOST_UNITS = 5_000_000
"""Steps and sizes, see `Budget`; an order of 10,000 lines takes about 1,500,000."""

UNITS_PER_ROUND = 25
"""What a loop costs each time around, beside what is done there."""

LARGEST_VALUE = 2_000_000
LARGEST_LIST = 300_000
"""The same, of one value that is written, and of a list that the template itself makes."""

MOST_SECONDS = 3.0
_LARGEST = Decimal(10) ** 30
_LOOP = frozenset({"index", "index0", "first", "last", "length", "revindex", "previtem", "nextitem"})
_TESTS = frozenset({"defined", "none", "odd", "even", "string", "number"})
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.Name, nodes.Const,
    nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or,
    nodes.Not, nodes.CondExpr, nodes.Concat, nodes.List, nodes.Tuple, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div,
    nodes.Neg, nodes.Pos,
)  # fmt: skip
_WORDS = {
    "Call": "calls a function",
    "For": "loops over itself",
    "Include": "includes another template",
    "Macro": "defines a macro",
}


_budget: ContextVar[Budget] = ContextVar("budget")


def _spend(units: int = 1) -> None:
    _budget.get().spend(units)


def _charged(make: Callable[..., Any]) -> Callable[..., Any]:
    """Have a filter paid for: what it is given, with all that lies in it, and what it makes."""

    @wraps(make)
    def charged(value: Any, *arguments: Any) -> Any:
        budget = _budget.get()
        if not isinstance(value, Undefined):
            budget.spend_on(value)
        made = make(value, *arguments)
        budget.spend_on(made)
        return made

    return charged


def _made(items: Any) -> Any:
    """Pay for a list that the template makes: what it holds twice, it will write twice."""
    _spend(weight(items, LARGEST_LIST))
    return items


def _weighed(value: Any) -> Any:
    """Pay for what is compared: comparing walks through both."""
    if not isinstance(value, Undefined):
        _budget.get().spend_on(value)
    return value


class _NoField(StrictUndefined):
    @property
    def _undefined_message(self) -> str:
        return f"there is no field {self._undefined_name!r} here"


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops: ClassVar[frozenset[str]] = frozenset({"+", "-", "*", "/"})  # type: ignore[misc]  # typed as of the instance

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return a field of a group, or what `loop` tells; objects have no attributes here."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return a field of a group or an item of a list."""
        _spend()
        if isinstance(obj, LoopContext):
            return getattr(obj, argument) if argument in _LOOP else self.undefined(obj=obj, name=argument)
        if isinstance(obj, Undefined):
            return obj  # of `ordr.notes` it is `ordr` that there is not
        if isinstance(obj, dict | list):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                return self.undefined(obj=obj, name=argument)
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Reckon with decimals, exactly; texts can be joined, and nothing else."""
        _spend()
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return _bounded(left + right)
        left, right = _number(left), _number(right)
        if operator == "/" and not right:
            raise TemplateError("it divides by zero")
        with localcontext(prec=60):
            result = self.binop_table[operator](left, right)
        if abs(result) > _LARGEST:
            raise TemplateError("it reckons with a number of more than 30 digits")
        return result


class Template:
    """A checked template.

    Args:
        source: Its text.
        write: How a value becomes text in the place where the output goes (JSON, a URL, …).

    Raises:
        ValueError: The text is no template, or does what templates must not; the message says what and where.
    """

    def __init__(self, source: str, write: Callable[[Any], str]) -> None:
        if len(source) > LONGEST_TEMPLATE:
            raise ValueError(f"is longer than {LONGEST_TEMPLATE} characters")
        environment = _Environment(
            undefined=_NoField, finalize=_charged(write), optimized=False, keep_trailing_newline=True, cache_size=0
        )
        environment.globals.clear()
        environment.filters = {name: _charged(make) for name, make in FILTERS.items()} | _BUILT_IN
        environment.tests = {name: test for name, test in environment.tests.items() if name in _TESTS}
        try:
            tree = environment.parse(source)
            for number, node in enumerate(tree.find_all(nodes.Node)):
                _check(node, number)
            check_sets(tree)
            with _limited():  # Jinja works out what is constant
                self._template = environment.from_string(_Charging().visit(tree))
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            where = f", line {line}" if line else ""
            raise ValueError(f"is not a valid template: {error.message or error}{where}") from None
        except (RecursionError, SyntaxError, MemoryError):  # what Python's own compiler says to deep nesting
            raise ValueError("is not a valid template: it is nested too deeply") from None

    def render(self, fields: Mapping[str, Any]) -> str:
        """Fill the template.

        Raises:
            RejectedError: It names a field that is not there, runs too long, or writes too much.
        """
        written: list[str] = []
        size = 0
        try:
            with _limited():
                for part in self._template.generate(**fields):
                    written.append(part)
                    size = _grown(size, part)
        except CharacterError as error:
            raise not_allowed(error, fields) from None
        except UnicodeEncodeError as error:  # half of a pair of surrogates
            raise not_allowed(CharacterError(error.object[error.start], "UTF-8"), fields) from None
        except (TemplateError, SpentError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            raise RejectedError(
                f"The template cannot be filled with this order: {error}.",
                code="TEMPLATE_FAILED",
                hint="Correct the template in the connection, or the order's field that it names, then push again.",
            ) from None
        return "".join(written)


def _grown(size: int, part: str) -> int:
    if size + len(part) > LONGEST_OUTPUT:
        raise TemplateError(f"it writes more than {LONGEST_OUTPUT >> 20} MiB")
    return size + len(part)


@contextmanager
def _limited() -> Iterator[None]:
    token = _budget.set(Budget(MOST_UNITS, LARGEST_VALUE, MOST_SECONDS))
    try:
        yield
    finally:
        _budget.reset(token)


def _check(node: nodes.Node, number: int) -> None:
    """Refuse whatever is not known to be harmless."""
    if number > MOST_NODES:
        raise TemplateError(f"it has more than {MOST_NODES:,} parts")
    name = type(node).__name__
    if not isinstance(node, _ALLOWED) or (isinstance(node, nodes.For) and node.recursive):
        raise TemplateError(f"it {_WORDS.get(name, f'uses {name}')}, which templates here cannot")
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise TemplateError(f"there is no filter {node.name!r}; there are {', '.join(sorted(FILTERS))}")
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        raise TemplateError(f"there is no test {node.name!r}; there are {', '.join(sorted(_TESTS))}")
    attribute = node.attr if isinstance(node, nodes.Getattr) else None
    if isinstance(node, nodes.Const) and isinstance(node.value, float) and not math.isfinite(node.value):
        raise TemplateError("it holds a number that is too large")
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        attribute = node.arg.value
    if isinstance(attribute, str) and attribute.startswith("_"):
        raise TemplateError(f"it reaches for {attribute!r}, which is no field of an order")


class _Charging(NodeTransformer):
    """Has every loop counted, and every list, joined text and comparison paid for."""

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802  # Jinja's names
        return _through("_made", self.generic_visit(node))

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802  # as above
        charged = self.generic_visit(node)
        return _through("_made", charged) if node.ctx == "load" else charged

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  # as above
        self.generic_visit(node)
        node.iter = _through("_counted", node.iter)
        return node

    def visit_Operand(self, node: nodes.Operand) -> nodes.Node:  # noqa: N802  # as above
        self.generic_visit(node)
        node.expr = _through("_weighed", node.expr)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802  # as above
        self.generic_visit(node)
        node.expr = _through("_weighed", node.expr)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  # as above
        self.generic_visit(node)
        return _through("_concat", nodes.List(node.nodes))


def _through(name: str, node: Any) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None)


def _counted(items: Any) -> Iterable[Any]:
    if isinstance(items, Undefined):
        str(items)  # raises, and names the field
    if not isinstance(items, list | tuple):
        raise TemplateError("it loops over something that is no list")
    for item in items:
        _spend(UNITS_PER_ROUND)
        yield item


def _concat(items: list[Any]) -> str:
    return _bounded("".join(text_of(item) for item in items))


_BUILT_IN: dict[str, Callable[..., Any]] = {
    "_counted": _counted,
    "_concat": _charged(_concat),
    "_made": _made,
    "_weighed": _weighed,
}


def _bounded(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise TemplateError(f"it joins a text of more than {LONGEST_TEXT} characters")
    return text


def _number(value: Any) -> Decimal:
    if isinstance(value, Fixed):
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TemplateError("it reckons with something that is no number")
    return Decimal(str(value))
