"""`orderflow rules`: rules of others, by which documents are tried before they are sent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from orderflow.domain.errors import InputError
from orderflow.entrypoints.cli.options import AsJson
from orderflow.entrypoints.cli.output import out, plural, print_json, print_table
from orderflow.entrypoints.cli.workplace import opened

app = typer.Typer(help="Rules by which documents are tried before they are sent.", no_args_is_help=True)

Family = Annotated[Literal["peppol"], typer.Argument(metavar="FAMILY", help="Whose rules: peppol.")]
MOST_FILES = 100
_TRANSACTION = re.compile(r"T\d{2,3}")


def add_to(root: typer.Typer) -> None:
    """Hang these commands into the tree."""
    root.add_typer(app, name="rules")


@app.command(epilog="Example: orderflow rules add peppol ./openpeppol/2026.5")
def add(
    family: Family,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the Schematron files (.sch) lie.")],
    json: AsJson = False,
) -> None:
    """Keep the rules of a folder, in the place of those there are; every document is tried by them from now on.

    They are compiled once, and run in a process that opens no file and no connection.
    """
    files = _files(folder)
    with opened() as place:
        kept = place.rules.add(family, files)
    if json:
        print_json(kept)
    else:
        out().print(f"Rules kept for {plural(len(kept), 'transaction')}: {', '.join(sorted(kept))}.")


@app.command("list", epilog="Example: orderflow rules list peppol")
def list_(family: Family, json: AsJson = False) -> None:
    """List which transactions there are rules for."""
    with opened() as place:
        kept = place.rules.kept(family)
    if json:
        print_json(kept)
    else:
        rows = [{"name": name, **facts} for name, facts in sorted(kept.items())]
        columns = {"name": "transaction", "added_at": "added", "sha256": "SHA-256"}
        print_table(rows, columns, empty="No rules: documents are sent without having been tried.")


@app.command(epilog="Example: orderflow rules remove peppol")
def remove(family: Family) -> None:
    """Do without rules; documents are sent without having been tried from now on."""
    with opened() as place:
        place.rules.remove(family)
    out().print("No rules are kept.")


def _files(folder: Path) -> dict[str, bytes]:
    """Return the files by the transactions in their names, as T01 in PEPPOLBIS-T01.sch."""
    found: dict[str, bytes] = {}
    paths = sorted(folder.glob("*.sch"))
    if not 0 < len(paths) <= MOST_FILES:
        raise InputError(f"{folder} has {len(paths)} Schematron files.", hint="Name the folder where *.sch lie.")
    for path in paths:
        transaction = _TRANSACTION.search(path.stem)
        if transaction is None or transaction[0] in found:
            hint = "Keep the names that the publisher gave them, as PEPPOLBIS-T01.sch."
            raise InputError(f"{path.name} does not name a transaction of its own.", hint=hint)
        try:
            found[transaction[0]] = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.", hint="Check the path.") from None
    return found
