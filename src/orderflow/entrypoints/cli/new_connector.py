"""`orderflow new-connector`: a package for one's own connector, complete and working, to be made one's own."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from orderflow.domain.errors import InputError
from orderflow.entrypoints.cli.output import out

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_RESERVED = frozenset({"connect", "orderflow", "test", "tests"})


def add_to(root: typer.Typer) -> None:
    """Hang this command into the tree."""
    root.command("new-connector", epilog="Example: orderflow new-connector acme-erp")(new_connector)


def new_connector(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The ERP's name in small letters, as acme-erp.")],
    into: Annotated[Path | None, typer.Option("--into", metavar="FOLDER", help="Where to; by default NAME.")] = None,
    display_name: Annotated[str | None, typer.Option("--display-name", help="The ERP's name for people.")] = None,
) -> None:
    """Make a package with a connector, its configuration, its tests and its CI. Installing it is all it takes."""
    if not _NAME.fullmatch(name) or len(name) > 40 or name in _RESERVED:
        raise InputError(f"{name!r} is no name for a package.", hint="Small letters, digits and -, as acme-erp.")
    folder = into or Path(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already.", hint="Name another folder with --into.")
    _copy(folder, {"name": name} | ({"display_name": _plain(display_name)} if display_name else {}))
    out().print(f"{folder} is ready. Next:", markup=False)
    out().print(f'  cd {folder} && pip install --editable ".[test]" && pytest', markup=False, soft_wrap=True)


def _plain(display_name: str) -> str:
    if not display_name.isprintable() or set(display_name) & set('"\\{}<>'):
        raise InputError("The display name holds quotes, braces or control characters.", hint="As: --display-name ACME")
    return display_name


def _copy(folder: Path, answers: dict[str, str]) -> None:
    try:
        from copier import run_copy
    except ImportError:
        raise InputError(
            "The tool that makes packages from templates is not installed.",
            code="COPIER_MISSING",
            hint="pip install 'orderflow-connect[author]'",
        ) from None
    with resources.as_file(resources.files("orderflow.testing").joinpath("connector_template")) as template:
        run_copy(str(template), folder, data=answers, defaults=True, quiet=True)
