"""JMESPath over an ERP's answer, with an end: every node visited and every value made is charged to a budget.

Source of the language: https://jmespath.org/specification.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jmespath
from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter

from orderflow.domain.strict_json import Contradiction, contradicted
from orderflow.formats.budget import Budget, SpentError
from orderflow.formats.shared_cache import SharedCache

LONGEST_EXPRESSION = 1_000
"""Characters."""

MOST_KEPT = 1_000_000
"""Characters of expressions whose trees are kept, each counted with 1,000 more."""

MOST_UNITS = 1_000_000
LARGEST_VALUE = 300_000
MOST_SECONDS = 2.0
_SEVERAL = "The expression cannot be applied to this answer: it gives different values for one name."


class ExpressionError(Exception):
    """An expression costs more than it may, or meets what contradicts itself: nobody knows what it picks."""


def check(expression: str) -> str:
    """Return the expression. Raises ValueError: it is none."""
    compiled(expression)
    return expression


def _compiled(expression: str) -> dict[str, Any]:
    """Return the tree of an expression. Raises ValueError: it is none, or too long."""
    if len(expression) > LONGEST_EXPRESSION:
        raise ValueError(f"is longer than {LONGEST_EXPRESSION} characters")
    try:
        tree: dict[str, Any] = jmespath.compile(expression).parsed
    except (jmespath.exceptions.JMESPathError, RecursionError, OverflowError, ValueError):
        raise ValueError("is not a JMESPath expression; see https://jmespath.org") from None
    return tree


compiled = SharedCache(_compiled, MOST_KEPT)
"""`_compiled`, once per expression."""


def search(expression: str, value: Any) -> Any:
    """Return what an expression picks from `value`; None if it does not apply.

    Args:
        value: As `json.loads` gives it; numbers may be `Decimal`.

    Raises:
        ExpressionError: It costs more than it may, or what it looks at has several values.
    """
    budget = Budget(MOST_UNITS, LARGEST_VALUE, MOST_SECONDS)
    try:
        found = _Interpreter(budget).visit(compiled(expression), value)
        budget.spend_on(found)
    except SpentError as error:
        raise ExpressionError(f"The expression cannot be applied to this answer: {error}.") from None
    except _Contradicted:
        raise ExpressionError(_SEVERAL) from None
    except (jmespath.exceptions.JMESPathError, TypeError, ValueError, AttributeError, RecursionError):
        return None
    if contradicted(found) is not None:
        raise ExpressionError(_SEVERAL)
    return found


class _Contradicted(Exception):  # noqa: N818  # never leaves this module
    """An expression came to a name with several values."""


class _Functions(Functions):  # type: ignore[misc]  # jmespath has no types
    """JMESPath's functions: what they are given is paid for with all that lies in it, for they may walk through it."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def call_function(self, name: str, arguments: list[Any]) -> Any:
        for argument in arguments:
            self._budget.spend_on(argument)
        if name == "join" and len(arguments) == 2 and isinstance(arguments[1], list):
            self._budget.spend_on([arguments[0]] * len(arguments[1]))
        return super().call_function(name, arguments)


class _Interpreter(TreeInterpreter):  # type: ignore[misc]  # as above
    """JMESPath's own interpreter, one call of which is one node."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(jmespath.Options(custom_functions=_Functions(budget)))
        self._budget = budget
        self.COMPARATOR_FUNC = {name: self._paid(compare) for name, compare in TreeInterpreter.COMPARATOR_FUNC.items()}

    def visit(self, node: dict[str, Any], *args: Any, **more: Any) -> Any:
        self._budget.spend()
        made = super().visit(node, *args, **more)
        if isinstance(made, Contradiction):
            raise _Contradicted
        if isinstance(made, list | dict):
            self._budget.spend(len(made))
        return made

    def _paid(self, compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def paid(left: Any, right: Any) -> Any:
            self._budget.spend_on([left, right])
            return compare(left, right)

        return paid
