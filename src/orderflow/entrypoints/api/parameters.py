"""Query parameters that a route does not know are refused: one that is misspelt would change what is answered."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from starlette.requests import Request

from orderflow.domain.errors import InputError
from orderflow.entrypoints.api.errors import LONGEST_NAME, MOST_PROBLEMS


def _taken(dependant: Dependant) -> Iterator[str]:
    """Yield the names that a route takes, itself or by what it depends on."""
    yield from (param.alias for param in dependant.query_params)
    for needed in dependant.dependencies:
        yield from _taken(needed)


def refuse_unknown(request: Request, dependant: Dependant) -> None:
    """Raise InputError for query parameters that the route does not take, and name those that it does."""
    if not request.scope["query_string"]:
        return
    known = list(_taken(dependant))
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if not unknown:
        return
    taken = f"there are {', '.join(known)}" if known else "there are none"
    fields = [{"field": name[:LONGEST_NAME], "message": f"is no parameter here; {taken}"} for name in unknown]
    shown = ", ".join(field["field"] for field in fields[:5])
    raise InputError(
        f"Some query parameters are not known here: {shown}.",
        code="UNKNOWN_PARAMETER",
        hint="Correct or leave out what is not known; nothing was done.",
        details={"fields": fields[:MOST_PROBLEMS]},
    )
